/*-------------------------------------------------------------------------
 *
 * sharing.c
 *	  A plan that outlives an identity, while it is made.
 *
 * A value that differs from identity to identity is a PARAM_EXEC parameter of
 * the outermost query.  The planner must believe that something sets it, or
 * neither workers nor sub-queries would get it: so there is a sub-plan for
 * that purpose, whose outputs are the parameters, and which is taken out of
 * the finished plan.  ExecutorStart sets them instead (shared_start.c).
 *
 * Other ways do not work.  A stable function is called for each row of a
 * sequential scan, and its value is used for estimates while planning, so that
 * the plan would depend on the identity that came first.  A sub-select breaks
 * where core simplifies before it has seen that a query has one.  With a
 * PARAM_EXTERN, PL/pgSQL looks up a variable.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/sharing.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/paramassign.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "optimizer/subselect.h"
#include "utils/lsyscache.h"

#include "planner/ask.h"
#include "planner/plan_items.h"
#include "session/plans.h"
#include "session/session.h"

/* ----------------------------------------------------------------
 * Parameters
 * ----------------------------------------------------------------
 */

PlannerInfo *
az_outermost(PlannerInfo *root)
{
	while (root->parent_root)
		root = root->parent_root;
	return root;
}

/* SELECT NULL::bigint, planned below that query. */
static PlannerInfo *
plan_null(PlannerInfo *top)
{
	Query	   *query = makeNode(Query);
	Expr	   *null = (Expr *) makeNullConst(INT8OID, -1, InvalidOid);

	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->jointree = makeFromExpr(NIL, NULL);
	query->targetList = list_make1(makeTargetEntry(null, 1, pstrdup("identity"), false));
	return az_subquery_planner(top->glob, query, top, false, 0.0);
}

/* The sub-plan, and the slot as its first output. */
static void
make_initplan(AzSharing *sharing, PlannerInfo *top)
{
	PlannerInfo *subroot = plan_null(top);
	RelOptInfo *rel = fetch_upper_rel(subroot, UPPERREL_FINAL, NULL);
	Plan	   *plan = create_plan(subroot, rel->cheapest_total_path);
	Param	   *slot = SS_make_initplan_output_param(top, INT8OID, -1, InvalidOid);

	SS_make_initplan_from_plan(top, subroot, plan, slot);
	sharing->initplan = llast_node(SubPlan, top->init_plans);
	sharing->shape->slot = slot->paramid;
}

/* Adds a parameter; returns its number. */
static int
add_param(AzSharing *sharing, PlannerInfo *root, Oid type, Oid collation)
{
	Param	   *param = generate_new_exec_param(az_outermost(root), type, -1, collation);

	sharing->initplan->setParam = lappend_int(sharing->initplan->setParam,
											  param->paramid);
	return param->paramid;
}

/* What stands for a site in an expression. */
static Param *
make_param(const AzSite *site, Oid type, Oid collation)
{
	Param	   *param = makeNode(Param);

	param->paramkind = PARAM_EXEC;
	param->paramid = site->param;
	param->paramtype = type;
	param->paramtypmod = -1;
	param->paramcollid = collation;
	param->location = -1;
	return param;
}

static void
refuse(AzSharing *sharing, AzRefusal refusal)
{
	if (sharing->refusal == AZ_SHAREABLE)
		sharing->refusal = refusal;
}

/* ----------------------------------------------------------------
 * While planning
 * ----------------------------------------------------------------
 */

/*
 * Checks that are met when base relations are there already make no
 * parameter: where all are of that kind, there is no slot.  A planner hook that
 * plans twice would have two plans bear one shape.
 */
void
az_share(AzSharing *sharing, PlannerInfo *root)
{
	if (sharing->glob == NULL)
	{
		sharing->glob = root->glob;
		(void) az_add_item(&root->glob->invalItems, AZ_GUARD_SHAPE_CACHE_ID,
						   sharing->shape->id);
		az_depend_on_function(&root->glob->invalItems, AZ_SHARED_PLANS_HASH);
	}
	else if (sharing->glob != root->glob)
		refuse(sharing, AZ_NOT_SHAREABLE);
	if (sharing->initplan == NULL && sharing->glob == root->glob &&
		root->simple_rel_array == NULL)
		make_initplan(sharing, az_outermost(root));
}

Node *
az_share_answer(AzSharing *sharing, const FuncExpr *call)
{
	const AzQuestion *question = az_add_question(sharing->shape, call);

	return makeBoolConst(question->answer, question->isnull);
}

static const AzSite *
add_result_site(AzSharing *sharing, PlannerInfo *root, const FuncExpr *call)
{
	AzSite		site = {.call = unconstify(FuncExpr *, call)};
	bool		isnull;
	Datum		value = az_ask(call, &isnull);

	if (!isnull && az_is_long_array(call->funcresulttype, value))
		refuse(sharing, AZ_MANY_VALUES);
	site.param = add_param(sharing, root, call->funcresulttype, call->funccollid);
	return az_add_site(sharing->shape, &site);
}

Node *
az_share_result(AzSharing *sharing, PlannerInfo *root, const FuncExpr *call)
{
	const AzSite *site = az_find_site(sharing->shape, call, NULL, NULL);

	if (site == NULL)
		site = add_result_site(sharing, root, call);
	return (Node *) make_param(site, call->funcresulttype, call->funccollid);
}

static Oid
type_of(const AzSite *site, const AzComparand *column)
{
	return site->array ? column->array_type : column->type;
}

static const AzSite *
add_column_site(AzSharing *sharing, PlannerInfo *root, const FuncExpr *call,
				AzColumnClaims claims, const AzComparand *column)
{
	AzSite		site = {.call = unconstify(FuncExpr *, call), .claims = claims, .column = *column};
	Datum	   *values;
	int			n = az_read_claims(column, az_in_force(), claims, call->args, &values);

	if (n > AZ_MAX_SHARED_VALUES)
		refuse(sharing, AZ_MANY_VALUES);
	site.array = n > 1;
	site.param = add_param(sharing, root, type_of(&site, column),
						   get_typcollation(column->type));
	return az_add_site(sharing->shape, &site);
}

Node *
az_share_comparison(AzSharing *sharing, PlannerInfo *root, const FuncExpr *call,
					AzColumnClaims claims, const AzComparand *column, AzPlace place)
{
	const AzSite *site = az_find_site(sharing->shape, call, claims, column);
	Param	   *param;

	if (site == NULL)
		site = add_column_site(sharing, root, call, claims, column);
	param = make_param(site, type_of(site, column), get_typcollation(column->type));
	return az_make_comparison(column, (Expr *) param, place);
}

/* ----------------------------------------------------------------
 * The finished plan
 * ----------------------------------------------------------------
 */

/*
 * Does it have the mark of this shape, and of no identity?  If not, core has
 * planned a part of it elsewhere.
 */
static bool
bears_shape_alone(const PlannedStmt *plan, uint32 id)
{
	ListCell   *lc;
	bool		found = false;

	foreach(lc, plan->invalItems)
	{
		const PlanInvalItem *item = lfirst_node(PlanInvalItem, lc);

		if (item->cacheId == AZ_GUARD_SHAPE_CACHE_ID)
		{
			if (item->hashValue != id)
				return false;
			found = true;
		}
		else if (item->cacheId == AZ_GUARD_CACHE_ID ||
				 item->cacheId == AZ_GUARD_SERIAL_CACHE_ID ||
				 item->cacheId == AZ_GUARD_GRANTS_CACHE_ID)
			return false;
	}
	return found;
}

/* Takes out the sub-plan, which is no longer needed. */
static bool
take_initplan_out(PlannedStmt *plan, int slot)
{
	Plan	   *top = plan->planTree;
	ListCell   *lc;

	foreach(lc, top->initPlan)
	{
		SubPlan    *initplan = lfirst_node(SubPlan, lc);

		if (!list_member_int(initplan->setParam, slot))
			continue;
		lfirst(list_nth_cell(plan->subplans, initplan->plan_id - 1)) = NULL;
		top->initPlan = foreach_delete_current(top->initPlan, lc);
		return true;
	}
	return false;
}

bool
az_finish_sharing(AzSharing *sharing, PlannedStmt *plan)
{
	const AzPlanShape *shape = sharing->shape;

	if (shape->slot < 0 || !bears_shape_alone(plan, shape->id) ||
		!take_initplan_out(plan, shape->slot))
		refuse(sharing, AZ_NOT_SHAREABLE);
	if (sharing->refusal != AZ_SHAREABLE)
		return false;
	(void) az_add_item(&plan->invalItems, AZ_GUARD_SLOT_CACHE_ID,
					   AZ_SLOT_ITEM(shape->slot, shape->ends, shape->asks_grants));
	return true;
}
