/*-------------------------------------------------------------------------
 *
 * packed_query.c
 *	  A query that is kept for a plan that may never be needed.
 *
 * Each statement that is shared has one, and core has another one of its own
 * that cannot be reached.  The text of its nodes, compressed, takes a third of
 * the memory.  What such a text leaves out stands beside it.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/packed_query.h"

#include "common/pg_lzcompress.h"
#include "nodes/nodeFuncs.h"
#include "nodes/nodes.h"

/*
 * The views that sub-queries come from: the text has them since 16, but the
 * planner of 15 needs them as well, for whole rows.
 */
typedef struct Views
{
	List	   *oids;			/* in the order of the walk; 0: none */
	bool		restore;		/* else note them */
	int			next;
} Views;

static bool
walk_views(Node *node, void *context)
{
	Views	   *views = context;

	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *entry = (RangeTblEntry *) node;

		if (entry->rtekind == RTE_SUBQUERY && views->restore)
			entry->relid = list_nth_oid(views->oids, views->next++);
		else if (entry->rtekind == RTE_SUBQUERY)
			views->oids = lappend_oid(views->oids, entry->relid);
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, walk_views, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, walk_views, context);
}

static List *
views_of(Query *query, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Views		views = {0};

	(void) walk_views((Node *) query, &views);
	MemoryContextSwitchTo(old);
	return views.oids;
}

AzPackedQuery *
az_pack_query(Query *query, MemoryContext context)
{
	char	   *text = nodeToString(query);
	int32		len = strlen(text);
	char	   *bytes = palloc(PGLZ_MAX_OUTPUT(len));
	int32		size = pglz_compress(text, len, bytes, PGLZ_strategy_always);
	AzPackedQuery *packed;

	if (size < 0)
		size = len;
	packed = MemoryContextAlloc(context, offsetof(AzPackedQuery, bytes) + size);
	packed->query_id = query->queryId;
	packed->stmt_location = query->stmt_location;
	packed->stmt_len = query->stmt_len;
	packed->views = views_of(query, context);
	packed->len = len;
	packed->size = size;
	memcpy(packed->bytes, size == len ? text : bytes, size);
	pfree(bytes);
	pfree(text);
	Assert(equal(az_unpack_query(packed), query));
	return packed;
}

Query *
az_unpack_query(const AzPackedQuery *packed)
{
	char	   *text = palloc(packed->len + 1);
	Views		views = {.oids = packed->views, .restore = true};
	Query	   *query;

	if (packed->size == packed->len)
		memcpy(text, packed->bytes, packed->len);
	else if (pglz_decompress(packed->bytes, packed->size, text, packed->len,
							 true) != packed->len)
		elog(ERROR, "a packed query is damaged");
	text[packed->len] = '\0';
	query = castNode(Query, stringToNode(text));
	pfree(text);
	query->queryId = packed->query_id;
	query->stmt_location = packed->stmt_location;
	query->stmt_len = packed->stmt_len;
	(void) walk_views((Node *) query, &views);
	return query;
}
