/*-------------------------------------------------------------------------
 *
 * adoption.c
 *	  What the setting dbmi_authz.token carries along: an identity, or a
 *	  token that nobody has judged yet.
 *
 * A token that was set before the library was loaded is not judged while it
 * is: that reads tables, may wait for others, and whatever is raised there
 * would leave half a library behind.  It waits here for the first question.
 *
 *-------------------------------------------------------------------------
 */
#include "session/adoption.h"

#include "storage/proc.h"
#include "utils/timestamp.h"

#include "server/datum.h"
#include "server/report.h"
#include "trust/trust.h"

int64
az_unix_now(void)
{
	return GetCurrentTimestamp() + AZ_EPOCH_SHIFT;
}

/* Zeroed, with room for so many bytes. */
static AzAdoption *
new_adoption(size_t len, LocalTransactionId lxid)
{
	AzAdoption *adoption = az_guc_alloc(offsetof(AzAdoption, bytes) + len);

	if (adoption)
	{
		memset(adoption, 0, offsetof(AzAdoption, bytes));
		adoption->lxid = lxid;
	}
	return adoption;
}

/* "copy" is the identity's own place. */
static void
set_identity(AzAdoption *adoption, void *copy, const AzVerifiedToken *verified,
			 bool inactive)
{
	memcpy(copy, verified->identity, verified->identity->size);
	adoption->identity = copy;
	adoption->serial = verified->serial;
	adoption->epoch = verified->epoch;
	adoption->inactive = inactive;
}

AzAdoption *
az_make_adoption(const AzVerifiedToken *verified)
{
	bool		inactive = az_subject_is_inactive(verified->identity);
	AzAdoption *adoption = new_adoption(verified->identity->size + MAXIMUM_ALIGNOF,
										az_local_xid());

	if (adoption)
		set_identity(adoption, (void *) MAXALIGN(adoption->bytes), verified,
					 inactive);
	return adoption;
}

AzAdoption *
az_make_unjudged(const char *token, size_t len, LocalTransactionId lxid)
{
	AzAdoption *adoption = new_adoption(len, lxid);

	if (adoption)
	{
		memcpy(adoption->bytes, token, len);
		adoption->token_len = len;
	}
	return adoption;
}

void
az_forget_token(AzAdoption *adoption)
{
	explicit_bzero(adoption->bytes, adoption->token_len);
	adoption->token_len = 0;
}

/*
 * The identity gets a place of its own: how large it would become was not
 * known when core was handed this chunk.  Core does not free it, so it stays
 * to the end of the session, once for each token that was set too early.
 */
AzReason
az_judge(AzAdoption *adoption)
{
	AzVerifiedToken verified;
	AzReason	reason;
	void	   *copy;
	bool		inactive;

	if (adoption->token_len == 0)
		return AZ_TOKEN_MISSING;
	reason = az_verify_token(adoption->bytes, adoption->token_len,
							 az_unix_now(), &verified);
	if (reason == AZ_NO_MEMORY || reason == AZ_CRYPTO_FAILURE)
		az_raise_refused(reason, NULL);
	if (reason == AZ_OK)
	{
		inactive = az_subject_is_inactive(verified.identity);
		copy = malloc(verified.identity->size);
		if (copy == NULL)
			az_raise_refused(AZ_NO_MEMORY, NULL);
		set_identity(adoption, copy, &verified, inactive);
	}
	az_forget_token(adoption);
	return reason;
}
