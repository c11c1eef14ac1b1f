/*-------------------------------------------------------------------------
 *
 * fn_cluster_key.c
 *	  The functions over the keys of a cluster.
 *
 * A private key may be passed, sometimes by mistake instead of a public one.
 * Hence az_discretion_begin(), and no error quotes what came in.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/cluster_key_write.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "server/arguments.h"
#include "server/discretion.h"
#include "server/malloced.h"
#include "trust/admin.h"
#include "trust/cluster_key.h"

/* ----------------------------------------------------------------
 * Adding and dropping
 * ----------------------------------------------------------------
 */

/* In UTF-8. */
static char *
kid_argument(FunctionCallInfo fcinfo)
{
	int			len;

	return az_utf8(az_arg_text(fcinfo, 0, "key ID"), &len);
}

static void
release_signing_key(void *key)
{
	az_signing_key_free(key);
}

/* The one that is passed, or a new one. */
static AzSigningKey *
signing_key(FunctionCallInfo fcinfo, const char *kid)
{
	AzJson	   *jwk = NULL;
	AzSigningKey *key = NULL;
	AzKeyError	error = {0};
	AzKeyStatus status;

	if (!PG_ARGISNULL(1))
		jwk = az_parse_json(PG_GETARG_TEXT_PP(1), "JWK", ERRCODE_INVALID_PARAMETER_VALUE);
	status = jwk ? az_signing_key_from_jwk(jwk, kid, &key, &error) :
		az_signing_key_generate(kid, &key, &error);
	az_free_with(CurrentMemoryContext, release_signing_key, key);
	az_check_cluster_key(status, &error,
						 "Pass a private JWK of type OKP and curve Ed25519, or nothing to have a key made.  add_cluster_key_public takes a public one.");
	return key;
}

AZ_SQL(authz_add_cluster_key)
{
	AzDiscretion discretion;
	AzSigningKey *key;
	char	   *kid;
	text	   *private_jwk;
	text	   *jwk;

	az_discretion_begin(&discretion);
	az_check_administers(AZ_CLUSTER_KEY);
	kid = kid_argument(fcinfo);
	az_check_cluster_kid(kid);
	key = signing_key(fcinfo, kid);
	jwk = az_take_jwk(az_signing_key_public_jwk(key));
	private_jwk = az_take_jwk(az_signing_key_private_jwk(key));
	az_add_cluster_key("add_cluster_key()", kid, az_signing_key_thumbprint(key), jwk, private_jwk);
	explicit_bzero(VARDATA(private_jwk), VARSIZE(private_jwk) - VARHDRSZ);
	az_discretion_end(&discretion);
	PG_RETURN_TEXT_P(jwk);
}

AZ_SQL(authz_add_cluster_key_public)
{
	AzDiscretion discretion;
	AzKey	   *key;
	char	   *kid;

	az_discretion_begin(&discretion);
	az_check_administers(AZ_CLUSTER_KEY);
	kid = kid_argument(fcinfo);
	az_check_cluster_kid(kid);
	az_arg_required(fcinfo, 1, "JWK");
	key = az_public_cluster_key(az_parse_json(PG_GETARG_TEXT_PP(1), "JWK",
											  ERRCODE_INVALID_PARAMETER_VALUE), kid);
	az_add_cluster_key("add_cluster_key_public()", kid, az_key_thumbprint(key),
					   az_take_jwk(az_key_to_jwk(key)), NULL);
	az_discretion_end(&discretion);
	PG_RETURN_VOID();
}

AZ_SQL(authz_drop_cluster_key)
{
	az_check_administers(AZ_CLUSTER_KEY);
	if (!az_drop_cluster_key("drop_cluster_key()", kid_argument(fcinfo)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("cluster key \"%s\" does not exist",
						text_to_cstring(PG_GETARG_TEXT_PP(0))),
				 errhint("SELECT kid FROM authz.cluster_keys() lists those that do.")));
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

/* The query of the materialized view calls it, so REFRESH does. */
AZ_SQL(authz_cluster_key_guard)
{
	az_raise_cluster_key_refresh();
}
