/*-------------------------------------------------------------------------
 *
 * simulated.c
 *	  The identity of claims that nobody has verified.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/simulated.h"

#include "server/encoding.h"
#include "server/reading.h"
#include "trust/issuer_cache.h"
#include "trust/trust.h"
#include "trust/trust_table.h"

/*
 * The issuer of the claims; NULL: there is none.  Borrowed until the next
 * verification or simulation.
 */
static const AzIssuer *
find_issuer(const char *name)
{
	AzKeptIssuer *kept;
	AzLookUp	look_up;

	az_begin_look_up(&look_up);
	az_trim_issuers();
	kept = az_look_up_issuer(name);
	az_end_look_up(&look_up);
	return kept ? az_kept_issuer(kept) : NULL;
}

bool
az_is_issuer(const char *name)
{
	return az_trust() != NULL && find_issuer(name) != NULL;
}

AzReason
az_simulate_claims(const char *claims, size_t len, const char *issuer,
				   AzVerifiedToken *identity)
{
	/*
	 * not the one for tokens, so that nothing of it is ever taken for a
	 * token's
	 */
	static AzVerification *verification = NULL;
	const AzTrust *trust = az_trust();
	const AzIssuer *given = NULL;
	const char *hint;
	AzReason	reason;

	identity->hint = NULL;
	if (trust == NULL)
		return AZ_NOT_INSTALLED;
	if (verification == NULL)
		verification = az_verification_new();
	if (verification == NULL)
		return AZ_NO_MEMORY;
	if (issuer != NULL && (given = find_issuer(issuer)) == NULL)
		return AZ_ISSUER_UNTRUSTED;
	identity->epoch = az_trust_epoch();
	reason = az_read_unsigned(verification, claims, len, trust, given, &identity->identity);
	hint = az_verification_hint(verification);
	if (hint)
		identity->hint = az_from_utf8(hint);
	if (reason != AZ_OK)
		return reason;
	identity->serial = az_next_serial();
	identity->simulated = true;
	identity->asserted = false;
	identity->stored = NULL;
	return AZ_OK;
}
