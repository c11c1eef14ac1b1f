/*-------------------------------------------------------------------------
 *
 * fn_sets.c
 *	  in_set(), require_in_set() and set_keys(): what the identity reaches.
 *
 * The type of the column is judged before anything else, for anonymous sessions
 * too, as is_owner() does.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "server/asked.h"
#include "server/datum.h"
#include "server/value.h"
#include "session/denial.h"
#include "session/session.h"
#include "sets/set_query.h"

/* What a call keeps from row to row. */
typedef struct Site
{
	AzValueType type;			/* of the second argument */
	AzSetInHand hand;
	uint64		checked;		/* the set whose keys compare with that type */

	/* set_keys() */
	Oid			element;
	int16		len;
	bool		byval;
	char		align;
} Site;

static void
refuse_type(Oid type)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 OidIsValid(type) ?
			 errmsg("a value of type %s cannot be a key", format_type_be(type)) :
			 errmsg("could not determine the type of a key"),
			 errhint(AZ_VALUE_TYPES_HINT)));
}

static Site *
make_site(FmgrInfo *function)
{
	Oid			declared = get_fn_expr_argtype(function, 1);
	Site	   *site;

	/* code that calls a C function directly gives no type, and no memory */
	if (!OidIsValid(declared))
		refuse_type(declared);
	site = MemoryContextAllocZero(function->fn_mcxt, sizeof(Site));
	if (!az_value_type_of(declared, function->fn_mcxt, &site->type))
		refuse_type(declared);
	site->element = declared;
	get_typlenbyvalalign(site->type.type, &site->len, &site->byval, &site->align);
	function->fn_extra = site;
	return site;
}

static inline Site *
site_of(FunctionCallInfo fcinfo)
{
	FmgrInfo   *function = fcinfo->flinfo;

	if (likely(function != NULL && function->fn_extra != NULL))
		return function->fn_extra;
	return make_site(function);
}

static void
check_types(const Site *site, const AzKeySet *keys)
{
	if (!az_keys_compare(az_kind_of_keys(keys), site->type.kind))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a value of type %s cannot be compared with the keys of set %s",
						format_type_be(site->type.type), get_rel_name(site->hand.view)),
				 errhint("Let the view show keys of the column's type.")));
}

/* The set's keys for the identity in force. */
static inline AzKeySet *
keys_of(Site *site, Oid view)
{
	AzKeySet   *keys = az_keys_in_hand(&site->hand, view);

	/* each row may name another set */
	if (unlikely(site->hand.set->number != site->checked))
	{
		check_types(site, keys);
		site->checked = site->hand.set->number;
	}
	return keys;
}

static bool
is_in_set(FunctionCallInfo fcinfo, const AzIdentity *id)
{
	Site	   *site = site_of(fcinfo);
	const AzKeySet *keys;
	int64		until;

	if (id == NULL || PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return false;
	keys = keys_of(site, PG_GETARG_OID(0));
	return az_find_key(keys, site->type.kind, PG_GETARG_DATUM(1), &until) &&
		(likely(until == AZ_NEVER) || until > az_unix_now());
}

AZ_SQL(authz_in_set)
{
	PG_RETURN_BOOL(is_in_set(fcinfo, az_current()));
}

AZ_SQL(authz_require_in_set)
{
	if (!is_in_set(fcinfo, az_current_required()))
		az_raise_denied_for(psprintf("User does not reach a key of set %s",
									 PG_ARGISNULL(0) ? "NULL" : get_rel_name(PG_GETARG_OID(0))),
							NULL);
	PG_RETURN_VOID();
}

/* ----------------------------------------------------------------
 * All of them
 * ----------------------------------------------------------------
 */

static ArrayType *
list_keys(Site *site, AzKeySet *keys)
{
	Datum	   *values;
	int			n = az_list_keys(keys, &site->type, az_unix_now(), &values);
	ArrayType  *array;
	int			i;

	if (site->element != site->type.type)
	{
		for (i = 0; i < n; i++)
			domain_check(values[i], false, site->element, NULL, NULL);
	}
	array = n == 0 ? construct_empty_array(site->element) :
		construct_array(values, n, site->element, site->len, site->byval, site->align);
	pfree(values);
	return array;
}

/*
 * A scan that starts again for each row of another one asks each time, and so
 * does the planner for each path.  The array stays as long as the set does: a
 * query has it pinned, and the planner makes a copy at once.
 */
static ArrayType *
array_of(Site *site, AzKeySet *keys)
{
	AzKeptSet  *set = site->hand.set;
	bool		stays = site->hand.part != 0 || az_is_asked_for_plan();
	ArrayType  *array;

	if (stays && set->array && set->element == site->element)
		return set->array;
	array = list_keys(site, keys);
	if (!stays || az_next_end(keys, PG_INT64_MIN) != AZ_NEVER)
		return array;
	return az_remember_array(set, site->element, array);
}

AZ_SQL(authz_set_keys)
{
	Site	   *site = site_of(fcinfo);
	const AzIdentity *id = az_current();

	if (id == NULL || PG_ARGISNULL(0))
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(site->element));
	PG_RETURN_ARRAYTYPE_P(array_of(site, keys_of(site, PG_GETARG_OID(0))));
}
