/*-------------------------------------------------------------------------
 *
 * ask.c
 *	  What a call over constants returns now.
 *
 * As evaluate_expr() would say: our functions need no executor state, and
 * making one would be most of the work.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/ask.h"

#include "utils/memutils.h"

#include "session/session.h"

static int64 asked_until = AZ_FOREVER;

/*
 * The memory in which a function keeps data for its call.  It is separate, so
 * that the call is not taken for one of the query that is running while this
 * one is planned.
 */
static MemoryContext
scratch_context(void)
{
	static MemoryContext context = NULL;

	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "dbmi_authz folding",
										ALLOCSET_SMALL_SIZES);
	MemoryContextReset(context);
	return context;
}

void
az_look_up(const FuncExpr *call, FmgrInfo *function, MemoryContext context)
{
	fmgr_info_cxt(call->funcid, function, context);
	fmgr_info_set_expr((Node *) unconstify(FuncExpr *, call), function);
}

Datum
az_ask(const FuncExpr *call, bool *isnull)
{
	FmgrInfo	function;

	az_look_up(call, &function, CurrentMemoryContext);
	return az_ask_again(call, &function, isnull);
}

Datum
az_ask_again(const FuncExpr *call, const FmgrInfo *function, bool *isnull)
{
	LOCAL_FCINFO(fcinfo, FUNC_MAX_ARGS);
	FmgrInfo	own = *function;
	ListCell   *lc;
	Datum		result;

	own.fn_mcxt = scratch_context();
	own.fn_extra = NULL;
	InitFunctionCallInfoData(*fcinfo, &own, list_length(call->args),
							 call->inputcollid, NULL, NULL);
	foreach(lc, call->args)
	{
		const Const *arg = lfirst_node(Const, lc);

		fcinfo->args[foreach_current_index(lc)].value = arg->constvalue;
		fcinfo->args[foreach_current_index(lc)].isnull = arg->constisnull;
	}
	az_answers_begin();
	result = FunctionCallInvoke(fcinfo);
	asked_until = az_answers_end();
	*isnull = fcinfo->isnull;
	return result;
}

int64
az_asked_until(void)
{
	return asked_until;
}
