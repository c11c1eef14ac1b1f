/*-------------------------------------------------------------------------
 *
 * inlined.h
 *	  What the planner puts in the place of a call of a function in SQL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_INLINED_H
#define AZ_INLINED_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/*
 * The body, with the arguments in it; NULL: the call stays, or what becomes of it
 * cannot be told without running code of others.  For that reason nothing is parsed
 * further than into words: a body that is a text counts where it consists of checks
 * and comparisons of arguments with what the identity says, under AND and OR.
 */
extern Node *az_inlined(FuncExpr *call);

#endif							/* AZ_INLINED_H */
