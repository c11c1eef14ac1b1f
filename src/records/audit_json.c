/*-------------------------------------------------------------------------
 *
 * audit_json.c
 *	  What json takes and jsonb does not.
 *
 *-------------------------------------------------------------------------
 */
#include "records/audit_json.h"

#include "mb/pg_wchar.h"

/* Together they are what numeric takes, before the point and behind it. */
#define MAX_DIGITS		6000
#define MAX_EXPONENT	4

/* Of a character that goes by its number. */
static bool
is_escape(const char *text, int len)
{
	return len >= 6 && text[0] == '\\' && text[1] == 'u';
}

/* Is it half of a pair: the first, or the second? */
static bool
is_half(const char *text, const char *digits)
{
	return (text[2] == 'd' || text[2] == 'D') && strchr(digits, text[3]) != NULL;
}

/*
 * The bytes of an escape, or of a pair of them; 0: it is not a character here.
 */
static int
escape_len(const char *text, int len)
{
	if (GetDatabaseEncoding() != PG_UTF8 || strncmp(text + 2, "0000", 4) == 0 ||
		is_half(text, "cdefCDEF"))
		return 0;
	if (!is_half(text, "89abAB"))
		return 6;
	return is_escape(text + 6, len - 6) && is_half(text + 6, "cdefCDEF") ? 12 : 0;
}

bool
az_fits_jsonb(const char *text, int len)
{
	bool		exponent = false;
	int			digits = 0;
	int			i;

	for (i = 0; i < len; i++)
	{
		char		c = text[i];

		if (is_escape(text + i, len - i))
		{
			int			escape = escape_len(text + i, len - i);

			if (escape == 0)
				return false;
			i += escape - 1;
			continue;
		}
		if (c == '\\')
			i++;
		if (c >= '0' && c <= '9')
		{
			if (++digits > (exponent ? MAX_EXPONENT : MAX_DIGITS))
				return false;
			continue;
		}
		exponent = c == 'e' || c == 'E' || (exponent && digits == 0 && (c == '+' || c == '-'));
		digits = 0;
	}
	return true;
}
