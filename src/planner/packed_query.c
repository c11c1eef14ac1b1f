/*-------------------------------------------------------------------------
 *
 * packed_query.c
 *	  A query that is kept for a plan which perhaps nobody needs.
 *
 * Each statement that is shared has one, and core has another one of its own
 * that cannot be reached.  The text of its nodes, compressed, takes a third of
 * the memory.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/packed_query.h"

#include "common/pg_lzcompress.h"
#include "nodes/nodeFuncs.h"
#include "nodes/nodes.h"

AzPackedQuery *
az_pack_query(const Query *query, MemoryContext context)
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
	return query;
}
