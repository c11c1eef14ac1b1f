/*-------------------------------------------------------------------------
 *
 * lint_login.c
 *	  Is the file of trust, by which logins are verified, what this database says?
 *
 * The file belongs to the server, and the role that runs the linter may not
 * read it: findings are about this database's section only, and show nothing
 * of others.  A database that has exported nothing does not use it, and is
 * left alone.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_login.h"

#include "miscadmin.h"

#include "server/encoding.h"
#include "server/login_file.h"
#include "server/malloced.h"
#include "token/login_trust.h"
#include "trust/login_section.h"
#include "trust/options.h"

/* The issuers of this database's section of an array of sections; NULL: it has none. */
static const AzJson *
own_issuers(const AzJson *sections)
{
	size_t		i;

	for (i = 0; sections && i < az_json_count(sections); i++)
	{
		const AzJson *section = az_json_at(sections, i);

		if ((Oid) az_login_database(section) == MyDatabaseId)
			return az_json_get_z(section, "issuers");
	}
	return NULL;
}

/* As the file would have them if it were written now. */
static const AzJson *
issuers_of_now(void)
{
	StringInfoData section;
	AzJson	   *json = NULL;
	AzJsonStatus status;

	initStringInfo(&section);
	(void) az_append_login_section(&section, false);
	status = az_json_parse(section.data, section.len, &json);
	if (status == AZ_JSON_NO_MEMORY)
		az_raise_no_memory();
	az_free_with(CurrentMemoryContext, az_release_json, json);
	return az_json_get_z(json, "issuers");
}

static const char *
name_of(const AzJson *entry)
{
	size_t		len;
	const char *name = az_json_string(az_json_get_z(entry, "issuer"), &len);

	return name ? name : "";
}

/* The one of that name; NULL: there is none. */
static const AzJson *
find(const AzJson *issuers, const char *name)
{
	size_t		i;

	for (i = 0; i < az_json_count(issuers); i++)
	{
		if (strcmp(name_of(az_json_at(issuers, i)), name) == 0)
			return az_json_at(issuers, i);
	}
	return NULL;
}

static const char *
text_of(const AzJson *value)
{
	StringInfoData text;

	initStringInfo(&text);
	az_append_json(&text, value);
	return text.data;
}

static void
tell(AzLint *lint, const AzJson *entry, const char *detail)
{
	const char *name = az_from_utf8(name_of(entry));

	az_find(lint, "login_trust_differs", AZ_LEVEL_WARNING,
			psprintf("issuer %s", name ? name : "?"), detail,
			"SELECT authz.export_login_trust();  -- by a superuser");
}

static void
compare(AzLint *lint, const AzJson *exported, const AzJson *now)
{
	size_t		i;

	for (i = 0; i < az_json_count(now); i++)
	{
		const AzJson *entry = az_json_at(now, i);
		const AzJson *other = find(exported, name_of(entry));

		if (other == NULL)
			tell(lint, entry, "The file of trust does not have it, so none of its tokens opens a connection.");
		else if (strcmp(text_of(entry), text_of(other)) != 0)
			tell(lint, entry, "The file of trust has other keys or options of it: those in this database do not count yet when somebody logs in.");
	}
	for (i = 0; i < az_json_count(exported); i++)
	{
		const AzJson *entry = az_json_at(exported, i);

		if (find(now, name_of(entry)) == NULL)
			tell(lint, entry, "The file of trust still has it, although it is no longer to be exported.");
	}
}

void
az_lint_login(AzLint *lint, void *arg)
{
	AzJson	   *file;
	const char *why;
	AzLoginFile found = az_read_login_file(&file, &why);
	const AzJson *sections = NULL;
	const AzJson *now;
	const AzJson *exported;

	az_free_with(CurrentMemoryContext, az_release_json, file);
	now = issuers_of_now();
	if (found == AZ_LOGIN_FILE_OK)
		sections = az_login_sections(file, &why);
	if (why && az_json_count(now) > 0)
		az_find(lint, "login_trust_unreadable", AZ_LEVEL_WARNING, "file " AZ_LOGIN_FILE,
				psprintf("Nobody logs in by token.  %s", why),
				"SELECT authz.export_login_trust();  -- by a superuser, in each database");
	exported = own_issuers(sections);
	if (exported)
		compare(lint, exported, now);
}
