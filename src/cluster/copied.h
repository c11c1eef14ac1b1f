/*-------------------------------------------------------------------------
 *
 * copied.h
 *	  Rows that Citus copies into shards and out of them without a query.
 *
 * On another node core refuses COPY FROM into a table whose policies bind the
 * current user.  Into a shard on this node Citus copies by itself, and looks
 * at nothing.  Out of shards it copies without a transaction on the nodes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_COPIED_H
#define AZ_COPIED_H

#include "server/compat.h"
#include "nodes/parsenodes.h"

/* 0A000 as core has it, where policies of the table bind the current user. */
extern void az_refuse_copy_into(Oid rel);

/*
 * Would rows of the query that are copied go past policies: does it insert into a table
 * whose policies bind the current user, and neither answer nor mind conflicts?  With
 * RETURNING or ON CONFLICT rows are stored, and inserted from there.
 */
extern bool az_inserts_past_policies(const Query *query);

/*
 * COPY TO of a table as one of a query, where policies bind the current user: what core
 * does with them, too.  New; NULL: they do not.
 */
extern CopyStmt *az_copy_as_query(const CopyStmt *copy, Oid rel);

pg_noreturn extern void az_raise_copied(void);

#endif							/* AZ_COPIED_H */
