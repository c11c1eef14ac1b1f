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
#include "session/plans.h"
#include "session/session.h"
#include "sets/set.h"

/*
 * A backend has many shapes, each with a few small parts that are freed
 * together: a question or two, a value or two, and what kept.c adds.
 */
#define SHAPE_BYTES		1536

AzPlanShape *
az_make_plan_shape(MemoryContext parent)
{
	static uint32 last_id = 0;
	MemoryContext context = GenerationContextCreate(parent, "dbmi_authz shape",
													0, SHAPE_BYTES, 8 * 1024);
	AzPlanShape *shape = MemoryContextAllocZero(context, sizeof(AzPlanShape));

	shape->context = context;
	shape->id = ++last_id;
	shape->slot = -1;
	return shape;
}

/*
 * The calls in the form in which they are in a plan, wherever they came from.
 */
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

/* until: the earliest end of all answers that were asked for so far. */
static bool
ask(const AzQuestion *question, bool *isnull, int64 *until)
{
	Datum		answer;

	*isnull = false;
	if (question->call == NULL)
		return az_is_admin(az_in_force());
	answer = az_ask_again(question->call, &question->function, isnull);
	*until = Min(*until, az_asked_until());
	return !*isnull && DatumGetBool(answer);
}

static const AzQuestion *
find_question(const AzPlanShape *shape, const FuncExpr *call)
{
	ListCell   *lc;

	foreach(lc, shape->questions)
	{
		const AzQuestion *question = lfirst(lc);

		if (equal(question->call, call))
			return question;
	}
	return NULL;
}

static AzQuestion *
make_question(AzPlanShape *shape, const FuncExpr *call)
{
	MemoryContext old = MemoryContextSwitchTo(shape->context);
	AzQuestion *question = palloc0(sizeof(AzQuestion));

	if (call)
	{
		question->call = copy_call(call);
		az_look_up(question->call, &question->function, shape->context);
	}
	shape->questions = lappend(shape->questions, question);
	MemoryContextSwitchTo(old);
	return question;
}

const AzQuestion *
az_add_question(AzPlanShape *shape, const FuncExpr *call)
{
	const AzQuestion *found = find_question(shape, call);
	AzQuestion *question;
	int64		until = AZ_FOREVER;

	if (found)
		return found;
	question = make_question(shape, call);
	question->answer = ask(question, &question->isnull, &until);
	return question;
}

void
az_add_set_size(AzPlanShape *shape, Oid view, uint32 n)
{
	MemoryContext old;
	AzSetSize  *size;
	ListCell   *lc;

	foreach(lc, shape->sizes)
	{
		if (((const AzSetSize *) lfirst(lc))->view == view)
			return;
	}
	old = MemoryContextSwitchTo(shape->context);
	size = palloc(sizeof(AzSetSize));
	size->view = view;
	size->item = az_set_size_item(view, n);
	shape->sizes = lappend(shape->sizes, size);
	MemoryContextSwitchTo(old);
}

/* Are the sets about as large as when it was planned?  They may grow any time. */
static bool
sizes_hold(const AzPlanShape *shape)
{
	ListCell   *lc;

	foreach(lc, shape->sizes)
	{
		const AzSetSize *size = lfirst(lc);
		const AzKeptSet *set = az_estimate_set(az_get_set_view(size->view));

		if (set != NULL &&
			az_is_other_size(size->item, az_set_size_item(size->view, az_count_keys(set->keys))))
			return false;
	}
	return true;
}

bool
az_answers_hold(const AzPlanShape *shape, int64 *until)
{
	ListCell   *lc;

	*until = AZ_FOREVER;
	if (!sizes_hold(shape))
		return false;
	foreach(lc, shape->questions)
	{
		const AzQuestion *question = lfirst(lc);
		bool		isnull;

		if (ask(question, &isnull, until) != question->answer ||
			isnull != question->isnull)
			return false;
	}
	return true;
}

/* ----------------------------------------------------------------
 * Values
 * ----------------------------------------------------------------
 */

const AzSite *
az_add_site(AzPlanShape *shape, const AzSite *site)
{
	MemoryContext old = MemoryContextSwitchTo(shape->context);
	AzSite	   *copy = palloc(sizeof(AzSite));

	*copy = *site;
	copy->call = copy_call(site->call);
	if (copy->claims == NULL)
		az_look_up(copy->call, &copy->function, shape->context);
	copy->column.expr = NULL;
	shape->sites = lappend(shape->sites, copy);
	MemoryContextSwitchTo(old);
	return copy;
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
	preset->value = az_ask_again(site->call, &site->function, &preset->isnull);
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

/* The identity in force, without anything about its answers. */
static AzToldWhom
whom_now(const AzPlanShape *shape)
{
	AzToldWhom	whom = {az_identity_serial(), 0, AZ_FOREVER};

	if (shape->asks_grants)
		whom.grants = az_grants_serial();
	return whom;
}

static bool
is_same(const AzToldWhom *a, const AzToldWhom *b)
{
	return a->serial == b->serial && a->grants == b->grants;
}

/*
 * Do the answers hold?  Either they did a moment ago, or the questions are
 * asked now.
 */
static bool
check_answers(AzPlanShape *shape, AzToldWhom *whom)
{
	if (shape->held && shape->serial == whom->serial && shape->grants == whom->grants &&
		sizes_hold(shape) && (shape->until == AZ_FOREVER || az_unix_now() < shape->until))
	{
		whom->until = shape->until;
		return true;
	}
	return az_answers_hold(shape, &whom->until);
}

/*
 * Who is in force is looked at before and after: only what did not change
 * meanwhile belongs together.
 */
bool
az_shape_holds(AzPlanShape *shape, AzPresets *presets)
{
	AzToldWhom *whom = palloc(sizeof(AzToldWhom));
	AzToldWhom	after;

	*whom = whom_now(shape);
	presets->all = palloc(sizeof(AzPreset) * (list_length(shape->sites) + 1));
	presets->n = 1;
	presets->all[0].param = shape->slot;
	presets->all[0].value = PointerGetDatum(whom);
	presets->all[0].isnull = false;
	if (!check_answers(shape, whom) || !read_sites(shape, presets))
		return false;
	after = whom_now(shape);
	if (!is_same(whom, &after))
		return false;
	shape->held = true;
	shape->serial = whom->serial;
	shape->grants = whom->grants;
	shape->until = whom->until;
	return true;
}
