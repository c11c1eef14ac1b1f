/*-------------------------------------------------------------------------
 *
 * planning.h
 *	  The statement that is being planned, as far as the support function needs
 *	  to know it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PLANNING_H
#define AZ_PLANNING_H

#include "server/compat.h"
#include "nodes/pathnodes.h"
#include "optimizer/planner.h"

#include "planner/function.h"
#include "planner/sharing.h"

typedef struct AzPlanning
{
	AzSharing  *sharing;		/* NULL: a plan for one identity */
	List	   *checks;			/* those of the statement that the role in force
								 * may execute; NIL: not known yet */
	PlannerGlobal *glob;		/* the planning that they were found for */
	bool		once;			/* the plan is used once, and at once */

	/*
	 * What the support function has tied the plan to, for a planner that loses
	 * the items of core's plan; not used with "sharing".
	 */
	bool		tied;
	bool		ends;
	uint32		serial;
	uint32		support;
	bool		asks_grants;
	uint32		grants;
	int64		until;			/* 0: no answer depends on the time */
} AzPlanning;

/* NULL: a planner was called without our hook. */
extern AzPlanning *az_planning(void);

/* Core's planner, or the hook that was there before ours. */
extern void az_set_next_planner(planner_hook_type planner);

/* Have that one plan it, as planner(). */
extern PlannedStmt *az_plan_within(AzPlanning *planning, Query *query,
								   const char *text, int options,
								   ParamListInfo params);

/*
 * Note that the support function has tied the plan that is being made, and
 * that an answer has been put into it which holds until then.
 */
extern void az_note_tie(uint32 support, bool ends, uint32 serial);
extern void az_note_answer(bool asks_grants, int64 until);

/* Put these marks into the finished plan, even if a planner has lost them. */
extern void az_bear_ties(PlannedStmt *plan, const AzPlanning *planning);

/*
 * Rights
 *
 * The executor checks EXECUTE on each function that is called, also in an arm
 * that no row reaches.  A call that folding has answered is not made, and an
 * answer can make another call unneeded.  So nothing is folded in a plan
 * unless the role that plans it may execute every check in the query;
 * otherwise the calls stay, and the executor raises the error that it would
 * have raised.  The plan lists those checks, for other roles that run it later
 * (guard.c).
 */

/* The checks in a statement: their OIDs, each once. */
extern List *az_checks_in(Query *query);

/* Does it hold any? */
extern bool az_has_checks(Query *query);

/* May the role in force execute all of these? */
extern bool az_are_executable(const List *checks);

/* List them in the plan. */
extern void az_bear_checks(List **items, const List *checks);

/* Both for a check that was met, and for its whole statement. */
extern bool az_may_answer(PlannerInfo *root, const AzFunction *met);

#endif							/* AZ_PLANNING_H */
