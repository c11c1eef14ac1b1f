/*-------------------------------------------------------------------------
 *
 * encoding.c
 *	  Tokens are UTF-8, the database may not be.
 *
 *-------------------------------------------------------------------------
 */
#include "encoding.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

/*
 * Never raises: a character that has no equal makes it false.  The caller's
 * memory is malloc'ed, so is ours.
 */
static bool
convert(void *arg, const char *utf8, size_t len, char **out, size_t *out_len)
{
	Oid			proc = *(Oid *) arg;
	size_t		size = len * MAX_CONVERSION_GROWTH + 1;
	char	   *buf;
	int			done;

	if (!OidIsValid(proc) || len > MaxAllocSize / MAX_CONVERSION_GROWTH - 1)
		return false;
	buf = malloc(size);
	if (buf == NULL)
		return false;
	done = pg_do_encoding_conversion_buf(proc, PG_UTF8, GetDatabaseEncoding(),
										 (unsigned char *) utf8, (int) len,
										 (unsigned char *) buf, (int) size,
										 true);
	if (done != (int) len)
	{
		free(buf);
		return false;
	}
	*out = buf;
	*out_len = strlen(buf);
	return true;
}

const AzConverter *
az_converter(void)
{
	static Oid	proc;
	static const AzConverter converter = {convert, &proc};

	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
		return NULL;
	proc = FindDefaultConversionProc(PG_UTF8, GetDatabaseEncoding());
	return &converter;
}

char *
az_to_utf8(const char *server, int len, int *utf8_len)
{
	char	   *utf8;

	if (GetDatabaseEncoding() == PG_SQL_ASCII &&
		!pg_verify_mbstr(PG_UTF8, server, len, true))
		return NULL;
	utf8 = pg_server_to_any(server, len, PG_UTF8);
	*utf8_len = (utf8 == server) ? len : (int) strlen(utf8);
	return pnstrdup(utf8, *utf8_len);
}

char *
az_from_utf8(const char *utf8)
{
	const AzConverter *converter = az_converter();
	char	   *out;
	char	   *copy;
	size_t		len;

	if (converter == NULL)
		return pstrdup(utf8);
	if (!converter->convert(converter->arg, utf8, strlen(utf8), &out, &len))
		return NULL;
	copy = MemoryContextAllocExtended(CurrentMemoryContext, len + 1,
									  MCXT_ALLOC_NO_OOM);
	if (copy)
		memcpy(copy, out, len + 1);
	free(out);
	if (copy == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	return copy;
}
