/*-------------------------------------------------------------------------
 *
 * asks.c
 *	  What the value of an expression depends on.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/asks.h"

#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"

#include "lint/check_call.h"
#include "lint/sql_body.h"

typedef struct Asking
{
	int			asks;
	int			depth;
} Asking;

static bool note_asked(Node *node, void *arg);

/*
 * Functions of core whose result depends neither on the user nor on the row.
 */
static bool
says_nothing(Oid function)
{
	static const char *const names[] = {"now", "clock_timestamp", "statement_timestamp",
	"transaction_timestamp", "timeofday", "random"};
	char	   *name = get_func_name(function);
	int			i;

	for (i = 0; name && i < (int) lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static bool
note_function(Oid function, void *arg)
{
	Asking	   *asking = arg;

	if (function >= FirstUnpinnedObjectId ||
		(func_volatile(function) != PROVOLATILE_IMMUTABLE && !says_nothing(function)))
		asking->asks |= AZ_ASKS_ELSE;
	return false;
}

static void
note_call(FuncExpr *call, Asking *asking)
{
	AzCheckCall check;
	Node	   *body;
	bool		inlined;

	if (az_read_check_call((Node *) call, &check))
	{
		asking->asks |= AZ_ASKS_IDENTITY;
		return;
	}
	body = asking->depth < AZ_MAX_BODIES ? az_sql_body(call, &inlined) : NULL;
	if (body == NULL)
	{
		(void) note_function(call->funcid, asking);
		return;
	}
	asking->depth++;
	(void) note_asked(body, asking);
	asking->depth--;
}

static bool
note_asked(Node *node, void *arg)
{
	Asking	   *asking = arg;

	if (node == NULL)
		return false;
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (IsA(node, FuncExpr))
		note_call((FuncExpr *) node, asking);
	else if (IsA(node, OpExpr))
		(void) note_function(get_opcode(((OpExpr *) node)->opno), asking);
	else if (IsA(node, Var))
		asking->asks |= AZ_ASKS_ROW;
	else if (IsA(node, SQLValueFunction) &&
			 ((SQLValueFunction *) node)->op >= SVFOP_CURRENT_ROLE)
		asking->asks |= AZ_ASKS_ELSE;
	else if (IsA(node, RangeTblEntry) && ((RangeTblEntry *) node)->rtekind == RTE_RELATION)
		asking->asks |= AZ_ASKS_ELSE;
	if (IsA(node, RangeTblEntry))
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, note_asked, asking, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, note_asked, asking);
}

int
az_asks(Node *expr)
{
	Asking		asking = {0, 0};

	(void) note_asked(expr, &asking);
	return asking.asks;
}
