/*-------------------------------------------------------------------------
 *
 * guc_log.c
 *	  The plain settings: what goes to the server's log.
 *
 *-------------------------------------------------------------------------
 */
#include "server/guc_intern.h"

#include "utils/guc.h"

#include "server/setting.h"

int			az_denial_log_level = 0;
int			az_log_reads = AZ_READS_OFF;
bool		az_log_trust = false;
int			az_log_logins = AZ_LOGINS_OFF;
int			az_log_rate = 100;
int			az_log_identity = AZ_IDENTITY_OFF;
char	   *az_purpose = NULL;

/* An enum, not a boolean: another place to log to would get a name here. */
static const struct config_enum_entry denial_logs[] = {
	{"off", 0, false},
	{"log", 1, false},
	{"on", 1, true},
	{"true", 1, true},
	{"false", 0, true},
	{"yes", 1, true},
	{"no", 0, true},
	{"1", 1, true},
	{"0", 0, true},
	{NULL, 0, false}
};

static const struct config_enum_entry read_logs[] = {
	{"off", AZ_READS_OFF, false},
	{"protected", AZ_READS_PROTECTED, false},
	{"all", AZ_READS_ALL, false},
	{NULL, 0, false}
};

static const struct config_enum_entry login_logs[] = {
	{"off", AZ_LOGINS_OFF, false},
	{"failures", AZ_LOGINS_FAILURES, false},
	{"all", AZ_LOGINS_ALL, false},
	{NULL, 0, false}
};

static const struct config_enum_entry identity_logs[] = {
	{"off", AZ_IDENTITY_OFF, false},
	{"denials", AZ_IDENTITY_DENIALS, false},
	{"all", AZ_IDENTITY_ALL, false},
	{NULL, 0, false}
};

/*
 * One line in the server's log for each denial that raises an error: who
 * (client and subject), and what was asked for.  Rows that a policy hides are
 * not denials.  There is no table to log to, because a row written in the
 * transaction that fails would vanish with it.
 */
static void
define_log_denials(void)
{
	DefineCustomEnumVariable("dbmi_authz.log_denials",
							 "Logs denials that raise an error.",
							 NULL,
							 &az_denial_log_level,
							 0,
							 denial_logs,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

/*
 * One line in the server's log for each statement of a client that reads
 * protected tables, or any (records/reads.h).
 */
static void
define_log_reads(void)
{
	DefineCustomEnumVariable("dbmi_authz.log_reads",
							 "Logs statements that read tables.",
							 "With \"protected\" those that read tables with row-level security.",
							 &az_log_reads,
							 AZ_READS_OFF,
							 read_logs,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

/* One line in the server's log for each row of authz.trust_log (trust/trust_log.h). */
static void
define_log_trust(void)
{
	DefineCustomBoolVariable("dbmi_authz.log_trust",
							 "Logs changes of issuers, keys and all else that is believed.",
							 NULL,
							 &az_log_trust,
							 false,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

/* One line in the server's log for each login (session/login_line.h). */
static void
define_log_logins(void)
{
	DefineCustomEnumVariable("dbmi_authz.log_logins",
							 "Logs logins by token.",
							 "With \"failures\" those that were refused.",
							 &az_log_logins,
							 AZ_LOGINS_OFF,
							 login_logs,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

/*
 * Anybody may present a token as often as they please.  This is the most of
 * those lines that a session writes within a second; the next line tells how
 * many were left out.
 */
static void
define_log_rate(void)
{
	DefineCustomIntVariable("dbmi_authz.log_rate",
							"The most lines about logins that a session logs within a second.",
							"0 sets no limit.",
							&az_log_rate,
							100, 0, PG_INT32_MAX,
							PGC_SUSET,
							0,
							NULL, NULL, NULL);
}

/*
 * The identity that is logged in, behind the lines that a session writes to
 * the server's log, whatever code writes them (session/line_identity.h).
 */
static void
define_log_identity(void)
{
	DefineCustomEnumVariable("dbmi_authz.log_identity",
							 "Adds who is logged in to lines of the server's log.",
							 "With \"denials\" to those that say that something is not allowed.",
							 &az_log_identity,
							 AZ_IDENTITY_OFF,
							 identity_logs,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

/*
 * The purpose for which the application reads, as it states it; these lines
 * show it.  With a default value, core would end the session when memory runs
 * out.
 */
static void
define_purpose(void)
{
	DefineCustomStringVariable("dbmi_authz.purpose",
							   "What tables are read for, in the record of reads.",
							   NULL,
							   &az_purpose,
							   NULL,
							   PGC_USERSET,
							   0,
							   NULL, NULL, NULL);
}

static AzSetting settings[] = {
	{"dbmi_authz.log_denials", PGC_SUSET, define_log_denials, false},
	{"dbmi_authz.log_reads", PGC_SUSET, define_log_reads, false},
	{"dbmi_authz.log_trust", PGC_SUSET, define_log_trust, false},
	{"dbmi_authz.log_logins", PGC_SUSET, define_log_logins, false},
	{"dbmi_authz.log_rate", PGC_SUSET, define_log_rate, false},
	{"dbmi_authz.log_identity", PGC_SUSET, define_log_identity, false},
	{"dbmi_authz.purpose", PGC_USERSET, define_purpose, false}
};

void
az_guc_log_init(void)
{
	int			i;

	for (i = 0; i < (int) lengthof(settings); i++)
		az_define_setting(&settings[i]);
}
