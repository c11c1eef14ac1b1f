/*-------------------------------------------------------------------------
 *
 * trust_read.c
 *	  Rows of the trust to issuers and keys.
 *
 * Ordinary catalog scans: neither the privileges nor the snapshot of the
 * caller matter, and a utility statement without a snapshot can come here.
 * A row that the functions of the extension would not have written (restored
 * from a dump, edited by hand) is treated as absent, with a warning.  One for
 * which memory did not suffice is not: what is read here is kept, and would be
 * missing when there is memory again.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/trust_table.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "server/discretion.h"
#include "server/encoding.h"
#include "server/malloced.h"

/* More than OpenSSL asks for at once to load a key. */
#define ENOUGH_MEMORY	(64 * 1024)

/* A profile while a rebuild runs. */
typedef struct Profile
{
	char	   *name;
	bool		by_audience;
	bool		audience_required;
	AzJson	   *options;
	uint64		version;
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

static void
raise_no_memory(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("out of memory")));
}

/* JSON in a column, freed with the context; NULL when it does not parse. */
static AzJson *
get_json(HeapTuple tuple, int column, TupleDesc desc, MemoryContext context)
{
	AzJson	   *json = NULL;
	int			len;
	char	   *text = get_utf8(tuple, column, desc, &len);
	AzJsonStatus status;

	if (text == NULL)
		return NULL;
	status = az_json_parse(text, len, &json);
	if (status == AZ_JSON_NO_MEMORY)
		raise_no_memory();
	if (status != AZ_JSON_OK)
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

/* It is about the row, not about the statement, in which a token may stand. */
static void
warn_bad_row(const char *what, const char *name, const char *why, const char *hint)
{
	char	   *server = name ? az_from_utf8(name) : NULL;
	AzDiscretion discretion;

	az_discretion_begin(&discretion);
	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("ignoring invalid %s \"%s\"", what, server ? server : "?"),
			 why ? errdetail_internal("%s", why) : 0,
			 errhint("%s", hint)));
	az_discretion_end(&discretion);
}

static List *
read_profiles(MemoryContext context)
{
	List	   *profiles = NIL;
	Relation	rel = az_open_table(AZ_TABLE_PROFILE);
	SysScanDesc scan;
	HeapTuple	tuple;

	if (rel == NULL)
		return NIL;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TupleDesc	desc = RelationGetDescr(rel);
		Profile    *profile = palloc0(sizeof(Profile));
		int			len;
		char	   *chosen_by = get_utf8(tuple, Profile_chosen_by, desc, &len);
		bool		isnull;

		profile->name = get_utf8(tuple, Profile_profile, desc, &len);
		profile->by_audience = chosen_by && strcmp(chosen_by, "aud") == 0;
		profile->audience_required =
			DatumGetBool(heap_getattr(tuple, Profile_audience_required, desc,
									  &isnull));
		profile->options = get_json(tuple, Profile_options, desc, context);
		profile->version = row_version(tuple);
		if (profile->name && profile->options)
			profiles = lappend(profiles, profile);
		else
			warn_bad_row("profile", profile->name, NULL,
						 "Correct the row of table authz.profile, or remove it.");
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return profiles;
}

static const Profile *
find_profile(List *profiles, const char *name)
{
	ListCell   *lc;

	foreach(lc, profiles)
	{
		const Profile *profile = lfirst(lc);

		if (name && strcmp(profile->name, name) == 0)
			return profile;
	}
	return NULL;
}

/* The accepted audiences; false when the column is not usable. */
static bool
add_audiences(AzIssuer *issuer, Datum array)
{
	ArrayType  *audience = DatumGetArrayTypeP(array);
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	if (ARR_ELEMTYPE(audience) != TEXTOID)
		return false;
	deconstruct_array(audience, TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		text	   *value;
		char	   *utf8;
		int			len;

		if (nulls[i])
			return false;
		value = DatumGetTextPP(values[i]);
		utf8 = az_to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &len);
		if (utf8 == NULL || len == 0)
			return false;
		if (!az_issuer_add_audience(issuer, utf8, len))
			raise_no_memory();
	}
	return n > 0;
}

/* One row of authz.issuer; NULL and why when it cannot be believed. */
static AzIssuer *
make_issuer(HeapTuple tuple, TupleDesc desc, const char *name, int name_len,
			List *profiles, MemoryContext context, const char **why)
{
	int			len;
	const Profile *profile = find_profile(profiles,
										  get_utf8(tuple, Issuer_profile, desc, &len));
	AzJson	   *options = get_json(tuple, Issuer_options, desc, context);
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

	issuer = az_issuer_new(name, name_len);
	if (issuer == NULL)
		raise_no_memory();
	az_free_with(context, az_release_issuer, issuer);

	issuer->version = hash_combine64(row_version(tuple), profile->version);
	issuer->by_audience = profile->by_audience;
	issuer->any_audience = isnull;
	if (!isnull && !add_audiences(issuer, audience))
		return *why = "Its audience is not a list of values.", NULL;
	if (!az_issuer_apply(issuer, profile->options, &error) ||
		!az_issuer_apply(issuer, options, &error))
	{
		if (error.no_memory)
			raise_no_memory();
		return *why = *error.name ?
			psprintf("Its option \"%s\" is not valid.", error.name) :
			"Its options are not a JSON object.", NULL;
	}
	return issuer;
}

static List *
read_issuers(List *profiles, MemoryContext context)
{
	List	   *issuers = NIL;
	Relation	rel = az_open_table(AZ_TABLE_ISSUER);
	SysScanDesc scan;
	HeapTuple	tuple;

	if (rel == NULL)
		return NIL;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TupleDesc	desc = RelationGetDescr(rel);
		const char *why = "Its name is not valid.";
		int			len;
		char	   *name = get_utf8(tuple, Issuer_issuer, desc, &len);
		AzIssuer   *issuer = NULL;

		if (name && len > 0)
			issuer = make_issuer(tuple, desc, name, len, profiles, context, &why);
		if (issuer)
			issuers = lappend(issuers, issuer);
		else
			warn_bad_row("issuer", name, why,
						 "Correct its row in table authz.issuer, or remove it with drop_issuer.");
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return issuers;
}

static AzIssuer *
find_issuer(List *issuers, const char *name)
{
	ListCell   *lc;

	foreach(lc, issuers)
	{
		AzIssuer   *issuer = lfirst(lc);

		if (strcmp(issuer->issuer, name) == 0)
			return issuer;
	}
	return NULL;
}

/*
 * OpenSSL does not always say that it lacked memory.  So what it refuses is
 * only bad when there is memory, and when it refuses that again.
 */
static AzKeyStatus
load_key(const AzJson *jwk, AzAlgs algorithms, AzKey **key, AzKeyError *error)
{
	AzKeyStatus status = az_key_from_jwk(jwk, algorithms, true, key, error);

	if (status == AZ_KEY_REFUSED)
	{
		void	   *enough = malloc(ENOUGH_MEMORY);

		free(enough);
		status = enough == NULL ? AZ_KEY_NO_MEMORY :
			az_key_from_jwk(jwk, algorithms, true, key, error);
	}
	if (status == AZ_KEY_NO_MEMORY)
		raise_no_memory();
	return status;
}

/* A key whose row says what the key itself says; NULL and why otherwise. */
static AzKey *
make_key(HeapTuple tuple, TupleDesc desc, const AzIssuer *issuer,
		 MemoryContext context, const char **why)
{
	int			len;
	char	   *kid = get_utf8(tuple, Key_kid, desc, &len);
	char	   *alg = get_utf8(tuple, Key_alg, desc, &len);
	char	   *thumbprint = get_utf8(tuple, Key_thumbprint, desc, &len);
	AzJson	   *jwk = get_json(tuple, Key_jwk, desc, context);
	AzKeyStatus status;
	AzKeyError	error;
	AzKey	   *key;

	if (jwk == NULL)
		return *why = "It is not a JSON object.", NULL;
	memset(&error, 0, sizeof(error));
	status = load_key(jwk, issuer->algorithms, &key, &error);
	if (status != AZ_KEY_OK)
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

/* Which key it is, and what to do. */
static const char *
key_hint(HeapTuple tuple, TupleDesc desc)
{
	int			len;
	char	   *kid = get_utf8(tuple, Key_kid, desc, &len);
	char	   *server = kid ? az_from_utf8(kid) : NULL;

	if (server == NULL)
		return "It has no key ID.  Remove it with drop_key, by its thumbprint.";
	return psprintf("Remove key \"%s\" with drop_key, and add it again.", server);
}

static void
read_keys(List *issuers, MemoryContext context)
{
	Relation	rel = az_open_table(AZ_TABLE_KEY);
	SysScanDesc scan;
	HeapTuple	tuple;

	if (rel == NULL)
		return;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TupleDesc	desc = RelationGetDescr(rel);
		const char *why = NULL;
		int			len;
		char	   *name = get_utf8(tuple, Key_issuer, desc, &len);
		AzIssuer   *issuer = name ? find_issuer(issuers, name) : NULL;
		AzKey	   *key;

		if (issuer == NULL)
			continue;			/* the issuer was reported */
		key = make_key(tuple, desc, issuer, context, &why);
		if (key == NULL)
			warn_bad_row("key of issuer", name, why, key_hint(tuple, desc));
		else if (!az_issuer_add_key(issuer, key))
			raise_no_memory();
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

List *
az_read_issuers(MemoryContext context)
{
	List	   *issuers = read_issuers(read_profiles(CurrentMemoryContext), context);

	read_keys(issuers, CurrentMemoryContext);
	return issuers;
}
