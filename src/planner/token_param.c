/*-------------------------------------------------------------------------
 *
 * token_param.c
 *	  A token that is bound to a parameter is not made a constant of a plan.
 *
 * A plan that is made for one execution holds the values of its parameters,
 * and plans are shown: by auto_explain, debug_print_plan and EXPLAIN.  So the
 * planner is told not to put in the values that look like a token, wherever
 * the query uses them; the executor has the same parameters and reads them
 * there.
 *
 * The query that loads the library is being planned already.  There, the
 * planner support function of the functions that take a token puts the
 * parameter back.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/token_param.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
#include "nodes/supportnodes.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "server/discretion.h"
#include "session/plans.h"

/* A type whose values are read from texts, or turned into them. */
static bool
is_textual(Oid type)
{
	char		category;
	bool		preferred;

	if (type == JSONOID || type == JSONBOID || type == BYTEAOID)
		return true;
	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_STRING;
}

/* A value that is compressed or out of line is not worth fetching. */
static bool
may_be_token(const ParamExternData *param)
{
	Pointer		value = DatumGetPointer(param->value);

	if ((param->pflags & PARAM_FLAG_CONST) == 0 || param->isnull ||
		!OidIsValid(param->ptype) || get_typlen(param->ptype) != -1)
		return false;
	if (VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value))
		return is_textual(param->ptype);
	return az_holds_token(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* For parameters that are fetched when somebody asks for them (PL/pgSQL). */
static ParamExternData *
fetch_param(ParamListInfo params, int id, bool speculative, ParamExternData *workspace)
{
	ParamListInfo real = params->paramFetchArg;
	ParamExternData *param = real->paramFetch(real, id, speculative, workspace);

	if (!may_be_token(param))
		return param;
	*workspace = *param;
	workspace->pflags &= ~PARAM_FLAG_CONST;
	return workspace;
}

static ParamListInfo
without_tokens_fetched(ParamListInfo params)
{
	ParamListInfo list = palloc0(offsetof(ParamListInfoData, params));

	list->paramFetch = fetch_param;
	list->paramFetchArg = params;
	list->numParams = params->numParams;
	return list;
}

ParamListInfo
az_without_tokens(ParamListInfo params)
{
	ParamListInfo list = params;
	Size		size;
	int			i;

	if (params->paramFetch)
		return without_tokens_fetched(params);
	size = offsetof(ParamListInfoData, params) +
		params->numParams * sizeof(ParamExternData);
	for (i = 0; i < params->numParams; i++)
	{
		if (!may_be_token(&params->params[i]))
			continue;
		if (list == params)
			list = memcpy(palloc(size), params, size);
		list->params[i].pflags &= ~PARAM_FLAG_CONST;
	}
	return list;
}

/* Is the constant the value of that parameter? */
static bool
is_value_of(const Const *constant, const ParamExternData *param)
{
	return OidIsValid(param->ptype) && !param->isnull &&
		get_typlen(param->ptype) == -1 &&
		datum_image_eq(constant->constvalue, param->value, false, -1);
}

/* The parameter, where a value of that type is wanted. */
static Expr *
make_param(int id, Oid type, const Const *wanted)
{
	Param	   *node = makeNode(Param);

	node->paramkind = PARAM_EXTERN;
	node->paramid = id;
	node->paramtype = type;
	node->paramtypmod = -1;
	node->paramcollid = get_typcollation(type);
	node->location = -1;
	if (type == wanted->consttype)
		return (Expr *) node;
	return (Expr *) makeRelabelType((Expr *) node, wanted->consttype, -1,
									wanted->constcollid, COERCE_IMPLICIT_CAST);
}

/* The parameter that a constant was made from; NULL: it was not. */
static Expr *
find_param(const Const *constant, ParamListInfo params)
{
	int			i;

	for (i = 0; i < params->numParams; i++)
	{
		ParamExternData workspace;
		const ParamExternData *param = params->paramFetch ?
			params->paramFetch(params, i + 1, true, &workspace) : &params->params[i];

		if (is_value_of(constant, param))
			return make_param(i + 1, param->ptype, constant);
	}
	return NULL;
}

/* Have the plan say that it takes a token (guard.c). */
static void
mark_plan(PlannerGlobal *glob)
{
	PlanInvalItem *item = makeNode(PlanInvalItem);

	item->cacheId = AZ_GUARD_LOGIN_CACHE_ID;
	glob->invalItems = lappend(glob->invalItems, item);
}

static Node *
simplify(const SupportRequestSimplify *request)
{
	const FuncExpr *call = request->fcall;
	const Const *token = linitial(call->args);
	PlannerInfo *root = request->root;
	Expr	   *param;
	List	   *args;

	if (root != NULL && root->glob != NULL)
		mark_plan(root->glob);
	if (root == NULL || root->glob == NULL || root->glob->boundParams == NULL ||
		!IsA(token, Const) || token->constisnull)
		return NULL;
	param = find_param(token, root->glob->boundParams);
	if (param == NULL)
		return NULL;
	args = list_copy(call->args);
	linitial(args) = param;
	return (Node *) makeFuncExpr(call->funcid, call->funcresulttype, args,
								 call->funccollid, call->inputcollid,
								 COERCE_EXPLICIT_CALL);
}

AZ_SQL(authz_token_support)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	PG_RETURN_POINTER(IsA(request, SupportRequestSimplify) ?
					  simplify((SupportRequestSimplify *) request) : NULL);
}
