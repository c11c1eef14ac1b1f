/*-------------------------------------------------------------------------
 *
 * plan_shape.h
 *	  What a plan that outlives an identity depends on.
 *
 * The invariant: such a plan depends on an identity only by the recorded
 * answers (its shape) and by parameters that ExecutorStart sets.  It does not
 * matter for which identity it was planned.  If ExecutorStart did not set the
 * parameters, they are NULL, and there is no row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PLAN_SHAPE_H
#define AZ_PLAN_SHAPE_H

#include "server/compat.h"
#include "nodes/primnodes.h"

#include "planner/checks.h"
#include "planner/comparand.h"

/*
 * As many values may take the place of one parameter.  The executor looks
 * values of a constant array up in a hash table from nine on, and those of a
 * parameter one by one.
 */
#define AZ_MAX_SHARED_VALUES	8

/* A question whose answer decides what the plan looks like. */
typedef struct AzQuestion
{
	FuncExpr   *call;			/* over constants; NULL: an administrator? */
	FmgrInfo	function;		/* of the call */
	bool		answer;
	bool		isnull;
} AzQuestion;

/* What a parameter stands for. */
typedef struct AzSite
{
	FuncExpr   *call;
	AzColumnClaims claims;		/* over a column; NULL: what the call returns */
	FmgrInfo	function;		/* of the call, for that */
	AzComparand	column;			/* how it compares; its expr is NULL */
	bool		array;			/* of a column: any number of values, else one */
	int			param;			/* PARAM_EXEC */
} AzSite;

/* A set, and of about which size it was (session/plans.h). */
typedef struct AzSetSize
{
	Oid			view;
	uint32		item;
} AzSetSize;

typedef struct AzPlanShape
{
	MemoryContext context;		/* all of it */
	uint32		id;				/* no two in a backend have the same */
	List	   *questions;
	List	   *sites;
	List	   *sizes;			/* of the sets that it asks: AzSetSize */
	int			slot;			/* the parameter that says for whom; -1: none */
	bool		ends;			/* a check is an error once the identity has ended */
	bool		asks_grants;

	/*
	 * the identity for which it last held, so that questions are not asked
	 * again
	 */
	bool		held;
	uint32		serial;
	uint32		grants;
	int64		until;			/* and how long its answers hold */
} AzPlanShape;

/* The identity that an execution is for; the slot points here. */
typedef struct AzToldWhom
{
	uint32		serial;
	uint32		grants;
	int64		until;			/* as of AzPlanShape */
} AzToldWhom;

/* A parameter of an execution. */
typedef struct AzPreset
{
	int			param;
	Datum		value;
	bool		isnull;
} AzPreset;

typedef struct AzPresets
{
	int			n;
	AzPreset   *all;
} AzPresets;

extern AzPlanShape *az_make_plan_shape(MemoryContext parent);

/*
 * The answer for the identity in force, which the shape then depends on.  When
 * the question is asked again in the same planning, the answer is the same
 * even if the identity has changed.
 */
extern const AzQuestion *az_add_question(AzPlanShape *shape, const FuncExpr *call);

/* The parameter is of the site's choosing; the caller makes it one of the plan. */
extern const AzSite *az_add_site(AzPlanShape *shape, const AzSite *site);

/* The plan is made for a set of so many keys, or about that. */
extern void az_add_set_size(AzPlanShape *shape, Oid view, uint32 n);

/* The site that stands for the same; NULL: none. */
extern const AzSite *az_find_site(const AzPlanShape *shape, const FuncExpr *call,
								  AzColumnClaims claims, const AzComparand *column);

/* Are the answers those of the identity in force, and until when? */
extern bool az_answers_hold(const AzPlanShape *shape, int64 *until);

/* Is there a site with more values than are shared? */
extern bool az_has_many_values(const AzPlanShape *shape);

/* Is that an array of more values than are shared? */
extern bool az_is_long_array(Oid type, Datum value);

/*
 * Is a plan of that shape right for the identity in force?  If so, *presets
 * are the values to set, including the slot, palloc'd.  The identity may
 * change meanwhile; the plan is right for the one in the slot.
 */
extern bool az_shape_holds(AzPlanShape *shape, AzPresets *presets);

#endif							/* AZ_PLAN_SHAPE_H */
