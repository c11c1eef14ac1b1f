/*-------------------------------------------------------------------------
 *
 * ask.h
 *	  What a call over constants returns now.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ASK_H
#define AZ_ASK_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/*
 * The call is of a function of ours, with as many arguments as it is declared
 * with, all of them Consts.  A result that is not passed by value is palloc'd
 * in the current context.
 */
extern Datum az_ask(const FuncExpr *call, bool *isnull);

/* The same of one that was looked up before (az_look_up()). */
extern Datum az_ask_again(const FuncExpr *call, const FmgrInfo *function, bool *isnull);

extern void az_look_up(const FuncExpr *call, FmgrInfo *function, MemoryContext context);

/*
 * Until when the last one holds, in microseconds since 1970, for the same
 * identity; AZ_FOREVER (session.h) for nearly all.
 */
extern int64 az_asked_until(void);

#endif							/* AZ_ASK_H */
