/*-------------------------------------------------------------------------
 *
 * read_tables.c
 *	  Which tables a plan reads, of those whose reads are recorded.
 *
 *-------------------------------------------------------------------------
 */
#include "records/read_tables.h"

#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "parser/parsetree.h"
#include "utils/syscache.h"

#include "server/guc.h"
#include "server/own.h"

static bool
holds_rows(char relkind)
{
	return relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE ||
		relkind == RELKIND_MATVIEW || relkind == RELKIND_FOREIGN_TABLE;
}

bool
az_is_recorded(Oid table)
{
	HeapTuple	tuple;
	Form_pg_class rel;
	bool		recorded;

	/* the catalogs, and the tables of information_schema */
	if (table < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	if (!HeapTupleIsValid(tuple))
		return false;
	rel = (Form_pg_class) GETSTRUCT(tuple);
	recorded = az_log_reads == AZ_READS_ALL ? holds_rows(rel->relkind) : rel->relrowsecurity;
	ReleaseSysCache(tuple);
	return recorded;
}

static Oid
relation_at(const PlannedStmt *plan, Index rti)
{
	const RangeTblEntry *entry = rt_fetch(rti, plan->rtable);

	return entry->rtekind == RTE_RELATION ? entry->relid : InvalidOid;
}

/*
 * A partition or a child that is protected, below a table that is not, is read
 * past its policies: it has a name of its own here.  Else the table that was
 * asked for stands for all below it.
 */
static List *
add_children(List *tables, List *others, const PlannedStmt *plan)
{
	List	   *covered = list_copy(tables);
	ListCell   *lc;

	/* parents come first */
	foreach(lc, plan->appendRelations)
	{
		const AppendRelInfo *append = lfirst_node(AppendRelInfo, lc);
		Oid			parent = relation_at(plan, append->parent_relid);
		Oid			child = relation_at(plan, append->child_relid);

		if (list_member_oid(covered, parent))
			covered = list_append_unique_oid(covered, child);
		else if (!list_member_oid(others, parent))
			continue;
		else if (!az_is_recorded(child))
			others = list_append_unique_oid(others, child);
		else
		{
			tables = list_append_unique_oid(tables, child);
			covered = list_append_unique_oid(covered, child);
		}
	}
	list_free(covered);
	list_free(others);
	return tables;
}

/* By the rights that the plan asks for, sub-selects and policies included. */
List *
az_tables_read(const PlannedStmt *plan)
{
	List	   *tables = NIL;
	List	   *others = NIL;
	ListCell   *lc;

	foreach(lc, az_relation_rights(plan))
	{
		const AzRelationRights *rights = lfirst(lc);

		if ((rights->requiredPerms & ACL_SELECT) == 0 || !OidIsValid(rights->relid))
			continue;
		if (az_is_recorded(rights->relid))
			tables = list_append_unique_oid(tables, rights->relid);
		else
			others = lappend_oid(others, rights->relid);
	}
	if (plan->appendRelations == NIL)
	{
		list_free(others);
		return tables;
	}
	return add_children(tables, others, plan);
}


/* What workers run, C too: there are functions of contrib/ that run queries. */
static bool
is_of_users(Oid function, void *context)
{
	HeapTuple	tuple;
	Form_pg_proc proc;
	bool		found;

	if (function < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return false;
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	found = proc->proparallel == PROPARALLEL_SAFE && proc->prolang != INTERNALlanguageId &&
		!az_is_own_function(function);
	ReleaseSysCache(tuple);
	return found;
}

static bool
runs_code(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_of_users, context))
		return true;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, runs_code, context, 0);
	return expression_tree_walker(node, runs_code, context);
}

bool
az_may_read_in_workers(Query *query)
{
	return query_tree_walker(query, runs_code, NULL, 0);
}
