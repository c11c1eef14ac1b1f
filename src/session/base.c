/*-------------------------------------------------------------------------
 *
 * base.c
 *	  The login by token that the connection was opened with.
 *
 * The library that authenticated the connection has left the token in a
 * rendezvous variable (links.h), before or after this library was loaded.  It
 * is taken at the first question, and then waits to be judged, like a token
 * that was set too early (adoption.c).
 *
 * It is not a value of the setting, so no value that is set, reset or rolled
 * back touches it: it counts while the setting has no value.  After a failed
 * login it does not count, and no rollback changes that (R8); a reset or a
 * success that makes it count again can be rolled back.
 *
 *-------------------------------------------------------------------------
 */
#include "session/base.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "server/guc.h"
#include "server/links.h"
#include "session/only_reads.h"

/* Above the numbers of adoptions: no adoption ever has it. */
#define BASE_NUMBER		PG_UINT64_MAX

static AzLoginToken **token_link = NULL;
static AzAdoption *login = NULL;
static bool refused = false;

static bool suppressed = false;
static SubTransactionId restored_in = InvalidSubTransactionId;	/* not committed yet */
static bool waits = false;

static void
wipe(AzLoginToken *token)
{
	explicit_bzero(token->token, token->len);
	pfree(token);
}

/*
 * Where memory runs out, nobody is logged in, and it is taken at the next
 * question.
 */
static void
take(AzLoginToken *token)
{
	login = az_make_unjudged(token->token, token->len, InvalidLocalTransactionId);
	if (login == NULL)
		return;
	login->base = true;
	login->number = BASE_NUMBER;
	login->since = MyStartTimestamp;
	*token_link = NULL;
	wipe(token);
}

bool
az_opened_by_token(void)
{
	return login != NULL || *token_link != NULL;
}

/*
 * Is the server on its way from the authentication to the database?  It writes
 * lines of the log there, and each asks who is logged in (line_identity.c).
 */
static inline bool
is_too_early(void)
{
	return !OidIsValid(MyDatabaseId) && !IsNormalProcessingMode();
}

/* Where there is no database (a walsender), it is never judged. */
AzAdoption *
az_login_of_connection(void)
{
	if (is_too_early())
		return NULL;
	if (login == NULL && *token_link != NULL)
		take(*token_link);
	if (login == NULL || refused)
		return NULL;
	if (OidIsValid(MyDatabaseId))
		return login;
	az_forget_token(login);
	return NULL;
}

static pg_noinline AzAdoption *
base(void)
{
	if (az_login_identity == AZ_LOGIN_OFF || az_is_suppressed() || waits)
		return NULL;
	return az_login_of_connection();
}

/* Called for each row while nobody is logged in, so it stays small. */
AzAdoption *
az_base(void)
{
	return unlikely(az_opened_by_token()) ? base() : NULL;
}

void
az_refuse_base(void)
{
	refused = true;
}

/* Is a string the same in two identities?  Where one lacks it, it is not. */
static bool
is_same(const AzIdentity *a, const AzNode *of_a, const AzIdentity *b, const AzNode *of_b)
{
	return az_node_type(of_a) == AZ_STRING && az_node_type(of_b) == AZ_STRING &&
		az_node_len(of_a) == az_node_len(of_b) &&
		memcmp(az_node_bytes(a, of_a), az_node_bytes(b, of_b), az_node_len(of_a)) == 0;
}

bool
az_may_log_in(const AzIdentity *id)
{
	const AzAdoption *opener;

	if (az_login_identity != AZ_LOGIN_ONLY || !az_opened_by_token())
		return true;
	opener = az_login_of_connection();
	return opener != NULL && opener->identity != NULL &&
		is_same(opener->identity, &opener->identity->trust_issuer, id, &id->trust_issuer) &&
		is_same(opener->identity, &opener->identity->trust_subject, id, &id->trust_subject);
}

/* ---- after a failed login ---- */

void
az_suppress_base(void)
{
	suppressed = true;
	restored_in = InvalidSubTransactionId;
}

void
az_restore_base(void)
{
	if (az_is_suppressed())
		restored_in = GetCurrentSubTransactionId();
}

bool
az_is_suppressed(void)
{
	return suppressed && restored_in == InvalidSubTransactionId;
}

bool
az_base_subtransaction_ended(SubXactEvent event, SubTransactionId mine,
							 SubTransactionId parent)
{
	if (restored_in == InvalidSubTransactionId || restored_in != mine)
		return false;
	if (event == SUBXACT_EVENT_COMMIT_SUB)
		restored_in = parent;
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return false;
	restored_in = InvalidSubTransactionId;
	return true;
}

void
az_base_transaction_ended(bool committed)
{
	if (committed && restored_in != InvalidSubTransactionId)
		suppressed = false;
	restored_in = InvalidSubTransactionId;
	waits = false;
}

/* ---- moments at which nobody may come into force ---- */

/*
 * While it is not judged, it may be anybody's.  If an actor that only reads
 * was in force in this transaction, the transaction is already read-only, and
 * nothing writes.
 */
bool
az_base_must_wait(void)
{
	if (!az_opened_by_token())
		return false;
	if (InSecurityRestrictedOperation())
		return true;
	return az_is_writing() && !az_only_reads() &&
		(login == NULL || login->identity == NULL || login->read_only);
}

void
az_cover_base(void)
{
	waits = false;
}

void
az_uncover_base(bool was_covered)
{
	waits = (was_covered || waits) && az_base_must_wait();
}

void
az_base_init(void)
{
	token_link = (AzLoginToken **) find_rendezvous_variable(AZ_LOGIN_TOKEN_LINK);
}
