/*-------------------------------------------------------------------------
 *
 * changes.c
 *	  What differs between two states, and what that means for whom.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/changes.h"

#include "lib/stringinfo.h"

#include "insight/state.h"

/* ----------------------------------------------------------------
 * States
 * ----------------------------------------------------------------
 */

void
az_raise_no_state(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("this is not a result of policy_state()"),
			 errdetail_internal("%s", detail)));
}

static void
check_state(const AzJson *state)
{
	int64_t		format;
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *value;

	if (!az_json_integer(az_json_get_z(state, "format"), &format) ||
		az_member(state, "relation") == NULL)
		az_raise_no_state("The members \"format\" and \"relation\" are missing.");
	if (format != AZ_STATE_FORMAT)
		az_raise_no_state(psprintf("Its format is %lld, and this version knows format %d.",
								(long long) format, AZ_STATE_FORMAT));
	while ((iter = az_json_next(state, iter, &name, &len, &value)) != NULL)
	{
		size_t		i;

		if (strcmp(name, "format") == 0 || strcmp(name, "relation") == 0)
			continue;
		if (az_json_type(value) != AZ_JSON_ARRAY)
			az_raise_no_state("A section is not an array.");
		for (i = 0; i < az_json_count(value); i++)
		{
			if (az_json_type(az_json_at(value, i)) != AZ_JSON_OBJECT)
				az_raise_no_state("A row of a section is not an object.");
		}
	}
}

void
az_check_states(const AzJson *before, const AzJson *after)
{
	check_state(before);
	check_state(after);
	if (strcmp(az_member(before, "relation"), az_member(after, "relation")) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the states are of two relations"),
				 errhint("Compare two results of policy_state() for the same table.")));
}

const char *
az_member(const AzJson *row, const char *name)
{
	size_t		len;
	const AzJson *value = az_json_get_z(row, name);

	return value ? az_json_string(value, &len) : NULL;
}

bool
az_is_set(const AzJson *row, const char *name)
{
	const AzJson *value = row ? az_json_get_z(row, name) : NULL;

	return value != NULL && az_json_type(value) == AZ_JSON_TRUE;
}

static bool
is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

const AzJson *
az_find_state_row(const AzJson *state, const char *section, const char *name, const char *value,
			const char *name2, const char *value2)
{
	const AzJson *rows = az_json_get_z(state, section);
	size_t		i;

	for (i = 0; i < az_json_count(rows); i++)
	{
		const AzJson *row = az_json_at(rows, i);

		if (is_same_text(az_member(row, name), value) &&
			(name2 == NULL || is_same_text(az_member(row, name2), value2)))
			return row;
	}
	return NULL;
}

bool
az_lists(const AzJson *array, const char *text)
{
	size_t		len;
	size_t		i;

	for (i = 0; i < az_json_count(array); i++)
	{
		const char *its = az_json_string(az_json_at(array, i), &len);

		if (its && strcmp(its, text) == 0)
			return true;
	}
	return false;
}

bool
az_is_way(const AzJson *relation, const char *way)
{
	const char *its = az_member(relation, "way");

	return its && strcmp(its, way) == 0;
}

bool
az_is_same(const AzJson *a, const AzJson *b)
{
	size_t		len;
	size_t		i;
	void	   *iter = NULL;
	const char *name;
	const AzJson *value;
	char		x[AZ_JSON_NUMBER_MAX];
	char		y[AZ_JSON_NUMBER_MAX];

	if (a == NULL || b == NULL || az_json_type(a) != az_json_type(b) ||
		az_json_count(a) != az_json_count(b))
		return a == b;
	switch (az_json_type(a))
	{
		case AZ_JSON_STRING:
			return strcmp(az_json_string(a, &len), az_json_string(b, &len)) == 0;
		case AZ_JSON_INTEGER:
		case AZ_JSON_REAL:
			return az_json_number_text(a, x) == az_json_number_text(b, y) && strcmp(x, y) == 0;
		case AZ_JSON_ARRAY:
			for (i = 0; i < az_json_count(a); i++)
			{
				if (!az_is_same(az_json_at(a, i), az_json_at(b, i)))
					return false;
			}
			return true;
		case AZ_JSON_OBJECT:
			while ((iter = az_json_next(a, iter, &name, &len, &value)) != NULL)
			{
				if (!az_is_same(value, az_json_get(b, name, len)))
					return false;
			}
			return true;
		default:
			return true;
	}
}

/* ----------------------------------------------------------------
 * Lines
 * ----------------------------------------------------------------
 */

#define CANNOT_TELL "changed, neither wider nor narrower can be told: "

const char *
az_whom(const char *role)
{
	return role == NULL || strcmp(role, "PUBLIC") == 0 ? "everybody" : psprintf("role %s", role);
}

static void
add_line(AzChanges *changes, AzDirection direction, char *line)
{
	ListCell   *lc;

	foreach(lc, changes->lines[direction])
	{
		if (strcmp(lfirst(lc), line) == 0)
			return;
	}
	changes->lines[direction] = lappend(changes->lines[direction], line);
}

void
az_tell(AzChanges *changes, AzDirection direction, const char *who,
		const char *commands, const char *relation, const char *why)
{
	const char *whose = psprintf("for %s on %s of %s", who, commands, relation);

	if (direction == AZ_UNTOLD)
		add_line(changes, direction, psprintf(CANNOT_TELL "%s, %s.", whose, why));
	else
	{
		add_line(changes, direction,
				 psprintf("%s %s: %s.", direction == AZ_WIDER ? "wider" : "narrower", whose, why));
		changes->directed = lappend(changes->directed, unconstify(char *, relation));
	}
}

void
az_judge_flag(AzChanges *changes, const AzDifference *difference, const char *flag, bool widens,
		   const char *who, const char *relation, const char *set, const char *unset)
{
	bool		is = az_is_set(difference->after, flag);

	if (is != az_is_set(difference->before, flag))
		az_tell(changes, is == widens ? AZ_WIDER : AZ_NARROWER, who, AZ_ALL_COMMANDS, relation, is ? set : unset);
}

/* A longer value does not fit into a line. */
#define MAX_VALUE	200

static void
print_value(StringInfo out, const AzJson *value)
{
	char		number[AZ_JSON_NUMBER_MAX];
	size_t		len;
	const char *text;
	size_t		i;

	switch (value ? az_json_type(value) : AZ_JSON_NULL)
	{
		case AZ_JSON_STRING:
			text = az_json_string(value, &len);
			appendStringInfo(out, len > MAX_VALUE ? "a long text" : "\"%s\"", text);
			break;
		case AZ_JSON_ARRAY:
			for (i = 0; i < az_json_count(value); i++)
			{
				appendStringInfoString(out, i > 0 ? ", " : "");
				print_value(out, az_json_at(value, i));
			}
			appendStringInfoString(out, i == 0 ? "nothing" : "");
			break;
		case AZ_JSON_INTEGER:
		case AZ_JSON_REAL:
			(void) az_json_number_text(value, number);
			appendStringInfoString(out, number);
			break;
		case AZ_JSON_TRUE:
			appendStringInfoString(out, "yes");
			break;
		case AZ_JSON_FALSE:
			appendStringInfoString(out, "no");
			break;
		case AZ_JSON_OBJECT:
			appendStringInfoString(out, "an object");
			break;
		default:
			appendStringInfoString(out, "nothing");
	}
}

static void print_members(StringInfo out, const char *prefix, const AzJson *before, const AzJson *after);

static void
print_member(StringInfo out, const char *name, const AzJson *before, const AzJson *after)
{
	if (az_is_same(before, after))
		return;
	if (before && after && az_json_type(before) == AZ_JSON_OBJECT && az_json_type(after) == AZ_JSON_OBJECT)
	{
		print_members(out, psprintf("%s ", name), before, after);
		return;
	}
	appendStringInfo(out, "%s%s was ", out->len > 0 ? ", " : "", name);
	print_value(out, before);
	appendStringInfoString(out, " and is ");
	print_value(out, after);
}

/* The members that differ; nested at most as deep as JSON is read. */
static void
print_members(StringInfo out, const char *prefix, const AzJson *before, const AzJson *after)
{
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *value;

	while ((iter = az_json_next(before, iter, &name, &len, &value)) != NULL)
		print_member(out, psprintf("%s%s", prefix, name), value, az_json_get(after, name, len));
	while ((iter = az_json_next(after, iter, &name, &len, &value)) != NULL)
	{
		if (az_json_get(before, name, len) == NULL)
			print_member(out, psprintf("%s%s", prefix, name), NULL, value);
	}
}

void
az_tell_difference(AzChanges *changes, const AzDifference *difference)
{
	StringInfoData members;
	const char *what = psprintf(CANNOT_TELL "%s %s", difference->noun, difference->name);

	initStringInfo(&members);
	if (difference->before == NULL)
		add_line(changes, AZ_UNTOLD, psprintf("%s decides now.", what));
	else if (difference->after == NULL)
		add_line(changes, AZ_UNTOLD, psprintf("%s does not decide any more.", what));
	else
	{
		print_members(&members, "", difference->before, difference->after);
		add_line(changes, AZ_UNTOLD, psprintf("%s: %s.", what, members.data));
	}
}
