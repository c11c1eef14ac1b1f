/*-------------------------------------------------------------------------
 *
 * packed_query.h
 *	  A query that is kept for a plan that may never be needed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PACKED_QUERY_H
#define AZ_PACKED_QUERY_H

#include "server/compat.h"
#include "nodes/parsenodes.h"

typedef struct AzPackedQuery
{
	/* what a node's text leaves out */
	uint64		query_id;
	int			stmt_location;
	int			stmt_len;
	List	   *views;			/* OIDs; 0 for sub-queries that are not views
								 * */

	int32		len;			/* of the text */
	int32		size;			/* of it in "bytes"; len: not compressed */
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} AzPackedQuery;

/* Palloc'd in that context.  As rewritten, before it was planned. */
extern AzPackedQuery *az_pack_query(Query *query, MemoryContext context);

/* Palloc'd where the caller is. */
extern Query *az_unpack_query(const AzPackedQuery *packed);

#endif							/* AZ_PACKED_QUERY_H */
