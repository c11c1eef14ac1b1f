/*-------------------------------------------------------------------------
 *
 * fn_access.c
 *	  Registering the rules of object permissions.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "objects/registry.h"
#include "objects/rule.h"
#include "server/arguments.h"
#include "server/spi.h"
#include "trust/admin.h"

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
	AzPrimaryKey	key;
	const char *why;

	check_table(rel);
	az_find_primary_key(rel, &key);
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
add_key(AzSpiParams *params, text *perm, Oid rel, text *kind)
{
	az_spi_param(params, TEXTOID, perm);
	az_spi_param_oid(params, REGCLASSOID, rel);
	az_spi_param(params, TEXTOID, kind);
}

/* Returns 0 when there is one already.  params: the key. */
static uint64
insert_rule(AzSpiParams *params, Oid function)
{
	az_spi_param(params, TEXTOID, cstring_to_text(az_rule_signature(function)));
	if (!az_registry_has_owners())
		return az_spi_run("INSERT INTO authz.object_access (perm, rel, kind, rule)"
					  " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", params);
	az_spi_param(params, TEXTOID, cstring_to_text(az_rule_owner(function)));
	return az_spi_run("INSERT INTO authz.object_access (perm, rel, kind, rule, rule_owner)"
				  " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING", params);
}

AZ_SQL(authz_register_access)
{
	text	   *perm = az_arg_text(fcinfo, 0, "permission");
	text	   *kind;
	AzSpiParams	params = {0};
	AzCaller	caller;

	az_arg_required(fcinfo, 1, "table");
	kind = kind_argument(fcinfo, 2);
	az_arg_required(fcinfo, 3, "rule");
	check_rule(PG_GETARG_OID(3), PG_GETARG_OID(1));

	az_begin_administering("object_access", &caller);
	add_key(&params, perm, PG_GETARG_OID(1), kind);
	if (insert_rule(&params, PG_GETARG_OID(3)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("permission \"%s\" already has a %s rule on table %s",
						text_to_cstring(perm), text_to_cstring(kind),
						az_table_name(PG_GETARG_OID(1))),
				 errhint("unregister_access removes it.")));
	az_end_administering(&caller);
	PG_RETURN_VOID();
}

/* Also of a table that is gone: its number names it. */
AZ_SQL(authz_unregister_access)
{
	text	   *perm = az_arg_text(fcinfo, 0, "permission");
	text	   *kind;
	AzSpiParams	params = {0};
	AzCaller	caller;

	az_arg_required(fcinfo, 1, "table");
	kind = kind_argument(fcinfo, 2);

	az_begin_administering("object_access", &caller);
	add_key(&params, perm, PG_GETARG_OID(1), kind);
	if (az_spi_run("DELETE FROM authz.object_access"
			   " WHERE perm OPERATOR(pg_catalog.=) $1 AND rel OPERATOR(pg_catalog.=) $2"
			   " AND kind OPERATOR(pg_catalog.=) $3", &params) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("permission \"%s\" has no %s rule on table %s",
						text_to_cstring(perm), text_to_cstring(kind),
						az_table_name(PG_GETARG_OID(1))),
				 errhint("Table authz.object_access lists the rules.")));
	az_end_administering(&caller);
	PG_RETURN_VOID();
}

/* The table in the first argument; NULL stands for all of them. */
static void
add_table(AzSpiParams *params, FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		az_spi_param(params, REGCLASSOID, NULL);
	else
		az_spi_param_oid(params, REGCLASSOID, PG_GETARG_OID(0));
}

/* Its rules: text, each once. */
static List *
registered_rules(FunctionCallInfo fcinfo)
{
	AzSpiParams	params = {0};
	List	   *rules = NIL;
	uint64		n;
	uint64		i;

	add_table(&params, fcinfo);
	n = az_spi_run("SELECT a.rule FROM authz.object_access a"
			   " WHERE $1 IS NULL OR a.rel OPERATOR(pg_catalog.=) $1"
			   " GROUP BY a.rule ORDER BY a.rule", &params);
	for (i = 0; i < n; i++)
		rules = lappend(rules, az_spi_result_text(i, 1));
	return rules;
}

/* Returns how many registrations said that the rule is somebody else's. */
static uint64
accept_rule(FunctionCallInfo fcinfo, text *rule)
{
	const char *signature = text_to_cstring(rule);
	Oid			function = az_find_rule(signature);
	AzSpiParams	params = {0};
	char	   *owner;
	uint64		n;

	if (!OidIsValid(function))
		return 0;
	owner = az_rule_owner(function);
	add_table(&params, fcinfo);
	az_spi_param(&params, TEXTOID, rule);
	az_spi_param(&params, TEXTOID, cstring_to_text(owner));
	n = az_spi_run("UPDATE authz.object_access SET rule_owner = $3"
			   " WHERE rule OPERATOR(pg_catalog.=) $2"
			   " AND (rule_owner IS NULL OR rule_owner OPERATOR(pg_catalog.<>) $3)"
			   " AND ($1 IS NULL OR rel OPERATOR(pg_catalog.=) $1)", &params);
	if (n > 0)
		ereport(NOTICE,
				(errmsg("rule %s counts as a function of role \"%s\" from now on",
						signature, owner)));
	return n;
}

/* A rule that is gone stays so. */
AZ_SQL(authz_accept_rules)
{
	uint64		changed = 0;
	AzCaller	caller;
	ListCell   *lc;

	az_begin_administering("object_access", &caller);
	foreach(lc, registered_rules(fcinfo))
		changed += accept_rule(fcinfo, lfirst(lc));
	az_end_administering(&caller);
	PG_RETURN_INT32(changed);
}
