/*-------------------------------------------------------------------------
 *
 * asserted.c
 *	  An identity that another server of the cluster hands over to this session.
 *
 * Whether a connection takes assertions depends on how it was authenticated,
 * and no SQL changes that.  An assertion is good for one occasion
 * (challenge.c, senders.c), and names its destination.  An assertion for all
 * nodes of a cluster may be good for several (token/chain.h): then the result
 * of its verification is remembered, and destination, times, trust and use are
 * checked each time.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/asserted.h"

#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/proc.h"
#include "utils/acl.h"

#include "server/counts.h"
#include "server/encoding.h"
#include "server/guc.h"
#include "token/crypto.h"
#include "trust/cluster_key.h"
#include "trust/remembered.h"
#include "trust/trust.h"
#include "trust/trust_table.h"

/* A digest of what is stored, in base64url, and more. */
#define MAX_STORED		128

/* ----------------------------------------------------------------
 * For whom
 * ----------------------------------------------------------------
 */

/* SET SESSION AUTHORIZATION changes other variables.  A superuser is a member of nothing. */
bool
az_takes_assertions(void)
{
	Oid			role;

	if (MyBackendType != B_BACKEND || MyProcPort == NULL ||
		az_cluster_role == NULL || *az_cluster_role == '\0')
		return false;
	role = get_role_oid(az_cluster_role, true);
	return OidIsValid(role) && is_member_of_role_nosuper(MyProc->roleId, role);
}

static char *
database_name(void)
{
	char	   *name = get_database_name(MyDatabaseId);
	int			len;
	char	   *utf8 = name ? az_to_utf8(name, strlen(name), &len) : NULL;

	if (utf8 == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("the name of the database has no form in UTF8")));
	return utf8;
}

char *
az_destination_here(void)
{
	return psprintf(UINT64_FORMAT "/%s", GetSystemIdentifier(), database_name());
}

char *
az_destination_of_citus(void)
{
	return psprintf("citus/%s", database_name());
}

/* ----------------------------------------------------------------
 * An assertion
 * ----------------------------------------------------------------
 */

/* What an assertion is judged by, and what was found. */
typedef struct Occasion
{
	AzRoad		road;
	const char *challenge;		/* on the foreign road */
	AzUse		use;			/* on Citus's */
	AzAssertion assertion;		/* texts are palloc'd */
	unsigned char anchor[AZ_CHAIN_VALUE];
} Occasion;

static const AzKey *
find_key(void *arg, const char *kid, size_t len)
{
	return az_cluster_key(kid, len);
}

static AzReason
judge_for_here(const AzAssertion *assertion, const char *challenge)
{
	if (strcmp(assertion->destination, az_destination_here()) != 0)
		return AZ_ASSERTION_DESTINATION;
	if (*challenge == '\0' || strcmp(assertion->nonce, challenge) != 0)
		return AZ_ASSERTION_REPLAYED;
	return AZ_OK;
}

/*
 * All uses have numbers in one sequence: those of one assertion come before
 * all of the next.
 */
#define USES	(AZ_CHAIN_LAST + 1)

/*
 * The last check, because an assertion that passes it counts as used.
 * "earlier": a use of it that was taken before; NULL: the anchor has to tell.
 */
static AzReason
judge_for_citus(const AzAssertion *assertion, const AzUse *use, const AzUse *earlier)
{
	unsigned char sender[AZ_SENDER_ID];
	uint64		number;
	AzReason	reason;

	if (strcmp(assertion->destination, az_destination_of_citus()) != 0)
		return AZ_ASSERTION_DESTINATION;
	if (!az_read_nonce(assertion->nonce, sender, &number) || number >= PG_UINT64_MAX / USES)
		return AZ_ASSERTION_MALFORMED;
	reason = earlier ? az_use_follows(use, earlier) : az_assertion_use(assertion, use);
	if (reason != AZ_OK)
		return reason;
	return az_take_number(sender, number * USES + use->number,
						  assertion->issued * USECS_PER_SEC,
						  assertion->expires * USECS_PER_SEC);
}

/* Copies what lives no longer than the verification. */
static void
keep(Occasion *occasion, const AzAssertion *assertion)
{
	occasion->assertion = *assertion;
	occasion->assertion.destination = pstrdup(assertion->destination);
	occasion->assertion.nonce = pstrdup(assertion->nonce);
	occasion->assertion.stored = assertion->stored ? pstrdup(assertion->stored) : NULL;
	if (assertion->anchor)
		occasion->assertion.anchor = memcpy(occasion->anchor, assertion->anchor, AZ_CHAIN_VALUE);
}

static AzReason
judge(void *arg, const AzAssertion *assertion)
{
	Occasion   *occasion = arg;

	if (assertion->stored != NULL && strlen(assertion->stored) > MAX_STORED)
		return AZ_ASSERTION_MALFORMED;
	keep(occasion, assertion);
	return occasion->road == AZ_ROAD_CITUS ?
		judge_for_citus(assertion, &occasion->use, NULL) :
		judge_for_here(assertion, occasion->challenge);
}

/*
 * A person gets a new assertion from time to time.  Two blocks of the same
 * bytes give the same answers, so they have the same serial, and plans live
 * on.  When the table has forgotten it, there is a new serial.  False:
 * OpenSSL failed.
 */
static bool
find_serial(const AzIdentity *id, AzVerifiedToken *verified)
{
	static struct
	{
		unsigned char digest[32];
		uint32		serial;		/* 0: no entry */
	}			known[1024];
	unsigned char digest[32];
	uint32		hash;

	if (!az_sha256(id, id->size, digest))
		return false;
	memcpy(&hash, digest, sizeof(hash));
	hash %= lengthof(known);
	verified->is_new = known[hash].serial == 0 ||
		memcmp(known[hash].digest, digest, sizeof(digest)) != 0;
	if (verified->is_new)
	{
		known[hash].serial = az_next_serial();
		memcpy(known[hash].digest, digest, sizeof(digest));
	}
	verified->serial = known[hash].serial;
	return true;
}

static AzReason
verify(const char *token, size_t len, int64 now, Occasion *occasion,
	   AzVerifiedToken *verified)
{
	static AzVerification *verification = NULL;
	const AzAssertionTrust by = {find_key, judge, occasion};
	const AzTrust *trust = az_trust();
	const char *hint;
	AzReason	reason;

	if (trust == NULL)
		return AZ_NOT_INSTALLED;
	if (verification == NULL)
		verification = az_verification_new();
	if (verification == NULL)
		return AZ_NO_MEMORY;
	reason = az_verify_assertion(verification, token, len, now, trust, &by,
								 &verified->identity);
	hint = az_verification_hint(verification);
	if (hint)
		verified->hint = az_from_utf8(hint);
	if (reason != AZ_OK)
		return reason;
	verified->stored = occasion->assertion.stored;
	return find_serial(verified->identity, verified) ? AZ_OK : AZ_CRYPTO_FAILURE;
}

/* The same, counted. */
static AzReason
verify_in_time(const char *token, size_t len, int64 now, Occasion *occasion,
			   AzVerifiedToken *verified)
{
	instr_time	begin;
	AzReason	reason;

	INSTR_TIME_SET_CURRENT(begin);
	reason = verify(token, len, now, occasion, verified);
	az_count_verification(&begin);
	return reason;
}

/* ---- for all nodes of a cluster ---- */

/*
 * Refuses a text that is longer than any that is verified, before it is read
 * or hashed.
 */
static AzReason
find_use(const char *text, size_t len, size_t *assertion_len, AzUse *use,
		 AzAssertionDigest digest)
{
	if (!az_use_read(text, len, assertion_len, use))
		return AZ_ASSERTION_MALFORMED;
	if (*assertion_len > az_assertion_max(az_max_token_size))
		return AZ_TOKEN_TOO_LARGE;
	return az_sha256(text, *assertion_len, digest) ? AZ_OK : AZ_CRYPTO_FAILURE;
}

/*
 * Everything that the verification of these bytes would find is known, except
 * for the use.
 */
static AzReason
take_again(AzRemembered *remembered, const AzUse *use, AzVerifiedToken *verified)
{
	const AzUse *last = &remembered->use;
	AzReason	reason = judge_for_citus(&remembered->assertion, use,
										 last->number > 0 && use->number >= last->number ? last : NULL);

	if (reason != AZ_OK)
		return reason;
	az_remember_use(remembered, use);
	verified->identity = remembered->identity;
	verified->serial = remembered->serial;
	verified->stored = remembered->assertion.stored;
	return AZ_OK;
}

static AzReason
verify_for_citus(const char *text, size_t len, int64 now, AzVerifiedToken *verified)
{
	Occasion	occasion = {.road = AZ_ROAD_CITUS};
	AzAssertionDigest digest;
	AzRemembered *remembered;
	AzReason	reason = find_use(text, len, &len, &occasion.use, digest);

	if (reason != AZ_OK)
		return reason;
	remembered = az_remembered(digest, verified->epoch, now);
	if (remembered != NULL)
		return take_again(remembered, &occasion.use, verified);
	reason = verify_in_time(text, len, now, &occasion, verified);
	if (reason == AZ_OK)
		az_remember(digest, &occasion.assertion, &occasion.use, verified);
	else if (az_is_remembered(digest))
		az_forget_remembered();
	return reason;
}

/* The bytes of an assertion that was taken need not be read again. */
bool
az_asserts(const char *text, size_t len)
{
	AzAssertionDigest digest;
	AzUse		use;
	size_t		assertion_len;

	return (az_remembers() && find_use(text, len, &assertion_len, &use, digest) == AZ_OK &&
			az_is_remembered(digest)) || az_is_assertion(text, len);
}

/* ---- on either road ---- */

/* An attempt spends the challenge, whether it succeeds or not. */
AzReason
az_verify_asserted(const char *token, size_t len, int64 now, AzRoad road,
				   AzVerifiedToken *verified)
{
	Occasion	occasion = {.road = road,.challenge = road == AZ_ROAD_FOREIGN ? az_spend_challenge() : ""};

	memset(verified, 0, sizeof(*verified));
	verified->asserted = true;
	/* before the trust is read, as az_verify_token(); where tables lie is part of it */
	(void) az_tables_found();
	verified->epoch = az_trust_epoch();
	return road == AZ_ROAD_CITUS ? verify_for_citus(token, len, now, verified) :
		verify_in_time(token, len, now, &occasion, verified);
}
