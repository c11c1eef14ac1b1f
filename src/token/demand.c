/*-------------------------------------------------------------------------
 *
 * demand.c
 *	  What the option "claim_values" demands of a token: a claim that has one
 *	  of some values, or that is absent.
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

/* It is fit to be freed, whatever comes of it. */
static const char *
read_demand(AzDemand *demand, const AzJson *value)
{
	static const char expected[] = "Expected {\"claim\": location, \"values\": array of strings} or {\"claim\": location, \"absent\": true}.";
	const AzJson *claim = az_json_get_z(value, "claim");
	const AzJson *values = az_json_get_z(value, "values");
	const AzJson *absent = az_json_get_z(value, "absent");
	const char *why;
	size_t		inside;

	if (az_json_type(value) != AZ_JSON_OBJECT || az_json_count(value) != 2 || claim == NULL)
		return expected;
	if (absent != NULL && az_json_type(absent) == AZ_JSON_TRUE)
	{
		demand->absent = true;
		return az_read_path(&demand->claim, claim, &inside);
	}
	if (values == NULL || az_json_type(values) != AZ_JSON_ARRAY)
		return expected;
	if (az_json_count(values) == 0)
		return "Expected at least one value.";
	why = az_read_list_path(&demand->claim, claim, &inside);
	if (why != NULL)
		return why;
	return az_names_add_array(&demand->values, values, true, &inside);
}

/* One claim cannot be absent and have a value. */
static bool
contradicts(const AzDemands *demands, const AzDemand *demand)
{
	size_t		i;

	for (i = 0; i < demands->n; i++)
	{
		if (demands->demand[i].absent != demand->absent &&
			az_path_equal(&demands->demand[i].claim, &demand->claim))
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
		AzDemand   *demand = &demands->demand[i];
		const char *why = read_demand(demand, az_json_at(value, i));

		if (why == NULL && contradicts(demands, demand))
			why = "The claim cannot be absent and have a value.";
		demands->n++;
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

	if (value == NULL || demand->absent)
		return value == NULL && demand->absent;
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

const AzDemand *
az_unmet_demand(const AzDemands *demands, const AzJson *payload)
{
	size_t		i;

	for (i = 0; i < demands->n; i++)
	{
		if (!is_met(&demands->demand[i], payload))
			return &demands->demand[i];
	}
	return NULL;
}
