/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  The plain settings.
 *
 *-------------------------------------------------------------------------
 */
#include "guc.h"

#include "utils/guc.h"

int			az_token_scope = AZ_SCOPE_SESSION;
int			az_max_token_size = 64 * 1024;
bool		az_plan_folding = true;

static void (*scope_assigned) (void);
static void (*folding_assigned) (void);

static const struct config_enum_entry token_scopes[] = {
	{"session", AZ_SCOPE_SESSION, false},
	{"transaction", AZ_SCOPE_TRANSACTION, false},
	{NULL, 0, false}
};

static void
assign_token_scope(int newval, void *extra)
{
	/* core stores the value after this hook, we need it before */
	az_token_scope = newval;
	scope_assigned();
}

static void
assign_plan_folding(bool newval, void *extra)
{
	if (newval != az_plan_folding)
		folding_assigned();
}

void
az_guc_init(void (*on_scope) (void), void (*on_folding) (void))
{
	scope_assigned = on_scope;
	folding_assigned = on_folding;

	/*
	 * How long a token may count.  "session" lets set_token() without
	 * is_local hold until it is replaced, cleared, or the session is reset;
	 * use it where every user of a connection is known to reset it.  Behind a
	 * pool in transaction mode choose "transaction": an identity then counts
	 * only in the transaction that adopted it, whatever way it was set, and
	 * set_token() without is_local is refused, so that no code path can leave
	 * one user's identity to the next client of the connection.
	 */
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

	/*
	 * The longest token that is looked at.  Longer ones are refused before
	 * anything is copied or decoded.  Raise it for issuers that put hundreds
	 * of organisations or groups into a token; a verified identity takes up
	 * to about four times the size of the token's payload in every backend
	 * that holds it.
	 */
	DefineCustomIntVariable("dbmi_authz.max_token_size",
							"The longest token that is accepted.",
							NULL,
							&az_max_token_size,
							64 * 1024, 1024, 1024 * 1024,
							PGC_SUSET,
							GUC_UNIT_BYTE,
							NULL, NULL, NULL);

	/*
	 * The planner replaces checks by what they mean for the identity in
	 * force, so that indexes and statistics are used.  Turning this off leaves
	 * the calls in place, which answer the same, more slowly; it helps to find
	 * out whether a plan is to blame.
	 */
	DefineCustomBoolVariable("dbmi_authz.plan_folding",
							 "Replaces checks by their meaning when a query is planned.",
							 NULL,
							 &az_plan_folding,
							 true,
							 PGC_USERSET,
							 GUC_EXPLAIN,
							 NULL, assign_plan_folding, NULL);
}
