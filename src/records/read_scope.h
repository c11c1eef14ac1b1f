/*-------------------------------------------------------------------------
 *
 * read_scope.h
 *	  The statement of the client that runs, and what it and those nested in it read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_READ_SCOPE_H
#define AZ_READ_SCOPE_H

#include "records/read_record.h"

/* What a statement of the client is, for the queries right below it. */
typedef enum AzReadKind
{
	AZ_READ_QUERY,
	AZ_READ_RUNS_ITS_OWN,		/* a query that is the statement's own */
	AZ_READ_CURSOR,				/* opens or runs one, which has a line of its own */
	AZ_READ_OTHER
} AzReadKind;

typedef struct AzReadScope
{
	AzReadKind	kind;
	const char *command;
	uint64		query_id;
	QueryDesc  *query;			/* whose record it is; NULL: the statement's */
	AzRead	   *read;			/* NULL: nothing has been read yet */
	bool		runs;			/* its query does */
	QueryDesc  *sends;			/* and these rows are sent */
} AzReadScope;

/* Is there anything to do?  With the record off this is all that is asked. */
extern bool az_reads_recorded(void);

/*
 * One level deeper: what starts from here on is nested in the scope, or with NULL in
 * the one that is there.  az_level_leave() must be called also after an error.
 */
extern AzReadScope *az_level_enter(AzReadScope *scope);
extern void az_level_leave(AzReadScope *outer);

/* At the level of the client's statements? */
extern bool az_at_top(void);

/* Is it a query with a record to itself?  Or that of a utility statement? */
extern bool az_read_is_apart(void);
extern AzReadScope *az_scope_of_own(const QueryDesc *query);

/* Does a function or a trigger run it, in whatever language, or we ourselves? */
extern bool az_is_of_a_function(const QueryDesc *query);

/* The record of a query that has none; what was read while it was planned is in it. */
extern AzRead *az_new_read_of_query(QueryDesc *query);

/* The record of the statement that runs, also when only what is nested in it reads. */
extern AzRead *az_read_of_scope(void);

/* These tables are read in a function, or a trigger. */
extern void az_note_nested(const List *tables);

#endif							/* AZ_READ_SCOPE_H */
