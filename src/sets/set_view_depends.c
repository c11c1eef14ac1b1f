/*-------------------------------------------------------------------------
 *
 * set_view_depends.c
 *	  What a set depends on: the relations that it reads, what tells of their
 *	  changes, and why it cannot be kept.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/set_view_intern.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "sets/watch.h"
#include "trust/trust_table.h"

/* Found out for a view; it becomes the view's when all of it is there. */
typedef struct Dependencies
{
	List	   *relations;
	List	   *tellers;
	char	   *unkept;
} Dependencies;

static void
note_unkept(Dependencies *found, char *why)
{
	if (found->unkept == NULL)
		found->unkept = why;
}

static void
refuse_invoker(Relation rel)
{
	if (rel->rd_rel->relkind == RELKIND_VIEW && RelationHasSecurityInvoker(rel))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a set cannot read view \"%s\", which has security_invoker",
						RelationGetRelationName(rel)),
				 errdetail("A set is read as the owner of its view, and a role that asks would see what the owner may read.")));
}

static void
note_relation(Dependencies *found, Oid oid)
{
	Relation	rel = try_relation_open(oid, AccessShareLock);
	char	   *why;

	if (rel == NULL)
		return;
	refuse_invoker(rel);
	why = az_why_unwatched(rel);
	if (why)
		note_unkept(found, why);
	found->relations = list_append_unique_oid(found->relations, oid);
	found->tellers = list_concat_unique_oid(found->tellers, az_tellers_of(rel));
	relation_close(rel, AccessShareLock);
}

/* A partition, or a child, may be written to by itself. */
static void
note_relations(Dependencies *found, const List *oids)
{
	ListCell   *lc;
	ListCell   *child;

	foreach(lc, oids)
	{
		/* among what a plan depends on core has whatever oid stands in it */
		if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(lfirst_oid(lc))))
			continue;
		foreach(child, find_all_inheritors(lfirst_oid(lc), NoLock, NULL))
			note_relation(found, lfirst_oid(child));
	}
}

/*
 * Inlined functions add to what the query itself reads.  Our own tables are those
 * that any plan with a check depends on.
 */
static List *
relations_of(const CachedPlanSource *source, const CachedPlan *plan)
{
	List	   *oids = NIL;
	ListCell   *lc;

	foreach(lc, plan->stmt_list)
		oids = list_concat_unique_oid(oids, lfirst_node(PlannedStmt, lc)->relationOids);
	return list_union_oid(source->relationOids,
						  list_difference_oid(oids, az_tables_of_plans(true)));
}

/*
 * Functions whose answer for the role that asks may differ from that for the
 * view's owner.
 */
static void
refuse_calls(const AzSetView *view, const AzCalls *calls)
{
	if (OidIsValid(calls->volatile_function))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set \"%s\" calls volatile function %s", get_rel_name(view->oid),
						get_func_name(calls->volatile_function)),
				 errdetail("Its result may change within one statement.")));
	if (calls->asks_caller)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set \"%s\" asks for the current role or its search path", get_rel_name(view->oid)),
				 errdetail("A set is read as the owner of its view, and would answer for that one."),
				 errhint("Ask for the identity, for example by authz.user_id().")));
}

static Dependencies
find_dependencies(AzSetView *view)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(view->plan));
	CachedPlan *plan = SPI_plan_get_cached_plan(view->plan);
	AzCalls		calls = az_calls_of(source->query_list, az_set_call_kind());
	Dependencies found = {.unkept = calls.unsteady};

	if (plan == NULL)
		note_unkept(&found, pstrdup("its query is not a simple one"));
	note_relations(&found, plan ? relations_of(source, plan) : source->relationOids);
	if (plan)
		ReleaseCachedPlan(plan, CurrentResourceOwner);
	refuse_calls(view, &calls);
	view->asks_identity = calls.asks_identity;
	view->may_end = view->has_ends || calls.asks_sets;
	if (calls.asks_grants)
		found.tellers = list_concat_unique_oid(found.tellers, az_tables_of_plans(true));
	return found;
}

/*
 * A message that came while this was read may have been about a relation that
 * was not known yet, or looked at before.
 */
void
az_find_set_dependencies(AzSetView *view)
{
	uint64		before;
	int			tries = 0;
	Dependencies found;
	MemoryContext old;

	do
	{
		before = az_relation_messages();
		found = find_dependencies(view);
	} while (az_relation_messages() != before && ++tries < 10);
	if (az_relation_messages() != before)
		note_unkept(&found, pstrdup("what it reads is being changed"));
	old = MemoryContextSwitchTo(view->context);
	view->unkept = found.unkept ? pstrdup(found.unkept) : NULL;
	view->relations = list_copy(found.relations);
	view->tellers = list_copy(found.tellers);
	MemoryContextSwitchTo(old);
}
