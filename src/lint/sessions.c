/*-------------------------------------------------------------------------
 *
 * sessions.c
 *	  Which settings the sessions of this database get.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/sessions.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "server/spi.h"

/* ----------------------------------------------------------------
 * Values
 * ----------------------------------------------------------------
 */

/* One element of pg_db_role_setting. */
typedef struct Given
{
	const char *role;			/* NULL: all */
	bool		here;			/* in this database; else in all */
	const char *name;
	const char *value;
} Given;

/* What is given to a role counts before what is given to a database, and so on. */
static int
rank_of(const AzSessions *sessions, const Given *given, const char *name)
{
	if (pg_strcasecmp(given->name, name) != 0 ||
		(given->role && (sessions->role == NULL || strcmp(given->role, sessions->role) != 0)))
		return 0;
	return 1 + (given->here ? 1 : 0) + (given->role ? 2 : 0);
}

/*
 * What this session has that nobody gave to it, its role or database.  Only
 * superusers are to know some values: those are judged and not shown.
 */
static const char *
own_value(const char *name)
{
	const char *value = GetConfigOption(name, true, false);
	const struct config_generic *setting;

	if (value == NULL)
		return NULL;
	setting = az_find_setting(name);
	/* what others get instead is not known */
	if (setting->source == PGC_S_USER || setting->source == PGC_S_DATABASE_USER)
		return NULL;
	if (setting->source < PGC_S_CLIENT && (setting->flags & GUC_SUPERUSER_ONLY) == 0)
		value = GetConfigOptionResetString(name);
	return value ? pstrdup(value) : NULL;
}

/* Has this session set it, or its client when it connected? */
static bool
is_set_here(const char *name)
{
	return GetConfigOption(name, true, false) != NULL &&
		az_find_setting(name)->source >= PGC_S_CLIENT;
}

const char *
az_sessions_value(const AzSessions *sessions, const char *name)
{
	const Given *best = NULL;
	int			rank = 0;
	ListCell   *lc;

	if (sessions->role == NULL && is_set_here(name))
		return own_value(name);
	foreach(lc, sessions->given)
	{
		const Given *given = lfirst(lc);

		if (rank_of(sessions, given, name) > rank)
			best = given, rank = rank_of(sessions, given, name);
	}
	return best ? best->value : own_value(name);
}

bool
az_sessions_have_on(const AzSessions *sessions, const char *name, bool otherwise)
{
	const char *value = az_sessions_value(sessions, name);
	bool		on;

	return value && parse_bool(value, &on) ? on : otherwise;
}

double
az_sessions_number(const AzSessions *sessions, const char *name, double otherwise)
{
	const char *value = az_sessions_value(sessions, name);

	return value ? strtod(value, NULL) : otherwise;
}

bool
az_sessions_have_one_of(const AzSessions *sessions, const char *name, const char *const *values, int n)
{
	const char *value = az_sessions_value(sessions, name);
	int			i;

	for (i = 0; value && i < n; i++)
	{
		if (pg_strcasecmp(value, values[i]) == 0)
			return true;
	}
	return false;
}

bool
az_sessions_are_given(const AzSessions *sessions, const char *name)
{
	ListCell   *lc;

	foreach(lc, sessions->given)
	{
		if (rank_of(sessions, lfirst(lc), name) > 0)
			return true;
	}
	return false;
}

/* ----------------------------------------------------------------
 * Libraries
 * ----------------------------------------------------------------
 */

/* The name of a file, perhaps with a directory before it and ".so" behind it. */
static bool
is_library(const char *file, const char *library)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	size_t		len = strlen(library);

	return strncmp(name, library, len) == 0 &&
		(name[len] == '\0' || strcmp(name + len, DLSUFFIX) == 0);
}

/* Split as the server does. */
static bool
names_library(const char *list, const char *library)
{
	List	   *files;
	ListCell   *lc;

	if (list == NULL || !SplitDirectoriesString(pstrdup(list), ',', &files))
		return false;
	foreach(lc, files)
	{
		if (is_library(lfirst(lc), library))
			return true;
	}
	return false;
}

bool
az_sessions_preload(const AzSessions *sessions, const char *library)
{
	return names_library(shared_preload_libraries_string, library) ||
		names_library(az_sessions_value(sessions, "session_preload_libraries"), library) ||
		names_library(az_sessions_value(sessions, "local_preload_libraries"), library);
}

bool
az_sessions_load(const AzSessions *sessions, const char *library, const char *setting)
{
	return az_sessions_preload(sessions, library) ||
		(GetConfigOption(setting, true, false) != NULL &&
		 (az_find_setting(setting)->flags & GUC_CUSTOM_PLACEHOLDER) == 0);
}

/* ----------------------------------------------------------------
 * Whose they are
 * ----------------------------------------------------------------
 */

/* Each role once, and all of them first. */
static List *
who_differs(const List *given)
{
	List	   *all = NIL;
	AzSessions *sessions = palloc0(sizeof(AzSessions));
	ListCell   *lc;

	sessions->given = given;
	all = lappend(all, sessions);
	foreach(lc, given)
	{
		const char *role = ((const Given *) lfirst(lc))->role;
		const char *before = ((const AzSessions *) llast(all))->role;

		if (role == NULL || (before && strcmp(role, before) == 0))
			continue;
		sessions = palloc0(sizeof(AzSessions));
		sessions->role = role;
		sessions->given = given;
		all = lappend(all, sessions);
	}
	return all;
}

/* What is given to roles that do not log in is given to nobody.  Sorted by role. */
static List *
read_given(void)
{
	AzSpiParams	params = {0};
	List	   *all = NIL;
	uint64		rows;
	uint64		row;

	rows = az_spi_run("SELECT r.rolname, CASE WHEN s.setdatabase OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN '' ELSE 'x' END,"
					  " pg_catalog.split_part(c.given, '=', 1),"
					  " pg_catalog.substr(c.given, 1 OPERATOR(pg_catalog.+) pg_catalog.strpos(c.given, '='))"
					  " FROM pg_catalog.pg_db_role_setting s"
					  " LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) s.setrole"
					  " CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c (given)"
					  " WHERE (s.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid OR r.rolcanlogin)"
					  " AND (s.setdatabase OPERATOR(pg_catalog.=) 0::pg_catalog.oid OR s.setdatabase OPERATOR(pg_catalog.=)"
					  "  (SELECT d.oid FROM pg_catalog.pg_database d"
					  "   WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))"
					  " ORDER BY r.rolname", &params);
	for (row = 0; row < rows; row++)
	{
		Given	   *given = palloc(sizeof(Given));

		given->role = az_spi_result_or_null(row, 1);
		given->here = *az_spi_result(row, 2) != '\0';
		given->name = az_spi_result(row, 3);
		given->value = az_spi_result(row, 4);
		all = lappend(all, given);
	}
	return all;
}

List *
az_read_sessions(void)
{
	return who_differs(read_given());
}
