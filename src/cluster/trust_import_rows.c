/*-------------------------------------------------------------------------
 *
 * trust_import_rows.c
 *	  Making tables of the trust equal to lists of a document.
 *
 * There may be hundreds of thousands of rows, so each table takes two statements:
 * what is not in the list goes, what is only there comes.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/trust_import.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "items/item_path.h"
#include "objects/registry.h"
#include "objects/rule.h"
#include "server/spi.h"
#include "token/limit.h"

#define SAME(column) \
	"t." column " OPERATOR(pg_catalog.=) w." column
#define SAME_OR_NULL(column) \
	"COALESCE(t." column " OPERATOR(pg_catalog.=) w." column \
	", t." column " IS NULL AND w." column " IS NULL)"
#define LOWER(column) \
	"pg_catalog.lower(w." column " COLLATE pg_catalog.\"C\")"

typedef struct Rows
{
	const char *table;
	const char *columns;
	const char *source;			/* w */
	const char *key;			/* of which no two may be equal */
	const char *same;			/* is t what w says? */
	const char *(*fault) (const AzJson *row);	/* a sentence; NULL: none */
} Rows;

/* ----------------------------------------------------------------
 * What a row must be, beyond its members
 * ----------------------------------------------------------------
 */

static bool
is_one_of(const AzJson *row, const char *member, const char *const *names, int n)
{
	size_t		len;
	const char *value = az_json_string(az_json_get_z(row, member), &len);
	int			i;

	for (i = 0; i < n; i++)
	{
		if (strcmp(value, names[i]) == 0)
			return true;
	}
	return false;
}

static const char *
fault_of_revocation(const AzJson *row)
{
	static const char *const kinds[] = {"token", "subject", "session", "actor"};
	static const char *const subject[] = {"subject"};

	if (!is_one_of(row, "kind", kinds, lengthof(kinds)))
		return "Member \"kind\" is not \"token\", \"subject\", \"session\" or \"actor\".";
	if (is_one_of(row, "kind", subject, 1) != az_json_is_given(az_json_get_z(row, "issued_before")))
		return "Member \"issued_before\" is for subjects, and they have one.";
	return NULL;
}

static const char *
fault_of_item(const AzJson *row)
{
	size_t		len;
	const char *item = az_json_string(az_json_get_z(row, "item"), &len);

	return az_is_item_path(item, len) ? NULL : "Its item is not a path: one of its names is empty.";
}

/* As set_actor_ceiling() has it. */
static const char *
fault_of_ceiling(const AzJson *row)
{
	void	   *iter = NULL;
	const char *name;
	const AzJson *value;
	size_t		len;
	size_t		values = 0;
	size_t		bytes = 0;
	size_t		i;

	while ((iter = az_json_next(row, iter, &name, &len, &value)) != NULL)
	{
		if (az_json_type(value) != AZ_JSON_ARRAY)
			continue;
		values += az_json_count(value);
		for (i = 0; i < az_json_count(value); i++)
		{
			(void) az_json_string(az_json_at(value, i), &len);
			bytes += len;
		}
	}
	return values > AZ_MAX_CEILING_VALUES || bytes > AZ_MAX_CEILING_BYTES ?
		"A ceiling has at most 500 values, and 16384 bytes in them." : NULL;
}

static const char *
fault_of_access(const AzJson *row)
{
	return is_one_of(row, "kind", az_rule_kinds, AZ_N_RULE_KINDS) ? NULL :
		"Member \"kind\" is not \"user\" or \"group\".";
}

/* ----------------------------------------------------------------
 * Tables
 * ----------------------------------------------------------------
 */

/* The rows of a list. */
#define OF_LIST(columns) \
	"pg_catalog.json_to_recordset($1) AS w (" columns ")"
#define TEXT(column)	column " pg_catalog.text"
#define TEXTS(column)	column " pg_catalog.text[]"
#define TIME(column)	column " pg_catalog.timestamptz"
#define BOOL(column)	column " pg_catalog.bool"

static const Rows tables[AZ_N_LISTS] = {
	[AZ_LIST_REVOCATIONS] = {
		"revocation", "issuer, kind, value, issued_before, until, revoked_at",
		OF_LIST(TEXT("issuer") ", " TEXT("kind") ", " TEXT("value") ", "
				TIME("issued_before") ", " TIME("until") ", " TIME("revoked_at")),
		"w.issuer, w.kind, w.value",
		SAME("issuer") " AND " SAME("kind") " AND " SAME("value") " AND "
		SAME_OR_NULL("issued_before") " AND " SAME_OR_NULL("until") " AND " SAME("revoked_at"),
		fault_of_revocation
	},
	[AZ_LIST_INACTIVE] = {
		"inactive_subject", "issuer, subject",
		OF_LIST(TEXT("issuer") ", " TEXT("subject")),
		"w.issuer, w.subject",
		SAME("issuer") " AND " SAME("subject"),
		NULL
	},
	[AZ_LIST_CEILINGS] = {
		"actor_ceiling",
		"issuer, actor, scopes, roles, permissions, groups, org_roles, org_permissions,"
		" item_permissions, keep, admin, read_only",
		OF_LIST(TEXT("issuer") ", " TEXT("actor") ", " TEXTS("scopes") ", "
				TEXTS("roles") ", " TEXTS("permissions") ", " TEXTS("groups") ", "
				TEXTS("org_roles") ", " TEXTS("org_permissions") ", " TEXTS("item_permissions")
				", " TEXTS("keep") ", " BOOL("admin") ", " BOOL("read_only")),
		"w.issuer, w.actor",
		SAME("issuer") " AND " SAME("actor") " AND " SAME_OR_NULL("scopes") " AND "
		SAME_OR_NULL("roles") " AND " SAME_OR_NULL("permissions") " AND "
		SAME_OR_NULL("groups") " AND " SAME_OR_NULL("org_roles") " AND "
		SAME_OR_NULL("org_permissions") " AND " SAME_OR_NULL("item_permissions") " AND "
		SAME_OR_NULL("keep") " AND " SAME("admin") " AND " SAME("read_only"),
		fault_of_ceiling
	},
	[AZ_LIST_ITEMS] = {
		"item_permission", "email, client, item, permission, granted_by, granted_at",
		OF_LIST(TEXT("email") ", " TEXT("client") ", " TEXT("item") ", "
				TEXT("permission") ", " TEXT("granted_by") ", " TIME("granted_at")),
		"w.client, " LOWER("email") ", " LOWER("item") ", " LOWER("permission"),
		SAME("email") " AND " SAME("client") " AND " SAME("item") " AND " SAME("permission")
		" AND " SAME_OR_NULL("granted_by") " AND " SAME("granted_at"),
		fault_of_item
	},
	[AZ_LIST_IMPLIES] = {
		"permission_implies", "client, permission, implies",
		OF_LIST(TEXT("client") ", " TEXT("permission") ", " TEXT("implies")),
		"w.client, " LOWER("permission") ", " LOWER("implies"),
		SAME("client") " AND " SAME("permission") " AND " SAME("implies"),
		NULL
	},
	[AZ_LIST_ACCESS] = {
		"object_access", "perm, rel, kind, rule, rule_owner",
		"(SELECT x.perm, x.rel::pg_catalog.regclass AS rel, x.kind, pg_catalog.min(x.rule) AS rule,"
		" pg_catalog.min(x.rule_owner)::pg_catalog.name AS rule_owner"
		" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3),"
		"  pg_catalog.unnest($4), pg_catalog.unnest($5)) AS x (perm, rel, kind, rule, rule_owner)"
		" GROUP BY x.perm, x.rel, x.kind) w",
		NULL,	/* those of tables that are not here become one */
		SAME("perm") " AND " SAME("rel") " AND " SAME("kind") " AND " SAME("rule") " AND "
		SAME_OR_NULL("rule_owner"),
		fault_of_access
	}
};

static void
check_rows(AzTrustList list, const AzJson *json)
{
	size_t		i;

	for (i = 0; tables[list].fault && i < az_json_count(json); i++)
	{
		const char *why = tables[list].fault(az_json_at(json, i));

		if (why)
			az_raise_bad_trust(list, i, why);
	}
}

static void
check_unique(AzTrustList list, const AzSpiParams *params)
{
	if (az_spi_run(psprintf("SELECT FROM %s GROUP BY %s"
							" HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 LIMIT 1",
							tables[list].source, tables[list].key), params) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid trust"),
				 errdetail("Two rows of \"%s\" say the same, or contradict each other.",
						   az_trust_list_name(list)),
				 errhint("Pass what export_trust() returns; nothing was changed.")));
}

static void
make_equal(AzTrustList list, const AzSpiParams *params, AzTrustChange *change)
{
	const Rows *rows = &tables[list];

	if (rows->key)
		check_unique(list, params);
	change->removed += az_spi_run(psprintf("DELETE FROM authz.%s t WHERE NOT EXISTS (SELECT FROM %s WHERE %s)",
										   rows->table, rows->source, rows->same), params);
	change->added += az_spi_run(psprintf("INSERT INTO authz.%s (%s) SELECT %s FROM %s"
										 " WHERE NOT EXISTS (SELECT FROM authz.%s t WHERE %s)",
										 rows->table, rows->columns, rows->columns, rows->source,
										 rows->table, rows->same), params);
}

/* ----------------------------------------------------------------
 * Object access: tables by their names
 * ----------------------------------------------------------------
 */

/* Looked up without anybody's rights; InvalidOid: not here. */
static Oid
find_table(text *name)
{
	List	   *names = textToQualifiedNameList(name);
	Oid			schema;

	if (list_length(names) != 2)
		return InvalidOid;
	schema = get_namespace_oid(strVal(linitial(names)), true);
	return OidIsValid(schema) ? get_relname_relid(strVal(lsecond(names)), schema) : InvalidOid;
}

/* Arrays of the columns of object_access. */
typedef struct Access
{
	ArrayBuildState *column[5];
} Access;

static void
put(Access *access, int column, Oid type, Datum value, bool isnull)
{
	access->column[column] = accumArrayResult(access->column[column], value, isnull, type,
											  CurrentMemoryContext);
}

/*
 * A rule of a table that is not here is written under no table: its permission is
 * then denied on other tables, as it is there, and not decided without a rule.
 */
static void
put_access(Access *access, const AzJson *row)
{
	static const char *const texts[] = {"perm", NULL, "kind", "rule", "rule_owner"};
	text	   *rel = az_trust_text(row, "rel");
	Oid			table = rel ? find_table(rel) : InvalidOid;
	int			i;

	for (i = 0; i < (int) lengthof(texts); i++)
	{
		text	   *value = texts[i] ? az_trust_text(row, texts[i]) : NULL;

		if (texts[i])
			put(access, i, TEXTOID, PointerGetDatum(value), value == NULL);
		else
			put(access, i, OIDOID, ObjectIdGetDatum(table), false);
	}
	if (rel && !OidIsValid(table))
		ereport(NOTICE,
				(errmsg("table %s of an object permission is not here", text_to_cstring(rel)),
				 errdetail("Its permission is denied on other tables, as on the server that it comes from.")));
	else if (rel && !OidIsValid(az_find_rule(text_to_cstring(az_trust_text(row, "rule")))))
		ereport(NOTICE,
				(errmsg("rule %s of table %s is not here",
						text_to_cstring(az_trust_text(row, "rule")), text_to_cstring(rel)),
				 errdetail("Asking for its permission raises an error until the function is made.")));
}

static AzSpiParams
access_params(const AzJson *rows)
{
	AzSpiParams params = {0};
	Access		access = {0};
	size_t		i;

	for (i = 0; i < az_json_count(rows); i++)
		put_access(&access, az_json_at(rows, i));
	for (i = 0; i < lengthof(access.column); i++)
	{
		Oid			element = i == 1 ? OIDOID : TEXTOID;
		Datum		array = access.column[i] ?
			makeArrayResult(access.column[i], CurrentMemoryContext) :
			PointerGetDatum(construct_empty_array(element));

		az_spi_param(&params, i == 1 ? OIDARRAYOID : TEXTARRAYOID, DatumGetPointer(array));
	}
	return params;
}

void
az_import_rows(AzTrustList list, const AzTrustDocument *document, AzTrustChange *change)
{
	AzSpiParams params = {0};

	check_rows(list, document->lists[list]);
	if (list == AZ_LIST_ACCESS)
		params = access_params(document->lists[list]);
	else
		az_spi_param(&params, JSONOID, document->texts[list]);
	make_equal(list, &params, change);
}
