/*-------------------------------------------------------------------------
 *
 * set_view.c
 *	  What is known of a view that is a set.
 *
 * After a message about a relation that the view reads, or about the view,
 * everything is found out again.  A message about an index of such a relation
 * (watch.c) says that rows have changed; then the keys are read again, but the
 * view is still known.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/set_view_intern.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "server/announced.h"
#include "server/relcache.h"
#include "session/only_reads.h"
#include "session/plans.h"

static dlist_head views = DLIST_STATIC_INIT(views);
static int	nviews = 0;
static uint64 messages = 0;
static AzKindOfCall kind_of_call;
static bool all_preloaded = false;

#define MOST_VIEWS	200


/* ----------------------------------------------------------------
 * Messages
 * ----------------------------------------------------------------
 */

uint64
az_relation_messages(void)
{
	return messages;
}

AzKindOfCall
az_set_call_kind(void)
{
	return kind_of_call;
}

/* Only marks: this may run in the midst of our own catalog access. */
static void
relcache_changed(Datum arg, Oid relid)
{
	dlist_iter	iter;

	messages++;
	dlist_foreach(iter, &views)
	{
		AzSetView  *view = dlist_container(AzSetView, node, iter.cur);

		if (relid == InvalidOid || relid == view->oid ||
			list_member_oid(view->relations, relid))
		{
			view->current = false;
			view->epoch++;
		}
		else if (list_member_oid(view->tellers, relid))
			view->epoch++;
	}
}

/*
 * What was found out while the transaction had changed a table or an
 * inheritance may no longer be true.  Core sends messages for what the undone
 * commands had announced, and not for what was left out meanwhile.
 */
static void
undone(void)
{
	if (az_has_defined())
		relcache_changed((Datum) 0, InvalidOid);
}

static void
transaction_ended(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		undone();
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId mine,
					 SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		undone();
}

/* Core calls first what was registered last: before announced.c forgets. */
void
az_set_view_init(AzKindOfCall kind)
{
	static bool registered = false;

	kind_of_call = kind;
	all_preloaded = process_shared_preload_libraries_in_progress;
	if (!registered)
	{
		RegisterXactCallback(transaction_ended, NULL);
		RegisterSubXactCallback(subtransaction_ended, NULL);
		az_on_relcache_change(relcache_changed);
	}
	registered = true;
}

bool
az_all_sessions_tell(void)
{
	return all_preloaded;
}

bool
az_asks_set(Oid function)
{
	return kind_of_call(function) == AZ_CALLS_SET;
}

static uint64
epoch_of(const AzSource *source)
{
	return ((const AzSetView *) ((const char *) source - offsetof(AzSetView, source)))->epoch;
}

/* ----------------------------------------------------------------
 * The views that are known
 * ----------------------------------------------------------------
 */

dlist_head *
az_set_views(void)
{
	return &views;
}

static AzSetView *
make_view(Oid oid)
{
	AzSetView  *view = MemoryContextAllocZero(TopMemoryContext, sizeof(AzSetView));

	view->oid = oid;
	view->source.epoch = epoch_of;
	view->epoch = 1;
	dlist_push_head(&views, &view->node);
	nviews++;
	return view;
}

static void
forget_definition(AzSetView *view)
{
	MemoryContext context = view->context;

	if (view->plan)
		SPI_freeplan(view->plan);
	view->plan = NULL;
	view->relations = NIL;
	view->tellers = NIL;
	view->unkept = NULL;
	view->context = NULL;
	if (context)
		MemoryContextDelete(context);
}

/* So many are known: those that are not in use go. */
static void
trim_views(void)
{
	dlist_mutable_iter iter;

	if (nviews < MOST_VIEWS)
		return;
	dlist_foreach_modify(iter, &views)
	{
		AzSetView  *view = dlist_container(AzSetView, node, iter.cur);

		if (view->uses > 0 || view->being_read)
			continue;
		dlist_delete(&view->node);
		nviews--;
		forget_definition(view);
		pfree(view);
	}
}

AzSetView *
az_get_set_view(Oid oid)
{
	dlist_iter	iter;

	dlist_foreach(iter, &views)
	{
		AzSetView  *view = dlist_container(AzSetView, node, iter.cur);

		if (view->oid == oid)
			return view;
	}
	trim_views();
	return make_view(oid);
}

/* ----------------------------------------------------------------
 * Its definition
 * ----------------------------------------------------------------
 */

static void
check_columns(AzSetView *view, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Oid			type;

	view->has_ends = desc->natts == 2 &&
		TupleDescAttr(desc, 1)->atttypid == TIMESTAMPTZOID &&
		strcmp(NameStr(TupleDescAttr(desc, 1)->attname), "valid_until") == 0;
	if (desc->natts != 1 && !view->has_ends)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("view \"%s\" is not a set", RelationGetRelationName(rel)),
				 errdetail("A set has one column, the key, and may have a second one: valid_until timestamptz.")));
	type = TupleDescAttr(desc, 0)->atttypid;
	if (!az_value_type_of(type, view->context, &view->type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("view \"%s\" is not a set", RelationGetRelationName(rel)),
				 errdetail("Its keys are of type %s.", format_type_be(type)),
				 errhint(AZ_VALUE_TYPES_HINT)));
}

/* SELECT of its columns, by name: the rights of the owner are looked at. */
static char *
query_of(Relation rel)
{
	StringInfoData sql;
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	initStringInfo(&sql);
	for (i = 0; i < desc->natts; i++)
		appendStringInfo(&sql, "%s%s", i == 0 ? "SELECT " : ", ",
						 quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)));
	appendStringInfo(&sql, " FROM %s",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												RelationGetRelationName(rel)));
	return sql.data;
}

/* The query's text, palloc'd. */
static char *
open_definition(AzSetView *view)
{
	Relation	rel = try_relation_open(view->oid, AccessShareLock);
	char	   *query;

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", view->oid)));
	if (rel->rd_rel->relkind != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a view", RelationGetRelationName(rel))));
	view->owner = rel->rd_rel->relowner;
	check_columns(view, rel);
	query = query_of(rel);
	relation_close(rel, AccessShareLock);
	return query;
}

static void
prepare(AzSetView *view, const char *query)
{
	view->plan = SPI_prepare(query, 0, NULL);
	if (view->plan == NULL || SPI_keepplan(view->plan) != 0)
		elog(ERROR, "could not prepare a set: %s", SPI_result_code_string(SPI_result));
	az_find_set_dependencies(view);
}

/*
 * A statement that writes to what it reads may run by now, and was not noted
 * when it started.
 */
static void
look_anew(AzSetView *view)
{
	AzCaller	caller;
	char	   *query;

	forget_definition(view);
	view->context = AllocSetContextCreate(TopMemoryContext, "dbmi_authz set view",
										  ALLOCSET_SMALL_SIZES);
	view->role = InvalidOid;
	view->any_defined = false;
	view->epoch++;
	view->current = true;
	if (az_is_writing())
		az_note_write();
	query = open_definition(view);
	SPI_connect();
	az_begin_as_set_owner(view->owner, &caller);
	prepare(view, query);
	az_end_as(&caller);
	SPI_finish();
}

/*
 * A message that comes while it is looked at makes it out of date, and it is
 * looked at again the next time.
 */
void
az_look_at_set_view(AzSetView *view)
{
	uint64		functions = az_functions_epoch();

	if (view->functions_epoch != functions)
	{
		view->functions_epoch = functions;
		view->current = false;
	}
	if (view->current || view->being_read)
		return;
	view->being_read = true;
	PG_TRY();
	{
		look_anew(view);
	}
	PG_CATCH();
	{
		view->current = false;
		view->being_read = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
	view->being_read = false;
}

/* ----------------------------------------------------------------
 * What this session writes
 * ----------------------------------------------------------------
 */

static bool
is_read_by_sets(Oid relation)
{
	dlist_iter	iter;

	dlist_foreach(iter, &views)
	{
		if (list_member_oid(dlist_container(AzSetView, node, iter.cur)->relations, relation))
			return true;
	}
	return false;
}

void
az_note_write_of_sets(Oid table)
{
	if (OidIsValid(table) && is_read_by_sets(table))
		az_note_write();
}

/*
 * A trigger for rows fires at the end of the command, and functions in it see
 * rows before.
 */
void
az_note_writes_of_sets(const PlannedStmt *plan)
{
	ListCell   *lc;

	if (nviews == 0)
		return;
	foreach(lc, plan->resultRelations)
		az_note_write_of_sets(rt_fetch(lfirst_int(lc), plan->rtable)->relid);
}
