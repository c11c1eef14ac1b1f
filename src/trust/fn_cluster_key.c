/*-------------------------------------------------------------------------
 *
 * fn_cluster_key.c
 *	  The functions over the keys of a cluster.
 *
 * A private key may be passed, or by mistake one that was to be public.  Hence
 * az_discretion_begin(), and no error quotes what came in.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "server/arguments.h"
#include "server/discretion.h"
#include "server/encoding.h"
#include "server/malloced.h"
#include "trust/admin.h"
#include "trust/cluster_key_table.h"
#include "trust/options.h"
#include "trust/trust_log.h"

#define TABLE	"cluster_key"

/* ----------------------------------------------------------------
 * What is passed
 * ----------------------------------------------------------------
 */

/* As UTF-8; *kid in the encoding of the database. */
static char *
kid_argument(FunctionCallInfo fcinfo, text **kid)
{
	char	   *utf8;
	int			len;

	*kid = az_arg_text(fcinfo, 0, "key ID");
	utf8 = az_utf8(*kid, &len);
	if (len > AZ_MAX_CLUSTER_KID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key ID is too long"),
				 errdetail("It has %d bytes in UTF-8; that of a cluster key has %d at most.",
						   len, AZ_MAX_CLUSTER_KID)));
	return utf8;
}

/* 22023, and out of memory, unless the library made what it was asked for. */
static void
check_key(AzKeyStatus status, const AzKeyError *error, const char *hint)
{
	if (status == AZ_KEY_NO_MEMORY)
		az_raise_no_memory();
	if (status != AZ_KEY_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid cluster key"),
				 error->why ? errdetail_internal("%c%s.",
												 pg_ascii_toupper((unsigned char) error->why[0]),
												 error->why + 1) : 0,
				 errhint("%s", hint)));
}

#define PASS_PRIVATE \
	"Pass a private JWK of type OKP and curve Ed25519, or nothing to have a key made.  add_cluster_key_public takes a public one."
#define PASS_PUBLIC \
	"Pass the JWK that add_cluster_key returned on the server that signs: kty \"OKP\", crv \"Ed25519\" and x."

static void
release_signing_key(void *key)
{
	az_signing_key_free(key);
}

static AzSigningKey *
private_key(FunctionCallInfo fcinfo, const char *kid)
{
	AzSigningKey *key = NULL;
	AzKeyError	error = {0};
	AzKeyStatus status;

	if (PG_ARGISNULL(1))
		status = az_signing_key_generate(kid, &key, &error);
	else
	{
		AzJson	   *jwk = az_parse_json(PG_GETARG_TEXT_PP(1), "JWK", ERRCODE_INVALID_PARAMETER_VALUE);

		status = az_signing_key_from_jwk(jwk, kid, &key, &error);
	}
	az_free_with(CurrentMemoryContext, release_signing_key, key);
	check_key(status, &error, PASS_PRIVATE);
	return key;
}

/* ----------------------------------------------------------------
 * Texts of keys
 * ----------------------------------------------------------------
 */

static void
wipe_string(void *string)
{
	explicit_bzero(string, strlen(string));
	free(string);
}

/* A string of the library's as a text of the database; it is wiped with the context. */
static text *
take_text(char *jwk)
{
	az_free_with(CurrentMemoryContext, wipe_string, jwk);
	if (jwk == NULL)
		az_raise_no_memory();
	return az_server_text(jwk, "key ID");
}

static void
wipe_text(text *value)
{
	explicit_bzero(VARDATA(value), VARSIZE(value) - VARHDRSZ);
}

/* What the record of the trust has of a key. */
static text *
entry_of(const char *kid, const char *thumbprint, bool is_private)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"kid\":");
	az_append_json_string(&out, kid);
	appendStringInfoString(&out, ",\"thumbprint\":");
	az_append_json_string(&out, thumbprint);
	appendStringInfo(&out, ",\"private\":%s}", is_private ? "true" : "false");
	return cstring_to_text_with_len(out.data, out.len);
}

/* ----------------------------------------------------------------
 * Adding and dropping
 * ----------------------------------------------------------------
 */

pg_noreturn static void
raise_exists(const text *kid)
{
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("cluster key \"%s\" already exists", text_to_cstring(kid)),
			 errhint("drop_cluster_key removes it.")));
	pg_unreachable();
}

pg_noreturn static void
raise_same_key(const text *kid, const char *other)
{
	const char *name = az_from_utf8(other);

	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("cluster key \"%s\" is the key \"%s\", which already exists",
					text_to_cstring(kid), name ? name : "?"),
			 errhint("It need not be added; or make another one.")));
	pg_unreachable();
}

/* The number of a new key; 42710 where there is one of that name, or that very key. */
static int64
next_number(const text *kid, const char *utf8, const char *thumbprint)
{
	AzRows		rows;
	AzClusterKeyRow row;
	int64		last = 0;
	int			n = 0;

	az_begin_cluster_keys(&rows);
	for (; az_next_cluster_key(&rows, &row); n++)
	{
		if (strcmp(row.kid, utf8) == 0)
			raise_exists(kid);
		if (strcmp(row.thumbprint, thumbprint) == 0)
			raise_same_key(kid, row.kid);
		last = Max(last, row.number);
	}
	az_end_rows(&rows);
	if (n >= AZ_MAX_CLUSTER_KEYS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many cluster keys"),
				 errdetail("There are %d, and no more can be.", n),
				 errhint("Drop those that no server signs with any more.")));
	return last + 1;
}

/* private_jwk NULL: the public key alone. */
static void
add(const char *function, text *kid, const char *utf8, const char *thumbprint,
	text *jwk, text *private_jwk)
{
	Relation	rel = az_lock_cluster_keys(function);

	az_insert_cluster_key(rel, kid, cstring_to_text(thumbprint),
						  next_number(kid, utf8, thumbprint), jwk, private_jwk);
	az_end_cluster_keys(rel);
	az_trust_log_row(TABLE, "INSERT", NULL, entry_of(utf8, thumbprint, private_jwk != NULL));
}

AZ_SQL(authz_add_cluster_key)
{
	AzDiscretion discretion;
	AzSigningKey *key;
	text	   *kid;
	char	   *utf8;
	text	   *private_jwk;
	text	   *jwk;

	az_discretion_begin(&discretion);
	az_check_administers(TABLE);
	utf8 = kid_argument(fcinfo, &kid);
	key = private_key(fcinfo, utf8);
	jwk = take_text(az_signing_key_public_jwk(key));
	private_jwk = take_text(az_signing_key_private_jwk(key));
	add("add_cluster_key()", kid, utf8, az_signing_key_thumbprint(key), jwk, private_jwk);
	wipe_text(private_jwk);
	az_discretion_end(&discretion);
	PG_RETURN_TEXT_P(jwk);
}

/* The key of a public JWK, which gets the name if it has none. */
static AzKey *
public_key(const AzJson *jwk, const char *kid)
{
	AzKeyError	error = {0};
	AzKey	   *key = NULL;
	AzKeyStatus status = az_key_from_jwk(jwk, AZ_ALG_BIT(AZ_ED25519), false, &key, &error);
	StringInfoData named;
	const char *x;
	size_t		len;

	az_free_with(CurrentMemoryContext, az_release_key, key);
	check_key(status, &error, PASS_PUBLIC);
	if (az_key_alg(key) != AZ_ED25519)
	{
		error.why = "its algorithm is not Ed25519";
		check_key(AZ_KEY_REFUSED, &error, PASS_PUBLIC);
	}
	if (az_key_kid(key) && strcmp(az_key_kid(key), kid) != 0)
	{
		error.why = "its kid is another one than the key ID that is given";
		check_key(AZ_KEY_REFUSED, &error, PASS_PUBLIC);
	}
	if (az_key_kid(key))
		return key;

	initStringInfo(&named);
	appendStringInfoString(&named, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":");
	x = az_json_string(az_json_get_z(jwk, "x"), &len);
	az_append_json_string(&named, x);
	appendStringInfoString(&named, ",\"kid\":");
	az_append_json_string(&named, kid);
	appendStringInfoChar(&named, '}');
	return public_key(az_parse_json(cstring_to_text(named.data), "JWK",
									ERRCODE_INVALID_PARAMETER_VALUE), kid);
}

AZ_SQL(authz_add_cluster_key_public)
{
	AzDiscretion discretion;
	AzKey	   *key;
	text	   *kid;
	char	   *utf8;

	az_discretion_begin(&discretion);
	az_check_administers(TABLE);
	utf8 = kid_argument(fcinfo, &kid);
	az_arg_required(fcinfo, 1, "JWK");
	key = public_key(az_parse_json(PG_GETARG_TEXT_PP(1), "JWK", ERRCODE_INVALID_PARAMETER_VALUE),
					 utf8);
	add("add_cluster_key_public()", kid, utf8, az_key_thumbprint(key), take_text(az_key_to_jwk(key)), NULL);
	az_discretion_end(&discretion);
	PG_RETURN_VOID();
}

AZ_SQL(authz_drop_cluster_key)
{
	text	   *kid;
	char	   *utf8;
	int			len;
	Relation	rel;
	AzRows		rows;
	AzClusterKeyRow row;
	text	   *entry = NULL;

	az_check_administers(TABLE);
	kid = az_arg_text(fcinfo, 0, "key ID");
	utf8 = az_utf8(kid, &len);
	rel = az_lock_cluster_keys("drop_cluster_key()");
	az_begin_cluster_keys(&rows);
	while (az_next_cluster_key(&rows, &row))
	{
		if (strcmp(row.kid, utf8) != 0)
			continue;
		az_delete_cluster_key(rel, &row);
		entry = entry_of(row.kid, row.thumbprint, row.is_private);
	}
	az_end_rows(&rows);
	if (entry == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("cluster key \"%s\" does not exist", text_to_cstring(kid)),
				 errhint("SELECT kid FROM authz.cluster_keys() lists those that do.")));
	az_end_cluster_keys(rel);
	az_trust_log_row(TABLE, "DELETE", entry, NULL);
	PG_RETURN_VOID();
}

/* ----------------------------------------------------------------
 * Showing
 * ----------------------------------------------------------------
 */

/* The number of the key that signs; 0: none does. */
static int64
number_that_signs(void)
{
	AzRows		rows;
	AzClusterKeyRow row;
	int64		last = 0;

	az_begin_cluster_keys(&rows);
	while (az_next_cluster_key(&rows, &row))
	{
		if (row.is_private)
			last = Max(last, row.number);
	}
	az_end_rows(&rows);
	return last;
}

static void
put_key(ReturnSetInfo *result, const AzClusterKeyRow *row, bool signs)
{
	Datum		values[5];
	bool		nulls[5] = {0};

	values[0] = heap_getattr(row->tuple, Cluster_kid, row->desc, &nulls[0]);
	values[1] = heap_getattr(row->tuple, Cluster_thumbprint, row->desc, &nulls[1]);
	values[2] = BoolGetDatum(signs);
	values[3] = TimestampTzGetDatum(row->added_at);
	values[4] = heap_getattr(row->tuple, Cluster_jwk, row->desc, &nulls[4]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

AZ_SQL(authz_cluster_keys)
{
	AzRows		rows;
	AzClusterKeyRow row;
	int64		signs;

	az_check_owns_database("cluster_keys");
	InitMaterializedSRF(fcinfo, 0);
	signs = number_that_signs();
	az_begin_cluster_keys(&rows);
	while (az_next_cluster_key(&rows, &row))
		put_key((ReturnSetInfo *) fcinfo->resultinfo, &row, row.number == signs);
	az_end_rows(&rows);
	PG_RETURN_NULL();
}

/* What the materialized view is defined by: REFRESH calls it. */
AZ_SQL(authz_cluster_key_guard)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("authz.cluster_key cannot be refreshed"),
			 errdetail("Nobody reads cluster keys, so it stays unpopulated; the keys that are there go on."),
			 errhint("authz.add_cluster_key() adds a key, authz.cluster_keys() lists them.")));
	pg_unreachable();
}
