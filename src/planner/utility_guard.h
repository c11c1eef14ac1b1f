/*-------------------------------------------------------------------------
 *
 * utility_guard.h
 *	  The rules for statements that run without the executor.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_UTILITY_GUARD_H
#define AZ_UTILITY_GUARD_H

#include "server/compat.h"
#include "nodes/plannodes.h"

/*
 * Run a statement of our own by what is further in than our hooks, and those that came
 * later: they would show its text, or cover it.
 */
extern void az_run_behind_guard(PlannedStmt *statement, const char *text);

extern void az_utility_guard_init(void);

#endif							/* AZ_UTILITY_GUARD_H */
