/*-------------------------------------------------------------------------
 *
 * kept_assertion.c
 *	  The assertion for the nodes of Citus, kept from transaction to
 *	  transaction.
 *
 * To sign, and to verify a signature, is most of what a hand-over costs.  So an assertion
 * is kept as long as a new one would say the same, until it is half old, and each later
 * use of it is told from those before by a chain of hashes (token/chain.h).
 *
 * A chain is made only for an identity that is handed over again.  For one
 * that is handed over once, as behind a pool, only the signature is computed.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/kept_assertion.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "items/stored.h"
#include "server/report.h"
#include "session/session.h"
#include "token/assertion.h"
#include "trust/asserted.h"
#include "trust/cluster_key.h"

static struct
{
	char	   *token;			/* in TopMemoryContext; NULL: there is none */

	/* the identity that it is about, and the state at that time */
	uint32		serial;			/* also where it is not kept */
	char	   *stored;			/* digest; goes with the token */
	uint64		keys;			/* epoch of the cluster keys */
	int64		made_at;		/* microseconds since 1970 */
	int64		renew_at;

	/* values of uses that were made are wiped */
	uint32		used;
	unsigned char chain[AZ_CHAIN_LAST + 1][AZ_CHAIN_VALUE];
}			kept;

static void
forget(void)
{
	if (kept.token != NULL)
	{
		explicit_bzero(kept.token, strlen(kept.token));
		pfree(kept.token);
	}
	if (kept.stored != NULL)
		pfree(kept.stored);
	explicit_bzero(&kept, sizeof(kept));
}

/* ---- while nodes are asked ---- */

static bool asking = false;

/* A node that has just started, say, takes nothing that was made before. */
static void
forget_unless_taken(void)
{
	if (asking)
		forget();
	asking = false;
}

static void
transaction_ended(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		forget_unless_taken();
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId mine, SubTransactionId parent,
					 void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget_unless_taken();
}

bool
az_ask_nodes(bool asks)
{
	static bool registered = false;
	bool		outer = asking;

	if (asks && !registered)
	{
		RegisterXactCallback(transaction_ended, NULL);
		RegisterSubXactCallback(subtransaction_ended, NULL);
		registered = true;
	}
	asking = asks;
	return outer;
}

/* ---- the next one ---- */

/*
 * Would a new one say the same?  If the clock was set back, it is made again.
 */
static bool
serves(const AzAdoption *current, int64 now)
{
	return kept.token != NULL && kept.serial == current->serial &&
		kept.keys == az_cluster_keys_epoch() &&
		kept.used < AZ_CHAIN_LAST && now >= kept.made_at && now < kept.renew_at &&
		strcmp(kept.stored, az_stored_digest(current)) == 0;
}

static AzMadeAssertion
use_again(void)
{
	AzUse		use = {.number = kept.used + 1};
	AzMadeAssertion made = {.renew_at = kept.renew_at};
	char		text[AZ_CHAIN_TEXT_MAX + 1];

	memcpy(use.value, kept.chain[use.number], AZ_CHAIN_VALUE);
	az_use_write(&use, text);
	made.token = psprintf("%s%s", kept.token, text);
	explicit_bzero(kept.chain[use.number], AZ_CHAIN_VALUE);
	explicit_bzero(&use, sizeof(use));
	explicit_bzero(text, sizeof(text));
	kept.used++;
	return made;
}

static void
make_chain(void)
{
	unsigned char seed[AZ_CHAIN_VALUE];
	bool		made = pg_strong_random(seed, sizeof(seed)) && az_chain_make(seed, kept.chain);

	explicit_bzero(seed, sizeof(seed));
	if (!made)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
}

/* The token comes last: with it, it is kept. */
static void
keep(const AzMadeAssertion *made, const AzAdoption *current, uint64 keys, int64 now)
{
	kept.keys = keys;
	kept.made_at = now;
	kept.renew_at = made->renew_at;
	kept.stored = MemoryContextStrdup(TopMemoryContext, az_stored_digest(current));
	kept.token = MemoryContextStrdup(TopMemoryContext, made->token);
}

static AzMadeAssertion
make_anew(const AzAdoption *current, uint64 keys, int64 now)
{
	bool		again = kept.serial == current->serial;
	AzMadeAssertion made;

	forget();
	if (again)
		make_chain();
	made = az_make_assertion_for(az_destination_of_citus(), az_new_nonce(),
								 again ? kept.chain[0] : NULL);
	kept.serial = current->serial;
	if (again)
		keep(&made, current, keys, now);
	return made;
}

AzMadeAssertion
az_assertion_for_citus(void)
{
	uint64		keys = az_cluster_keys_epoch();
	const AzAdoption *current = az_to_be_told();
	int64		now = az_unix_now();

	return serves(current, now) ? use_again() : make_anew(current, keys, now);
}
