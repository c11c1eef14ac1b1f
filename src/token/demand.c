/*-------------------------------------------------------------------------
 *
 * demand.c
 *	  What the option "claim_values" demands of a token: a claim that has one
 *	  of some values, that is present, or that is absent; or one of several
 *	  such things.
 *
 *-------------------------------------------------------------------------
 */
#include "token/demand.h"

#include <string.h>

/* ---- the option ---- */

static void
demand_free(AzDemand *demand)
{
	az_path_free(&demand->claim);
	az_names_free(&demand->values);
}

void
az_demands_free(AzDemands *demands)
{
	size_t		i;

	for (i = 0; i < demands->n; i++)
		demand_free(&demands->demand[i]);
	memset(demands, 0, sizeof(*demands));
}

static bool
is_true(const AzJson *value)
{
	return value != NULL && az_json_type(value) == AZ_JSON_TRUE;
}

/* The values are fit to be freed, also when they are refused. */
static const char *
read_demand(AzDemand *demand, const AzJson *value)
{
	static const char expected[] = "Expected {\"claim\": location, \"values\": array of strings}, {\"claim\": location, \"present\": true}, {\"claim\": location, \"absent\": true} or {\"any\": array of such objects}.";
	const AzJson *claim = az_json_get_z(value, "claim");
	const AzJson *values = az_json_get_z(value, "values");
	const char *why;
	size_t		inside;

	if (az_json_type(value) != AZ_JSON_OBJECT || az_json_count(value) != 2 || claim == NULL)
		return expected;
	if (is_true(az_json_get_z(value, "absent")))
		demand->kind = AZ_ABSENT;
	else if (is_true(az_json_get_z(value, "present")))
		demand->kind = AZ_PRESENT;
	else if (values == NULL || az_json_type(values) != AZ_JSON_ARRAY)
		return expected;
	else if (az_json_count(values) == 0)
		return "Expected at least one value.";
	if (demand->kind != AZ_HAS_VALUE)
		return az_read_path(&demand->claim, claim, &inside);
	why = az_read_list_path(&demand->claim, claim, &inside);
	if (why != NULL)
		return why;
	return az_names_add_array(&demand->values, values, true, &inside);
}

/* A claim inside of a claim that must be absent cannot be present. */
static bool
contradicts(const AzDemands *demands, const AzDemand *demand)
{
	size_t		i;

	for (i = 0; i < demands->n; i++)
	{
		const AzDemand *before = &demands->demand[i];
		const AzDemand *absent = before->kind == AZ_ABSENT ? before : demand;
		const AzDemand *there = absent == before ? demand : before;

		if (absent->kind == AZ_ABSENT && there->kind != AZ_ABSENT &&
			az_path_begins(&there->claim, &absent->claim) && before->alone)
			return true;
	}
	return false;
}

/* Append one demand, which is fit to be freed from here on. */
static const char *
add_demand(AzDemands *demands, const AzJson *value, bool alone, size_t others)
{
	AzDemand   *demand = &demands->demand[demands->n];
	const char *why;

	if (demands->n == AZ_MAX_DEMANDS)
		return "Expected at most 16 claims in all.";
	demand->alone = alone;
	demand->others = others;
	why = read_demand(demand, value);
	if (why == NULL && alone && contradicts(demands, demand))
		why = "The claim cannot be absent and have a value.";
	demands->n++;
	return why;
}

/* Append demands of which one is enough. */
static const char *
add_any(AzDemands *demands, const AzJson *any)
{
	const char *why = NULL;
	size_t		n = az_json_count(any);
	size_t		i;

	if (az_json_type(any) != AZ_JSON_ARRAY || n < 2)
		return "Expected at least two objects in the array \"any\".";
	for (i = 0; i < n && why == NULL; i++)
		why = add_demand(demands, az_json_at(any, i), false, n - 1 - i);
	return why;
}

bool
az_demands_presence(const AzDemands *demands, const char *name)
{
	size_t		i;

	for (i = 0; i < demands->n; i++)
	{
		const AzDemand *demand = &demands->demand[i];

		if (demand->alone && demand->kind != AZ_ABSENT &&
			strcmp(demand->claim.name[0].data, name) == 0)
			return true;
	}
	return false;
}

const char *
az_read_demands(void *field, const AzJson *value, size_t *element)
{
	AzDemands  *demands = field;
	size_t		n = az_json_count(value);
	size_t		i;

	if (az_json_type(value) != AZ_JSON_ARRAY || n > AZ_MAX_DEMANDS)
		return "Expected an array of at most 16 objects.";
	az_demands_free(demands);
	for (i = 0; i < n; i++)
	{
		const AzJson *one = az_json_at(value, i);
		const AzJson *any = az_json_get_z(one, "any");
		const char *why = any != NULL && az_json_count(one) == 1 ?
			add_any(demands, any) : add_demand(demands, one, true, 0);

		*element = i + 1;
		if (why != NULL)
			return why;
	}
	*element = 0;
	return NULL;
}

/* ---- the token ---- */

static bool
is_one_of(const AzNames *values, const AzJson *value)
{
	char		number[AZ_JSON_NUMBER_MAX];
	size_t		len;
	const char *text;

	switch (az_json_type(value))
	{
		case AZ_JSON_STRING:
			text = az_json_string(value, &len);
			return az_names_has(values, text, len);
		case AZ_JSON_INTEGER:
		case AZ_JSON_REAL:
			return az_names_has(values, number, az_json_number_text(value, number));
		case AZ_JSON_TRUE:
			return az_names_has(values, "true", strlen("true"));
		case AZ_JSON_FALSE:
			return az_names_has(values, "false", strlen("false"));
		default:
			return false;
	}
}

static bool
has_key(const AzNames *values, const AzJson *object)
{
	size_t		i;

	for (i = 0; i < values->n; i++)
	{
		if (az_json_get(object, values->name[i].data, values->name[i].len) != NULL)
			return true;
	}
	return false;
}

static bool
is_met(const AzDemand *demand, const AzJson *payload)
{
	const AzJson *value = az_claim_at(payload, &demand->claim);
	size_t		i;

	if (demand->kind != AZ_HAS_VALUE || value == NULL)
		return demand->kind == (value == NULL ? AZ_ABSENT : AZ_PRESENT);
	if (demand->claim.keys)
		return has_key(&demand->values, value);
	if (az_json_type(value) != AZ_JSON_ARRAY)
		return is_one_of(&demand->values, value);
	for (i = 0; i < az_json_count(value); i++)
	{
		if (is_one_of(&demand->values, az_json_at(value, i)))
			return true;
	}
	return false;
}

/* Is it met, or one of its alternatives? */
static bool
is_any_met(const AzDemand *demand, const AzJson *payload)
{
	size_t		i;

	for (i = 0; i <= demand->others; i++)
	{
		if (is_met(&demand[i], payload))
			return true;
	}
	return false;
}

const AzDemand *
az_unmet_demand(const AzDemands *demands, const AzJson *payload)
{
	size_t		i;

	for (i = 0; i < demands->n; i += 1 + demands->demand[i].others)
	{
		if (!is_any_met(&demands->demand[i], payload))
			return &demands->demand[i];
	}
	return NULL;
}
