/*-------------------------------------------------------------------------
 *
 * login_trust.c
 *	  The file of trust, by which a login is verified before a database is
 *	  chosen: JSON to one issuer.
 *
 * Somebody who can write the file can log in as anybody, so whether to read it
 * at all is decided before (server/login_file.h).  The checks here are for
 * mistakes.
 *
 *-------------------------------------------------------------------------
 */
#include "token/login_trust.h"

#include <string.h>

/* ---- members ---- */

/* Is it an object with exactly these members? */
static bool
has_members(const AzJson *object, const char *const *names, size_t n)
{
	size_t		i;

	if (object == NULL || az_json_type(object) != AZ_JSON_OBJECT || az_json_count(object) != n)
		return false;
	for (i = 0; i < n; i++)
	{
		if (az_json_get_z(object, names[i]) == NULL)
			return false;
	}
	return true;
}

#define HAS_MEMBERS(object, names) \
	has_members(object, names, sizeof(names) / sizeof((names)[0]))

static bool
is_of_type(const AzJson *object, const char *name, AzJsonType type)
{
	const AzJson *member = az_json_get_z(object, name);

	return member != NULL && az_json_type(member) == type;
}

/* Is it a string that is not empty? */
static bool
is_named(const AzJson *object, const char *name)
{
	size_t		len;

	return az_json_string(az_json_get_z(object, name), &len) != NULL && len > 0;
}

/* ---- sections ---- */

int64_t
az_login_database(const AzJson *section)
{
	int64_t		database = 0;

	(void) az_json_integer(az_json_get_z(section, "database"), &database);
	return database;
}

/* The section of that database among the first n; NULL: there is none. */
static const AzJson *
find_section(const AzJson *sections, size_t n, int64_t database)
{
	size_t		i;

	for (i = 0; i < n; i++)
	{
		if (az_login_database(az_json_at(sections, i)) == database)
			return az_json_at(sections, i);
	}
	return NULL;
}

static bool
is_section(const AzJson *section)
{
	static const char *const members[] = {"database", "name", "issuers"};

	return HAS_MEMBERS(section, members) &&
		az_login_database(section) > 0 && az_login_database(section) <= UINT32_MAX &&
		is_of_type(section, "name", AZ_JSON_STRING) &&
		is_of_type(section, "issuers", AZ_JSON_ARRAY);
}

const AzJson *
az_login_sections(const AzJson *file, const char **why)
{
	static const char *const members[] = {"version", "databases"};
	const AzJson *sections = az_json_get_z(file, "databases");
	int64_t		version = 0;
	size_t		i;

	(void) az_json_integer(az_json_get_z(file, "version"), &version);
	if (version != AZ_LOGIN_TRUST_VERSION)
		return *why = "It is of another version.", NULL;
	if (!HAS_MEMBERS(file, members) || !is_of_type(file, "databases", AZ_JSON_ARRAY))
		return *why = "It is not a file of trust.", NULL;
	for (i = 0; i < az_json_count(sections); i++)
	{
		const AzJson *section = az_json_at(sections, i);

		if (!is_section(section))
			return *why = "One of its sections is malformed.", NULL;
		if (find_section(sections, i, az_login_database(section)) != NULL)
			return *why = "A database has two sections.", NULL;
	}
	return sections;
}

/* ---- one issuer ---- */

/* A space ends its name where the system user is "ISSUER SUBJECT". */
static bool
has_space(const AzIssuer *issuer)
{
	size_t		i;

	for (i = 0; i < issuer->issuer_len; i++)
	{
		if ((unsigned char) issuer->issuer[i] <= ' ')
			return true;
	}
	return false;
}

bool
az_may_be_login_issuer(const AzIssuer *issuer, const char **why)
{
	if (has_space(issuer))
		return *why = "Its name has white space in it.", false;
	if (issuer->by_audience || issuer->unnamed)
		return *why = "Its tokens do not name it in \"iss\".", false;
	if ((issuer->algorithms & ~AZ_ALGS_HMAC) == 0)
		return *why = "It accepts only algorithms of secrets, which do not leave the database.", false;
	return true;
}

/* False when memory ran out or it is malformed; then *why is set. */
static bool
take_audience(AzIssuer *issuer, const AzJson *audience, const char **why)
{
	size_t		i;

	issuer->any_audience = az_json_type(audience) == AZ_JSON_NULL;
	if (!issuer->any_audience && az_json_count(audience) == 0)
		return *why = "An audience is malformed.", false;
	for (i = 0; i < az_json_count(audience); i++)
	{
		size_t		len;
		const char *value = az_json_string(az_json_at(audience, i), &len);

		if (value == NULL || len == 0)
			return *why = "An audience is malformed.", false;
		if (!az_issuer_add_audience(issuer, value, len))
			return *why = az_out_of_memory, false;
	}
	return true;
}

/* The layers of an issuer in its row's and its profile's order. */
static bool
take_options(AzIssuer *issuer, const AzJson *entry, const char **why)
{
	AzOptionError error;

	if (az_issuer_apply(issuer, az_json_get_z(entry, "profile"), &error) &&
		az_issuer_apply(issuer, az_json_get_z(entry, "options"), &error) &&
		az_issuer_check(issuer, &error))
		return az_may_be_login_issuer(issuer, why);
	*why = error.no_memory ? az_out_of_memory : "An option is not valid.";
	return false;
}

/* Symmetric keys do not count here, unlike in az_key_or_none(). */
static bool
take_key(AzIssuer *issuer, const AzJson *entry, const char **why)
{
	static const char *const members[] = {"added", "jwk"};
	AzKeyError	error = {0};
	AzKeyStatus status;
	AzKey	   *key;
	int64_t		added;

	if (!HAS_MEMBERS(entry, members) || !is_of_type(entry, "jwk", AZ_JSON_OBJECT) ||
		!az_json_integer(az_json_get_z(entry, "added"), &added))
		return *why = "A key is malformed.", false;
	status = az_key_or_none(az_json_get_z(entry, "jwk"), issuer->algorithms, false, true,
							&key, &error);
	if (status == AZ_KEY_NO_MEMORY)
		return *why = az_out_of_memory, false;
	if (status != AZ_KEY_OK)
		return *why = "A key is not a public one that can be used.", false;
	az_key_set_added(key, added);
	if (!az_issuer_add_key(issuer, key))
		return *why = az_out_of_memory, false;
	return true;
}

static bool
take_keys(AzIssuer *issuer, const AzJson *keys, const char **why)
{
	size_t		i;

	if (az_json_type(keys) != AZ_JSON_ARRAY)
		return *why = "The keys are not a list.", false;
	for (i = 0; i < az_json_count(keys); i++)
	{
		if (!take_key(issuer, az_json_at(keys, i), why))
			return false;
	}
	return true;
}

static AzLoginTrust
read_issuer(const AzJson *entry, const char *name, AzIssuer **issuer, const char **why)
{
	AzIssuer   *made = az_issuer_new(name, strlen(name));

	*why = az_out_of_memory;
	if (made != NULL && take_audience(made, az_json_get_z(entry, "audience"), why) &&
		take_options(made, entry, why) &&
		take_keys(made, az_json_get_z(entry, "keys"), why))
	{
		made->algorithms &= ~AZ_ALGS_HMAC;
		*issuer = made;
		return AZ_LOGIN_TRUST_OK;
	}
	az_issuer_free(made);
	return *why == az_out_of_memory ? AZ_LOGIN_TRUST_NO_MEMORY : AZ_LOGIN_TRUST_INVALID;
}

static bool
is_issuer(const AzJson *entry)
{
	static const char *const members[] = {"issuer", "audience", "profile", "options", "keys"};

	return HAS_MEMBERS(entry, members) && is_named(entry, "issuer") &&
		is_of_type(entry, "profile", AZ_JSON_OBJECT) &&
		is_of_type(entry, "options", AZ_JSON_OBJECT) &&
		(is_of_type(entry, "audience", AZ_JSON_NULL) ||
		 is_of_type(entry, "audience", AZ_JSON_ARRAY));
}

static bool
is_of_name(const AzJson *entry, const char *name)
{
	size_t		len;
	const char *issuer = az_json_string(az_json_get_z(entry, "issuer"), &len);

	return len == strlen(name) && memcmp(issuer, name, len) == 0;
}

AzLoginTrust
az_login_issuer_of(const AzJson *section, const char *name, AzIssuer **issuer,
				   const char **why)
{
	const AzJson *issuers = az_json_get_z(section, "issuers");
	const AzJson *found = NULL;
	size_t		i;

	*issuer = NULL;
	*why = NULL;
	for (i = 0; i < az_json_count(issuers); i++)
	{
		const AzJson *entry = az_json_at(issuers, i);

		if (!is_issuer(entry))
			return *why = "One of its issuers is malformed.", AZ_LOGIN_TRUST_INVALID;
		if (!is_of_name(entry, name))
			continue;
		if (found != NULL)
			return *why = "An issuer is listed twice.", AZ_LOGIN_TRUST_INVALID;
		found = entry;
	}
	return found != NULL ? read_issuer(found, name, issuer, why) : AZ_LOGIN_TRUST_NO_ISSUER;
}

AzLoginTrust
az_login_issuer(const AzJson *file, int64_t database, const char *name, AzIssuer **issuer,
				const char **why)
{
	const AzJson *sections = az_login_sections(file, why);
	const AzJson *section;

	*issuer = NULL;
	if (sections == NULL)
		return AZ_LOGIN_TRUST_INVALID;
	section = find_section(sections, az_json_count(sections), database);
	return section != NULL ? az_login_issuer_of(section, name, issuer, why) :
		AZ_LOGIN_TRUST_NO_DATABASE;
}
