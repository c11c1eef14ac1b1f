/*-------------------------------------------------------------------------
 *
 * read_who.c
 *	  Who reads, for the record of reads.
 *
 *-------------------------------------------------------------------------
 */
#include "records/read_who.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "server/discretion.h"
#include "server/guc.h"
#include "server/log_json.h"
#include "session/candidate.h"

/* label: the name of a member, ready to be written */
static void
append_text(StringInfo out, const char *label, const char *value)
{
	appendStringInfoString(out, label);
	az_log_json_string(out, value, value ? strlen(value) : 0, AZ_MAX_LOGGED_BYTES);
}

static void
append_claim(StringInfo out, const char *label, const AzIdentity *id, const AzNode *claim)
{
	appendStringInfoString(out, label);
	az_log_json_claim(out, id, claim);
}

/*
 * The identity as the token has it, also where it has ended: it still reads.
 * Where there was no token the line says so.
 */
static void
append_identity(StringInfo out, const AzAdoption *current)
{
	const AzIdentity *id = current ? current->identity : NULL;

	append_claim(out, ", \"issuer\": ", id, id ? &id->issuer : NULL);
	append_claim(out, ", \"subject\": ", id, id ? &id->subject : NULL);
	append_claim(out, ", \"actor\": ", id, id ? &id->actor : NULL);
	append_claim(out, ", \"token_id\": ", id, id ? &id->token_id : NULL);
	if (current && current->simulated)
		appendStringInfoString(out, ", \"simulated\": true");
	if (current && current->refused)
		appendStringInfoString(out, ", \"handed_over\": \"refused\"");
}

/* A purpose is what the user likes, by mistake a token. */
static void
append_purpose(StringInfo out)
{
	const char *purpose = az_purpose;

	if (purpose != NULL && az_holds_token(purpose, strlen(purpose)))
		purpose = "(a token)";
	append_text(out, ", \"purpose\": ", purpose && purpose[0] ? purpose : NULL);
}

static const char *
own_database(void)
{
	static char *name = NULL;

	/* nobody renames it while we are connected */
	if (name == NULL)
	{
		char	   *found = get_database_name(MyDatabaseId);

		name = found ? MemoryContextStrdup(TopMemoryContext, found) : NULL;
	}
	return name;
}

/*
 * A statement may have many readers, one after the other: free everything that
 * was made for one.
 */
static void
append_role(StringInfo out, const char *label, Oid role)
{
	char	   *name = GetUserNameFromId(role, true);

	append_text(out, label, name);
	if (name)
		pfree(name);
}

/* What a function runs as does not matter: the statement is the role's. */
void
az_append_reader(StringInfo out)
{
	const AzAdoption *current = az_judged_candidate();

	append_text(out, "\"database\": ", own_database());
	append_identity(out, current);
	append_role(out, ", \"session_role\": ", GetSessionUserId());
	append_role(out, ", \"role\": ", GetOuterUserId());
	append_purpose(out);
}
