/*-------------------------------------------------------------------------
 *
 * cluster_key_write.c
 *	  Adding and removing cluster keys, on record.
 *
 * No error quotes what came in: a private key may be passed for a public one.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/cluster_key_write.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "server/arguments.h"
#include "server/encoding.h"
#include "server/malloced.h"
#include "trust/options.h"
#include "trust/trust_log.h"

/* ----------------------------------------------------------------
 * What is passed
 * ----------------------------------------------------------------
 */

/*
 * Only characters that JSON writes as themselves, or with one more, are taken,
 * so that the row stays in its page.
 */
void
az_check_cluster_kid(const char *kid)
{
	const unsigned char *c;

	if (strlen(kid) > AZ_MAX_CLUSTER_KID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key ID is too long"),
				 errdetail("It has %zu bytes in UTF-8; that of a cluster key has %d at most.",
						   strlen(kid), AZ_MAX_CLUSTER_KID)));
	for (c = (const unsigned char *) kid; *c; c++)
	{
		if (*c < 0x20 || *c == 0x7f)
			az_raise_misuse("invalid key ID", "That of a cluster key has no control characters.");
	}
}

void
az_check_cluster_key(AzKeyStatus status, const AzKeyError *error, const char *hint)
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

static void
refuse_public(const char *why)
{
	AzKeyError	error = {.why = why};

	az_check_cluster_key(AZ_KEY_REFUSED, &error,
						 "Pass the JWK that add_cluster_key returned on the server that signs: kty \"OKP\", crv \"Ed25519\" and x.");
}

static AzKey *
key_of(const AzJson *jwk)
{
	AzKeyError	error = {0};
	AzKey	   *key = NULL;
	AzKeyStatus status = az_key_from_jwk(jwk, AZ_ALG_BIT(AZ_ED25519), false, &key, &error);

	az_free_with(CurrentMemoryContext, az_release_key, key);
	if (status == AZ_KEY_NO_MEMORY)
		az_raise_no_memory();
	if (status != AZ_KEY_OK)
		refuse_public(error.why);
	if (az_key_alg(key) != AZ_ED25519)
		refuse_public("its algorithm is not Ed25519");
	return key;
}

AzKey *
az_public_cluster_key(const AzJson *jwk, const char *kid)
{
	AzKey	   *key = key_of(jwk);
	StringInfoData named;
	size_t		len;

	if (az_key_kid(key) == NULL)
	{
		initStringInfo(&named);
		appendStringInfoString(&named, "{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": ");
		az_append_json_string(&named, az_json_string(az_json_get_z(jwk, "x"), &len));
		appendStringInfoString(&named, ", \"kid\": ");
		az_append_json_string(&named, kid);
		appendStringInfoChar(&named, '}');
		key = key_of(az_parse_json(cstring_to_text(named.data), "JWK",
								   ERRCODE_INVALID_PARAMETER_VALUE));
	}
	if (strcmp(az_key_kid(key), kid) != 0)
		refuse_public("its kid differs from the key ID that is given");
	return key;
}

static void
wipe_string(void *string)
{
	explicit_bzero(string, strlen(string));
	free(string);
}

text *
az_take_jwk(char *jwk)
{
	az_free_with(CurrentMemoryContext, wipe_string, jwk);
	if (jwk == NULL)
		az_raise_no_memory();
	return az_server_text(jwk, "key ID");
}

/* ----------------------------------------------------------------
 * Rows
 * ----------------------------------------------------------------
 */

/* What the record of the trust shows of a key. */
static text *
entry_of(const char *kid, const char *thumbprint, bool is_private)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"kid\": ");
	az_append_json_string(&out, kid);
	appendStringInfoString(&out, ", \"thumbprint\": ");
	az_append_json_string(&out, thumbprint);
	appendStringInfo(&out, ", \"private\": %s}", is_private ? "true" : "false");
	return cstring_to_text_with_len(out.data, out.len);
}

static char *
shown(const char *kid)
{
	char	   *server = az_from_utf8(kid);

	return server ? server : "?";
}

static void
check_new(const AzClusterKeyRow *row, const char *kid, const char *thumbprint)
{
	if (strcmp(row->kid, kid) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("cluster key \"%s\" already exists", shown(kid)),
				 errhint("drop_cluster_key removes it.")));
	if (strcmp(row->thumbprint, thumbprint) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("cluster key \"%s\" is the key \"%s\", which already exists",
						shown(kid), shown(row->kid)),
				 errhint("It need not be added; or make another one.")));
}

/* The number of a new key. */
static int64
next_number(const char *kid, const char *thumbprint)
{
	AzRows		rows;
	AzClusterKeyRow row;
	int64		last = 0;
	int			n = 0;

	az_begin_cluster_keys(&rows);
	for (; az_next_cluster_key(&rows, &row); n++)
	{
		check_new(&row, kid, thumbprint);
		last = Max(last, row.number);
	}
	az_end_rows(&rows);
	if (n >= AZ_MAX_CLUSTER_KEYS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many cluster keys"),
				 errdetail("There are %d, and no more can be.", n),
				 errhint("Drop those that servers no longer sign with.")));
	return last + 1;
}

void
az_add_cluster_key(const char *function, const char *kid, const char *thumbprint,
				   text *jwk, text *private_jwk)
{
	Relation	rel = az_lock_cluster_keys(function);

	az_insert_cluster_key(rel, az_server_text(kid, "key ID"), cstring_to_text(thumbprint),
						  next_number(kid, thumbprint), jwk, private_jwk);
	az_end_cluster_keys(rel);
	az_trust_log_row(AZ_CLUSTER_KEY, "INSERT", NULL,
					 entry_of(kid, thumbprint, private_jwk != NULL));
}

bool
az_drop_cluster_key(const char *function, const char *kid)
{
	Relation	rel = az_lock_cluster_keys(function);
	AzRows		rows;
	AzClusterKeyRow row;
	text	   *entry = NULL;

	az_begin_cluster_keys(&rows);
	while (az_next_cluster_key(&rows, &row))
	{
		if (strcmp(row.kid, kid) != 0)
			continue;
		az_delete_cluster_key(rel, &row);
		entry = entry_of(row.kid, row.thumbprint, row.is_private);
	}
	az_end_rows(&rows);
	az_end_cluster_keys(rel);
	if (entry)
		az_trust_log_row(AZ_CLUSTER_KEY, "DELETE", entry, NULL);
	return entry != NULL;
}
