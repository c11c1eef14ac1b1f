/*-------------------------------------------------------------------------
 *
 * table_policies.c
 *	  The policies of tables, as the linter reads them.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/table_policies.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "server/setting.h"
#include "server/spi.h"

/* ----------------------------------------------------------------
 * Reading
 * ----------------------------------------------------------------
 */

Node *
az_read_stored(HeapTuple tuple, AttrNumber column, TupleDesc desc)
{
	bool		isnull;
	Datum		stored = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? NULL : stringToNode(TextDatumGetCString(stored));
}

static List *
read_roles(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		stored = heap_getattr(tuple, Anum_pg_policy_polroles, desc, &isnull);
	Datum	   *roles;
	int			n;
	int			i;
	List	   *list = NIL;

	if (isnull)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(stored), OIDOID, sizeof(Oid), true,
					  TYPALIGN_INT, &roles, NULL, &n);
	for (i = 0; i < n; i++)
		list = lappend_oid(list, DatumGetObjectId(roles[i]));
	return list;
}

static AzPolicyRead *
read_policy(HeapTuple tuple, TupleDesc desc)
{
	Form_pg_policy form = (Form_pg_policy) GETSTRUCT(tuple);
	AzPolicyRead *policy = palloc(sizeof(*policy));

	policy->name = pstrdup(quote_identifier(NameStr(form->polname)));
	policy->is_permissive = form->polpermissive;
	policy->command = form->polcmd;
	policy->roles = read_roles(tuple, desc);
	policy->using_row = az_read_stored(tuple, Anum_pg_policy_polqual, desc);
	policy->new_row = az_read_stored(tuple, Anum_pg_policy_polwithcheck, desc);
	return policy;
}

List *
az_read_policies_of(Oid table)
{
	Relation	rel = table_open(PolicyRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *policies = NIL;

	ScanKeyInit(&key, Anum_pg_policy_polrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(table));
	scan = systable_beginscan(rel, PolicyPolrelidPolnameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		policies = lappend(policies, read_policy(tuple, RelationGetDescr(rel)));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return policies;
}

typedef struct Look
{
	AzLintLook	look;
	AzPoliciesRead table;
} Look;

static void
look_at_table(AzLint *lint, void *arg)
{
	Look	   *look = arg;

	look->table.policies = az_read_policies_of(look->table.table);
	look->look(lint, &look->table);
}

#define TABLES \
	"SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind, c.relrowsecurity" \
	" FROM pg_catalog.pg_class c" \
	" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace" \
	" WHERE c.relnamespace OPERATOR(pg_catalog.=) ANY ($1)" \
	" AND EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid OPERATOR(pg_catalog.=) c.oid)"

static void
look_at_tables(AzLint *lint, AzLintLook look, bool only_protected)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz lint",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	AzSpiParams	params = {0};
	SPITupleTable *tables;
	uint64		n;
	uint64		i;

	az_spi_param(&params, OIDARRAYOID, lint->schemas);
	n = az_spi_run(TABLES, &params);
	tables = SPI_tuptable;
	old = MemoryContextSwitchTo(context);
	for (i = 0; i < n; i++)
	{
		Look		arg = {look, {0}};

		arg.table.is_protected = *SPI_getvalue(tables->vals[i], tables->tupdesc, 4) == 't';
		if (only_protected && !arg.table.is_protected)
			continue;
		CHECK_FOR_INTERRUPTS();
		arg.table.table = atooid(SPI_getvalue(tables->vals[i], tables->tupdesc, 1));
		arg.table.name = SPI_getvalue(tables->vals[i], tables->tupdesc, 2);
		arg.table.kind = *SPI_getvalue(tables->vals[i], tables->tupdesc, 3);
		az_lint_attempt(lint, psprintf("table %s", arg.table.name), look_at_table, &arg);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	SPI_freetuptable(tables);
}

void
az_lint_each_table(AzLint *lint, AzLintLook look)
{
	look_at_tables(lint, look, false);
}

void
az_lint_each_protected(AzLint *lint, AzLintLook look)
{
	look_at_tables(lint, look, true);
}

/* ----------------------------------------------------------------
 * Comparing
 * ----------------------------------------------------------------
 */

bool
az_is_for(const AzPolicyRead *policy, char command)
{
	return policy->command == '*' || policy->command == command;
}

bool
az_binds_all_of(const AzPolicyRead *policy, const AzPolicyRead *other)
{
	return list_member_oid(policy->roles, InvalidOid) ||
		list_difference_oid(other->roles, policy->roles) == NIL;
}

typedef struct Move
{
	Oid			from;
	Oid			to;
	Index		levels;			/* of sub-selects around */
	bool		failed;
} Move;

static Node *
move_column(Node *node, Move *move)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varlevelsup == move->levels &&
		((Var *) node)->varattno > 0)
	{
		Var		   *var = copyObject((Var *) node);
		char	   *name = get_attname(move->from, var->varattno, true);

		var->varattno = name ? get_attnum(move->to, name) : InvalidAttrNumber;
		if (var->varattno == InvalidAttrNumber)
			move->failed = true;
		return (Node *) var;
	}
	if (IsA(node, Query))
	{
		Node	   *query;

		move->levels++;
		query = (Node *) query_tree_mutator((Query *) node, move_column, move, 0);
		move->levels--;
		return query;
	}
	return expression_tree_mutator(node, move_column, move);
}

Node *
az_move_to_table(Node *expr, Oid from, Oid to)
{
	Move		move = {from, to, 0, false};
	Node	   *moved = move_column(expr, &move);

	return move.failed ? NULL : moved;
}

char *
az_expression_text(Node *expr, Oid table)
{
	int			level = NewGUCNestLevel();
	char	   *text;

	az_set_within_level("search_path", "pg_catalog");
	text = deparse_expression(expr, deparse_context_for(get_rel_name(table), table),
							  false, false);
	AtEOXact_GUC(true, level);
	return text;
}
