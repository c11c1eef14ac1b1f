/*-------------------------------------------------------------------------
 *
 * set_plans.c
 *	  What the planner is told about in_set(): how many rows, and by which
 *	  index.
 *
 * A plan holds no keys.  in_set() stays a call, which looks into a hash table;
 * or an index is asked for the keys that set_keys() returns when the scan
 * starts.  So a plan is made for an identity, or a kind of identities, and not
 * for the keys that others share with it today.
 *
 * For literals core looks each key up in the statistics, and each time it meets
 * the condition: a sample of the keys tells as much.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/set_plans.h"

#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "planner/comparand.h"
#include "planner/function.h"
#include "planner/plan_items.h"
#include "planner/planning.h"
#include "server/guc.h"
#include "server/own.h"
#include "session/plans.h"
#include "session/session.h"
#include "sets/set.h"

#define SAMPLE	64

/*
 * For so large a part of a table an index is not worth it.  Core does not see
 * that: it takes the array for a short one when it counts the descents, a
 * bitmap of so many keys for a cheap one, and it looks each key up in the
 * statistics.
 */
#define FEW_KEYS	1000
#define LARGE_SHARE	0.25

AzCallKind
az_kind_of_call(Oid oid)
{
	AzFunction	function;

	if (!az_find_function(oid, &function) || !function.ours)
		return AZ_CALLS_OTHER;
	if (function.check == NULL || function.check->changes_with_time)
		return AZ_CALLS_UNSTEADY;
	if (function.check->asks_set)
		return AZ_CALLS_SET;
	switch (function.check->basis)
	{
		case AZ_ON_TOKEN:
			return AZ_CALLS_TOKEN;
		case AZ_ON_GRANTS:
			return AZ_CALLS_GRANTS;
		default:
			return AZ_CALLS_UNSTEADY;
	}
}

/* The set that a call names, and its column. */
typedef struct InSet
{
	AzSetView  *view;
	const AzKeptSet *set;
	AzComparand column;
} InSet;

/*
 * Not if nobody is logged in, whom no set reaches, nor for an identity that
 * has ended, which raises its error when the query runs.
 */
static bool
find_in_set(PlannerInfo *root, Oid oid, List *args, InSet *in_set)
{
	AzFunction	function;
	const Const *name = linitial(args);

	if (!az_plan_folding || !az_find_function(oid, &function) || function.check == NULL ||
		!function.check->asks_set || list_length(args) != 2 || !IsA(name, Const) ||
		name->constisnull || !az_may_answer(root, &function) ||
		!az_identity_foldable() || az_identity_serial() == 0 ||
		!az_describe_comparand(lsecond(args), &in_set->column))
		return false;
	in_set->view = az_get_set_view(DatumGetObjectId(name->constvalue));
	in_set->set = az_estimate_set(in_set->view);
	return in_set->set != NULL &&
		az_keys_compare(az_kind_of_keys(in_set->set->keys), in_set->column.kind);
}

/* ----------------------------------------------------------------
 * How many rows
 * ----------------------------------------------------------------
 */

static Selectivity
share_of(PlannerInfo *root, const InSet *in_set, int rel, JoinType join, SpecialJoinInfo *info)
{
	AzValueType type = {.kind = in_set->column.kind, .type = in_set->column.type};
	uint32		n = az_count_keys(in_set->set->keys);
	Datum	   *values;
	int			sampled = az_sample_keys(in_set->set->keys, &type, SAMPLE, &values);
	Selectivity share;

	if (sampled == 0)
		return 0.0;
	share = clause_selectivity(root, az_make_comparison(&in_set->column,
														(Expr *) az_make_values(&in_set->column, values, sampled),
														AZ_IN_CONDITION),
							   rel, join, info);
	share *= (double) n / sampled;
	CLAMP_PROBABILITY(share);
	return share;
}

bool
az_estimate_in_set(SupportRequestSelectivity *request)
{
	AzPlanning *planning = az_planning();
	InSet		in_set;

	if (!find_in_set(request->root, request->funcid, request->args, &in_set))
		return false;
	if (planning && planning->sharing)
		az_add_set_size(planning->sharing->shape, in_set.view->oid,
						az_count_keys(in_set.set->keys));
	else
		(void) az_add_item(&request->root->glob->invalItems, AZ_GUARD_SET_SIZE_CACHE_ID,
						   az_set_size_item(in_set.view->oid, az_count_keys(in_set.set->keys)));
	request->selectivity = share_of(request->root, &in_set, request->varRelid,
									request->jointype, request->sjinfo);
	return true;
}

/* ----------------------------------------------------------------
 * By which index
 * ----------------------------------------------------------------
 */

/*
 * An index that begins with another column has the rows that one key finds in the
 * order of the first one, and those of several keys in none; core does not look.
 */
static bool
is_of_use(const SupportRequestIndexCondition *request, const InSet *in_set)
{
	const AzComparand *column = &in_set->column;
	Oid			collation = request->index->indexcollations[request->indexcol];

	return request->index->relam == BTREE_AM_OID && request->indexcol == 0 &&
		op_in_opfamily(column->equals, request->opfamily) &&
		(column->kind != AZ_VALUE_TEXT || get_collation_isdeterministic(collation)) &&
		(column->kind != AZ_VALUE_CITEXT || collation == column->collation);
}

static bool
is_worth_it(const SupportRequestIndexCondition *request, const InSet *in_set)
{
	return az_count_keys(in_set->set->keys) <= FEW_KEYS ||
		share_of(request->root, in_set, request->index->rel->relid, JOIN_INNER, NULL) <= LARGE_SHARE;
}

/* The function beside in_set(); InvalidOid where the role may not execute it. */
static Oid
find_set_keys(void)
{
	static Oid	oid = InvalidOid;
	static uint64 epoch = 0;
	Oid			types[] = {REGCLASSOID, ANYELEMENTOID};

	if (epoch != az_functions_epoch())
	{
		epoch = az_functions_epoch();
		oid = LookupFuncName(list_make2(makeString(AZ_SCHEMA), makeString("set_keys")),
							 lengthof(types), types, true);
	}
	return OidIsValid(oid) && az_is_executable(oid) ? oid : InvalidOid;
}

static Expr *
call_set_keys(Oid oid, const InSet *in_set, Node *name)
{
	const AzComparand *column = &in_set->column;

	return (Expr *) makeFuncExpr(oid, column->array_type,
								 list_make2(copyObject(name),
											makeNullConst(column->type, -1, get_typcollation(column->type))),
								 get_typcollation(column->type), InvalidOid,
								 COERCE_EXPLICIT_CALL);
}

List *
az_index_in_set(SupportRequestIndexCondition *request)
{
	FuncExpr   *call = (FuncExpr *) request->node;
	InSet		in_set;
	Oid			set_keys;

	if (!IsA(call, FuncExpr) || request->indexarg != 1 ||
		!find_in_set(request->root, call->funcid, call->args, &in_set) ||
		!is_of_use(request, &in_set) || !is_worth_it(request, &in_set))
		return NIL;
	set_keys = find_set_keys();
	if (!OidIsValid(set_keys))
		return NIL;
	in_set.column.collation = request->index->indexcollations[0];
	request->lossy = in_set.view->may_end;
	return list_make1(az_make_comparison(&in_set.column,
										 call_set_keys(set_keys, &in_set, linitial(call->args)),
										 AZ_IN_CONDITION));
}
