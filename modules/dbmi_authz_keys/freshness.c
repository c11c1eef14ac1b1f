/*-------------------------------------------------------------------------
 *
 * freshness.c
 *	  For how long an answer is good, as its sender says (RFC 9111).
 *
 *-------------------------------------------------------------------------
 */
#include "freshness.h"

#include <string.h>
#include <strings.h>

/* Beyond that a number of seconds is as good as without end. */
#define MANY_SECONDS	(100L * 365 * 24 * 3600)

/* Seconds before the first retry. */
#define FIRST_RETRY		15

void
az_freshness_init(AzFreshness *freshness)
{
	memset(freshness, 0, sizeof(*freshness));
	freshness->max_age = -1;
}

/* The digits that stand there (RFC 9111, 1.2.2); -1: none. */
static long
read_seconds(const char *s, size_t len)
{
	long		seconds = 0;
	size_t		i = 0;

	if (len > 0 && *s == '"')
		s++, len--;
	for (; i < len && s[i] >= '0' && s[i] <= '9'; i++)
	{
		if (seconds < MANY_SECONDS)
			seconds = seconds * 10 + (s[i] - '0');
	}
	return i > 0 ? seconds : -1;
}

static bool
has_prefix(const char *s, size_t len, const char *prefix)
{
	size_t		n = strlen(prefix);

	return len >= n && strncasecmp(s, prefix, n) == 0;
}

/* One directive of Cache-Control.  The least that is said counts. */
static void
take_directive(AzFreshness *freshness, const char *s, size_t len)
{
	long		seconds = -1;

	if (has_prefix(s, len, "max-age="))
		seconds = read_seconds(s + 8, len - 8);
	else if (has_prefix(s, len, "no-cache") || has_prefix(s, len, "no-store"))
		seconds = 0;
	if (seconds >= 0 && (freshness->max_age < 0 || seconds < freshness->max_age))
		freshness->max_age = seconds;
}

static void
take_cache_control(AzFreshness *freshness, const char *s, size_t len)
{
	while (len > 0)
	{
		size_t		n = 0;

		while (n < len && s[n] != ',' && s[n] != ' ' && s[n] != '\t')
			n++;
		take_directive(freshness, s, n);
		if (n < len)
			n++;
		s += n;
		len -= n;
	}
}

/* It is sent back as it came, so it must be a quoted string (RFC 9110, 8.8.3). */
static void
take_etag(AzFreshness *freshness, const char *s, size_t len)
{
	size_t		quote = len > 1 && s[0] == 'W' && s[1] == '/' ? 2 : 0;
	size_t		i;

	freshness->etag[0] = '\0';
	if (len >= AZ_ETAG_MAX || len < quote + 2 || s[quote] != '"' || s[len - 1] != '"')
		return;
	for (i = quote + 1; i < len - 1; i++)
	{
		if (s[i] <= ' ' || s[i] > '~' || s[i] == '"')
			return;
	}
	memcpy(freshness->etag, s, len);
	freshness->etag[len] = '\0';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void
az_freshness_take(AzFreshness *freshness, const char *line, size_t len)
{
	size_t		name = 0;
	const char *value;

	while (name < len && line[name] != ':')
		name++;
	if (name == len)
		return;
	value = line + name + 1;
	len -= name + 1;
	while (len > 0 && is_blank(*value))
		value++, len--;
	while (len > 0 && is_blank(value[len - 1]))
		len--;
	if (name == 13 && strncasecmp(line, "cache-control", name) == 0)
		take_cache_control(freshness, value, len);
	else if (name == 4 && strncasecmp(line, "etag", name) == 0)
		take_etag(freshness, value, len);
	else if (name == 3 && strncasecmp(line, "age", name) == 0)
	{
		freshness->age = read_seconds(value, len);
		if (freshness->age < 0)
			freshness->age = 0;
	}
}

/* Between eight and nine and a half tenths. */
static long
ahead(long seconds, double random)
{
	return (long) (seconds * (0.8 + 0.15 * random));
}

long
az_freshness_pause(const AzFreshness *freshness, long usual, long least, long most,
				   double random)
{
	long		pause = usual;

	if (freshness->max_age >= 0)
		pause = freshness->max_age - freshness->age;
	if (pause > most)
		pause = most;
	pause = ahead(pause, random);
	return pause < least ? least + (long) (least * 0.1 * random) : pause;
}

long
az_failure_pause(int failures, long usual, double random)
{
	long		pause = FIRST_RETRY;

	while (failures-- > 1 && pause < usual)
		pause *= 2;
	if (pause > usual)
		pause = usual;
	pause = ahead(pause, random);
	return pause > 0 ? pause : 1;
}
