/*-------------------------------------------------------------------------
 *
 * fn_import_trust.c
 *	  import_trust(): make the trust of this database equal to a document.
 *
 * In one transaction, so all of it counts or nothing does.  What the document cannot
 * hold stays: HMAC secrets of issuers that stay, and private cluster keys.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/trust_import.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "server/arguments.h"
#include "server/discretion.h"
#include "server/spi.h"
#include "trust/admin.h"
#include "trust/cluster_key_table.h"

/* In the order of the answer. */
typedef struct Changes
{
	AzTrustChange keys;
	AzTrustChange of[AZ_N_LISTS];
} Changes;

/* One import after the other, and none half-way through what others write. */
#define LOCK_TABLES \
	"LOCK TABLE authz.issuer, authz.profile, authz.issuer_key, authz.revocation," \
	" authz.inactive_subject, authz.actor_ceiling, authz.item_permission," \
	" authz.permission_implies, authz.object_access IN SHARE ROW EXCLUSIVE MODE"

static void
import_all(AzTrustDocument *document, const text *json, Changes *changes)
{
	AzSpiParams none = {0};
	int			list;

	az_split_trust_document(json, document);
	az_spi_run(LOCK_TABLES, &none);
	az_import_profiles(document, &changes->of[AZ_LIST_PROFILES]);
	az_import_issuers(document, &changes->of[AZ_LIST_ISSUERS], &changes->keys);
	az_remove_profiles(document, &changes->of[AZ_LIST_PROFILES]);
	for (list = AZ_LIST_REVOCATIONS; list < AZ_N_LISTS; list++)
		az_import_rows(list, document, &changes->of[list]);
	az_import_cluster_keys(document, &changes->of[AZ_LIST_CLUSTER_KEYS]);
}

static void
append_change(StringInfo out, const char *name, const AzTrustChange *change)
{
	if (change->added + change->replaced + change->removed == 0)
		return;
	appendStringInfo(out, "%s\"%s\": {\"added\": " UINT64_FORMAT ", \"replaced\": " UINT64_FORMAT
					 ", \"removed\": " UINT64_FORMAT "}", out->len > 1 ? ", " : "", name,
					 change->added, change->replaced, change->removed);
}

static text *
describe(const Changes *changes)
{
	StringInfoData out;
	int			list;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	for (list = 0; list < AZ_N_LISTS; list++)
	{
		append_change(&out, az_trust_list_name(list), &changes->of[list]);
		if (list == AZ_LIST_ISSUERS)
			append_change(&out, "issuer_keys", &changes->keys);
	}
	appendStringInfoChar(&out, '}');
	return cstring_to_text_with_len(out.data, out.len);
}

AZ_SQL(authz_import_trust)
{
	AzDiscretion discretion;
	AzCaller	caller;
	AzTrustDocument document;
	Changes		changes = {0};
	text	   *json;
	text	   *answer;

	/* somebody may pass what they should not */
	az_discretion_begin(&discretion);
	az_check_administers("issuer");
	az_arg_required(fcinfo, 0, "trust");
	json = PG_GETARG_TEXT_PP(0);
	az_read_trust_document(json, &document);
	az_begin_administering("issuer", &caller);
	import_all(&document, json, &changes);
	az_end_administering(&caller);
	answer = describe(&changes);
	az_discretion_end(&discretion);
	PG_RETURN_TEXT_P(answer);
}
