/*-------------------------------------------------------------------------
 *
 * read_record.h
 *	  One line of the record of reads: a statement that has read, by whom, how
 *	  much, and what of.
 *
 * It lives until its line is written, whether or not the statement succeeds:
 * one that fails has a line, too, since rows may have been sent.  Everything
 * that needs the catalogs is worked out when the statement starts; writing the
 * line needs none.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_READ_RECORD_H
#define AZ_READ_RECORD_H

#include "server/compat.h"
#include "executor/execdesc.h"
#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/portal.h"
#include "utils/timestamp.h"

typedef struct AzRead
{
	dlist_node	node;			/* of all that are not told */
	MemoryContext context;		/* the record and what it holds */
	TimestampTz start;
	StringInfoData who;			/* members of a JSON object */
	uint32		serial;			/* of that login */
	const char *command;		/* constant */
	uint64		query_id;

	/* names as members of a JSON array, and the OIDs of those that are there */
	StringInfoData tables;
	List	   *table_oids;
	StringInfoData nested;
	List	   *nested_oids;

	uint64		rows;
	EState	   *counted;		/* whose rows are being sent; NULL: none are */
	uint64		seen;			/* so many of them are in "rows" */
	bool		stores;			/* core puts them aside and sends them at the end */
	bool		has_read;		/* else no line is due */
	bool		runs;			/* told now, it has failed */
	bool		is_left;		/* nobody tells it before the transaction ends */

	/* whose it is; both NULL: a utility statement's */
	const QueryDesc *query;
	Portal		held;			/* a cursor that holds its rows */
} AzRead;

/* A record for the identity that is logged in now.  Needs a transaction. */
extern AzRead *az_read_new(const char *command, uint64 query_id);

/*
 * The same for a query that has started.  When the query's memory is freed,
 * the line of the record is written, unless it has been, and the record is
 * freed.
 */
extern AzRead *az_read_attach(AzRead *read, const QueryDesc *query);

/*
 * What is read before the statement has a record of its own: made when it is
 * first asked for, and then taken.
 */
extern AzRead *az_read_waiting(void);
extern bool az_read_is_waiting(void);
extern AzRead *az_read_take_waiting(void);	/* NULL: nothing is */

/* The one that a query has; NULL: it has none. */
extern AzRead *az_read_of_query(const QueryDesc *query);
extern AzRead *az_read_of_held(const PortalData *portal);

/* From now on it belongs to a cursor that keeps its rows, and is told with that. */
extern void az_read_hold(AzRead *read, Portal portal);

/*
 * Rows of the query are sent from here on, or of none; until az_read_stops(), or
 * for ever if there is an error.
 */
extern void az_read_runs(AzRead *read, QueryDesc *sends);
extern void az_read_stops(AzRead *read);

/* An error ends a statement without query: it is told with the transaction. */
extern void az_read_fails(AzRead *read);

/*
 * Is another identity logged in?  Then the former one gets a line if it has
 * read, and the rest belongs to the new one.
 */
extern void az_read_look_who(AzRead *read);

/* Write the line, if one is due.  A record that has no query is then no more. */
extern void az_read_tell(AzRead *read);

/* Are there records that were not told? */
extern bool az_reads_pending(void);

#endif							/* AZ_READ_RECORD_H */
