/*-------------------------------------------------------------------------
 *
 * sharing_arms.c
 *	  The SELECTs of keys of which the view of sharing_view() consists.
 *
 * An arm that goes on from keys already found does so through LATERAL
 * (... OFFSET 0).  The planner would otherwise hash the whole table, each time
 * that the set is worked out, instead of using the index for a few keys.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/sharing_arms.h"

#include "access/htup_details.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#define END_TYPE	"timestamp with time zone"

char *
az_equals(const AzTableColumn *column)
{
	Oid			schema = PG_CATALOG_NAMESPACE;
	HeapTuple	tuple;

	if (!type_is_enum(column->base))
	{
		tuple = SearchSysCache1(OPEROID,
								ObjectIdGetDatum(az_equality(column->kind, column->base)));
		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "no equality for type %u", column->base);
		schema = ((Form_pg_operator) GETSTRUCT(tuple))->oprnamespace;
		ReleaseSysCache(tuple);
	}
	return psprintf("OPERATOR(%s.=)", quote_identifier(get_namespace_name(schema)));
}

char *
az_in_table(const char *alias, const AzTableColumn *column)
{
	return psprintf("%s.%s", alias, column->quoted);
}

char *
az_origin_key(const AzOrigin *origin)
{
	return psprintf("%s.%s", origin->alias, origin->key);
}

void
az_go_on_from(AzArm *arm, const AzOrigin *origin, const AzTableColumn *column)
{
	arm->origin = *origin;
	arm->conditions = lappend(arm->conditions,
							  psprintf("%s %s %s", az_in_table(arm->alias, column),
									   az_equals(column), az_origin_key(origin)));
}

static char *
end_in_table(const AzArm *arm)
{
	const AzTableColumn *until = arm->until;
	bool		plain = until->type == TIMESTAMPTZOID && until->typmod == -1;

	return psprintf("%s%s", az_in_table(arm->alias, until), plain ? "" : "::" END_TYPE);
}

/* LEAST() passes over NULL, which is an end that never comes. */
static char *
end_of(const AzArm *arm)
{
	char	   *before = psprintf("%s.valid_until", arm->origin.alias);

	if (arm->until == NULL)
		return arm->origin.ends ? before : "NULL::" END_TYPE;
	if (arm->origin.name == NULL)
		return end_in_table(arm);
	if (!arm->origin.ends)
		return az_in_table(arm->alias, arm->until);
	return psprintf("LEAST(%s, %s)", before, az_in_table(arm->alias, arm->until));
}

/* Rows of the table, the first line not indented. */
static void
append_rows(StringInfo text, int indent, const AzArm *arm, const char *end)
{
	const ListCell *lc;

	appendStringInfo(text, "SELECT %s", az_in_table(arm->alias, arm->key));
	if (arm->key_type)
		appendStringInfo(text, "::%s", arm->key_type);
	if (end)
		appendStringInfo(text, ", %s", end);
	appendStringInfo(text, "\n%*s  FROM %s %s", indent, "", arm->table->quoted, arm->alias);
	foreach(lc, arm->conditions)
		appendStringInfo(text, "\n%*s%s %s", indent, "",
						 lc == list_head(arm->conditions) ? " WHERE" : "   AND",
						 (char *) lfirst(lc));
}

static void
append_arm(StringInfo text, int indent, const AzArm *arm)
{
	appendStringInfo(text, "%*s", indent, "");
	if (arm->origin.name == NULL)
	{
		append_rows(text, indent, arm, arm->ends ? end_of(arm) : NULL);
		return;
	}
	appendStringInfo(text, "SELECT %s", az_in_table(arm->alias, arm->key));
	if (arm->ends)
		appendStringInfo(text, ", %s", end_of(arm));
	appendStringInfo(text, "\n%*s  FROM %s %s,\n%*s       LATERAL (",
					 indent, "", arm->origin.name, arm->origin.alias, indent, "");
	append_rows(text, indent + 16, arm,
				arm->ends && arm->until ? end_in_table(arm) : NULL);
	appendStringInfo(text, "\n%*sOFFSET 0) %s", indent + 16, "", arm->alias);
}

void
az_append_arms(StringInfo text, int indent, const List *arms)
{
	const ListCell *lc;

	foreach(lc, arms)
	{
		if (lc != list_head(arms))
			appendStringInfo(text, "\n%*sUNION\n", indent > 4 ? indent - 4 : 0, "");
		append_arm(text, indent, lfirst(lc));
	}
}
