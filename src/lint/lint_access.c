/*-------------------------------------------------------------------------
 *
 * lint_access.c
 *	  Rules of object permissions: the rows of authz.object_access.
 *
 * A rule is somebody's function.  It is looked at, and not called.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "objects/registry.h"
#include "objects/rule.h"
#include "server/spi.h"
#include "trust/admin.h"

/* A row, and what it names. */
typedef struct Access
{
	AzLint	   *lint;
	const char *perm;			/* NULL in these: somebody took the constraint away */
	const char *kind;
	const char *rule;
	const char *owner;
	Oid			rel;			/* InvalidOid for NULL */
	const char *table;
	Oid			function;
} Access;

static const char *
shown(const char *text)
{
	return text ? text : "NULL";
}

static void
find_of_rule(const Access *access, const char *code, AzLevel level, const char *detail, const char *hint)
{
	az_find(access->lint, code, level,
			psprintf("rule %s of %s on %s", shown(access->rule), shown(access->perm),
					 !OidIsValid(access->rel) || get_rel_name(access->rel) ? access->table : "a dropped table"),
			detail, hint);
}

static char *
unregister(const Access *access)
{
	return psprintf("SELECT authz.unregister_access(%s, %s, %s);", quote_literal_cstr(access->perm),
					quote_literal_cstr(access->table), quote_literal_cstr(access->kind));
}

/* ----------------------------------------------------------------
 * Is it the function that was registered?
 * ----------------------------------------------------------------
 */

static void
judge_owner(const Access *access)
{
	char	   *owner = az_rule_owner(access->function);

	if (!az_registry_has_owners() || (access->owner && strcmp(owner, access->owner) == 0))
		return;
	find_of_rule(access, "rule_changed_hands", AZ_LEVEL_WARNING,
				 access->owner ?
				 psprintf("It was registered as a function of role %s and belongs to role %s now, so it grants nothing.",
						  quote_identifier(access->owner), quote_identifier(owner)) :
				 psprintf("Its registration does not say whose function it is, so it grants nothing.  It belongs to role %s.",
						  quote_identifier(owner)),
				 psprintf("If that role is to decide: SELECT authz.accept_rules(%s);  Else register another function.",
						  quote_literal_cstr(access->table)));
}

/* Raises an error where the table no longer has a primary key. */
static void
judge_shape(AzLint *lint, void *arg)
{
	const Access *access = arg;
	AzPrimaryKey key;
	const char *why;

	az_find_primary_key(access->rel, &key);
	why = az_not_a_rule(access->function, &key);
	if (why)
		find_of_rule(access, "rule_not_usable", AZ_LEVEL_WARNING,
					 psprintf("Checks that ask it raise an error.  %s", why),
					 psprintf("Correct the function.  Or %s", unregister(access)));
}

/* ----------------------------------------------------------------
 * What it does with whose rights
 * ----------------------------------------------------------------
 */

static bool
sets_search_path(HeapTuple tuple)
{
	bool		isnull;
	Datum		config = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &isnull);
	Datum	   *settings;
	int			n;
	int			i;

	if (isnull)
		return false;
	deconstruct_array(DatumGetArrayTypeP(config), TEXTOID, -1, false, TYPALIGN_INT, &settings, NULL, &n);
	for (i = 0; i < n; i++)
	{
		if (pg_strncasecmp(TextDatumGetCString(settings[i]), "search_path=", strlen("search_path=")) == 0)
			return true;
	}
	return false;
}

static void
judge_marks(const Access *access)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(access->function));
	Form_pg_proc proc;
	bool		as_owner;
	bool		fixed;
	bool		is_volatile;

	if (!HeapTupleIsValid(tuple))
		return;
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	as_owner = proc->prosecdef;
	is_volatile = proc->provolatile == PROVOLATILE_VOLATILE;
	fixed = sets_search_path(tuple);
	ReleaseSysCache(tuple);
	if (as_owner && !fixed)
		find_of_rule(access, "rule_search_path", AZ_LEVEL_WARNING,
					 "It is SECURITY DEFINER and takes the search_path of the role that asks, which can have it call other functions with the rights of its owner.",
					 psprintf("ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp;", access->rule));
	if (is_volatile)
		find_of_rule(access, "rule_volatile", AZ_LEVEL_INFO,
					 "It is VOLATILE, as functions are by default: each of its queries takes a snapshot of its own, so it may judge rows that its caller does not see.",
					 psprintf("If it only reads: ALTER FUNCTION %s STABLE;", access->rule));
}

/* ----------------------------------------------------------------
 * Does it read the table whose policies ask it?
 * ----------------------------------------------------------------
 */

#define WORD(name) \
	"pg_catalog.concat('\\m', pg_catalog.regexp_replace(" name ", '([^[:alnum:]_])', '\\\\\\1', 'g'), '\\M')"

/*
 * What stands in its body as text is only a name, which may mean something else.
 * Policies that do not show rows are not asked when it reads.
 */
static void
judge_recursion(const Access *access)
{
	AzSpiParams	params = {0};

	az_spi_param_oid(&params, OIDOID, access->rel);
	az_spi_param_oid(&params, OIDOID, access->function);
	az_spi_param(&params, TEXTOID, cstring_to_text(access->perm));
	if (az_spi_run("SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) $2"
				   " JOIN pg_catalog.pg_roles o ON o.oid OPERATOR(pg_catalog.=) f.proowner"
				   " WHERE c.oid OPERATOR(pg_catalog.=) $1 AND c.relrowsecurity"
				   " AND NOT (f.prosecdef AND (o.rolsuper OR o.rolbypassrls"
				   "  OR NOT c.relforcerowsecurity AND pg_catalog.pg_has_role(f.proowner, c.relowner, 'USAGE')))"
				   " AND (EXISTS (SELECT FROM pg_catalog.pg_depend d"
				   "   WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) f.oid"
				   "   AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid OPERATOR(pg_catalog.=) c.oid)"
				   "  OR f.prosrc OPERATOR(pg_catalog.~) " WORD("c.relname") ")"
				   " AND EXISTS (SELECT FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_depend d"
				   "   ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) p.oid"
				   "  JOIN pg_catalog.pg_proc a ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass"
				   "   AND d.refobjid OPERATOR(pg_catalog.=) a.oid AND a.proname OPERATOR(pg_catalog.~) 'object_perm'"
				   "  WHERE p.polrelid OPERATOR(pg_catalog.=) c.oid"
				   "  AND p.polcmd OPERATOR(pg_catalog.=) ANY (ARRAY['r', '*']::pg_catalog.\"char\"[])"
				   "  AND pg_catalog.strpos(pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.quote_literal($3)) OPERATOR(pg_catalog.>) 0)",
				   &params) > 0)
		find_of_rule(access, "rule_asks_itself", AZ_LEVEL_ERROR,
					 "Its body names the table, whose policies ask it: it is asked again for each row that it reads, which ends in an error.",
					 "Have it read other tables.  Or make it SECURITY DEFINER, as a role that those policies do not bind.");
}

/* ----------------------------------------------------------------
 * Rows
 * ----------------------------------------------------------------
 */

static bool
is_complete(const Access *access)
{
	bool		complete = access->perm && access->kind && access->rule && OidIsValid(access->rel) &&
		(strcmp(access->kind, az_rule_kinds[AZ_RULE_USER]) == 0 ||
		 strcmp(access->kind, az_rule_kinds[AZ_RULE_GROUP]) == 0);

	if (!complete)
		find_of_rule(access, "bad_rule", AZ_LEVEL_WARNING,
					 "The row makes no sense: a value is missing, or the kind of rule is unknown.",
					 "Remove the row of authz.object_access, and call authz.register_access().");
	return complete;
}

static void
look_at_rule(AzLint *lint, void *arg)
{
	Access	   *access = arg;

	if (!is_complete(access))
		return;
	if (get_rel_relkind(access->rel) == '\0')
	{
		find_of_rule(access, "rule_without_table", AZ_LEVEL_INFO, "The table has been dropped.",
					 psprintf("DELETE FROM authz.object_access WHERE rel = %u;", access->rel));
		return;
	}
	access->function = az_find_rule(access->rule);
	if (!OidIsValid(access->function))
	{
		find_of_rule(access, "rule_gone", AZ_LEVEL_WARNING,
					 "The function has been dropped, renamed or moved: checks that ask it raise an error.",
					 psprintf("Register another by authz.register_access().  Or %s", unregister(access)));
		return;
	}
	judge_owner(access);
	judge_marks(access);
	judge_recursion(access);
	az_lint_attempt(lint, psprintf("rule %s of %s on %s", access->rule, access->perm, access->table),
					judge_shape, access);
}

/*
 * The caller owns the list; the rows themselves are gone when others are read.
 */
static List *
read_rules(AzLint *lint)
{
	AzSpiParams	params = {0};
	List	   *rules = NIL;
	AzCaller	caller;
	uint64		rows;
	uint64		row;
	MemoryContext context = CurrentMemoryContext;

	az_spi_param(&params, OIDARRAYOID, lint->schemas);
	az_begin_as_owner(&caller);
	rows = az_spi_run("SELECT a.perm, a.kind, a.rule, a.rule_owner, a.rel::pg_catalog.oid FROM authz.object_access a"
					  " LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.rel::pg_catalog.oid"
					  " WHERE c.oid IS NULL OR c.relnamespace OPERATOR(pg_catalog.=) ANY ($1)",
					  &params);
	for (row = 0; row < rows; row++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		Access	   *access = palloc0(sizeof(Access));
		char	   *rel = az_spi_result_or_null(row, 5);

		access->lint = lint;
		access->perm = az_spi_result_or_null(row, 1);
		access->kind = az_spi_result_or_null(row, 2);
		access->rule = az_spi_result_or_null(row, 3);
		access->owner = az_spi_result_or_null(row, 4);
		access->rel = rel ? strtoul(rel, NULL, 10) : InvalidOid;
		access->table = az_table_name(access->rel);
		rules = lappend(rules, access);
		MemoryContextSwitchTo(old);
	}
	az_end_administering(&caller);
	return rules;
}

static void
look(AzLint *lint, void *arg)
{
	ListCell   *lc;

	foreach(lc, read_rules(lint))
	{
		Access	   *access = lfirst(lc);

		az_lint_attempt(lint, psprintf("rule %s of %s on %s", shown(access->rule), shown(access->perm), access->table),
						look_at_rule, access);
	}
}

void
az_lint_access(AzLint *lint)
{
	az_lint_attempt(lint, "table authz.object_access", look, NULL);
}
