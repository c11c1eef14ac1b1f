/*-------------------------------------------------------------------------
 *
 * foreign_reach.c
 *	  Which foreign servers a plan reaches, and with whose user mapping.
 *
 * What a plan reads stands in its range table: also what a view reads, what is joined
 * on the other side, and each partition.  Where rows are routed to does not: the
 * partitions of a table that is written to are looked up, and kept until any
 * relation has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/foreign_reach.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "foreign/fdwapi.h"
#include "miscadmin.h"
#include "nodes/pathnodes.h"
#include "parser/parsetree.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "cluster/foreign_login.h"

/* The foreign partitions of a table. */
typedef struct Routed
{
	Oid			parent;			/* the key */
	uint64		epoch;
	List	   *children;		/* of Oid */
} Routed;

static HTAB *routed = NULL;

static List *
foreign_children(Oid parent)
{
	MemoryContext outer;
	Routed	   *kept;
	List	   *found = NIL;
	List	   *old;
	ListCell   *lc;
	uint64		before;
	bool		is_old;

	if (routed == NULL)
	{
		HASHCTL		how = {.keysize = sizeof(Oid),.entrysize = sizeof(Routed)};

		routed = hash_create("authz foreign partitions", 8, &how, HASH_ELEM | HASH_BLOBS);
	}
	kept = hash_search(routed, &parent, HASH_ENTER, &is_old);
	if (!is_old)
	{
		kept->epoch = 0;
		kept->children = NIL;
	}
	if (kept->epoch == az_relations_epoch())
		return kept->children;

	before = az_relations_epoch();
	foreach(lc, find_all_inheritors(parent, NoLock, NULL))
	{
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_FOREIGN_TABLE)
			found = lappend_oid(found, lfirst_oid(lc));
	}
	outer = MemoryContextSwitchTo(TopMemoryContext);
	found = list_copy(found);
	MemoryContextSwitchTo(outer);
	old = kept->children;
	kept->children = found;
	kept->epoch = before;
	list_free(old);
	return kept->children;
}

/* A login's own table tells nobody of anybody. */
static List *
add(List *reached, Oid schema, Oid relation, Oid user)
{
	Oid			server;
	AzReached  *one;
	ListCell   *lc;

	if (get_rel_namespace(relation) == schema)
		return reached;
	server = GetForeignServerIdByRelId(relation);
	if (az_foreign_login(server) == NULL)
		return reached;
	foreach(lc, reached)
	{
		one = lfirst(lc);
		if (one->server == server && one->user == user)
			return reached;
	}
	one = palloc(sizeof(AzReached));
	one->server = server;
	one->user = user;
	return lappend(reached, one);
}

static List *
add_children(List *reached, Oid schema, Oid parent, Oid user)
{
	List	   *children = list_copy(foreign_children(parent));
	ListCell   *lc;

	foreach(lc, children)
		reached = add(reached, schema, lfirst_oid(lc), user);
	return reached;
}

static inline bool
is_relation(const RangeTblEntry *rte, char kind)
{
	return rte->rtekind == RTE_RELATION && rte->relkind == kind;
}

/* Most plans have neither. */
static bool
may_reach(const PlannedStmt *plan)
{
	ListCell   *lc;

	foreach(lc, plan->rtable)
	{
		if (is_relation(lfirst(lc), RELKIND_FOREIGN_TABLE))
			return true;
	}
	foreach(lc, plan->resultRelations)
	{
		if (is_relation(rt_fetch(lfirst_int(lc), plan->rtable), RELKIND_PARTITIONED_TABLE))
			return true;
	}
	return false;
}

/* A partition is asked for as its parent is. */
static int
parent_of(const PlannedStmt *plan, int index)
{
	ListCell   *lc;

	foreach(lc, plan->appendRelations)
	{
		const AppendRelInfo *child = lfirst(lc);

		if ((int) child->child_relid == index)
			return child->parent_relid;
	}
	return 0;
}

static Oid
user_of(const PlannedStmt *plan, int index)
{
	for (; index != 0; index = parent_of(plan, index))
	{
		const RangeTblEntry *rte = rt_fetch(index, plan->rtable);
		const AzRelationRights *rights = az_rights_in_plan(plan, rte);

		if (rights)
			return OidIsValid(rights->checkAsUser) ? rights->checkAsUser : GetUserId();
	}
	return GetUserId();
}

List *
az_reached_by_plan(const PlannedStmt *plan)
{
	List	   *reached = NIL;
	Oid			schema;
	int			index = 0;
	ListCell   *lc;

	if (!may_reach(plan))
		return NIL;
	schema = az_foreign_schema();
	if (!OidIsValid(schema))
		return NIL;
	foreach(lc, plan->rtable)
	{
		const RangeTblEntry *rte = lfirst(lc);

		index++;
		if (is_relation(rte, RELKIND_FOREIGN_TABLE))
			reached = add(reached, schema, rte->relid, user_of(plan, index));
	}
	foreach(lc, plan->resultRelations)
	{
		const RangeTblEntry *rte = rt_fetch(lfirst_int(lc), plan->rtable);

		if (is_relation(rte, RELKIND_PARTITIONED_TABLE))
			reached = add_children(reached, schema, rte->relid, user_of(plan, lfirst_int(lc)));
	}
	return reached;
}

List *
az_reached_by_table(Oid relation)
{
	Oid			schema = az_foreign_schema();

	if (!OidIsValid(schema))
		return NIL;
	switch (get_rel_relkind(relation))
	{
		case RELKIND_FOREIGN_TABLE:
			return add(NIL, schema, relation, GetUserId());
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_RELATION:
			return add_children(NIL, schema, relation, GetUserId());
		default:
			return NIL;
	}
}
