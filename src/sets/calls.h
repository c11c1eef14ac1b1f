/*-------------------------------------------------------------------------
 *
 * calls.h
 *	  What the query of a set calls, and so what its answer depends on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CALLS_H
#define AZ_CALLS_H

#include "server/compat.h"
#include "nodes/pg_list.h"

/* What a function is to a set that calls it. */
typedef enum AzCallKind
{
	AZ_CALLS_OTHER,				/* not one of ours */
	AZ_CALLS_TOKEN,				/* it answers by the identity alone */
	AZ_CALLS_GRANTS,			/* and by what is stored for it */
	AZ_CALLS_SET,				/* it asks another set */
	AZ_CALLS_UNSTEADY			/* ours, and nothing tells when its answer changes */
} AzCallKind;

/* The room that knows the functions is above this one. */
typedef AzCallKind (*AzKindOfCall) (Oid function);

typedef struct AzCalls
{
	bool		asks_identity;
	bool		asks_grants;
	bool		asks_sets;
	Oid			volatile_function;	/* none may be called */
	bool		asks_caller;	/* for the role or the search path, nor may that be asked */
	char	   *unsteady;		/* what nobody tells the changes of, palloc'd, or NULL */
} AzCalls;

/* Of queries as they are planned: rewritten, with the policies of their tables. */
extern AzCalls az_calls_of(List *queries, AzKindOfCall kind);

#endif							/* AZ_CALLS_H */
