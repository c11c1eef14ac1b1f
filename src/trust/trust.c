/*-------------------------------------------------------------------------
 *
 * trust.c
 *	  Which issuers this database believes, with which keys.
 *
 * Nothing is read before it is needed.  Issuers and keys that were read are
 * kept (issuer_cache.c); revocations are looked up each time (revocation.c).
 *
 *-------------------------------------------------------------------------
 */
#include "trust/trust.h"

#include "utils/snapmgr.h"

#include "server/encoding.h"
#include "server/guc.h"
#include "server/own.h"
#include "trust/audience.h"
#include "trust/cluster_key.h"
#include "trust/inactive.h"
#include "trust/issuer_cache.h"
#include "trust/key_wanted.h"
#include "trust/revocation.h"
#include "trust/trust_table.h"
#include "trust/unnamed.h"

/* ----------------------------------------------------------------
 * For a token
 * ----------------------------------------------------------------
 */

/* By the rules of az_jws_choose_keys(). */
static void
have_candidate_keys(AzKeptIssuer *kept, const char *kid)
{
	const AzWhichKeys named = {kid == NULL, kid};
	const AzWhichKeys unnamed = {false, NULL};

	if (!az_have_keys(kept, &named) && kid != NULL)
		(void) az_have_keys(kept, &unnamed);
}

/*
 * Each name is looked up once, so that a change which arrives meanwhile takes
 * away no issuer that was found already.
 */
static size_t
find_candidates(const AzTokenHint *hint, AzIssuer **found)
{
	const char *kid = hint->kid ? pnstrdup(hint->kid, hint->kid_len) : NULL;
	size_t		len;
	const char *iss = az_json_string(hint->iss, &len);
	List	   *names = iss ? list_make1((char *) iss) : NIL;
	AzKeptIssuer *last = NULL;
	size_t		n = 0;
	ListCell   *lc;

	if (hint->iss == NULL)
		names = az_add_unnamed_issuers(names);
	foreach(lc, az_add_issuers_of(names, hint->aud))
	{
		AzKeptIssuer *kept = az_look_up_issuer(lfirst(lc));

		if (kept == NULL || !az_may_have_issued(az_kept_issuer(kept), hint))
			continue;
		last = kept;
		found[n++] = az_kept_issuer(kept);
		if (n == 2)
			return n;			/* ambiguous: no key will be asked for */
	}
	if (last && !hint->keyless)
		have_candidate_keys(last, kid);
	return n;
}

/* The callback of AzTrust. */
static AzCandidates
find_issuers(void *arg, const AzTokenHint *hint)
{
	static AzIssuer *found[2];
	AzCandidates candidates = {found, 0};
	AzLookUp	look_up;

	az_begin_look_up(&look_up);
	az_trim_issuers();
	candidates.n = find_candidates(hint, found);
	az_end_look_up(&look_up);
	return candidates;
}

const AzTrust *
az_trust(void)
{
	static AzTrust trust = {.revoked = az_is_revoked, .has_ceiling = az_has_ceiling,
	.fetches_key = az_fetches_key,.find = find_issuers};

	if (!az_tables_found())
		return NULL;
	az_look_at_catalog();
	trust.max_token_size = az_max_token_size;
	trust.converter = az_converter();
	return &trust;
}

/* ----------------------------------------------------------------
 * For an identity
 * ----------------------------------------------------------------
 */

/* A string of the block; NULL for AZ_NULL. */
static const char *
block_string(const AzIdentity *id, const AzNode *node)
{
	if (az_node_type(node) != AZ_STRING)
		return NULL;
	return pnstrdup(az_node_bytes(id, node), az_node_len(node));
}

/* Is the key that the identity's token was signed with still there? */
static bool
has_key_of(AzKeptIssuer *kept, const AzIdentity *id)
{
	const AzWhichKeys which = {false, block_string(id, &id->trust_kid)};
	const AzIssuer *issuer = az_kept_issuer(kept);
	size_t		i;

	(void) az_have_keys(kept, &which);
	for (i = 0; i < issuer->nkeys; i++)
	{
		if (az_is_key_of(issuer->keys[i], id))
			return true;
	}
	return false;
}

/*
 * Is the issuer's row the one by which the identity was made?  The update to
 * 1.1, which writes down the behavior of 1.0, does not count as a change.
 */
static bool
is_issuer_of(const AzIssuer *issuer, const AzIdentity *id)
{
	return issuer->version == id->issuer_version ||
		(id->issuer_updated != 0 && issuer->content == id->issuer_updated);
}

static AzReason
still_holds(const AzIdentity *id)
{
	AzRevocable what;
	AzKeptIssuer *kept;

	what.issuer = block_string(id, &id->trust_issuer);
	kept = az_look_up_issuer(what.issuer);
	if (kept == NULL || !is_issuer_of(az_kept_issuer(kept), id) ||
		!(id->asserted ? az_has_cluster_key_of(id) : has_key_of(kept, id)))
		return AZ_ISSUER_UNTRUSTED;

	what.token_id = block_string(id, &id->trust_token_id);
	what.session_id = block_string(id, &id->trust_session_id);
	what.subject = block_string(id, &id->trust_subject);
	what.actor = block_string(id, &id->trust_actor);
	what.issued = id->issued;
	return az_is_revoked(NULL, &what) ? AZ_REVOKED : AZ_OK;
}

AzReason
az_trust_still_holds(const AzIdentity *id)
{
	AzLookUp	look_up;
	AzReason	reason;

	if (!az_tables_found())
		return AZ_ISSUER_UNTRUSTED;
	az_begin_look_up(&look_up);
	az_trim_issuers();
	reason = still_holds(id);
	az_end_look_up(&look_up);
	return reason;
}

AzCeilingFound
az_ceiling_of(const AzIdentity *id, AzCeiling *ceiling, uint64 *version)
{
	const char *actor = block_string(id, &id->trust_actor);

	if (actor == NULL)
		return AZ_CEILING_NONE;
	if (!az_tables_found())
		return AZ_CEILING_UNREADABLE;
	return az_find_ceiling(GetActiveSnapshot(), block_string(id, &id->trust_issuer), actor,
						   ceiling, version);
}

bool
az_subject_is_inactive(const AzIdentity *id)
{
	AzLookUp	look_up;
	const char *subject;
	bool		inactive;

	if (!az_tables_found())
		return false;
	az_begin_look_up(&look_up);
	subject = block_string(id, &id->trust_subject);
	inactive = subject != NULL &&
		az_is_listed_inactive(block_string(id, &id->trust_issuer), subject);
	az_end_look_up(&look_up);
	return inactive;
}
