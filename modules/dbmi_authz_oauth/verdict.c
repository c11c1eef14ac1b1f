/*-------------------------------------------------------------------------
 *
 * verdict.c
 *	  May the bearer of a token log in with a role?
 *
 * This file is the security argument of the login.  The questions are in the
 * table below in the order in which they are asked; the first one that says
 * why not ends it.  The token is verified by the library that verifies tokens
 * in databases, with what the file of trust says of the issuer that
 * pg_hba.conf names, for the database that is connected to, and no other.
 *
 *-------------------------------------------------------------------------
 */
#include "verdict.h"

#include "libpq/auth.h"
#include "utils/acl.h"
#include "utils/timestamp.h"

#include "role.h"
#include "server/datum.h"
#include "server/login_file.h"
#include "system_user.h"
#include "token/login_trust.h"
#include "token/verify.h"

/* One login: what is asked for, and what has been found. */
typedef struct Login
{
	const Port *port;
	const char *token;
	const char *role_name;
	char	   *issuer_name;
	Oid			database;
	Oid			role;
	char	   *system_user;

	/* malloc'ed */
	AzJson	   *file;
	AzIssuer   *issuer;
	AzVerification *verification;
	const AzIdentity *id;		/* of the verification */

	const char *hint;
} Login;

/* ----------------------------------------------------------------
 * Whose token it is to be
 * ----------------------------------------------------------------
 */

static const char *
check_issuer(Login *login)
{
	ListCell   *lc;

	login->issuer_name = az_hba_issuer(login->port->hba);
	if (login->issuer_name == NULL)
		return "The issuer in pg_hba.conf is not one, and no address of its discovery document.";
	foreach(lc, az_login_issuers())
	{
		if (strcmp(lfirst(lc), login->issuer_name) == 0)
			return NULL;
	}
	login->hint = "Name it there, in the server's configuration file, and reload it.";
	return "Setting \"dbmi_authz_oauth.issuers\" does not name the issuer of pg_hba.conf.";
}

/* A physical replication connection has none, so there is no trust to go by. */
static const char *
check_database(Login *login)
{
	const char *name = login->port->database_name;

	if (name == NULL || *name == '\0')
		return "The connection is to no database.";
	login->database = az_find_database(name);
	return OidIsValid(login->database) ? NULL : "There is no such database.";
}

/* ----------------------------------------------------------------
 * The file of trust
 * ----------------------------------------------------------------
 */

#define EXPORT_HINT	"A superuser calls export_login_trust() in the database."

static const char *
read_file(Login *login)
{
	const char *why;

	login->hint = EXPORT_HINT;
	switch (az_read_login_file(&login->file, &why))
	{
		case AZ_LOGIN_FILE_OK:
			return NULL;
		case AZ_LOGIN_FILE_ABSENT:
			return "There is no file \"" AZ_LOGIN_FILE "\" in the data directory.";
		case AZ_LOGIN_FILE_BAD:
			break;
	}
	return psprintf("File \"%s\" is not to be trusted.  %s", AZ_LOGIN_FILE, why);
}

static const char *
find_issuer(Login *login)
{
	const char *why;

	switch (az_login_issuer(login->file, login->database, login->issuer_name,
							&login->issuer, &why))
	{
		case AZ_LOGIN_TRUST_OK:
			login->hint = NULL;
			return NULL;
		case AZ_LOGIN_TRUST_NO_DATABASE:
			return "File \"" AZ_LOGIN_FILE "\" has no section for the database.";
		case AZ_LOGIN_TRUST_NO_ISSUER:
			return "File \"" AZ_LOGIN_FILE "\" does not list the issuer for the database.";
		case AZ_LOGIN_TRUST_INVALID:
			return psprintf("File \"%s\" is not to be trusted.  %s", AZ_LOGIN_FILE, why);
		case AZ_LOGIN_TRUST_NO_MEMORY:
			break;
	}
	return "Out of memory.";
}

/* ----------------------------------------------------------------
 * The token
 * ----------------------------------------------------------------
 */

/*
 * Revocations and ceilings are in the database, which verifies the token again.  An
 * issuer that demands a ceiling of actors has nobody act at a login.
 */
static const char *
verify(Login *login)
{
	AzTrust		trust = {
		.issuers = &login->issuer, .nissuers = 1, .max_token_size = PG_MAX_AUTH_TOKEN_LENGTH
	};
	AzReason	reason = AZ_NO_MEMORY;

	login->verification = az_verification_new();
	if (login->verification)
		reason = az_verify(login->verification, login->token, strlen(login->token),
						   GetCurrentTimestamp() + AZ_EPOCH_SHIFT,
						   &trust, &login->id);
	if (reason == AZ_OK)
		return NULL;
	login->hint = az_reason_info(reason)->hint;
	if (login->verification && az_verification_hint(login->verification))
		login->hint = pstrdup(az_verification_hint(login->verification));
	if (reason == AZ_ISSUER_UNTRUSTED)
		login->hint = "The line of pg_hba.conf names the issuer whose tokens it is for, byte for byte.";
	return psprintf("%s.", az_reason_info(reason)->description);
}

/* What limits an actor stands in the database, and would come too late for the role. */
static const char *
check_not_delegated(Login *login)
{
	login->hint = "An actor that acts for others logs in by another method, and then calls set_token().";
	return az_node_type(&login->id->trust_actor) == AZ_NULL ? NULL :
		"Somebody acts for the token's subject.";
}

/* RFC 6750, 3.1: what the owner of the token has let its bearer do. */
static const char *
check_scopes(Login *login)
{
	login->hint = "The scopes stand in pg_hba.conf; where a token has its own, the issuer's option \"scope_claims\" says.";
	return az_has_hba_scopes(login->port->hba, login->id) ? NULL :
		"The token lacks a scope that pg_hba.conf asks for.";
}

/* ----------------------------------------------------------------
 * The role
 * ----------------------------------------------------------------
 */

static const char *
find_system_user(Login *login)
{
	login->hint = "A subject has 1 to 255 characters, all of printable ASCII.";
	login->system_user = az_system_user(login->port->hba, login->issuer_name, login->id);
	return login->system_user ? NULL : "The token's subject cannot be a system user.";
}

static const char *
find_role(Login *login)
{
	login->hint = NULL;
	login->role = get_role_oid(login->role_name, true);
	return OidIsValid(login->role) ? NULL : "There is no such role.";
}

/* Neither a claim nor a pattern gives these. */
static const char *
check_privileges(Login *login)
{
	const HbaLine *line = login->port->hba;
	const char *privilege = az_privilege_of(login->role);

	if (privilege == NULL)
		return NULL;
	if (line->usermap && !line->oauth_skip_usermap &&
		az_is_named_for_role(line->usermap, login->system_user, login->role_name))
		return NULL;
	login->hint = "A line of pg_ident.conf has to name \"ISSUER SUBJECT\" and the role, without a pattern, in the map of the line of pg_hba.conf.";
	return psprintf("The role has, or may take on, the %s.", privilege);
}

/* Otherwise core compares the system user, by the map or with the role's name. */
static const char *
check_claimed_role(Login *login)
{
	login->hint = NULL;
	if (!login->port->hba->oauth_skip_usermap || az_names_role(login->id, login->role_name))
		return NULL;
	login->hint = "With delegate_ident_mapping the claim of setting \"dbmi_authz_oauth.role_claim\" names the roles.";
	return az_has_role_claim() ? "The token does not name the role." :
		"Setting \"dbmi_authz_oauth.role_claim\" is not set.";
}

/*
 * Core will look the name up for itself: it must not find a database whose trust was
 * not asked.  Last, so that nobody waits, or is waited for, without a token.
 */
static const char *
hold_database(Login *login)
{
	return az_hold_database(login->database, login->port->database_name) ? NULL :
		"The database was renamed or dropped meanwhile.";
}

/* ----------------------------------------------------------------
 * One login
 * ----------------------------------------------------------------
 */

/* Each returns NULL, or why not; the hint that it leaves is about that. */
static const char *(*const questions[]) (Login *login) = {
	check_issuer,
	check_database,
	read_file,
	find_issuer,
	verify,
	check_not_delegated,
	check_scopes,
	find_system_user,
	find_role,
	check_privileges,
	check_claimed_role,
	hold_database,
};

static void
ask(Login *login, AzVerdict *verdict)
{
	int			i;

	for (i = 0; i < (int) lengthof(questions) && verdict->why == NULL; i++)
		verdict->why = questions[i] (login);
	if (verdict->why == NULL)
		verdict->system_user = login->system_user;
	else
		verdict->hint = login->hint;
}

/* What the token said is overwritten. */
static void
release(Login *login)
{
	if (login->id)
		explicit_bzero(unconstify(AzIdentity *, login->id), login->id->size);
	az_verification_free(login->verification);
	az_issuer_free(login->issuer);
	az_json_free(login->file);
}

void
az_judge_login(const Port *port, const char *token, const char *role, AzVerdict *verdict)
{
	/* no local variable: an error must find it as it is then */
	Login	   *login = palloc0(sizeof(Login));

	login->port = port;
	login->token = token;
	login->role_name = role;
	PG_TRY();
	{
		ask(login, verdict);
	}
	PG_FINALLY();
	{
		release(login);
	}
	PG_END_TRY();
}
