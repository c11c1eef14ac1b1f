/*-------------------------------------------------------------------------
 *
 * trust_row.c
 *	  What a row of the trust says.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/trust_row.h"

#include "access/htup_details.h"
#include "common/hashfn.h"
#include "utils/builtins.h"

#include "server/discretion.h"
#include "server/encoding.h"
#include "server/malloced.h"

char *
az_row_utf8(HeapTuple tuple, int column, TupleDesc desc)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, column, desc, &isnull);
	text	   *value;
	int			len;

	if (isnull)
		return NULL;
	value = DatumGetTextPP(datum);
	return az_to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &len);
}

/*
 * A lack of memory is not a fault of the row, so it raises an error: the
 * result is kept, and the row would still be missing when there is memory
 * again.
 */
AzJson *
az_row_json(HeapTuple tuple, int column, TupleDesc desc)
{
	char	   *text = az_row_utf8(tuple, column, desc);
	AzJson	   *json = NULL;
	AzJsonStatus status;

	if (text == NULL)
		return NULL;
	status = az_json_parse(text, strlen(text), &json);
	explicit_bzero(text, strlen(text)); /* a JWK may be a secret */
	pfree(text);
	if (status == AZ_JSON_NO_MEMORY)
		az_raise_no_memory();
	if (status != AZ_JSON_OK)
		return NULL;
	az_free_with(CurrentMemoryContext, az_release_json, json);
	return json;
}

/*
 * Made from the transaction that wrote the row and from what it wrote, NULLs
 * included.  The rest of the header holds locks and hints, which come and go.
 */
uint64
az_row_version(HeapTuple tuple)
{
	const unsigned char *row = (const unsigned char *) tuple->t_data;

	return hash_bytes_extended(row + SizeofHeapTupleHeader,
							   tuple->t_len - SizeofHeapTupleHeader,
							   HeapTupleHeaderGetRawXmin(tuple->t_data));
}

/*
 * The warning is about the row, not about the statement, which may hold a
 * token.
 */
void
az_warn_bad_row(const char *what, const char *name, const char *why, const char *hint)
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
