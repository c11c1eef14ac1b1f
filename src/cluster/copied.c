/*-------------------------------------------------------------------------
 *
 * copied.c
 *	  Rows that Citus copies into shards and out of them without a query.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/copied.h"

#include "access/table.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "utils/rel.h"
#include "utils/rls.h"

/* Word for word what the nodes say. */
void
az_raise_copied(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("COPY FROM not supported with row-level security"),
			 errhint("Use INSERT statements instead.")));
}

void
az_refuse_copy_into(Oid rel)
{
	if (check_enable_rls(rel, InvalidOid, false) == RLS_ENABLED)
		az_raise_copied();
}

bool
az_inserts_past_policies(const Query *query)
{
	return query->commandType == CMD_INSERT && query->resultRelation > 0 &&
		query->onConflict == NULL && query->returningList == NIL &&
		check_enable_rls(rt_fetch(query->resultRelation, query->rtable)->relid,
						 InvalidOid, true) == RLS_ENABLED;
}

static ResTarget *
column_called(const char *name)
{
	ColumnRef  *column = makeNode(ColumnRef);
	ResTarget  *target = makeNode(ResTarget);

	column->fields = list_make1(makeString(pstrdup(name)));
	column->location = -1;
	target->val = (Node *) column;
	target->location = -1;
	return target;
}

/* Those that COPY writes of a table: not what is generated. */
static List *
columns_of(Oid oid)
{
	Relation	rel = table_open(oid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *columns = NIL;
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (!column->attisdropped && column->attgenerated == '\0')
			columns = lappend(columns, column_called(NameStr(column->attname)));
	}
	table_close(rel, NoLock);
	return columns;
}

CopyStmt *
az_copy_as_query(const CopyStmt *copy, Oid rel)
{
	SelectStmt *query;
	CopyStmt   *changed;
	ListCell   *lc;

	if (check_enable_rls(rel, InvalidOid, false) != RLS_ENABLED)
		return NULL;
	query = makeNode(SelectStmt);
	foreach(lc, copy->attlist)
		query->targetList = lappend(query->targetList, column_called(strVal(lfirst(lc))));
	if (copy->attlist == NIL)
		query->targetList = columns_of(rel);
	query->fromClause = list_make1(copyObject(copy->relation));
	changed = copyObject(unconstify(CopyStmt *, copy));
	changed->relation = NULL;
	changed->attlist = NIL;
	changed->query = (Node *) query;
	return changed;
}
