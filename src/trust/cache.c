/*-------------------------------------------------------------------------
 *
 * cache.c
 *	  Tokens that this backend has verified, by their SHA-256.
 *
 * A pooled application hands over the same token at the start of every
 * transaction; looking at the clock and the trust is then all that is left to
 * do.  Neither the token nor its signature is kept.  The cache is bounded in
 * bytes, the token used longest ago goes first.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/cache.h"

#include "lib/ilist.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "server/guc.h"
#include "token/crypto.h"
#include "trust/trust.h"
#include "trust/trust_table.h"

/* All identities together; one of more than a quarter is not kept. */
#define CACHE_BYTES		(16 * 1024 * 1024)

typedef struct Entry
{
	unsigned char digest[32];	/* the key */
	AzIdentity *identity;		/* malloc'ed: a context would round its size up */
	uint32		serial;
	uint64		epoch;			/* a change of the trust has it judged again */
	dlist_node	lru;
} Entry;

static HTAB *entries = NULL;
static dlist_head lru = DLIST_STATIC_INIT(lru);
static Size cached_bytes = 0;
static uint32 last_serial = 0;

static AzVerification *verification = NULL;

static void
make_cache(void)
{
	HASHCTL		ctl;
	MemoryContext context;

	context = AllocSetContextCreate(TopMemoryContext, "dbmi_authz tokens",
									ALLOCSET_DEFAULT_SIZES);
	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(((Entry *) NULL)->digest);
	ctl.entrysize = sizeof(Entry);
	ctl.hcxt = context;
	entries = hash_create("dbmi_authz tokens", 64, &ctl,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
drop_entry(Entry *entry)
{
	cached_bytes -= entry->identity->size;
	dlist_delete(&entry->lru);
	free(entry->identity);
	hash_search(entries, entry->digest, HASH_REMOVE, NULL);
}

/*
 * Serials are never used twice: a plan made for one identity must not run for
 * another.
 */
uint32
az_next_serial(void)
{
	if (last_serial == PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many identities in one session"),
				 errhint("Open a new connection.")));
	return ++last_serial;
}

static void
keep(const unsigned char *digest, const AzVerifiedToken *verified)
{
	Size		size = verified->identity->size;
	AzIdentity *copy;
	Entry	   *entry;

	if (size > CACHE_BYTES / 4)
		return;
	while (cached_bytes + size > CACHE_BYTES)
		drop_entry(dlist_container(Entry, lru, dlist_tail_node(&lru)));

	entry = hash_search(entries, digest, HASH_ENTER, NULL);
	copy = malloc(size);
	if (copy == NULL)
	{
		hash_search(entries, digest, HASH_REMOVE, NULL);
		return;
	}
	memcpy(copy, verified->identity, size);
	entry->identity = copy;
	entry->serial = verified->serial;
	entry->epoch = verified->epoch;
	dlist_push_head(&lru, &entry->lru);
	cached_bytes += size;
}

/* Is what was verified before still as good as verified now? */
static bool
still_good(const Entry *entry, int64 now, uint64 epoch)
{
	return entry->epoch == epoch &&
		now < entry->identity->deadline && now >= entry->identity->not_before;
}

/*
 * With what is known of the token, or NULL.  Should it still hold, the identity
 * is the known one.
 */
static AzReason
verify(const char *token, size_t len, int64 now, const AzIdentity *known,
	   const AzIdentity **identity)
{
	const AzTrust *trust = az_trust();

	if (trust == NULL)
		return AZ_NOT_INSTALLED;
	if (verification == NULL)
		verification = az_verification_new();
	if (verification == NULL)
		return AZ_NO_MEMORY;
	return az_verify_again(verification, token, len, now, trust, known, identity);
}

AzReason
az_verify_token(const char *token, size_t len, int64 now, AzVerifiedToken *verified)
{
	unsigned char digest[32];
	AzReason	reason;
	Entry	   *entry;

	/* before a single byte is hashed */
	if (len > (size_t) az_max_token_size)
		return AZ_TOKEN_TOO_LARGE;
	if (entries == NULL)
		make_cache();

	/*
	 * The epoch is read before the trust is, so that a change that arrives
	 * while we verify makes the entry stale rather than fresh.
	 */
	verified->epoch = az_trust_epoch();
	if (!az_sha256(token, len, digest))
		return AZ_CRYPTO_FAILURE;
	entry = hash_search(entries, digest, HASH_FIND, NULL);
	if (entry && still_good(entry, now, verified->epoch))
		verified->identity = entry->identity;
	else
	{
		reason = verify(token, len, now, entry ? entry->identity : NULL, &verified->identity);
		if (reason != AZ_OK)
		{
			if (entry)
				drop_entry(entry);
			return reason;
		}
	}

	if (entry && verified->identity == entry->identity)
	{
		entry->epoch = verified->epoch;
		verified->serial = entry->serial;
		dlist_move_head(&lru, &entry->lru);
		return AZ_OK;
	}
	if (entry)
		drop_entry(entry);
	verified->serial = az_next_serial();
	keep(digest, verified);
	return AZ_OK;
}
