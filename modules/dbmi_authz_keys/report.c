/*-------------------------------------------------------------------------
 *
 * report.c
 *	  Lines in the server's log, not too many of them.
 *
 * No line holds a byte of what was fetched, nor of a message that the owner of the
 * database could have written.
 *
 *-------------------------------------------------------------------------
 */
#include "report.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "board.h"

/* The number for reports that are not about an outcome. */
#define ABOUT_FAULT		100
#define ABOUT_OLD		101

/* The name of the database, for which a transaction is needed. */
static const char *here = "";

/* As a name in shared memory no issuer has it. */
#define NO_ISSUER		""

char *
az_printable(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	for (; *text; text++)
	{
		if (*text >= ' ' && *text <= '~' && *text != '\\' && *text != '"')
			appendStringInfoChar(&out, *text);
		else
			appendStringInfo(&out, "\\x%02x", (unsigned char) *text);
	}
	return out.data;
}

void
az_report_init(void)
{
	const char *name;

	StartTransactionCommand();
	name = get_database_name(MyDatabaseId);
	here = MemoryContextStrdup(TopMemoryContext, name ? az_printable(name) : "");
	CommitTransactionCommand();
}

static const char *
state_of(int fault)
{
	return fault ? unpack_sql_state(fault) : "";
}

static void
report_failure(const char *issuer, AzOutcome outcome, const char *detail, int fault)
{
	ereport(LOG,
			(errmsg("could not refresh the keys of issuer \"%s\" in database \"%s\": %s",
					az_printable(issuer), here, az_outcome_word(outcome)),
			 *detail ? errdetail_log("%s.", detail) : 0,
			 fault ? errdetail_log("SQLSTATE %s.", state_of(fault)) : 0,
			 errhint("The keys that are stored stay.  Table authz.jwks_status says when it is tried again.")));
}

void
az_report(const char *issuer, AzOutcome outcome, const char *detail, int fault)
{
	bool		good = az_outcome_word(outcome) == NULL;

	if (good)
		az_board_forget_complaint(MyDatabaseId, issuer);
	else if (az_board_may_log(MyDatabaseId, issuer, outcome))
		report_failure(issuer, outcome, detail, fault);
}

void
az_report_fault(const char *doing, int fault)
{
	if (az_board_may_log(MyDatabaseId, NO_ISSUER, ABOUT_FAULT))
		ereport(LOG,
				(errmsg("could not %s in database \"%s\": SQLSTATE %s", doing, here,
						state_of(fault)),
				 errhint("Tables of the extension were altered, or are locked.")));
}

void
az_report_old(void)
{
	if (az_board_may_log(MyDatabaseId, NO_ISSUER, ABOUT_OLD))
		ereport(LOG,
				(errmsg("keys in database \"%s\" are not refreshed: extension \"dbmi_authz\" has version 1.0",
						here),
				 errhint("Run ALTER EXTENSION dbmi_authz UPDATE in that database.")));
}
