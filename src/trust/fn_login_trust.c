/*-------------------------------------------------------------------------
 *
 * fn_login_trust.c
 *	  Write what this database trusts into the file by which logins are verified.
 *
 * The server has one file for all databases.  Each database has a section, and
 * an export leaves the sections of others as they are.
 *
 *-------------------------------------------------------------------------
 */
#include "server/login_file.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/syscache.h"

#include "server/malloced.h"
#include "token/login_trust.h"
#include "trust/login_section.h"
#include "trust/options.h"
#include "trust/trust_table.h"

/*
 * Nobody else may write between our reading and our writing.  The lock belongs
 * to no database; a standby can take it, and no SQL function can take this
 * very one.
 */
static void
set_lock_tag(LOCKTAG *tag)
{
	SET_LOCKTAG_ADVISORY(*tag, InvalidOid, 0x64626d69, 0x6c746b6e, 3);
}

/*
 * For superusers alone, because the one who writes the file decides who logs
 * in.
 */
static void
check_may_export(void)
{
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for function %s", "export_login_trust"),
				 errdetail("Only superusers decide whose tokens open connections.")));
	/* the file would keep what is rolled back */
	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run in a transaction that has written", "export_login_trust()"),
				 errhint("Commit, and call it in a transaction of its own.")));
	if (!az_tables_found())
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the extension is not installed in this database")));
}

/* The sections of the file as it is; NULL: none. */
static const AzJson *
read_sections(void)
{
	AzJson	   *file;
	const char *why;
	AzLoginFile found = az_read_login_file(&file, &why);
	const AzJson *sections = NULL;

	az_free_with(CurrentMemoryContext, az_release_json, file);
	if (found == AZ_LOGIN_FILE_OK)
		sections = az_login_sections(file, &why);
	if (why)
		ereport(WARNING,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("file \"%s\" is written again", AZ_LOGIN_FILE),
				 errdetail_internal("%s", why),
				 errhint("Call export_login_trust() in the other databases, too.")));
	return sections;
}

/* Copies the sections of other databases that still exist. */
static void
append_others(StringInfo out, const AzJson *sections)
{
	size_t		i;

	for (i = 0; sections && i < az_json_count(sections); i++)
	{
		const AzJson *section = az_json_at(sections, i);
		Oid			database = (Oid) az_login_database(section);

		if (database == MyDatabaseId ||
			!SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database)))
			continue;
		az_append_json(out, section);
		appendStringInfoString(out, ",\n");
	}
}

pg_noreturn static void
raise_not_fit(const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("cannot write file \"%s\" for logins", AZ_LOGIN_FILE),
			 errdetail_internal("%s", why),
			 errhint("The file stays as it was.")));
	pg_unreachable();
}

/* Check that a login will be able to read what is written. */
static void
check_readable(const StringInfoData *out)
{
	const char *why = "It is too long.";
	AzJson	   *file = NULL;
	ListCell   *lc;
	AzJsonStatus status = AZ_JSON_INVALID;

	if (out->len <= AZ_LOGIN_FILE_MAX)
		status = az_json_parse(out->data, out->len, &file);
	az_free_with(CurrentMemoryContext, az_release_json, file);
	if (status == AZ_JSON_NO_MEMORY)
		az_raise_no_memory();
	if (status == AZ_JSON_OK)
		why = NULL;
	foreach(lc, why == NULL ? az_login_issuers() : NIL)
	{
		AzIssuer   *issuer;
		AzLoginTrust found = az_login_issuer(file, MyDatabaseId, lfirst(lc), &issuer, &why);

		az_issuer_free(issuer);
		if (found == AZ_LOGIN_TRUST_NO_MEMORY)
			az_raise_no_memory();
		if (found == AZ_LOGIN_TRUST_INVALID)
			break;
		why = NULL;
	}
	if (why)
		raise_not_fit(why);
}

/* A new file with this database's section; returns the number of its issuers. */
static int
export(void)
{
	StringInfoData out;
	int			start;
	int			n;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\": %d, \"databases\": [\n", AZ_LOGIN_TRUST_VERSION);
	append_others(&out, read_sections());
	start = out.len;
	n = az_append_login_section(&out, true);
	if (out.len - start > AZ_LOGIN_SECTION_MAX)
		raise_not_fit("The section of this database is too long.");
	appendStringInfoString(&out, "]}\n");
	check_readable(&out);
	az_write_login_file(out.data, out.len);
	return n;
}

AZ_SQL(authz_export_login_trust)
{
	LOCKTAG		tag;
	int			n;

	check_may_export();
	if (az_login_issuers() == NIL)
		ereport(NOTICE,
				(errmsg("no token opens a connection to this database"),
				 errdetail("Setting \"%s\" names no issuer.", AZ_LOGIN_ISSUERS_SETTING),
				 errhint("Name issuers there, in the server's configuration file, and reload it.")));
	set_lock_tag(&tag);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	n = export();
	LockRelease(&tag, ExclusiveLock, false);
	PG_RETURN_INT32(n);
}
