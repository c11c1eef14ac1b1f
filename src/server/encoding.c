/*-------------------------------------------------------------------------
 *
 * encoding.c
 *	  Tokens are UTF-8, the database may not be.
 *
 *-------------------------------------------------------------------------
 */
#include "server/encoding.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

/* The conversions between UTF-8 and the database's encoding. */
typedef struct Conversions
{
	Oid			from_utf8;
	Oid			to_utf8;
} Conversions;

/* One conversion into new malloc'ed memory; NULL where a character has no equal. */
static char *
convert_with(Oid proc, int from, int to, const char *source, size_t len,
			 size_t *out_len)
{
	size_t		size;
	char	   *out;

	if (!OidIsValid(proc) || len > MaxAllocSize / MAX_CONVERSION_GROWTH - 1)
		return NULL;
	size = len * MAX_CONVERSION_GROWTH + 1;
	out = malloc(size);
	if (out == NULL)
		return NULL;
	if (pg_do_encoding_conversion_buf(proc, from, to, (unsigned char *) source,
									  (int) len, (unsigned char *) out,
									  (int) size, true) != (int) len)
	{
		free(out);
		return NULL;
	}
	*out_len = strlen(out);
	return out;
}

/*
 * Some encodings have one character for two of Unicode (EUC_JP, U+00A6).  Two
 * subjects must not become one, so only what comes back unchanged fits.
 * Never raises; all memory is malloc'ed, as the caller's is.
 */
static bool
convert(void *arg, const char *utf8, size_t len, char **out, size_t *out_len)
{
	const Conversions *conversions = arg;
	int			server = GetDatabaseEncoding();
	char	   *there;
	char	   *back;
	size_t		back_len;
	bool		same;

	there = convert_with(conversions->from_utf8, PG_UTF8, server, utf8, len, out_len);
	if (there == NULL)
		return false;
	back = convert_with(conversions->to_utf8, server, PG_UTF8, there, *out_len,
						&back_len);
	same = back && back_len == len && memcmp(back, utf8, len) == 0;
	free(back);
	if (!same)
	{
		free(there);
		return false;
	}
	*out = there;
	return true;
}

const AzConverter *
az_converter(void)
{
	static Conversions conversions;
	static const AzConverter converter = {convert, &conversions};

	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
		return NULL;
	conversions.from_utf8 = FindDefaultConversionProc(PG_UTF8, GetDatabaseEncoding());
	conversions.to_utf8 = FindDefaultConversionProc(GetDatabaseEncoding(), PG_UTF8);
	return &converter;
}

/* Never raises, as convert(). */
static bool
convert_back(void *arg, const char *server, size_t len, char **out, size_t *out_len)
{
	const Oid  *to_utf8 = arg;

	*out = convert_with(*to_utf8, GetDatabaseEncoding(), PG_UTF8, server, len, out_len);
	return *out != NULL;
}

const AzConverter *
az_converter_to_utf8(void)
{
	static Oid	to_utf8;
	static const AzConverter converter = {convert_back, &to_utf8};

	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
		return NULL;
	to_utf8 = FindDefaultConversionProc(GetDatabaseEncoding(), PG_UTF8);
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
