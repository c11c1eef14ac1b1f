/*-------------------------------------------------------------------------
 *
 * fn_access.c
 *	  Registering the rules of object permissions.
 *
 *-------------------------------------------------------------------------
 */
#include "admin.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "registry.h"
#include "rule.h"

/* One of the kinds of rules. */
static text *
kind_argument(FunctionCallInfo fcinfo, int argno)
{
	text	   *kind = az_arg_text(fcinfo, argno, "kind of rule");
	const char *name = text_to_cstring(kind);
	int			i;

	for (i = 0; i < AZ_N_RULE_KINDS; i++)
	{
		if (strcmp(name, az_rule_kinds[i]) == 0)
			return kind;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized kind of rule \"%s\"", name),
			 errdetail("Kinds are \"user\" and \"group\".")));
	pg_unreachable();
}

/* What can have a primary key. */
static void
check_table(Oid rel)
{
	switch (get_rel_relkind(rel))
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
			break;
		case '\0':
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("table with OID %u does not exist", rel)));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("%s is not a table", az_table_name(rel))));
	}
}

static void
check_rule(Oid function, Oid rel)
{
	AzRowKey	key;
	const char *why;

	check_table(rel);
	az_find_key(rel, &key);
	if (get_func_name(function) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function with OID %u does not exist", function)));
	why = az_not_a_rule(function, &key);
	if (why)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("function %s cannot be used as a rule", az_rule_signature(function)),
				 errdetail_internal("%s", why),
				 errhint("A rule takes one argument of type %s, the primary key of table %s, and returns boolean.",
						 format_type_be(key.type), az_table_name(rel))));
}

/* The columns by which a registration is found. */
static void
add_key(AzParams *params, text *perm, Oid rel, text *kind)
{
	az_param(params, TEXTOID, perm);
	az_param_oid(params, REGCLASSOID, rel);
	az_param(params, TEXTOID, kind);
}

AZ_SQL(authz_register_access)
{
	text	   *perm = az_arg_text(fcinfo, 0, "permission");
	text	   *kind;
	AzParams	params = {0};
	AzCaller	caller;

	az_arg_required(fcinfo, 1, "table");
	kind = kind_argument(fcinfo, 2);
	az_arg_required(fcinfo, 3, "rule");
	check_rule(PG_GETARG_OID(3), PG_GETARG_OID(1));

	az_begin_administering("object_access", &caller);
	add_key(&params, perm, PG_GETARG_OID(1), kind);
	az_param(&params, TEXTOID, cstring_to_text(az_rule_signature(PG_GETARG_OID(3))));
	if (az_run("INSERT INTO authz.object_access (perm, rel, kind, rule)"
			   " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", &params) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("permission \"%s\" already has a %s rule on table %s",
						text_to_cstring(perm), text_to_cstring(kind),
						az_table_name(PG_GETARG_OID(1)))));
	az_end_administering(&caller);
	PG_RETURN_VOID();
}

/* Also of a table that is gone: its number names it. */
AZ_SQL(authz_unregister_access)
{
	text	   *perm = az_arg_text(fcinfo, 0, "permission");
	text	   *kind;
	AzParams	params = {0};
	AzCaller	caller;

	az_arg_required(fcinfo, 1, "table");
	kind = kind_argument(fcinfo, 2);

	az_begin_administering("object_access", &caller);
	add_key(&params, perm, PG_GETARG_OID(1), kind);
	if (az_run("DELETE FROM authz.object_access"
			   " WHERE perm OPERATOR(pg_catalog.=) $1 AND rel OPERATOR(pg_catalog.=) $2"
			   " AND kind OPERATOR(pg_catalog.=) $3", &params) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("permission \"%s\" has no %s rule on table %s",
						text_to_cstring(perm), text_to_cstring(kind),
						az_table_name(PG_GETARG_OID(1)))));
	az_end_administering(&caller);
	PG_RETURN_VOID();
}
