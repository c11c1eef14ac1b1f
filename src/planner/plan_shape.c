/*-------------------------------------------------------------------------
 *
 * plan_shape.c
 *	  What a plan that outlives an identity depends on.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/plan_shape.h"

#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "items/grants.h"
#include "planner/ask.h"
#include "session/session.h"

/*
 * A backend has many, each of a few small things that go together: a question
 * or two, a value or two, and what kept.c adds.
 */
#define SHAPE_BYTES		1536

AzPlanShape *
az_make_plan_shape(MemoryContext parent)
{
	static uint32 last_id = 0;
	MemoryContext context = GenerationContextCreate(parent, "dbmi_authz shape",
													0, SHAPE_BYTES, 8 * 1024);
	AzPlanShape    *shape = MemoryContextAllocZero(context, sizeof(AzPlanShape));

	shape->context = context;
	shape->id = ++last_id;
	shape->slot = -1;
	return shape;
}

/* The calls as they stand in a plan, wherever they came from. */
static FuncExpr *
copy_call(const FuncExpr *call)
{
	FuncExpr   *copy = copyObject(unconstify(FuncExpr *, call));

	copy->funcformat = COERCE_EXPLICIT_CALL;
	copy->location = -1;
	return copy;
}

/* ----------------------------------------------------------------
 * Questions
 * ----------------------------------------------------------------
 */

static bool
ask(const FuncExpr *call, bool *isnull)
{
	Datum		answer;

	*isnull = false;
	if (call == NULL)
		return az_is_admin(az_in_force());
	answer = az_ask(call, isnull);
	return !*isnull && DatumGetBool(answer);
}

const AzQuestion *
az_add_question(AzPlanShape *shape, const FuncExpr *call)
{
	AzQuestion *question;
	MemoryContext old;
	ListCell   *lc;
	bool		isnull;
	bool		answer = ask(call, &isnull);

	foreach(lc, shape->questions)
	{
		question = lfirst(lc);
		if (equal(question->call, call))
			return question->answer == answer && question->isnull == isnull ?
				question : NULL;
	}
	old = MemoryContextSwitchTo(shape->context);
	question = palloc(sizeof(AzQuestion));
	question->call = call ? copy_call(call) : NULL;
	question->answer = answer;
	question->isnull = isnull;
	shape->questions = lappend(shape->questions, question);
	MemoryContextSwitchTo(old);
	return question;
}

bool
az_answers_hold(const AzPlanShape *shape)
{
	ListCell   *lc;

	foreach(lc, shape->questions)
	{
		const AzQuestion *question = lfirst(lc);
		bool		isnull;

		if (ask(question->call, &isnull) != question->answer ||
			isnull != question->isnull)
			return false;
	}
	return true;
}

/* ----------------------------------------------------------------
 * Values
 * ----------------------------------------------------------------
 */

void
az_add_site(AzPlanShape *shape, const AzSite *site)
{
	MemoryContext old = MemoryContextSwitchTo(shape->context);
	AzSite	   *copy = palloc(sizeof(AzSite));

	*copy = *site;
	copy->call = copy_call(site->call);
	copy->column.expr = NULL;
	shape->sites = lappend(shape->sites, copy);
	MemoryContextSwitchTo(old);
}

/* The further arguments of a check over a column; all of another call. */
static bool
have_equal_arguments(const FuncExpr *a, const FuncExpr *b, bool further)
{
	int			i;

	if (list_length(a->args) != list_length(b->args))
		return false;
	for (i = further ? 1 : 0; i < list_length(a->args); i++)
	{
		if (!equal(list_nth(a->args, i), list_nth(b->args, i)))
			return false;
	}
	return true;
}

const AzSite *
az_find_site(const AzPlanShape *shape, const FuncExpr *call, AzColumnClaims claims,
			 const AzComparand *column)
{
	ListCell   *lc;

	foreach(lc, shape->sites)
	{
		const AzSite *site = lfirst(lc);

		if (site->claims == claims && site->call->funcid == call->funcid &&
			have_equal_arguments(site->call, call, claims != NULL) &&
			(claims == NULL || (site->column.type == column->type &&
								site->column.kind == column->kind)))
			return site;
	}
	return NULL;
}

bool
az_is_long_array(Oid type, Datum value)
{
	ArrayType  *array;

	if (!OidIsValid(get_element_type(type)))
		return false;
	array = DatumGetArrayTypeP(value);
	return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > AZ_MAX_SHARED_VALUES;
}

/* What a column is compared with; false: by more values than the site takes. */
static bool
read_column_site(const AzSite *site, AzPreset *preset)
{
	Datum	   *values;
	int			n = az_read_claims(&site->column, az_in_force(), site->claims,
								   site->call->args, &values);

	if (n > (site->array ? AZ_MAX_SHARED_VALUES : 1))
		return false;
	preset->isnull = !site->array && n == 0;
	if (site->array)
		preset->value = az_make_array(&site->column, values, n);
	else
		preset->value = n == 0 ? (Datum) 0 : values[0];
	return true;
}

static bool
read_site(const AzSite *site, AzPreset *preset)
{
	preset->param = site->param;
	if (site->claims)
		return read_column_site(site, preset);
	preset->value = az_ask(site->call, &preset->isnull);
	return preset->isnull ||
		!az_is_long_array(site->call->funcresulttype, preset->value);
}

bool
az_has_many_values(const AzPlanShape *shape)
{
	ListCell   *lc;

	foreach(lc, shape->sites)
	{
		AzPreset	preset;

		if (!read_site(lfirst(lc), &preset))
			return true;
	}
	return false;
}

/* ----------------------------------------------------------------
 * Who is in force
 * ----------------------------------------------------------------
 */

Datum
az_pack_serials(uint32 serial, uint32 grants)
{
	return Int64GetDatum((int64) ((uint64) grants << 32 | serial));
}

void
az_unpack_serials(Datum slot, uint32 *serial, uint32 *grants)
{
	uint64		serials = (uint64) DatumGetInt64(slot);

	*serial = (uint32) serials;
	*grants = (uint32) (serials >> 32);
}

static bool
read_sites(const AzPlanShape *shape, AzPresets *presets)
{
	ListCell   *lc;

	foreach(lc, shape->sites)
	{
		if (!read_site(lfirst(lc), &presets->all[presets->n++]))
			return false;
	}
	return true;
}

/*
 * The serials are read before and after: only what did not change meanwhile
 * belongs together.
 */
bool
az_shape_holds(AzPlanShape *shape, AzPresets *presets)
{
	uint32		serial = az_identity_serial();
	uint32		grants = shape->asks_grants ? az_grants_serial() : 0;
	bool		known = shape->held && shape->serial == serial &&
		shape->grants == grants;

	presets->all = palloc(sizeof(AzPreset) * (list_length(shape->sites) + 1));
	presets->n = 1;
	presets->all[0].param = shape->slot;
	presets->all[0].value = az_pack_serials(serial, grants);
	presets->all[0].isnull = false;
	if ((!known && !az_answers_hold(shape)) || !read_sites(shape, presets) ||
		serial != az_identity_serial() ||
		grants != (shape->asks_grants ? az_grants_serial() : 0))
		return false;
	shape->held = true;
	shape->serial = serial;
	shape->grants = grants;
	return true;
}
