/*-------------------------------------------------------------------------
 *
 * trust_import.c
 *	  Making profiles, issuers and keys equal to those of a document.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/trust_import.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "server/arguments.h"
#include "server/encoding.h"
#include "server/malloced.h"
#include "server/spi.h"
#include "token/jwk.h"
#include "trust/cluster_key_write.h"
#include "trust/issuer_key.h"
#include "trust/issuer_read.h"
#include "trust/issuer_row.h"
#include "trust/options.h"

/* ----------------------------------------------------------------
 * Columns as arrays, for statements over many rows
 * ----------------------------------------------------------------
 */

#define MAX_COLUMNS	7

typedef struct Columns
{
	int			n;
	ArrayBuildState *column[MAX_COLUMNS];
} Columns;

static void
put(Columns *columns, int column, const text *value)
{
	columns->column[column] = accumArrayResult(columns->column[column], PointerGetDatum(value),
											   value == NULL, TEXTOID, CurrentMemoryContext);
}

static AzSpiParams
params_of(const Columns *columns)
{
	AzSpiParams params = {0};
	int			i;

	for (i = 0; i < columns->n; i++)
		az_spi_param(&params, TEXTARRAYOID,
					 DatumGetPointer(columns->column[i] ?
									 makeArrayResult(columns->column[i], CurrentMemoryContext) :
									 PointerGetDatum(construct_empty_array(TEXTOID))));
	return params;
}

/* Options in the form in which we write them. */
static text *
plain_options(const AzJson *options)
{
	return az_merge_options(options, options);
}

/* Nobody else writes options, but by hand: those that do not parse are no equal ones. */
static bool
says_same(const char *options, const text *wanted)
{
	AzJson	   *json;
	text	   *plain;

	if (az_json_parse(options, strlen(options), &json) != AZ_JSON_OK)
		return false;
	az_free_with(CurrentMemoryContext, az_release_json, json);
	plain = plain_options(json);
	return VARSIZE(plain) == VARSIZE(wanted) &&
		memcmp(VARDATA(plain), VARDATA(wanted), VARSIZE(plain) - VARHDRSZ) == 0;
}

/* ----------------------------------------------------------------
 * Profiles
 * ----------------------------------------------------------------
 */

typedef struct Profile
{
	text	   *name;
	text	   *chosen_by;
	bool		audience_required;
	text	   *options;
} Profile;

static void
read_profile(const AzTrustDocument *document, size_t i, Profile *profile)
{
	const AzJson *row = az_json_at(document->lists[AZ_LIST_PROFILES], i);
	AzProfile	judged = {0};
	const char *chosen_by;

	profile->name = az_trust_text(row, "profile");
	profile->chosen_by = az_trust_text(row, "chosen_by");
	profile->audience_required = az_json_type(az_json_get_z(row, "audience_required")) == AZ_JSON_TRUE;
	profile->options = plain_options(az_json_get_z(row, "options"));
	chosen_by = text_to_cstring(profile->chosen_by);
	if (strcmp(chosen_by, "iss") != 0 && strcmp(chosen_by, "aud") != 0)
		az_raise_bad_trust(AZ_LIST_PROFILES, i, "Member \"chosen_by\" is not \"iss\" or \"aud\".");
	judged.by_audience = strcmp(chosen_by, "aud") == 0;
	judged.options = az_parse_json(cstring_to_text("{}"), "options", ERRCODE_INTERNAL_ERROR);
	(void) az_build_issuer(profile->name, &judged, az_json_get_z(row, "options"),
						   ERRCODE_INVALID_PARAMETER_VALUE);
}

/* Is it here, and the same?  *found: one of that name is. */
static bool
has_profile(const Profile *profile, bool *found)
{
	AzSpiParams params = {0};

	az_spi_param(&params, TEXTOID, profile->name);
	*found = az_spi_run("SELECT p.chosen_by, p.audience_required, p.options FROM authz.profile p"
						" WHERE p.profile OPERATOR(pg_catalog.=) $1", &params) > 0;
	return *found &&
		strcmp(az_spi_result(0, 1), text_to_cstring(profile->chosen_by)) == 0 &&
		(strcmp(az_spi_result(0, 2), "t") == 0) == profile->audience_required &&
		says_same(az_spi_result(0, 3), profile->options);
}

void
az_import_profiles(const AzTrustDocument *document, AzTrustChange *change)
{
	size_t		i;

	for (i = 0; i < az_json_count(document->lists[AZ_LIST_PROFILES]); i++)
	{
		Profile		profile;
		AzSpiParams params = {0};
		bool		found;

		read_profile(document, i, &profile);
		if (has_profile(&profile, &found))
			continue;
		az_spi_param(&params, TEXTOID, profile.name);
		az_spi_param(&params, TEXTOID, profile.chosen_by);
		az_spi_param_bool(&params, profile.audience_required);
		az_spi_param(&params, JSONOID, profile.options);
		if (found)
			change->replaced += az_spi_run("UPDATE authz.profile SET chosen_by = $2, audience_required = $3,"
										   " options = $4 WHERE profile OPERATOR(pg_catalog.=) $1", &params);
		else
			change->added += az_spi_run("INSERT INTO authz.profile (profile, chosen_by, audience_required, options)"
										" VALUES ($1, $2, $3, $4)", &params);
	}
}

void
az_remove_profiles(const AzTrustDocument *document, AzTrustChange *change)
{
	Columns		names = {.n = 1};
	AzSpiParams params;
	size_t		i;
	int			own;

	for (i = 0; i < az_json_count(document->lists[AZ_LIST_PROFILES]); i++)
		put(&names, 0, az_trust_text(az_json_at(document->lists[AZ_LIST_PROFILES], i), "profile"));
	for (own = 0; own < az_n_own_profiles; own++)
		put(&names, 0, cstring_to_text(az_own_profiles[own]));
	params = params_of(&names);
	change->removed += az_spi_run("DELETE FROM authz.profile"
								  " WHERE profile OPERATOR(pg_catalog.<>) ALL ($1)", &params);
}

/* ----------------------------------------------------------------
 * Issuers
 * ----------------------------------------------------------------
 */

/* NULL for null. */
static ArrayType *
audience_of(const AzJson *row)
{
	const AzJson *audience = az_json_get_z(row, "audience");
	size_t		n = az_json_count(audience);
	Datum	   *values = palloc(Max(n, 1) * sizeof(Datum));
	size_t		len;
	size_t		i;

	if (!az_json_is_given(audience))
		return NULL;
	for (i = 0; i < n; i++)
		values[i] = PointerGetDatum(az_server_text(az_json_string(az_json_at(audience, i), &len),
												   "audience"));
	return construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT);
}

/* As add_issuer() judges it alone. */
static AzIssuer *
judge_issuer(const AzTrustDocument *document, size_t i, const text *name)
{
	const AzJson *row = az_json_at(document->lists[AZ_LIST_ISSUERS], i);
	ArrayType  *audience = audience_of(row);
	AzProfile	profile;
	AzIssuer   *built;

	if (audience)
		az_check_audience_argument(audience);
	if (!az_read_profile(az_trust_text(row, "profile"), &profile))
		az_raise_bad_trust(AZ_LIST_ISSUERS, i, "Its profile is not here, nor among the profiles of the document.");
	if (audience == NULL && profile.audience_required)
		az_raise_bad_trust(AZ_LIST_ISSUERS, i, "Its profile requires an audience.");
	built = az_build_issuer(name, &profile, az_json_get_z(row, "options"),
							ERRCODE_INVALID_PARAMETER_VALUE);
	az_check_issuer(built, ERRCODE_INVALID_PARAMETER_VALUE);
	return built;
}

/* Public keys alone: secrets have no business in here. */
static void
put_keys(Columns *keys, const AzTrustDocument *document, size_t i, text *name,
		 const AzIssuer *trusted)
{
	const AzJson *rows = az_json_get_z(az_json_at(document->lists[AZ_LIST_ISSUERS], i), "keys");
	size_t		k;

	for (k = 0; k < az_json_count(rows); k++)
	{
		const AzJson *row = az_json_at(rows, k);
		AzKey	   *key = NULL;
		AzKeyError	error = {0};
		AzKeyStatus status = az_key_from_jwk(az_json_get_z(row, "jwk"), trusted->algorithms,
											 false, &key, &error);
		AzIssuerKey made;

		CHECK_FOR_INTERRUPTS();
		az_free_with(CurrentMemoryContext, az_release_key, key);
		az_check_key(status, &error, AZ_FORM_JWK);
		az_issuer_key_make(key, &made);
		put(keys, 0, name);
		put(keys, 1, made.kid);
		put(keys, 2, made.alg);
		put(keys, 3, made.jwk);
		put(keys, 4, made.thumbprint);
		put(keys, 5, az_trust_text(row, "source"));
		put(keys, 6, az_trust_text(row, "added_at"));
	}
}

/* An array in an array would have to be as long as the others: so one row each. */
static void
write_issuer(const AzJson *row, text *name, AzTrustChange *change)
{
	AzSpiParams params = {0};
	text	   *profile = az_trust_text(row, "profile");
	text	   *options = plain_options(az_json_get_z(row, "options"));

	az_spi_param(&params, TEXTOID, name);
	az_spi_param(&params, TEXTARRAYOID, audience_of(row));
	az_spi_param(&params, TEXTOID, profile);
	if (az_spi_run("SELECT i.options, COALESCE(i.audience OPERATOR(pg_catalog.=) $2, i.audience IS NULL AND $2 IS NULL)"
				   " AND i.profile OPERATOR(pg_catalog.=) $3"
				   " FROM authz.issuer i WHERE i.issuer OPERATOR(pg_catalog.=) $1", &params) == 0)
	{
		az_spi_param(&params, JSONOID, options);
		change->added += az_spi_run("INSERT INTO authz.issuer (issuer, audience, profile, options)"
									" VALUES ($1, $2, $3, $4)", &params);
		return;
	}
	if (strcmp(az_spi_result(0, 2), "t") == 0 && says_same(az_spi_result(0, 1), options))
		return;
	az_spi_param(&params, JSONOID, options);
	change->replaced += az_spi_run("UPDATE authz.issuer SET audience = $2, profile = $3, options = $4"
								   " WHERE issuer OPERATOR(pg_catalog.=) $1", &params);
}

/* Those whose rows are written must not be in each other's way, as add_issuer() has it. */
static void
check_together(void)
{
	AzSpiParams none = {0};
	uint64		by_audience;
	int			unnamed;

	if (az_spi_run("SELECT FROM authz.issuer i JOIN authz.profile p"
				   "  ON p.profile OPERATOR(pg_catalog.=) i.profile AND p.chosen_by OPERATOR(pg_catalog.=) 'aud'"
				   " CROSS JOIN LATERAL pg_catalog.unnest(i.audience) a (value)"
				   " GROUP BY a.value HAVING pg_catalog.count(DISTINCT i.issuer) OPERATOR(pg_catalog.>) 1 LIMIT 1", &none) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid trust"),
				 errdetail("Two issuers that tokens choose by audience share one."),
				 errhint("Give each issuer audiences of its own.")));
	unnamed = list_length(az_read_unnamed());
	by_audience = az_spi_run("SELECT FROM authz.issuer i JOIN authz.profile p"
							 "  ON p.profile OPERATOR(pg_catalog.=) i.profile AND p.chosen_by OPERATOR(pg_catalog.=) 'aud' LIMIT 1", &none);
	if (unnamed > 1 || (unnamed == 1 && by_audience > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid trust"),
				 errdetail("Tokens that name no issuer would belong to several."),
				 errhint("Only one issuer can have option \"unnamed\", and then none is chosen by audience.")));
}

static void
check_once(const AzSpiParams *names, AzTrustList list)
{
	if (az_spi_run("SELECT FROM pg_catalog.unnest($1) n (name) GROUP BY n.name"
				   " HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 LIMIT 1", names) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid trust"),
				 errdetail("Two rows of \"%s\" have the same name.", az_trust_list_name(list))));
}

static void
remove_issuers(const Columns *names, AzTrustChange *change)
{
	AzSpiParams params = params_of(names);

	check_once(&params, AZ_LIST_ISSUERS);
	change->removed += az_spi_run("DELETE FROM authz.issuer"
								  " WHERE issuer OPERATOR(pg_catalog.<>) ALL ($1)", &params);
	az_spi_run("DELETE FROM authz.jwks_status"
			   " WHERE issuer OPERATOR(pg_catalog.<>) ALL ($1)", &params);
}

#define WANTED_KEYS \
	"ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)," \
	" pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7))" \
	" AS w (issuer, kid, alg, jwk, thumbprint, source, added_at)"
#define SAME_KEY \
	"t.issuer OPERATOR(pg_catalog.=) w.issuer AND t.thumbprint OPERATOR(pg_catalog.=) w.thumbprint" \
	" AND t.alg OPERATOR(pg_catalog.=) w.alg AND t.source OPERATOR(pg_catalog.=) w.source" \
	" AND COALESCE(t.kid OPERATOR(pg_catalog.=) w.kid, t.kid IS NULL AND w.kid IS NULL)" \
	" AND t.jwk::pg_catalog.text OPERATOR(pg_catalog.=) w.jwk"

/* When it was added stays what it was for a key that is here. */
static void
write_keys(const Columns *keys, AzTrustChange *change)
{
	AzSpiParams params = params_of(keys);

	change->removed += az_spi_run("DELETE FROM authz.issuer_key t"
								  " WHERE t.alg OPERATOR(pg_catalog.<>) ALL (ARRAY['HS256', 'HS384', 'HS512'])"
								  " AND NOT EXISTS (SELECT FROM " WANTED_KEYS " WHERE " SAME_KEY ")", &params);
	change->added += az_spi_run("INSERT INTO authz.issuer_key (issuer, kid, alg, jwk, thumbprint, source, added_at)"
								" SELECT w.issuer, w.kid, w.alg, w.jwk::pg_catalog.json, w.thumbprint, w.source, w.added_at::pg_catalog.timestamptz"
								" FROM " WANTED_KEYS
								" WHERE NOT EXISTS (SELECT FROM authz.issuer_key t WHERE " SAME_KEY ")", &params);
}

void
az_import_issuers(const AzTrustDocument *document, AzTrustChange *issuers, AzTrustChange *keys)
{
	const AzJson *rows = document->lists[AZ_LIST_ISSUERS];
	Columns		names = {.n = 1};
	Columns		wanted = {.n = MAX_COLUMNS};
	size_t		i;

	for (i = 0; i < az_json_count(rows); i++)
		put(&names, 0, az_trust_text(az_json_at(rows, i), "issuer"));
	remove_issuers(&names, issuers);
	for (i = 0; i < az_json_count(rows); i++)
	{
		text	   *name = az_trust_text(az_json_at(rows, i), "issuer");
		AzIssuer   *built = judge_issuer(document, i, name);

		CHECK_FOR_INTERRUPTS();
		write_issuer(az_json_at(rows, i), name, issuers);
		put_keys(&wanted, document, i, name, built);
	}
	check_together();
	write_keys(&wanted, keys);
}

/* ----------------------------------------------------------------
 * Cluster keys
 * ----------------------------------------------------------------
 */

static const char *
kid_of(const AzJson *jwk)
{
	size_t		len;

	return az_json_string(az_json_get_z(jwk, "kid"), &len);
}

/* Is the key of a row in the document? */
static bool
is_wanted(const AzTrustDocument *document, const AzClusterKeyRow *row)
{
	const AzJson *keys = document->lists[AZ_LIST_CLUSTER_KEYS];
	size_t		i;

	for (i = 0; i < az_json_count(keys); i++)
	{
		const AzJson *jwk = az_json_at(keys, i);
		const char *kid = kid_of(jwk);

		if (kid && strcmp(kid, row->kid) == 0 &&
			strcmp(az_key_thumbprint(az_public_cluster_key(jwk, kid)), row->thumbprint) == 0)
			return true;
	}
	return false;
}

/* The key IDs of those that are here and stay, and of those that are to go. */
static void
sort_rows(const AzTrustDocument *document, List **stay, List **go)
{
	AzRows		rows;
	AzClusterKeyRow row;

	az_begin_cluster_keys(&rows);
	while (az_next_cluster_key(&rows, &row))
	{
		if (is_wanted(document, &row))
			*stay = lappend(*stay, pstrdup(row.kid));
		else if (!row.is_private)
			*go = lappend(*go, pstrdup(row.kid));
	}
	az_end_rows(&rows);
}

static bool
is_among(const List *names, const char *name)
{
	const ListCell *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

void
az_import_cluster_keys(const AzTrustDocument *document, AzTrustChange *change)
{
	const AzJson *keys = document->lists[AZ_LIST_CLUSTER_KEYS];
	List	   *names = NIL;
	List	   *stay = NIL;
	List	   *go = NIL;
	ListCell   *lc;
	size_t		i;

	/* before each is compared with all others */
	if (az_json_count(keys) > AZ_MAX_CLUSTER_KEYS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many cluster keys"),
				 errdetail("The document has %zu, and no more than %d can be.",
						   az_json_count(keys), AZ_MAX_CLUSTER_KEYS),
				 errhint("Pass what export_trust() returns; nothing was changed.")));
	for (i = 0; i < az_json_count(keys); i++)
	{
		if (kid_of(az_json_at(keys, i)) == NULL)
			az_raise_bad_trust(AZ_LIST_CLUSTER_KEYS, i, "It has no kid.");
		az_check_cluster_kid(kid_of(az_json_at(keys, i)));
		if (is_among(names, kid_of(az_json_at(keys, i))))
			az_raise_bad_trust(AZ_LIST_CLUSTER_KEYS, i, "Another one has the same kid.");
		names = lappend(names, (char *) kid_of(az_json_at(keys, i)));
	}
	sort_rows(document, &stay, &go);
	foreach(lc, go)
		change->removed += az_drop_cluster_key("import_trust()", lfirst(lc));
	for (i = 0; i < az_json_count(keys); i++)
	{
		const char *kid = kid_of(az_json_at(keys, i));
		AzKey	   *key = az_public_cluster_key(az_json_at(keys, i), kid);

		if (is_among(stay, kid))
			continue;
		az_add_cluster_key("import_trust()", kid, az_key_thumbprint(key),
						   az_take_jwk(az_key_to_jwk(key)), NULL);
		change->added++;
	}
}
