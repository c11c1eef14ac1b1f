/*-------------------------------------------------------------------------
 *
 * lint_settings.c
 *	  Settings by which tokens reach the log, or the extension is not what it
 *	  could be.
 *
 * A setting has one value for most, and others for single roles or databases.
 * What most sessions of this database get is looked at first; then each role
 * that has settings of its own, where those make a difference.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "lint/sessions.h"

/* ----------------------------------------------------------------
 * What is wrong
 * ----------------------------------------------------------------
 */

static bool
logs_all_statements(const AzSessions *sessions)
{
	static const char *const all[] = {"all"};

	return az_sessions_have_one_of(sessions, "log_statement", all, lengthof(all));
}

static bool
logs_slow_statements(const AzSessions *sessions)
{
	return az_sessions_number(sessions, "log_min_duration_statement", -1) >= 0;
}

static bool
logs_samples(const AzSessions *sessions)
{
	return az_sessions_number(sessions, "log_transaction_sample_rate", 0) > 0 ||
		(az_sessions_number(sessions, "log_min_duration_sample", -1) >= 0 &&
		 az_sessions_number(sessions, "log_statement_sample_rate", 1) > 0);
}

static bool
logs_statements(const AzSessions *sessions)
{
	return logs_all_statements(sessions) || logs_slow_statements(sessions) ||
		logs_samples(sessions);
}

static bool
logs_parameters(const AzSessions *sessions)
{
	return az_sessions_number(sessions, "log_parameter_max_length", -1) != 0 &&
		logs_statements(sessions);
}

/* What is so already is not told as what may come. */
static bool
would_log_parameters(const AzSessions *sessions)
{
	return az_sessions_number(sessions, "log_parameter_max_length", -1) != 0 &&
		!logs_statements(sessions);
}

static bool
logs_parameters_on_error(const AzSessions *sessions)
{
	return az_sessions_number(sessions, "log_parameter_max_length_on_error", 0) != 0;
}

static bool
explains(const AzSessions *sessions)
{
	return az_sessions_load(sessions, "auto_explain", "auto_explain.log_min_duration") &&
		az_sessions_number(sessions, "auto_explain.log_min_duration", -1) >= 0;
}

/* Before 16 it logs none. */
static bool
explains_parameters(const AzSessions *sessions)
{
	return AZ_EXPLAINS_PARAMETERS && explains(sessions) &&
		az_sessions_number(sessions, "auto_explain.log_parameter_max_length", -1) != 0;
}

static bool
prints_parse(const AzSessions *sessions)
{
	return az_sessions_have_on(sessions, "debug_print_parse", false);
}

static bool
prints_rewritten(const AzSessions *sessions)
{
	return az_sessions_have_on(sessions, "debug_print_rewritten", false);
}

static bool
prints_plan(const AzSessions *sessions)
{
	return az_sessions_have_on(sessions, "debug_print_plan", false);
}

static bool
tracks_utility(const AzSessions *sessions)
{
	static const char *const none[] = {"none"};

	return az_sessions_load(sessions, "pg_stat_statements", "pg_stat_statements.track_utility") &&
		az_sessions_have_on(sessions, "pg_stat_statements.track_utility", true) &&
		!az_sessions_have_one_of(sessions, "pg_stat_statements.track", none, lengthof(none));
}

static bool
audits_parameters(const AzSessions *sessions)
{
	return az_sessions_have_on(sessions, "pgaudit.log_parameter", false);
}

static bool
logs_debug(const AzSessions *sessions)
{
	static const char *const levels[] = {"debug5", "debug4", "debug3"};

	return az_sessions_have_one_of(sessions, "log_min_messages", levels, lengthof(levels));
}

static bool
is_not_preloaded(const AzSessions *sessions)
{
	return !az_sessions_preload(sessions, "dbmi_authz");
}

static bool
does_not_fold(const AzSessions *sessions)
{
	return !az_sessions_have_on(sessions, "dbmi_authz.plan_folding", true);
}

static bool
refuses_row_security(const AzSessions *sessions)
{
	return !az_sessions_have_on(sessions, "row_security", true);
}

static bool
is_replica(const AzSessions *sessions)
{
	static const char *const replica[] = {"replica"};

	return az_sessions_have_one_of(sessions, "session_replication_role", replica, lengthof(replica));
}

/* Others read it there, and it is never accepted. */
static bool
are_given_token(const AzSessions *sessions)
{
	return az_sessions_are_given(sessions, "dbmi_authz.token");
}

typedef struct Check
{
	const char *code;
	AzLevel		level;
	const char *setting;
	bool		(*is_faulty) (const AzSessions *sessions);
	const char *detail;
	const char *value;			/* that would be right; NULL: none at all */
} Check;

static const Check checks[] = {
	{"parameters_in_log", AZ_LEVEL_WARNING, "log_parameter_max_length", logs_parameters,
		"Statements are logged with their parameters, and a bound token is one of these.", "0"},
	{"parameters_in_log_later", AZ_LEVEL_INFO, "log_parameter_max_length", would_log_parameters,
		"As soon as statements are logged, their parameters are too, and a bound token is one of these.", "0"},
	{"parameters_in_log", AZ_LEVEL_WARNING, "log_parameter_max_length_on_error", logs_parameters_on_error,
		"The parameters of a statement that fails are logged, and a bound token may be one of these.", "0"},
	{"parameters_in_log", AZ_LEVEL_WARNING, "auto_explain.log_parameter_max_length", explains_parameters,
		"auto_explain logs parameters, and a bound token is one of these.", "0"},
	{"parameters_in_log", AZ_LEVEL_WARNING, "pgaudit.log_parameter", audits_parameters,
		"pgaudit logs parameters, and a bound token is one of these.", "off"},
	{"plans_in_log", AZ_LEVEL_WARNING, "auto_explain.log_min_duration", explains,
		"auto_explain logs statements and plans: tokens that are written as literals, and claims of who is logged in.", "-1"},
	{"plans_in_log", AZ_LEVEL_WARNING, "debug_print_parse", prints_parse,
		"It logs tokens that are written as literals.", "off"},
	{"plans_in_log", AZ_LEVEL_WARNING, "debug_print_rewritten", prints_rewritten,
		"It logs tokens that are written as literals.", "off"},
	{"plans_in_log", AZ_LEVEL_WARNING, "debug_print_plan", prints_plan,
		"It logs tokens that are written as literals, and claims of who is logged in.", "off"},
	{"debug_in_log", AZ_LEVEL_WARNING, "log_min_messages", logs_debug,
		"At this level statements are logged with messages that are about something else.", "warning"},
	{"statements_in_log", AZ_LEVEL_INFO, "log_statement", logs_all_statements,
		"Statements are logged, with tokens that are written as literals: bind tokens as parameters.", "none"},
	{"statements_in_log", AZ_LEVEL_INFO, "log_min_duration_statement", logs_slow_statements,
		"Slow statements are logged, with tokens that are written as literals: bind tokens as parameters.", "-1"},
	{"statements_in_log", AZ_LEVEL_INFO, "log_transaction_sample_rate", logs_samples,
		"A sample of the statements is logged, with tokens that are written as literals: bind tokens as parameters.", "0"},
	{"utility_tracked", AZ_LEVEL_INFO, "pg_stat_statements.track_utility", tracks_utility,
		"pg_stat_statements keeps commands as they are written, SET with a token too: bind tokens as parameters.", "off"},
	{"token_in_setting", AZ_LEVEL_WARNING, "dbmi_authz.token", are_given_token,
		"A setting of a role or database holds a token, which everybody can read in pg_db_role_setting.", NULL},
	{"not_preloaded", AZ_LEVEL_INFO, "session_preload_libraries", is_not_preloaded,
		"The library is loaded by the first statement that calls it: until then PostgreSQL takes any SET dbmi_authz.token by itself.", "dbmi_authz"},
	{"folding_off", AZ_LEVEL_WARNING, "dbmi_authz.plan_folding", does_not_fold,
		"Checks are calls for each row, and no index serves them.", "on"},
	{"row_security_refused", AZ_LEVEL_INFO, "row_security", refuses_row_security,
		"A role that is bound by a policy gets an error instead of the rows that the policy shows.", "on"},
	{"triggers_off", AZ_LEVEL_WARNING, "session_replication_role", is_replica,
		"Triggers do not fire, those that fill in an owner or record changes among them, unless they are ENABLE ALWAYS.", "origin"},
};

/* ----------------------------------------------------------------
 * Looking
 * ----------------------------------------------------------------
 */

/* The value that stands there is shown only if it stands where everybody can read it. */
static const char *
value_for_hint(const Check *check, const AzSessions *sessions)
{
	const char *libraries = check->is_faulty == is_not_preloaded &&
		az_sessions_are_given(sessions, check->setting) ?
		az_sessions_value(sessions, check->setting) : NULL;

	return libraries && *libraries ? psprintf("%s, %s", libraries, check->value) : check->value;
}

/* Settings that a user may change alone: the owner of the database may give them, too. */
static bool
may_owner_give(const char *setting)
{
	return strcmp(setting, "row_security") == 0 || strcmp(setting, "dbmi_authz.plan_folding") == 0 ||
		strcmp(setting, "dbmi_authz.token") == 0;
}

static void
find_fault(AzLint *lint, const Check *check, const AzSessions *sessions)
{
	const char *value = value_for_hint(check, sessions);
	const char *database = quote_identifier(get_database_name(MyDatabaseId));
	const char *role = sessions->role ? quote_identifier(sessions->role) : NULL;
	const char *who = may_owner_give(check->setting) ? "" : "  -- as a superuser";
	char	   *change = value ? psprintf("SET %s = %s", check->setting, value) :
		psprintf("RESET %s", check->setting);

	az_find(lint, check->code, check->level,
			role ? psprintf("setting %s of role %s", check->setting, role) :
			psprintf("setting %s", check->setting), check->detail,
			role ? psprintf("ALTER ROLE %s IN DATABASE %s %s;%s", role, database, change, who) :
			psprintf("ALTER DATABASE %s %s;%s", database, change, who));
}

/* A role of which nothing else is true than of all is not told of. */
static void
look(AzLint *lint, void *arg)
{
	List	   *all = az_read_sessions();
	int			i;
	ListCell   *lc;

	for (i = 0; i < (int) lengthof(checks); i++)
	{
		foreach(lc, all)
		{
			if (!checks[i].is_faulty(lfirst(lc)))
				continue;
			find_fault(lint, &checks[i], lfirst(lc));
			if (lc == list_head(all))
				break;
		}
	}
}

void
az_lint_settings(AzLint *lint)
{
	az_lint_attempt(lint, "settings", look, NULL);
}
