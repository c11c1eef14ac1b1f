/*-------------------------------------------------------------------------
 *
 * assertion_for.c
 *	  The identity in force, as other servers are told.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/assertion_for.h"

#include "datatype/timestamp.h"

#include "items/stored.h"
#include "server/encoding.h"
#include "server/malloced.h"
#include "server/report.h"
#include "session/session.h"
#include "session/stopped.h"
#include "token/assertion.h"
#include "trust/cluster_key.h"

const AzAdoption *
az_to_be_told(void)
{
	const AzAdoption *current = az_judged_candidate();

	if (current->ended != AZ_OK)
		az_raise_ended(current);
	if (current->simulated)
		az_raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
				 "a simulated identity cannot be handed to other servers", NULL,
				 "A simulated identity counts on the server that simulates it.",
				 "Simulate it on the other server.");
	if (az_cluster_signing_key() == NULL)
		az_raise_no_cluster_key();
	return current;
}

/* The token's own end may come before. */
static int64
expiry_of(const AzIdentity *id, int64 now)
{
	int64		end = id->deadline / USECS_PER_SEC + (id->deadline % USECS_PER_SEC > 0);

	return Min(now / USECS_PER_SEC + AZ_ASSERTION_SECONDS, end);
}

/* A palloc'd one in its place. */
static char *
take(char *malloced)
{
	char	   *token = palloc_extended(strlen(malloced) + 1, MCXT_ALLOC_NO_OOM);

	if (token)
		strcpy(token, malloced);
	explicit_bzero(malloced, strlen(malloced));
	free(malloced);
	if (token == NULL)
		az_raise_no_memory();
	return token;
}

AzMadeAssertion
az_make_assertion_for(const char *destination, const char *nonce,
					  const unsigned char *anchor)
{
	const AzAdoption *current = az_to_be_told();
	int64		now = az_unix_now();
	AzAssertion assertion = {.destination = destination,.nonce = nonce,.anchor = anchor};
	AzMadeAssertion made;
	char	   *token;

	assertion.stored = az_stored_digest(current);
	assertion.issued = now / USECS_PER_SEC;
	assertion.expires = expiry_of(current->identity, now);
	token = az_assertion_make(az_cluster_signing_key(), &assertion, current->identity,
							  az_converter_to_utf8());
	if (token == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not sign the identity in force")));
	made.token = take(token);
	made.renew_at = now + AZ_ASSERTION_SECONDS * USECS_PER_SEC / 2;
	return made;
}

void
az_wipe_assertion(AzMadeAssertion *made)
{
	explicit_bzero(made->token, strlen(made->token));
	pfree(made->token);
	made->token = NULL;
}
