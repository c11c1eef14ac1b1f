/*-------------------------------------------------------------------------
 *
 * hand_over.c
 *	  A plan that reaches other servers has them told who is in force.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/hand_over.h"

#include "cluster/citus.h"
#include "cluster/foreign.h"
#include "cluster/told.h"
#include "executor/executor.h"

static ExecutorStart_hook_type prev_ExecutorStart = NULL;

static void
hand_over_ExecutorStart(QueryDesc *query, int eflags)
{
	if (!(eflags & EXEC_FLAG_EXPLAIN_ONLY))
		az_tell_foreign_servers(query);
	if (az_reaches_citus(query->plannedstmt))
		az_tell_citus(true);
	prev_ExecutorStart(query, eflags);
}

void
az_hand_over_init(void)
{
	az_told_init();
	az_foreign_init();
	prev_ExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = hand_over_ExecutorStart;
}
