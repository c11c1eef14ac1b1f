/*-------------------------------------------------------------------------
 *
 * fn_export_trust.c
 *	  export_trust(): the trust of this database as one document.
 *
 * Equal trust gives equal text.  Never in it: HMAC secrets and private cluster keys.
 * What this database does not believe is left out, with a warning, since no other
 * would take it.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/trust_document.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "server/arguments.h"
#include "server/encoding.h"
#include "server/malloced.h"
#include "server/setting.h"
#include "server/spi.h"
#include "trust/admin.h"
#include "trust/cluster_key_table.h"
#include "trust/issuer_read.h"
#include "trust/key_read.h"
#include "trust/options.h"
#include "trust/trust_row.h"
#include "trust/trust_table.h"

/* ----------------------------------------------------------------
 * Lists that are the rows of a table
 * ----------------------------------------------------------------
 */

#define ROWS_OF(columns, rest) \
	"SELECT pg_catalog.json_agg(x) FROM (SELECT " columns " FROM " rest ") x"

static const char *const queries[AZ_N_LISTS] = {
	[AZ_LIST_REVOCATIONS] = ROWS_OF("issuer, kind, value, issued_before, until, revoked_at",
									"authz.revocation ORDER BY issuer, kind, value"),
	[AZ_LIST_INACTIVE] = ROWS_OF("issuer, subject", "authz.inactive_subject ORDER BY issuer, subject"),
	[AZ_LIST_CEILINGS] = ROWS_OF("issuer, actor, scopes, roles, permissions, groups, org_roles, org_permissions,"
								 " item_permissions, keep, admin, read_only",
								 "authz.actor_ceiling ORDER BY issuer, actor"),
	[AZ_LIST_ITEMS] = ROWS_OF("email, client, item, permission, granted_by, granted_at",
							  "authz.item_permission ORDER BY client, email, item, permission"),
	[AZ_LIST_IMPLIES] = ROWS_OF("client, permission, implies",
								"authz.permission_implies ORDER BY client, permission, implies"),
	/* those of tables that are gone have no name left, and one of them says it all */
	[AZ_LIST_ACCESS] = ROWS_OF("a.perm, a.rel, a.kind, pg_catalog.min(a.rule) AS rule, pg_catalog.min(a.rule_owner) AS rule_owner",
							   "(SELECT o.perm, o.kind, o.rule, o.rule_owner::pg_catalog.text,"
							   "  pg_catalog.format('%I.%I', n.nspname, c.relname) AS rel, c.oid"
							   "  FROM authz.object_access o"
							   "  LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
							   "   ON n.oid OPERATOR(pg_catalog.=) c.relnamespace)"
							   "  ON c.oid OPERATOR(pg_catalog.=) o.rel) AS y (perm, kind, rule, rule_owner, rel_name, oid)"
							   " CROSS JOIN LATERAL (SELECT y.perm, y.kind, y.rule, y.rule_owner,"
							   "  CASE WHEN y.oid IS NOT NULL THEN y.rel_name END AS rel) a"
							   " GROUP BY a.perm, a.rel, a.kind ORDER BY a.perm, a.rel, a.kind"),
};

static void
append_rows(StringInfo out, AzTrustList list)
{
	AzSpiParams none = {0};
	const char *rows;

	az_spi_run(queries[list], &none);
	rows = az_spi_result_or_null(0, 1);
	appendStringInfoString(out, rows ? rows : "[]");
}

/* ----------------------------------------------------------------
 * Profiles and issuers
 * ----------------------------------------------------------------
 */

static void
append_options(StringInfo out, const char *options)
{
	az_append_json(out, az_parse_json(cstring_to_text(options), "options", ERRCODE_CONFIG_FILE_ERROR));
}

static void
append_member(StringInfo out, const char *name, const char *value)
{
	appendStringInfo(out, "\"%s\": ", name);
	if (value)
		escape_json(out, value);
	else
		appendStringInfoString(out, "null");
	appendStringInfoString(out, ", ");
}

static void
append_profiles(StringInfo out)
{
	AzSpiParams params = {0};
	Datum	   *own = palloc(az_n_own_profiles * sizeof(Datum));
	uint64		n;
	uint64		i;

	for (i = 0; i < (uint64) az_n_own_profiles; i++)
		own[i] = CStringGetTextDatum(az_own_profiles[i]);
	az_spi_param(&params, TEXTARRAYOID,
				 construct_array(own, az_n_own_profiles, TEXTOID, -1, false, TYPALIGN_INT));
	n = az_spi_run("SELECT p.profile, p.chosen_by, p.audience_required, p.options FROM authz.profile p"
				   " WHERE p.profile OPERATOR(pg_catalog.<>) ALL ($1) OR EXISTS (SELECT FROM authz.issuer i"
				   "  WHERE i.profile OPERATOR(pg_catalog.=) p.profile) ORDER BY p.profile", &params);
	appendStringInfoChar(out, '[');
	for (i = 0; i < n; i++)
	{
		appendStringInfoString(out, i == 0 ? "{" : ",\n {");
		append_member(out, "profile", az_spi_result(i, 1));
		append_member(out, "chosen_by", az_spi_result(i, 2));
		appendStringInfo(out, "\"audience_required\": %s, \"options\": ",
						 strcmp(az_spi_result(i, 3), "t") == 0 ? "true" : "false");
		append_options(out, az_spi_result(i, 4));
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

static void
tell_left_out(const char *what, const char *issuer, const char *why)
{
	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("%s \"%s\" is left out", what, issuer),
			 why ? errdetail_internal("%s", why) : 0,
			 errhint("It counts as absent here as well; lint() says what to do.")));
}

/* A key of the library as we write JSON. */
static void
append_jwk(StringInfo out, const AzKey *key)
{
	char	   *jwk = az_key_to_jwk(key);
	AzJson	   *json = NULL;
	AzJsonStatus status = AZ_JSON_NO_MEMORY;

	if (jwk)
		status = az_json_parse(jwk, strlen(jwk), &json);
	free(jwk);
	az_free_with(CurrentMemoryContext, az_release_json, json);
	if (status != AZ_JSON_OK)
		az_raise_no_memory();
	az_append_json(out, json);
}

static void
append_key(StringInfo out, const AzKeyRow *row, const AzKey *key)
{
	char	   *source = az_row_utf8(row->tuple, Key_source, row->desc);

	appendStringInfoString(out, "{\"jwk\": ");
	append_jwk(out, key);
	appendStringInfoString(out, ", \"source\": ");
	az_append_json_string(out, source ? source : "add_key");
	appendStringInfo(out, ", \"added_at\": \"%s\"}",
					 timestamptz_to_str(az_key_added_at(row)));
}

/* name: in the encoding of the database. */
static void
append_keys(StringInfo out, const AzIssuer *issuer, const char *name)
{
	const AzWhichKeys all = {true, NULL};
	AzRows		rows;
	AzKeyRow	row;
	int			n = 0;

	appendStringInfoChar(out, '[');
	az_begin_keys(&rows, issuer, &all);
	while (az_next_key(&rows, &row))
	{
		const char *why = NULL;
		AzKey	   *key = az_judge_key(&row, issuer, &why);

		az_free_with(CurrentMemoryContext, az_release_key, key);
		if (key == NULL)
			tell_left_out("a key of issuer", name, why);
		else if ((AZ_ALG_BIT(az_key_alg(key)) & AZ_ALGS_HMAC) == 0)
		{
			appendStringInfoString(out, n++ == 0 ? "" : ", ");
			append_key(out, &row, key);
		}
	}
	az_end_rows(&rows);
	appendStringInfoChar(out, ']');
}

/* A row of the query below; false when this database does not believe it. */
static bool
append_issuer(StringInfo out, uint64 i, bool first)
{
	const char *name = az_spi_result(i, 1);
	const char *audience = az_spi_result_or_null(i, 2);
	const char *why = "It has no name that is UTF-8.";
	int			len;
	char	   *utf8 = az_to_utf8(name, strlen(name), &len);
	AzIssuer   *issuer = utf8 ? az_judge_issuer(utf8, CurrentMemoryContext, &why) : NULL;

	if (issuer == NULL)
	{
		tell_left_out("issuer", name, why);
		return false;
	}
	appendStringInfoString(out, first ? "{" : ",\n {");
	append_member(out, "issuer", name);
	appendStringInfo(out, "\"audience\": %s, ", audience ? audience : "null");
	append_member(out, "profile", az_spi_result(i, 3));
	appendStringInfoString(out, "\"options\": ");
	append_options(out, az_spi_result(i, 4));
	appendStringInfoString(out, ", \"keys\": ");
	append_keys(out, issuer, name);
	appendStringInfoChar(out, '}');
	return true;
}

/* What one takes is given back before the next one: there may be thousands. */
static void
append_issuers(StringInfo out)
{
	AzSpiParams none = {0};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz export",
												  ALLOCSET_DEFAULT_SIZES);
	uint64		n = az_spi_run("SELECT i.issuer, pg_catalog.to_json(i.audience), i.profile, i.options"
							   " FROM authz.issuer i ORDER BY i.issuer", &none);
	uint64		i;
	bool		first = true;

	appendStringInfoChar(out, '[');
	for (i = 0; i < n; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		if (append_issuer(out, i, first))
			first = false;
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	appendStringInfoChar(out, ']');
}

/* ----------------------------------------------------------------
 * Cluster keys
 * ----------------------------------------------------------------
 */

static void
append_cluster_keys(StringInfo out)
{
	AzRows		rows;
	AzClusterKeyRow row;
	int			n = 0;

	appendStringInfoChar(out, '[');
	az_begin_cluster_keys(&rows);
	while (az_next_cluster_key(&rows, &row))
	{
		AzKey	   *key = az_make_cluster_key(&row);

		az_free_with(CurrentMemoryContext, az_release_key, key);
		if (key == NULL)
			continue;
		appendStringInfoString(out, n++ == 0 ? "" : ",\n ");
		append_jwk(out, key);
	}
	az_end_rows(&rows);
	appendStringInfoChar(out, ']');
}

/* ----------------------------------------------------------------
 * All of it
 * ----------------------------------------------------------------
 */

/*
 * Refuses an altered table, which counts as missing and would be exported as
 * empty.
 */
static void
check_tables(void)
{
	int			i;

	if (!az_tables_found())
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the extension is not installed in this database")));
	for (i = 0; i < AZ_N_TABLES; i++)
	{
		const char *name;
		const char *remedy;
		const char *why = az_fault_of_table(i, &name, &remedy);

		if (why)
			ereport(ERROR,
					(errcode(ERRCODE_CONFIG_FILE_ERROR),
					 errmsg("table authz.%s was altered, and counts as missing", name),
					 errdetail_internal("%s", why),
					 errhint("lint() says what to do.")));
	}
}

static void
append_list(StringInfo out, AzTrustList list)
{
	appendStringInfo(out, ",\n\"%s\": ", az_trust_list_name(list));
	switch (list)
	{
		case AZ_LIST_PROFILES:
			append_profiles(out);
			break;
		case AZ_LIST_ISSUERS:
			append_issuers(out);
			break;
		case AZ_LIST_CLUSTER_KEYS:
			append_cluster_keys(out);
			break;
		default:
			append_rows(out, list);
			break;
	}
}

AZ_SQL(authz_export_trust)
{
	StringInfoData out;
	AzCaller	caller;
	int			list;

	az_check_owns_database("export_trust");
	check_tables();
	initStringInfo(&out);
	az_begin_as_owner(&caller);
	az_set_within_level("TimeZone", "UTC");
	appendStringInfo(&out, "{\"version\": %d", AZ_TRUST_DOCUMENT_VERSION);
	for (list = 0; list < AZ_N_LISTS; list++)
		append_list(&out, list);
	appendStringInfoChar(&out, '}');
	az_end_administering(&caller);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
