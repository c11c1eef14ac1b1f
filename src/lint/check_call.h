/*-------------------------------------------------------------------------
 *
 * check_call.h
 *	  A call of one of our functions, as a policy has it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CHECK_CALL_H
#define AZ_CHECK_CALL_H

#include "server/compat.h"
#include "nodes/primnodes.h"

#include "planner/checks.h"

typedef struct AzCheckCall
{
	const char *name;			/* authz.has_scope, say */
	const AzCheck *check;		/* NULL: altered, or never with planner support */
	FuncExpr   *call;			/* a copy, with all arguments in their order */
} AzCheckCall;

/* The arguments of any call in their order, with the defaults of those left out. */
extern List *az_all_arguments(const FuncExpr *call);

/* False: the node is no call of a function of ours. */
extern bool az_read_check_call(const Node *node, AzCheckCall *call);

/* Argument n, from 1; NULL: there is none. */
extern Node *az_check_argument(const AzCheckCall *call, int n);

/*
 * Constant texts: one, or the elements of an array, each a char * or NULL for
 * SQL's NULL.  False: they are not constant, or no texts.  A NULL array is one
 * NULL.
 */
extern bool az_read_texts(const Node *arg, List **texts);

/*
 * What the planner makes of an argument before it asks what the call means: a
 * Const where it can tell, with a stand-in for a value that it works out and we
 * do not.  known: no stand-in.
 */
extern Node *az_planned_argument(Node *arg, bool *known);

#endif							/* AZ_CHECK_CALL_H */
