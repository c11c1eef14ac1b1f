/*-------------------------------------------------------------------------
 *
 * asking.c
 *	  What may ask for the identity when it runs on another node.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/asking.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"
#include "utils/rls.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "server/own.h"

/* Ours are in C, too: all in our schema count. */
static bool
is_known_not_to_ask(HeapTuple tuple)
{
	Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(tuple);

	if (proc->pronamespace == get_namespace_oid(AZ_SCHEMA, true))
		return false;
	return proc->provolatile == PROVOLATILE_IMMUTABLE ||
		proc->prolang == INTERNALlanguageId || proc->prolang == ClanguageId;
}

bool
az_function_may_ask(Oid function)
{
	HeapTuple	tuple;
	bool		may;

	if (function < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return true;
	may = !is_known_not_to_ask(tuple);
	ReleaseSysCache(tuple);
	return may;
}

static bool
function_may_ask(Oid function, void *context)
{
	return az_function_may_ask(function);
}

/* Does a foreign key have core write to the table that refers to it? */
static bool
writes_further(const Trigger *trigger)
{
	switch (trigger->tgfoid)
	{
		case F_RI_FKEY_CASCADE_DEL:
		case F_RI_FKEY_CASCADE_UPD:
		case F_RI_FKEY_SETNULL_DEL:
		case F_RI_FKEY_SETNULL_UPD:
		case F_RI_FKEY_SETDEFAULT_DEL:
		case F_RI_FKEY_SETDEFAULT_UPD:
			return true;
		default:
			return false;
	}
}

/* Also of tables that are written to in turn, for which policies are not asked. */
static bool
triggers_may_ask(Oid oid, List **seen)
{
	Relation	rel;
	bool		may = false;
	int			i;

	if (list_member_oid(*seen, oid))
		return false;
	*seen = lappend_oid(*seen, oid);
	rel = table_open(oid, AccessShareLock);
	for (i = 0; !may && rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		may = !trigger->tgisinternal ||
			(writes_further(trigger) && triggers_may_ask(trigger->tgconstrrelid, seen));
	}
	table_close(rel, AccessShareLock);
	return may;
}

bool
az_writing_may_ask(Oid rel)
{
	List	   *seen = NIL;

	return check_enable_rls(rel, InvalidOid, true) == RLS_ENABLED ||
		triggers_may_ask(rel, &seen);
}

static bool may_ask(Node *node, void *context);

static bool
query_may_ask(Query *query, void *context)
{
	List	   *seen = NIL;

	if (query->resultRelation > 0 &&
		triggers_may_ask(rt_fetch(query->resultRelation, query->rtable)->relid, &seen))
		return true;
	return query_tree_walker(query, may_ask, context, QTW_EXAMINE_RTES_BEFORE);
}

/*
 * Core has put the policies here where they are asked for the role that it
 * reads as, a view's owner, say.  On a node it is the role in force that
 * reads.
 */
static bool
has_policies_for(const RangeTblEntry *entry)
{
	return entry->rtekind == RTE_RELATION &&
		(entry->securityQuals != NIL ||
		 check_enable_rls(entry->relid, InvalidOid, true) == RLS_ENABLED);
}

static bool
may_ask(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_may_ask((Query *) node, context);
	if (IsA(node, RangeTblEntry))
		return has_policies_for((RangeTblEntry *) node);
	if (IsA(node, CoerceToDomain) &&
		DomainHasConstraints(((CoerceToDomain *) node)->resulttype))
		return true;
	return check_functions_in_node(node, function_may_ask, context) ||
		expression_tree_walker(node, may_ask, context);
}

bool
az_may_ask(Query *query)
{
	return may_ask((Node *) query, NULL);
}
