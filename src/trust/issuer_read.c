/*-------------------------------------------------------------------------
 *
 * issuer_read.c
 *	  Rows of authz.issuer and authz.profile to issuers.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/issuer_read.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "server/encoding.h"
#include "server/malloced.h"
#include "server/own.h"
#include "trust/trust_row.h"
#include "trust/trust_table.h"

/* ----------------------------------------------------------------
 * Rows with a name
 * ----------------------------------------------------------------
 */

/* The row of that name, NULL when there is none; end_row() is to follow. */
static HeapTuple
begin_row(AzRows *rows, AzCatalog table, AttrNumber column, const char *name)
{
	return az_begin_rows(rows, table, &column, &name, 1) ? az_next_row(rows) : NULL;
}

/* Combines the versions of two rows.  Never 0, which means "no row". */
static uint64
with_row(uint64 version, HeapTuple tuple)
{
	return Max(hash_combine64(version, az_row_version(tuple)), 1);
}

/*
 * False when there is another row of that name, which the primary key would
 * forbid: the owner has dropped it.  The versions of all rows are combined.
 */
static bool
end_row(AzRows *rows, uint64 *version)
{
	bool		alone = true;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = az_next_row(rows)))
	{
		alone = false;
		*version = with_row(*version, tuple);
	}
	az_end_rows(rows);
	return alone;
}

/* ----------------------------------------------------------------
 * Profiles
 * ----------------------------------------------------------------
 */

typedef struct Profile
{
	const char *name;
	uint64		version;		/* of its row, or rows; 0: there is none */
	bool		by_audience;
	bool		audience_required;
	AzJson	   *options;
} Profile;

static bool
is_by_audience(HeapTuple tuple, TupleDesc desc)
{
	const char *chosen_by = az_row_utf8(tuple, Profile_chosen_by, desc);

	return chosen_by && strcmp(chosen_by, "aud") == 0;
}

/*
 * The profile has no options when there is none of that name, or it is not
 * usable.
 */
static void
read_profile(const char *name, Profile *profile)
{
	AzRows		rows;
	HeapTuple	tuple = begin_row(&rows, AZ_TABLE_PROFILE, Profile_profile, name);

	profile->name = name;
	if (HeapTupleIsValid(tuple))
	{
		TupleDesc	desc = RelationGetDescr(rows.rel);
		bool		isnull;
		Datum		required = heap_getattr(tuple, Profile_audience_required, desc, &isnull);

		profile->version = with_row(0, tuple);
		profile->by_audience = is_by_audience(tuple, desc);
		profile->audience_required = isnull || DatumGetBool(required);
		profile->options = az_row_json(tuple, Profile_options, desc);
	}
	if (!end_row(&rows, &profile->version))
		profile->options = NULL;
}

static void
warn_if_bad_profile(const Profile *profile)
{
	if (profile->version != 0 && profile->options == NULL)
		az_warn_bad_row("profile", profile->name, NULL,
						"Correct the row of table authz.profile, or remove it.");
}

/* The names of the profiles that count, by their rows. */
static List *
names_of_profiles(bool (*counts) (HeapTuple tuple, TupleDesc desc))
{
	List	   *names = NIL;
	AzRows		rows;
	HeapTuple	tuple;

	(void) az_begin_rows(&rows, AZ_TABLE_PROFILE, NULL, NULL, 0);
	while (HeapTupleIsValid(tuple = az_next_row(&rows)))
	{
		TupleDesc	desc = RelationGetDescr(rows.rel);
		char	   *name = az_row_utf8(tuple, Profile_profile, desc);

		if (name && counts(tuple, desc))
			names = lappend(names, name);
	}
	az_end_rows(&rows);
	return names;
}

/* ----------------------------------------------------------------
 * Issuers
 * ----------------------------------------------------------------
 */

static void
warn_bad_issuer(const char *name, const char *why)
{
	az_warn_bad_row("issuer", name, why,
					"Correct its row in table authz.issuer, or remove it with drop_issuer.");
}

/* The accepted audiences, in UTF-8; NIL when the column is not usable. */
static List *
read_audience(Datum array)
{
	ArrayType  *audience = DatumGetArrayTypeP(array);
	List	   *values = NIL;
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	if (ARR_ELEMTYPE(audience) != TEXTOID || ARR_NDIM(audience) > 1)
		return NIL;
	deconstruct_array(audience, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		text	   *value = nulls[i] ? NULL : DatumGetTextPP(elements[i]);
		char	   *utf8 = NULL;
		int			len = 0;

		if (value)
			utf8 = az_to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &len);
		if (utf8 == NULL || len == 0)
			return NIL;
		values = lappend(values, utf8);
	}
	return values;
}

/* False when the column is not usable. */
static bool
add_audience(AzIssuer *issuer, Datum array)
{
	List	   *values = read_audience(array);
	ListCell   *lc;

	foreach(lc, values)
	{
		if (!az_issuer_add_audience(issuer, lfirst(lc), strlen(lfirst(lc))))
			az_raise_no_memory();
	}
	return values != NIL;
}

/*
 * With objects of 1.0 the library behaves as 1.0 did.  The update will write
 * that into the options, in these very words (dbmi_authz--1.0--1.1.sql).
 */
#define OPTIONS_OF_1_0	"\"bound_tokens\": \"ignore\", \"groups_overage\": \"ignore\", \"skew_seconds\": 0}"

static char *
updated_options(const char *options)
{
	const char *last = strrchr(options, '}');
	const char *first = strchr(options, '{') + 1;

	return psprintf("%.*s%s%s", (int) (last - options), options,
					first + strspn(first, " \t\r\n") == last ? "" : ", ", OPTIONS_OF_1_0);
}

/*
 * A digest of the row's content without its name; of the profile it has the
 * name only.
 */
static uint64
content_of(const char *profile, const char *options, Datum audience, bool isnull)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) options, strlen(options), 0);

	hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) profile,
													strlen(profile), 1));
	if (!isnull)
	{
		ArrayType  *array = DatumGetArrayTypeP(audience);

		hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) array,
														VARSIZE(array), 2));
	}
	return Max(hash, 1);
}

static bool
apply_1_0(AzIssuer *issuer, AzOptionError *error)
{
	static const char text[] = "{" OPTIONS_OF_1_0;
	AzJson	   *options;
	bool		applied;

	if (az_json_parse(text, sizeof(text) - 1, &options) != AZ_JSON_OK)
		az_raise_no_memory();
	applied = az_issuer_apply(issuer, options, error);
	az_json_free(options);
	return applied;
}

/* One row of authz.issuer; NULL and why when it is not to be believed. */
static AzIssuer *
make_issuer(HeapTuple tuple, TupleDesc desc, const char *name, const Profile *profile,
			MemoryContext context, const char **why)
{
	AzJson	   *options = az_row_json(tuple, Issuer_options, desc);
	bool		isnull;
	Datum		audience = heap_getattr(tuple, Issuer_audience, desc, &isnull);
	bool		old = az_objects_are_old();
	AzOptionError error;
	AzIssuer   *issuer;
	const char *text;

	if (*name == '\0')
		return *why = "Its name is not valid.", NULL;
	if (profile->options == NULL)
		return *why = "Its profile is not recognized.", NULL;
	if (options == NULL)
		return *why = "Its options are not a JSON object.", NULL;
	if (old && az_new_option(options))
		return *why = psprintf("Its option \"%s\" needs the objects of the new version.",
							   az_new_option(options)), NULL;
	if (isnull && profile->audience_required)
		return *why = "Its profile requires an audience.", NULL;

	issuer = az_issuer_new(name, strlen(name));
	if (issuer == NULL)
		az_raise_no_memory();
	az_free_with(context, az_release_issuer, issuer);
	issuer->by_audience = profile->by_audience;
	issuer->any_audience = isnull;
	if (!isnull && !add_audience(issuer, audience))
		return *why = "Its audience is not a list of values.", NULL;
	text = az_row_utf8(tuple, Issuer_options, desc);
	issuer->content = content_of(profile->name, old ? updated_options(text) : text,
								 audience, isnull);
	issuer->to_be_updated = old;
	if (az_issuer_apply(issuer, profile->options, &error) &&
		(!old || apply_1_0(issuer, &error)) &&
		az_issuer_apply(issuer, options, &error) &&
		az_issuer_check(issuer, &error))
		return issuer;
	if (error.no_memory)
		az_raise_no_memory();
	return *why = *error.name ?
		psprintf("Its option \"%s\" is not valid.", error.name) :
		"Its options are not a JSON object.", NULL;
}

/* The version of all rows of that name, in the order of the scan. */
static uint64
profile_version(const char *name)
{
	AzRows		rows;
	HeapTuple	tuple = begin_row(&rows, AZ_TABLE_PROFILE, Profile_profile, name);
	uint64		version = HeapTupleIsValid(tuple) ? with_row(0, tuple) : 0;

	(void) end_row(&rows, &version);
	return version;
}

/*
 * The version of the issuer's rows, and of the profile that the first one
 * names.
 */
static uint64
both_versions(uint64 version, uint64 profile)
{
	return Max(hash_combine64(version, profile), 1);
}

uint64
az_issuer_version(const char *name)
{
	AzRows		rows;
	HeapTuple	tuple = begin_row(&rows, AZ_TABLE_ISSUER, Issuer_issuer, name);
	bool		found = HeapTupleIsValid(tuple);
	char	   *profile = NULL;
	uint64		version = 0;

	if (found)
	{
		profile = az_row_utf8(tuple, Issuer_profile, RelationGetDescr(rows.rel));
		version = with_row(0, tuple);
	}
	(void) end_row(&rows, &version);
	return found ? both_versions(version, profile ? profile_version(profile) : 0) : 0;
}

/*
 * As az_read_issuer(), with its profile and the reason why it is not usable;
 * no warning.
 */
static AzIssuer *
read_issuer(const char *name, MemoryContext context, uint64 *version,
			Profile *profile, const char **why)
{
	AzRows		rows;
	HeapTuple	tuple = begin_row(&rows, AZ_TABLE_ISSUER, Issuer_issuer, name);
	bool		found = HeapTupleIsValid(tuple);
	AzIssuer   *issuer = NULL;

	*version = 0;
	if (found)
	{
		TupleDesc	desc = RelationGetDescr(rows.rel);
		const char *profile_name = az_row_utf8(tuple, Issuer_profile, desc);

		*version = with_row(0, tuple);
		if (profile_name)
			read_profile(profile_name, profile);
		issuer = make_issuer(tuple, desc, name, profile, context, why);
	}
	if (!end_row(&rows, version))
		issuer = NULL, *why = "There are several of its name.";
	if (!found)
		return NULL;
	*version = both_versions(*version, profile->version);
	if (issuer)
		issuer->version = *version;
	return issuer;
}

AzIssuer *
az_read_issuer(const char *name, MemoryContext context, uint64 *version)
{
	Profile		profile = {0};
	const char *why = NULL;
	AzIssuer   *issuer = read_issuer(name, context, version, &profile, &why);

	warn_if_bad_profile(&profile);
	if (issuer == NULL && *version != 0)
		warn_bad_issuer(name, why);
	return issuer;
}

AzIssuer *
az_judge_issuer(const char *name, MemoryContext context, const char **why)
{
	Profile		profile = {0};
	uint64		version;

	*why = NULL;
	return read_issuer(name, context, &version, &profile, why);
}

/* ----------------------------------------------------------------
 * Issuers that tokens choose by audience
 * ----------------------------------------------------------------
 */

/* Puts the row's audiences in front of those in the list. */
static List *
add_audiences(List *audiences, HeapTuple tuple, TupleDesc desc)
{
	const char *issuer = az_row_utf8(tuple, Issuer_issuer, desc);
	bool		isnull;
	Datum		array = heap_getattr(tuple, Issuer_audience, desc, &isnull);
	List	   *values = isnull ? NIL : read_audience(array);
	ListCell   *lc;

	if (issuer == NULL || values == NIL)
		warn_bad_issuer(issuer, "Its audience is not a list of values.");
	foreach(lc, values)
	{
		AzAudience *pair = palloc(sizeof(AzAudience));

		pair->audience = lfirst(lc);
		pair->issuer = issuer;
		audiences = issuer ? lappend(audiences, pair) : audiences;
	}
	return audiences;
}

List *
az_read_audiences(void)
{
	static const AttrNumber columns[] = {Issuer_profile};
	List	   *audiences = NIL;
	ListCell   *lc;

	foreach(lc, names_of_profiles(is_by_audience))
	{
		const char *profile = lfirst(lc);
		AzRows		rows;
		HeapTuple	tuple;

		(void) az_begin_rows(&rows, AZ_TABLE_ISSUER, columns, &profile, 1);
		while (HeapTupleIsValid(tuple = az_next_row(&rows)))
			audiences = add_audiences(audiences, tuple, RelationGetDescr(rows.rel));
		az_end_rows(&rows);
	}
	return audiences;
}

/* ----------------------------------------------------------------
 * Issuers whose tokens name none
 * ----------------------------------------------------------------
 */

/* Is the option on?  Few rows mention it, and only those are parsed. */
static bool
is_unnamed(HeapTuple tuple, int column, TupleDesc desc, bool otherwise)
{
	char	   *text = az_row_utf8(tuple, column, desc);
	bool		mentioned = text && (strstr(text, "unnamed") || strchr(text, '\\'));

	if (text)
		pfree(text);
	return mentioned ? az_option_is_on(az_row_json(tuple, column, desc), "unnamed", otherwise) :
		otherwise;
}

static bool
makes_unnamed(HeapTuple profile, TupleDesc desc)
{
	return is_unnamed(profile, Profile_options, desc, false);
}

static bool
is_among(const List *names, const char *name)
{
	const ListCell *lc;

	foreach(lc, names)
	{
		if (name && strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

List *
az_read_unnamed(void)
{
	List	   *profiles = names_of_profiles(makes_unnamed);
	List	   *names = NIL;
	AzRows		rows;
	HeapTuple	tuple;

	(void) az_begin_rows(&rows, AZ_TABLE_ISSUER, NULL, NULL, 0);
	while (HeapTupleIsValid(tuple = az_next_row(&rows)))
	{
		TupleDesc	desc = RelationGetDescr(rows.rel);
		bool		otherwise = profiles != NIL &&
			is_among(profiles, az_row_utf8(tuple, Issuer_profile, desc));

		if (is_unnamed(tuple, Issuer_options, desc, otherwise))
			names = lappend(names, az_row_utf8(tuple, Issuer_issuer, desc));
	}
	az_end_rows(&rows);
	return names;
}
