/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  The plain settings; those of the log are in guc_log.c.
 *
 *-------------------------------------------------------------------------
 */
#include "server/guc_intern.h"

#include "utils/guc.h"

#include "server/login_file.h"
#include "server/setting.h"

int			az_token_scope = AZ_SCOPE_SESSION;
int			az_login_identity = AZ_LOGIN_BASE;
char	   *az_cluster_role = NULL;
int			az_max_token_size = 64 * 1024;
bool		az_plan_folding = true;
int			az_max_set_size = 1000000;
bool		az_universal_olp = false;
int			az_olp_default = AZ_OLP_OPEN;
bool		az_hide_forbidden = false;
bool		az_require_user_on_write = true;
bool		az_simulate_writes = false;

static void (*identity_assigned) (void);
static void (*folding_assigned) (void);

static const struct config_enum_entry token_scopes[] = {
	{"session", AZ_SCOPE_SESSION, false},
	{"transaction", AZ_SCOPE_TRANSACTION, false},
	{NULL, 0, false}
};

static const struct config_enum_entry login_identities[] = {
	{"off", AZ_LOGIN_OFF, false},
	{"base", AZ_LOGIN_BASE, false},
	{"only", AZ_LOGIN_ONLY, false},
	{NULL, 0, false}
};

static const struct config_enum_entry olp_defaults[] = {
	{"open", AZ_OLP_OPEN, false},
	{"closed", AZ_OLP_CLOSED, false},
	{NULL, 0, false}
};

static void
assign_token_scope(int newval, void *extra)
{
	/* core stores the value after this hook, we need it before */
	az_token_scope = newval;
	identity_assigned();
}

static void
assign_login_identity(int newval, void *extra)
{
	az_login_identity = newval;
	identity_assigned();
}

static void
assign_plan_folding(bool newval, void *extra)
{
	if (newval != az_plan_folding)
		folding_assigned();
}

/*
 * How long a token may count.  "session" lets set_token() without
 * is_local hold until it is replaced, cleared, or the session is reset;
 * use it where every user of a connection is known to reset it.  Behind a
 * pool in transaction mode choose "transaction": an identity then counts
 * only in the transaction that adopted it, whatever way it was set, and
 * set_token() without is_local is refused, so that no code path can leave
 * one user's identity to the next client of the connection.
 */
static void
define_token_scope(void)
{
	DefineCustomEnumVariable("dbmi_authz.token_scope",
							 "How long a token may count.",
							 "With \"transaction\" an identity counts only in the "
							 "transaction that adopted it.",
							 &az_token_scope,
							 AZ_SCOPE_SESSION,
							 token_scopes,
							 PGC_SUSET,
							 0,
							 NULL, assign_token_scope, NULL);
}

/*
 * What the token is good for that the connection was opened with
 * (dbmi_authz_oauth, PostgreSQL 18).  "base": its identity is in force while
 * no token is set.  "only": in addition, set_token() takes tokens of the same
 * subject alone, so that the session always acts for that subject.
 */
static void
define_login_identity(void)
{
	DefineCustomEnumVariable("dbmi_authz.login_identity",
							 "What a login by token is good for.",
							 "With \"base\" its identity is in force while no token is "
							 "set; with \"only\" no other identity can be.",
							 &az_login_identity,
							 AZ_LOGIN_BASE,
							 login_identities,
							 PGC_SUSET,
							 0,
							 NULL, assign_login_identity, NULL);
}

/*
 * Which role other servers of the cluster connect as: on connections that were
 * authenticated as that role, or as a member of it, an identity is taken from
 * another server that has a cluster key, and on no others
 * (doc/how-to/clusters/cluster-keys.md).
 */
static void
define_cluster_role(void)
{
	DefineCustomStringVariable("dbmi_authz.cluster_role",
							   "The role that other servers of the cluster connect as.",
							   "On its connections, and those of its members, identities "
							   "are taken that another server hands over.",
							   &az_cluster_role,
							   NULL,
							   PGC_SUSET,
							   0,
							   NULL, NULL, NULL);
}

/*
 * The longest token that is looked at.  Longer ones are refused before
 * anything is copied or decoded.  Raise it for issuers that put hundreds
 * of organisations or groups into a token; a verified identity takes up
 * to about four times the size of the token's payload in every backend
 * that holds it.
 */
static void
define_max_token_size(void)
{
	DefineCustomIntVariable("dbmi_authz.max_token_size",
							"The longest token that is accepted.",
							NULL,
							&az_max_token_size,
							64 * 1024, 1024, 1024 * 1024,
							PGC_SUSET,
							GUC_UNIT_BYTE,
							NULL, NULL, NULL);
}

/*
 * A set with more keys is an error: each session keeps its own, some 16 bytes a
 * number and 100 a text.
 */
static void
define_max_set_size(void)
{
	DefineCustomIntVariable("dbmi_authz.max_set_size",
							"The most keys that a set may have.",
							NULL,
							&az_max_set_size,
							1000000, 1, 100000000,
							PGC_SUSET,
							0,
							NULL, NULL, NULL);
}

/*
 * The planner replaces checks by what they mean for the identity in
 * force, so that indexes and statistics are used.  Turning this off leaves
 * the calls in place, which answer the same, more slowly; it helps to find
 * out whether a plan is to blame.
 */
static void
define_plan_folding(void)
{
	DefineCustomBoolVariable("dbmi_authz.plan_folding",
							 "Replaces checks by their meaning when a query is planned.",
							 NULL,
							 &az_plan_folding,
							 true,
							 PGC_USERSET,
							 GUC_EXPLAIN,
							 NULL, assign_plan_folding, NULL);
}

/*
 * Object permissions (has_object_perm()) of administrators.  "off": an
 * administrator has every permission on every object and no rule is
 * asked.  "on": an administrator has every permission as such, and rules
 * decide on objects as for everybody else (djem: DJEM_UNIVERSAL_OLP).
 */
static void
define_universal_olp(void)
{
	DefineCustomBoolVariable("dbmi_authz.universal_olp",
							 "Asks the rules of object permissions for administrators too.",
							 NULL,
							 &az_universal_olp,
							 false,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

/*
 * What holds for an object when nobody registered a rule for the permission
 * and the table.  "open", as in djem: a user who has the permission as such
 * has it on every object.  "closed": nobody has it.
 */
static void
define_olp_default(void)
{
	DefineCustomEnumVariable("dbmi_authz.olp_default",
							 "Decides on objects for which no rule is registered.",
							 NULL,
							 &az_olp_default,
							 AZ_OLP_OPEN,
							 olp_defaults,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

/*
 * require_object_perm() tells a row that does not exist (P0002) from one
 * that is forbidden (42501).  With this on both are P0002, so that nobody
 * learns which rows exist.
 */
static void
define_hide_forbidden(void)
{
	DefineCustomBoolVariable("dbmi_authz.hide_forbidden",
							 "Reports a forbidden object as one that does not exist.",
							 NULL,
							 &az_hide_forbidden,
							 false,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

/*
 * The trigger stamp_owner() refuses to write without an identity.  Turn it
 * off for a session that imports data: rows are then taken as they are.
 */
static void
define_require_user_on_write(void)
{
	DefineCustomBoolVariable("dbmi_authz.require_user_on_write",
							 "Refuses writes without identity where owners are stamped.",
							 NULL,
							 &az_require_user_on_write,
							 true,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

/*
 * simulate() makes the transaction a read-only one: what a simulated identity
 * writes could be taken for the real person's.  Turn it on in tests of an
 * application.
 */
static void
define_simulate_writes(void)
{
	DefineCustomBoolVariable("dbmi_authz.simulate_writes",
							 "Lets a simulated identity write.",
							 NULL,
							 &az_simulate_writes,
							 false,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

static AzSetting login_identity =
{"dbmi_authz.login_identity", PGC_SUSET, define_login_identity, false};

static AzSetting settings[] = {
	{"dbmi_authz.token_scope", PGC_SUSET, define_token_scope, false},
	{"dbmi_authz.cluster_role", PGC_SUSET, define_cluster_role, false},
	{"dbmi_authz.max_token_size", PGC_SUSET, define_max_token_size, false},
	{"dbmi_authz.max_set_size", PGC_SUSET, define_max_set_size, false},
	{"dbmi_authz.plan_folding", PGC_USERSET, define_plan_folding, false},
	{"dbmi_authz.universal_olp", PGC_SUSET, define_universal_olp, false},
	{"dbmi_authz.olp_default", PGC_SUSET, define_olp_default, false},
	{"dbmi_authz.hide_forbidden", PGC_SUSET, define_hide_forbidden, false},
	{"dbmi_authz.require_user_on_write", PGC_SUSET, define_require_user_on_write, false},
	{"dbmi_authz.simulate_writes", PGC_SUSET, define_simulate_writes, false},
	{AZ_LOGIN_ISSUERS_SETTING, PGC_SIGHUP, az_define_login_issuers, false}
};

void
az_guc_init(void (*on_identity) (void), void (*on_folding) (void))
{
	int			i;

	identity_assigned = on_identity;
	folding_assigned = on_folding;
	for (i = 0; i < (int) lengthof(settings); i++)
		az_define_setting(&settings[i]);
	az_guc_log_init();
	az_define_strictly(&login_identity, "only");
}
