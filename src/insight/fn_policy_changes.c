/*-------------------------------------------------------------------------
 *
 * fn_policy_changes.c
 *	  policy_changes(): what differs between two states, in words.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "insight/changes.h"
#include "server/arguments.h"
#include "trust/admin.h"

#define MAX_KEYS	4

/*
 * The sections, what names a row in them, and who judges one that differs; NULL:
 * nobody can tell.  A row whose first key is its relation goes without saying
 * where the relation itself came or went.
 */
static const struct
{
	const char *section;
	const char *noun;
	const char *keys[MAX_KEYS];
	AzJudge		judge;
}			subjects[] = {
	{"relations", "relation", {"name"}, az_judge_relation},
	{"policies", "policy", {"relation", "name"}, az_judge_policy},
	{"grants", "grant", {"relation", "column", "role"}, az_judge_grant},
	{"schemas", "schema", {"name", "role"}, az_judge_schema},
	{"roles", "role", {"name"}, az_judge_role},
	{"members", "member", {"member", "role"}, az_judge_member},
	{"inheritance", "partition or child", {"child", "parent"}, NULL},
	{"columns", "column", {"relation", "name"}, NULL},
	{"triggers", "trigger", {"relation", "name"}, NULL},
	{"rewrite_rules", "rewrite rule", {"relation", "name"}, NULL},
	{"constraints", "constraint", {"object", "name"}, NULL},
	{"functions", "function", {"name"}, az_judge_function},
	{"operators", "operator", {"name"}, NULL},
	{"types", "type", {"name"}, NULL},
	{"collations", "collation", {"name"}, NULL},
	{"object_rules", "rule of object permissions", {"relation", "permission", "kind"}, NULL},
	{"profiles", "profile", {"profile"}, NULL},
	{"issuers", "issuer", {"issuer"}, NULL},
	{"keys", "key", {"issuer", "kid", "alg", "thumbprint"}, NULL},
	{"ceilings", "ceiling", {"issuer", "actor"}, NULL},
	{"implied_permissions", "implied permission", {"client", "permission", "implies"}, NULL},
	{"settings", "setting", {"name"}, NULL},
	{"settings_of_roles", "setting of", {"role", "in_this_database", "name"}, NULL},
	{"extensions", "extension", {"name"}, NULL},
};

/* ----------------------------------------------------------------
 * Rows
 * ----------------------------------------------------------------
 */

typedef struct Row
{
	const AzJson *row;
	char	   *key;			/* of what names it, each with its length */
	char	   *name;			/* the same to be read */
} Row;

static void
name_row(Row *row, const char *const *keys)
{
	StringInfoData key;
	StringInfoData name;
	int			i;

	initStringInfo(&key);
	initStringInfo(&name);
	for (i = 0; i < MAX_KEYS && keys[i]; i++)
	{
		const char *part = az_member(row->row, keys[i]);

		if (part == NULL && az_is_set(row->row, keys[i]))
			part = keys[i];
		if (part)
		{
			appendStringInfo(&key, "%zu:%s", strlen(part), part);
			appendStringInfo(&name, "%s%s", name.len ? " " : "", part);
		}
		appendStringInfoChar(&key, ',');
	}
	row->key = key.data;
	row->name = name.data;
}

static int
compare_rows(const void *a, const void *b)
{
	return strcmp(((const Row *) a)->key, ((const Row *) b)->key);
}

/* By their names. */
static Row *
read_rows(const AzJson *state, int subject, size_t *n)
{
	const AzJson *section = az_json_get_z(state, subjects[subject].section);
	Row		   *rows;
	size_t		i;

	*n = az_json_count(section);
	rows = palloc((*n + 1) * sizeof(Row));
	for (i = 0; i < *n; i++)
	{
		rows[i].row = az_json_at(section, i);
		name_row(&rows[i], subjects[subject].keys);
	}
	qsort(rows, *n, sizeof(Row), compare_rows);
	return rows;
}

/* ----------------------------------------------------------------
 * What differs
 * ----------------------------------------------------------------
 */

/* The relation on which the row hangs; NULL: it hangs on none. */
static const char *
relation_of(const AzJson *row)
{
	static const char *const members[] = {"relation", "object", "child"};
	const char *relation = NULL;
	int			i;

	for (i = 0; i < (int) lengthof(members) && relation == NULL; i++)
		relation = az_member(row, members[i]);
	return relation;
}

static void
judge(AzChanges *changes, int subject, const Row *before, const Row *after)
{
	const Row  *one = after ? after : before;
	AzDifference difference = {
		before ? before->row : NULL, after ? after->row : NULL,
		subjects[subject].noun, one->name
	};
	const char *kind = az_member(one->row, "kind");
	const char *relation = relation_of(one->row);
	bool		hidden = false;

	if (subject == 0 && kind)
		difference.noun = kind;
	if (relation)
	{
		const AzJson *was = az_find_state_row(changes->before, "relations", "name", relation, NULL, NULL);
		const AzJson *is = az_find_state_row(changes->after, "relations", "name", relation, NULL, NULL);

		if ((was == NULL) != (is == NULL))
			return;
		hidden = az_is_way(was, "read") || az_is_way(is, "read");
	}
	if (subjects[subject].judge && !hidden)
		subjects[subject].judge(changes, &difference);
	else
		az_tell_difference(changes, &difference);
}

/* Both lists are sorted. */
static void
compare_section(AzChanges *changes, int subject)
{
	size_t		n_before;
	size_t		n_after;
	Row		   *before = read_rows(changes->before, subject, &n_before);
	Row		   *after = read_rows(changes->after, subject, &n_after);
	size_t		i = 0;
	size_t		k = 0;

	while (i < n_before || k < n_after)
	{
		int			order = i == n_before ? 1 : k == n_after ? -1 : strcmp(before[i].key, after[k].key);

		if (order < 0)
			judge(changes, subject, &before[i], NULL);
		else if (order > 0)
			judge(changes, subject, NULL, &after[k]);
		else if (!az_is_same(before[i].row, after[k].row))
			judge(changes, subject, &before[i], &after[k]);
		i += order <= 0;
		k += order >= 0;
	}
}

/* 22023 for what policy_state() did not make. */
static void
check_rows(const AzJson *state)
{
	int			subject;
	size_t		i;

	for (subject = 0; subject < (int) lengthof(subjects); subject++)
	{
		const AzJson *section = az_json_get_z(state, subjects[subject].section);

		if (section == NULL)
			az_raise_no_state(psprintf("It has no member \"%s\".", subjects[subject].section));
		for (i = 0; i < az_json_count(section); i++)
		{
			const AzJson *row = az_json_at(section, i);

			if (az_member(row, subjects[subject].keys[0]) == NULL &&
				strcmp(subjects[subject].section, "settings_of_roles") != 0)
				az_raise_no_state(psprintf("A row of \"%s\" has no member \"%s\".", subjects[subject].section,
										   subjects[subject].keys[0]));
		}
	}
}

AZ_SQL(authz_policy_changes)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	AzChanges	changes = {0};
	int			i;
	ListCell   *lc;

	az_check_owns_database("policy_changes");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	az_arg_required(fcinfo, 0, "before");
	az_arg_required(fcinfo, 1, "after");
	changes.before = az_parse_json(PG_GETARG_TEXT_PP(0), "state", ERRCODE_INVALID_PARAMETER_VALUE);
	changes.after = az_parse_json(PG_GETARG_TEXT_PP(1), "state", ERRCODE_INVALID_PARAMETER_VALUE);
	az_check_states(changes.before, changes.after);
	check_rows(changes.before);
	check_rows(changes.after);
	for (i = 0; i < (int) lengthof(subjects); i++)
		compare_section(&changes, i);
	az_judge_readers(&changes);
	for (i = 0; i < AZ_DIRECTIONS; i++)
	{
		foreach(lc, changes.lines[i])
		{
			Datum		line = PointerGetDatum(az_server_text(lfirst(lc), "A name in a state"));
			bool		isnull = false;

			tuplestore_putvalues(result->setResult, result->setDesc, &line, &isnull);
		}
	}
	PG_RETURN_NULL();
}
