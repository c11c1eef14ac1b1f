/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  The settings of the server's administrator: which databases, which hosts,
 *	  how often.
 *
 *-------------------------------------------------------------------------
 */
#include "settings.h"

#include "utils/guc.h"
#include "utils/varlena.h"

char	   *az_keys_proxy;
char	   *az_keys_ca_file;
int			az_keys_naptime;
int			az_keys_interval;
int			az_keys_min_interval;
int			az_keys_max_interval;
int			az_keys_timeout;
int			az_keys_max_size;
int			az_keys_attempts_per_issuer;
int			az_keys_attempts_total;
int			az_keys_max_workers;

static char *databases;
static char *allowed_hosts;

List *
az_keys_databases(void)
{
	List	   *names = NIL;

	(void) SplitGUCList(pstrdup(databases), ',', &names);
	return names;
}

AzUrlRules
az_keys_rules(void)
{
	AzUrlRules	rules = {allowed_hosts, *az_keys_proxy != '\0'};

	return rules;
}

static bool
check_databases(char **newval, void **extra, GucSource source)
{
	List	   *names = NIL;
	char	   *copy = pstrdup(*newval);
	bool		valid = SplitGUCList(copy, ',', &names);

	if (!valid)
		GUC_check_errdetail("List syntax is invalid.");
	list_free(names);
	pfree(copy);
	return valid;
}

static bool
check_hosts(char **newval, void **extra, GucSource source)
{
	if (az_hosts_are_valid(*newval))
		return true;
	GUC_check_errdetail("Each member is HOST or HOST:PORT; an IPv6 address stands in brackets.");
	return false;
}

static void
define_text(const char *name, const char *what, const char *more, char **variable,
			GucStringCheckHook check, int flags)
{
	DefineCustomStringVariable(name, what, more, variable, "", PGC_SIGHUP,
							   flags | GUC_SUPERUSER_ONLY, check, NULL, NULL);
}

static void
define_number(const char *name, const char *what, int *variable, int usual, int least,
			  int most, int flags)
{
	DefineCustomIntVariable(name, what, NULL, variable, usual, least, most, PGC_SIGHUP,
							flags, NULL, NULL, NULL);
}

static void
define_texts(void)
{
	define_text("dbmi_authz_keys.databases", "The databases whose keys are kept fresh.",
				"Without any, nothing is fetched.", &databases, check_databases,
				GUC_LIST_INPUT);
	define_text("dbmi_authz_keys.allowed_hosts", "The hosts that keys are fetched from.",
				"Without any, an issuer's own host if its address is a public one.",
				&allowed_hosts, check_hosts, 0);
	define_text("dbmi_authz_keys.proxy", "The proxy through which keys are fetched.",
				"With a proxy, only allowed_hosts are asked; proxies named in the environment do not count.",
				&az_keys_proxy, NULL, 0);
	define_text("dbmi_authz_keys.ca_file", "The certificates by which hosts are known.",
				"Without it, those of the system are used.", &az_keys_ca_file, NULL, 0);
}

static void
define_times(void)
{
	define_number("dbmi_authz_keys.naptime",
				  "Time between two looks for issuers whose keys are due.",
				  &az_keys_naptime, 5, 1, 3600, GUC_UNIT_S);
	define_number("dbmi_authz_keys.interval",
				  "Time between two fetches where the issuer does not say for how long keys are good.",
				  &az_keys_interval, 3600, 10, 7 * 24 * 3600, GUC_UNIT_S);
	define_number("dbmi_authz_keys.min_interval",
				  "Least time between two fetches, whatever the issuer says.",
				  &az_keys_min_interval, 300, 1, 24 * 3600, GUC_UNIT_S);
	define_number("dbmi_authz_keys.max_interval",
				  "Longest time between two fetches, whatever the issuer says.",
				  &az_keys_max_interval, 24 * 3600, 10, 30 * 24 * 3600, GUC_UNIT_S);
	define_number("dbmi_authz_keys.timeout", "Time that one answer may take, all in all.",
				  &az_keys_timeout, 10000, 100, 120000, GUC_UNIT_MS);
}

static void
define_limits(void)
{
	define_number("dbmi_authz_keys.max_size", "Size that one answer may have.",
				  &az_keys_max_size, 1024, 1, 16 * 1024, GUC_UNIT_KB);
	define_number("dbmi_authz_keys.attempts_per_issuer",
				  "Fetches a minute that tokens with unknown keys cause, for one issuer.",
				  &az_keys_attempts_per_issuer, 10, 0, AZ_MAX_ISSUER_ATTEMPTS, 0);
	define_number("dbmi_authz_keys.attempts_total",
				  "Fetches a minute that tokens with unknown keys cause, all in all.",
				  &az_keys_attempts_total, 60, 0, AZ_MAX_TOTAL_ATTEMPTS, 0);
	define_number("dbmi_authz_keys.max_workers",
				  "Workers that fetch at once.",
				  &az_keys_max_workers, 4, 2, AZ_MAX_WORKERS, 0);
}

void
az_keys_settings_init(void)
{
	define_texts();
	define_times();
	define_limits();
	MarkGUCPrefixReserved("dbmi_authz_keys");
}
