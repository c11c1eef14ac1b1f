/*-------------------------------------------------------------------------
 *
 * dbmi_authz_oauth.c
 *	  Login by token (PostgreSQL 18): module start, and what core calls.
 *
 * Core asks before it opens the database: may the bearer of this token log in
 * with this role?  The answer is worked out in verdict.c.  The client learns
 * nothing but that answer; the reason stands in the server's log, without a
 * byte of the token.
 *
 *-------------------------------------------------------------------------
 */
#include "verdict.h"

#include "libpq/libpq-be.h"
#include "libpq/oauth.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "server/links.h"
#include "server/login_file.h"
#include "system_user.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/* ----------------------------------------------------------------
 * Telling
 * ----------------------------------------------------------------
 */

static void
log_refusal(const char *role, const AzVerdict *verdict)
{
	ereport(LOG_SERVER_ONLY,
			(errmsg("login by token was refused for role \"%s\"", role),
			 errdetail_internal("%s", verdict->why),
			 verdict->hint ? errhint("%s", verdict->hint) : 0));
}

/*
 * An error would go to the client in its words, so it becomes a line of the log.
 * The backend ends with the refusal; whatever was left open goes with it.
 */
static void
log_error(const char *role, MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	ereport(LOG_SERVER_ONLY,
			(errcode(error->sqlerrcode),
			 errmsg("login by token failed for role \"%s\"", role),
			 errdetail_internal("%s", error->message)));
}

/* The extension verifies the same token again, by the trust of the database. */
static void
hand_over(const char *token, size_t len)
{
	AzLoginToken *copy = MemoryContextAlloc(TopMemoryContext,
											offsetof(AzLoginToken, token) + len + 1);

	copy->len = len;
	memcpy(copy->token, token, len + 1);
	*find_rendezvous_variable(AZ_LOGIN_TOKEN_LINK) = copy;
}

/* ----------------------------------------------------------------
 * What core calls
 * ----------------------------------------------------------------
 */

static void
decide(const char *token, const char *role, ValidatorModuleResult *result)
{
	AzVerdict	verdict = {0};

	az_judge_login(MyProcPort, token, role, &verdict);
	if (verdict.why)
	{
		log_refusal(role, &verdict);
		return;
	}
	hand_over(token, strlen(token));
	result->authn_id = verdict.system_user;
	result->authorized = true;
}

static bool
validate(const ValidatorModuleState *state, const char *token, const char *role,
		 ValidatorModuleResult *result)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		decide(token, role, result);
	}
	PG_CATCH();
	{
		result->authorized = false;
		log_error(role, context);
	}
	PG_END_TRY();
	return true;				/* false would be a fault of ours, with an error for the client */
}

const OAuthValidatorCallbacks *
_PG_oauth_validator_module_init(void)
{
	static const OAuthValidatorCallbacks callbacks = {
		.magic = PG_OAUTH_VALIDATOR_MAGIC,
		.validate_cb = validate
	};

	return &callbacks;
}

/* May be loaded by the server, by a session, or by a login. */
void
_PG_init(void)
{
	az_define_login_issuers();
	az_define_role_claim();
	MarkGUCPrefixReserved("dbmi_authz_oauth");
}
