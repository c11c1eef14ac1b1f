/*-------------------------------------------------------------------------
 *
 * trust_read.c
 *	  Rows of the trust to issuers and keys.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/trust_read.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "server/encoding.h"
#include "server/malloced.h"
#include "trust/trust_table.h"

typedef struct Profile
{
	bool		by_audience;
	bool		audience_required;
	AzJson	   *options;
} Profile;

/* A text or json column as UTF-8; NULL for SQL NULL and what is no UTF-8. */
static char *
get_utf8(HeapTuple tuple, int column, TupleDesc desc, int *len)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, column, desc, &isnull);
	text	   *value;

	if (isnull)
		return NULL;
	value = DatumGetTextPP(datum);
	return az_to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), len);
}

/* JSON in a column, freed with the context; NULL when it does not parse. */
static AzJson *
get_json(HeapTuple tuple, int column, TupleDesc desc, MemoryContext context)
{
	AzJson	   *json = NULL;
	int			len;
	char	   *text = get_utf8(tuple, column, desc, &len);

	if (text == NULL || az_json_parse(text, len, &json) != AZ_JSON_OK)
		return NULL;
	az_free_with(context, az_release_json, json);
	return json;
}

/* Changes when the row is written again, also with the same content. */
static uint64
row_version(HeapTuple tuple)
{
	const char *data = (const char *) tuple->t_data + tuple->t_data->t_hoff;
	int			len = tuple->t_len - tuple->t_data->t_hoff;

	return hash_bytes_extended((const unsigned char *) data, len,
							   HeapTupleHeaderGetRawXmin(tuple->t_data));
}

static void
warn_bad_row(const char *what, const char *name, const char *why)
{
	char	   *server = name ? az_from_utf8(name) : NULL;

	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("ignoring invalid %s \"%s\"", what, server ? server : "?"),
			 why ? errdetail_internal("%s", why) : 0));
}

/*
 * The row that has the text in that column, NULL when there is none; to be
 * followed by az_end_rows() in either case.
 */
static HeapTuple
first_row(AzRows *rows, AzCatalog table, AttrNumber column, const char *text)
{
	memset(rows, 0, sizeof(*rows));
	if (text == NULL || !az_begin_rows(rows, table, &column, &text, 1))
		return NULL;
	return az_next_row(rows);
}

/* 0 when there is none of that name. */
static uint64
profile_version(const char *name)
{
	AzRows		rows;
	HeapTuple	tuple = first_row(&rows, AZ_TABLE_PROFILE, Profile_profile, name);
	uint64		version = HeapTupleIsValid(tuple) ? row_version(tuple) : 0;

	az_end_rows(&rows);
	return version;
}

/* False when there is none of that name, or its row cannot be believed. */
static bool
find_profile(const char *name, Profile *profile)
{
	AzRows		rows;
	HeapTuple	tuple = first_row(&rows, AZ_TABLE_PROFILE, Profile_profile, name);

	memset(profile, 0, sizeof(*profile));
	if (HeapTupleIsValid(tuple))
	{
		TupleDesc	desc = RelationGetDescr(rows.rel);
		int			len;
		char	   *chosen_by = get_utf8(tuple, Profile_chosen_by, desc, &len);
		bool		isnull;

		profile->by_audience = chosen_by && strcmp(chosen_by, "aud") == 0;
		profile->audience_required =
			DatumGetBool(heap_getattr(tuple, Profile_audience_required, desc, &isnull));
		profile->options = get_json(tuple, Profile_options, desc, CurrentMemoryContext);
		if (profile->options == NULL)
			warn_bad_row("profile", name, NULL);
	}
	az_end_rows(&rows);
	return profile->options != NULL;
}

/* The accepted audiences, in UTF-8; NIL when the column is not usable. */
static List *
read_audiences(Datum array)
{
	ArrayType  *audience = DatumGetArrayTypeP(array);
	List	   *audiences = NIL;
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	if (ARR_ELEMTYPE(audience) != TEXTOID)
		return NIL;
	deconstruct_array(audience, TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		text	   *value;
		char	   *utf8;
		int			len;

		if (nulls[i])
			return NIL;
		value = DatumGetTextPP(values[i]);
		utf8 = az_to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &len);
		if (utf8 == NULL || len == 0)
			return NIL;
		audiences = lappend(audiences, utf8);
	}
	return audiences;
}

static pg_noreturn void
raise_no_memory(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("out of memory")));
}

/* False when the column is not usable. */
static bool
add_audiences(AzIssuer *issuer, Datum array)
{
	List	   *audiences = read_audiences(array);
	ListCell   *lc;

	foreach(lc, audiences)
	{
		const char *audience = lfirst(lc);

		if (!az_issuer_add_audience(issuer, audience, strlen(audience)))
			raise_no_memory();
	}
	return audiences != NIL;
}

/* One row of authz.issuer; NULL and why when it cannot be believed. */
static AzIssuer *
make_issuer(HeapTuple tuple, TupleDesc desc, const char *name,
			const Profile *profile, MemoryContext context, const char **why)
{
	AzJson	   *options = get_json(tuple, Issuer_options, desc, CurrentMemoryContext);
	AzOptionError error;
	AzIssuer   *issuer;
	bool		isnull;
	Datum		audience = heap_getattr(tuple, Issuer_audience, desc, &isnull);

	if (profile == NULL)
		return *why = "Its profile is not recognized.", NULL;
	if (options == NULL)
		return *why = "Its options are not a JSON object.", NULL;
	if (isnull && profile->audience_required)
		return *why = "Its profile requires an audience.", NULL;

	issuer = az_issuer_new(name, strlen(name));
	if (issuer == NULL)
		raise_no_memory();
	az_free_with(context, az_release_issuer, issuer);

	issuer->by_audience = profile->by_audience;
	issuer->any_audience = isnull;
	if (!isnull && !add_audiences(issuer, audience))
		return *why = "Its audience is not a list of values.", NULL;
	if (!az_issuer_apply(issuer, profile->options, &error) ||
		!az_issuer_apply(issuer, options, &error))
		return *why = psprintf("Its option \"%s\" is not valid.", error.name), NULL;
	return issuer;
}

static uint64
issuer_version(HeapTuple tuple, const char *profile)
{
	/* never 0: that is "no row" */
	return Max(hash_combine64(row_version(tuple), profile_version(profile)), 1);
}

uint64
az_issuer_version(const char *name)
{
	AzRows		rows;
	HeapTuple	tuple = first_row(&rows, AZ_TABLE_ISSUER, Issuer_issuer, name);
	uint64		version = 0;
	int			len;

	if (HeapTupleIsValid(tuple))
		version = issuer_version(tuple, get_utf8(tuple, Issuer_profile,
												 RelationGetDescr(rows.rel), &len));
	az_end_rows(&rows);
	return version;
}

AzIssuer *
az_read_issuer(const char *name, MemoryContext context, uint64 *version)
{
	AzRows		rows;
	HeapTuple	tuple = first_row(&rows, AZ_TABLE_ISSUER, Issuer_issuer, name);
	AzIssuer   *issuer = NULL;

	*version = 0;
	if (HeapTupleIsValid(tuple))
	{
		TupleDesc	desc = RelationGetDescr(rows.rel);
		int			len;
		char	   *profile_name = get_utf8(tuple, Issuer_profile, desc, &len);
		const char *why;
		Profile		profile;

		*version = issuer_version(tuple, profile_name);
		issuer = make_issuer(tuple, desc, name,
							 find_profile(profile_name, &profile) ? &profile : NULL,
							 context, &why);
		if (issuer)
			issuer->version = *version;
		else
			warn_bad_row("issuer", name, why);
	}
	az_end_rows(&rows);
	return issuer;
}

/* A key whose row says what the key itself says; NULL and why otherwise. */
static AzKey *
make_key(HeapTuple tuple, TupleDesc desc, const AzIssuer *issuer, const char **why)
{
	int			len;
	char	   *kid = get_utf8(tuple, Key_kid, desc, &len);
	char	   *alg = get_utf8(tuple, Key_alg, desc, &len);
	char	   *thumbprint = get_utf8(tuple, Key_thumbprint, desc, &len);
	AzJson	   *jwk = get_json(tuple, Key_jwk, desc, CurrentMemoryContext);
	AzKeyError	error;
	AzKey	   *key;

	if (jwk == NULL)
		return *why = "It is not a JSON object.", NULL;
	memset(&error, 0, sizeof(error));
	if (az_key_from_jwk(jwk, issuer->algorithms, true, &key, &error) != AZ_KEY_OK)
		return *why = error.why, NULL;
	if (alg == NULL || thumbprint == NULL ||
		strcmp(alg, az_alg_info(az_key_alg(key))->name) != 0 ||
		strcmp(thumbprint, az_key_thumbprint(key)) != 0 ||
		(kid == NULL) != (az_key_kid(key) == NULL) ||
		(kid && strcmp(kid, az_key_kid(key)) != 0))
	{
		az_key_free(key);
		return *why = "Its columns do not describe the key.", NULL;
	}
	return key;
}

static AzStoredKey *
find_stored(List *stored, uint64 version)
{
	ListCell   *lc;

	foreach(lc, stored)
	{
		AzStoredKey *key = lfirst(lc);

		if (key->version == version)
			return key;
	}
	return NULL;
}

/* Judged once: a row that is not to be believed is not reported again. */
static void
judge_key(HeapTuple tuple, TupleDesc desc, AzIssuer *issuer, AzStoredKey *stored)
{
	const char *why = NULL;
	AzKey	   *key = make_key(tuple, desc, issuer, &why);

	if (key == NULL)
		warn_bad_row("key of issuer", issuer->issuer, why);
	else if (!az_issuer_add_key(issuer, key))
		raise_no_memory();
	stored->key = key;
	stored->judged = true;
}

/* A row that was not seen before. */
static AzStoredKey *
add_stored(List **stored, uint64 version, const char *kid, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	AzStoredKey *key = palloc0(sizeof(AzStoredKey));

	key->version = version;
	key->kid = kid ? pstrdup(kid) : NULL;
	*stored = lappend(*stored, key);
	MemoryContextSwitchTo(old);
	return key;
}

void
az_read_keys(AzIssuer *issuer, List **stored, MemoryContext context,
			 AzWanted wanted, const void *arg)
{
	static const AttrNumber columns[] = {Key_issuer};
	const char *name = issuer->issuer;
	AzRows		rows;
	HeapTuple	tuple;
	ListCell   *lc;

	foreach(lc, *stored)
		((AzStoredKey *) lfirst(lc))->stands = false;
	(void) az_begin_rows(&rows, AZ_TABLE_KEY, columns, &name, 1);
	while (HeapTupleIsValid(tuple = az_next_row(&rows)))
	{
		TupleDesc	desc = RelationGetDescr(rows.rel);
		uint64		version = row_version(tuple);
		AzStoredKey *key = find_stored(*stored, version);
		int			len;

		if (key == NULL)
			key = add_stored(stored, version, get_utf8(tuple, Key_kid, desc, &len), context);
		key->stands = true;
		if (!key->judged && wanted(key, arg))
			judge_key(tuple, desc, issuer, key);
	}
	az_end_rows(&rows);
}

/* The names of the profiles whose issuers are chosen by audience. */
static List *
read_profiles_by_audience(void)
{
	List	   *names = NIL;
	AzRows		rows;
	HeapTuple	tuple;

	(void) az_begin_rows(&rows, AZ_TABLE_PROFILE, NULL, NULL, 0);
	while (HeapTupleIsValid(tuple = az_next_row(&rows)))
	{
		TupleDesc	desc = RelationGetDescr(rows.rel);
		int			len;
		char	   *chosen_by = get_utf8(tuple, Profile_chosen_by, desc, &len);
		char	   *name = get_utf8(tuple, Profile_profile, desc, &len);

		if (chosen_by && strcmp(chosen_by, "aud") == 0 && name)
			names = lappend(names, name);
	}
	az_end_rows(&rows);
	return names;
}

List *
az_read_audiences(void)
{
	static const AttrNumber columns[] = {Issuer_profile};
	List	   *pairs = NIL;
	ListCell   *lc;

	foreach(lc, read_profiles_by_audience())
	{
		const char *profile = lfirst(lc);
		AzRows		rows;
		HeapTuple	tuple;

		(void) az_begin_rows(&rows, AZ_TABLE_ISSUER, columns, &profile, 1);
		while (HeapTupleIsValid(tuple = az_next_row(&rows)))
		{
			TupleDesc	desc = RelationGetDescr(rows.rel);
			bool		isnull;
			Datum		array = heap_getattr(tuple, Issuer_audience, desc, &isnull);
			int			len;
			char	   *issuer = get_utf8(tuple, Issuer_issuer, desc, &len);
			ListCell   *inner;

			if (isnull || issuer == NULL)
				continue;
			foreach(inner, read_audiences(array))
			{
				AzAudienceRow *pair = palloc(sizeof(AzAudienceRow));

				pair->audience = lfirst(inner);
				pair->issuer = issuer;
				pairs = lappend(pairs, pair);
			}
		}
		az_end_rows(&rows);
	}
	return pairs;
}
