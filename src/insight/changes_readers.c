/*-------------------------------------------------------------------------
 *
 * changes_readers.c
 *	  Of two states: relations that are read by something that decides.
 *
 * A policy that asks NOT EXISTS (SELECT ... FROM t) shows less when more of t is
 * seen.  So where something that decides reads a relation of which a direction
 * was told, it is said that there may be another one.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/changes.h"

/* A body that is text may name it without the schema. */
static bool
names_relation(const AzJson *row, const char *relation)
{
	static const char *const printed[] = {"using", "check", "body", "query"};
	const char *source = az_member(row, "source");
	const char *dot = strrchr(relation, '.');
	const char *last = dot ? dot + 1 : relation;
	int			i;

	for (i = 0; i < (int) lengthof(printed); i++)
	{
		const char *text = az_member(row, printed[i]);

		if (text && strstr(text, relation))
			return true;
	}
	if (source == NULL)
		return false;
	return strstr(source, last) || (*last == '"' && strstr(source, pnstrdup(last + 1, strlen(last) - 2)));
}

static bool
is_read_in(const AzJson *state, const char *section, const char *relation, bool by_policy)
{
	const AzJson *rows = az_json_get_z(state, section);
	size_t		i;

	for (i = 0; i < az_json_count(rows); i++)
	{
		const AzJson *row = az_json_at(rows, i);
		const char *way = az_member(row, "way");

		/* views over the relation only show it */
		if ((by_policy || way == NULL || strcmp(way, "read") == 0) && names_relation(row, relation))
			return true;
	}
	return false;
}

static bool
is_read(const AzJson *state, const char *relation)
{
	const AzJson *views = az_json_get_z(state, "relations");
	size_t		i;

	if (is_read_in(state, "policies", relation, true) || is_read_in(state, "functions", relation, true) ||
		is_read_in(state, "relations", relation, false))
		return true;
	for (i = 0; i < az_json_count(views); i++)
	{
		const AzJson *view = az_json_at(views, i);
		const char *way = az_member(view, "way");
		const char *name = az_member(view, "name");

		if (way && name && strcmp(way, "view") == 0 && names_relation(view, relation) && is_read(state, name))
			return true;
	}
	return false;
}

void
az_judge_readers(AzChanges *changes)
{
	List	   *done = NIL;
	ListCell   *lc;
	ListCell   *other;

	foreach(lc, changes->directed)
	{
		char	   *relation = lfirst(lc);
		bool		known = false;

		foreach(other, done)
			known = known || strcmp(lfirst(other), relation) == 0;
		if (known)
			continue;
		done = lappend(done, relation);
		if (is_read(changes->before, relation) || is_read(changes->after, relation))
			az_tell(changes, AZ_UNTOLD, "everybody", "all commands", az_member(changes->after, "relation"),
					psprintf("what decides also reads %s, of which something is wider or narrower", relation));
	}
}
