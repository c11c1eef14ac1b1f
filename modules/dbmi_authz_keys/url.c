/*-------------------------------------------------------------------------
 *
 * url.c
 *	  Which addresses of the web may be fetched.
 *
 *-------------------------------------------------------------------------
 */
#include "url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS		"0123456789"
#define LETTERS		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define NAME		LETTERS DIGITS "-._"
#define IP6			"0123456789abcdefABCDEF:."
#define SEPARATORS	", \t\r\n"

#define DISCOVERY	"/.well-known/openid-configuration"

/* ---- host and port ---- */

/* A number of one to five digits that is a port, to the end of the text; 0: none. */
static int
read_port(const char *s, size_t len)
{
	int			port = 0;
	size_t		i;

	if (len == 0 || len > 5)
		return 0;
	for (i = 0; i < len; i++)
	{
		if (strchr(DIGITS, s[i]) == NULL)
			return 0;
		port = port * 10 + (s[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

/* Where the host ends that stands there; 0: there is none. */
static size_t
host_length(const char *s, size_t len)
{
	size_t		n;

	if (len > 0 && s[0] == '[')
	{
		n = strspn(s + 1, IP6);
		return n >= 2 && memchr(s + 1, ':', n) && n + 2 <= len && s[n + 1] == ']' ? n + 2 : 0;
	}
	n = strspn(s, NAME);
	return n < len ? n : len;
}

/* Without locale. */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* HOST or HOST:PORT; the port stays where none is said. */
static bool
read_authority(const char *s, size_t len, AzUrl *url)
{
	size_t		n = host_length(s, len);
	size_t		i;

	if (n == 0 || n >= sizeof(url->host))
		return false;
	for (i = 0; i < n; i++)
		url->host[i] = lower(s[i]);
	url->host[n] = '\0';
	if (n == len)
		return true;
	if (s[n] != ':')
		return false;
	url->port = read_port(s + n + 1, len - n - 1);
	return url->port != 0;
}

/* ---- a URL ---- */

/* What stands in no URL (RFC 3986), and the fragment, which is not for the server. */
static bool
has_odd_character(const char *text)
{
	for (; *text; text++)
	{
		if (*text <= ' ' || *text > '~' || strchr("\"#<>\\^`{|}", *text) != NULL)
			return true;
	}
	return false;
}

bool
az_url_read(const char *text, AzUrl *url)
{
	memset(url, 0, sizeof(*url));
	if (strlen(text) > AZ_URL_MAX || has_odd_character(text))
		return false;
	url->https = strncmp(text, "https://", 8) == 0;
	if (!url->https && strncmp(text, "http://", 7) != 0)
		return false;
	text += url->https ? 8 : 7;
	url->port = url->https ? 443 : 80;
	return read_authority(text, strcspn(text, "/?"), url);
}

/* ---- the list ---- */

/* The next member of a list, NULL at its end; the position moves behind it. */
static const char *
next_host(const char **list, size_t *len)
{
	const char *found = *list + strspn(*list, SEPARATORS);

	*len = strcspn(found, SEPARATORS);
	*list = found + *len;
	return *len > 0 ? found : NULL;
}

bool
az_hosts_are_valid(const char *hosts)
{
	const char *host;
	size_t		len;
	AzUrl		url;

	while ((host = next_host(&hosts, &len)) != NULL)
	{
		if (!read_authority(host, len, &url))
			return false;
	}
	return true;
}

/* HOST stands for https on 443, HOST:PORT for that port and both schemes. */
static bool
is_listed(const AzUrl *url, const char *hosts)
{
	const char *host;
	size_t		len;

	while ((host = next_host(&hosts, &len)) != NULL)
	{
		AzUrl		listed = {.https = false,.port = 0};

		if (!read_authority(host, len, &listed) || strcmp(listed.host, url->host) != 0)
			continue;
		if (listed.port == url->port || (listed.port == 0 && url->https && url->port == 443))
			return true;
	}
	return false;
}

static bool
is_empty(const char *hosts)
{
	size_t		len;

	return next_host(&hosts, &len) == NULL;
}

/* ---- rules ---- */

static bool
is_own_host(const AzUrl *url, const char *issuer)
{
	AzUrl		own;

	return az_url_read(issuer, &own) && strcmp(own.host, url->host) == 0;
}

AzUrlVerdict
az_url_judge(const char *text, const char *issuer, const AzUrlRules *rules)
{
	AzUrl		url;

	if (!az_url_read(text, &url))
		return AZ_URL_FORBIDDEN;
	if (is_listed(&url, rules->hosts))
		return AZ_URL_LISTED;
	if (!url.https || url.port != 443)
		return AZ_URL_FORBIDDEN;
	/* which address a name stands for is the proxy's to know */
	if (rules->proxied || !is_empty(rules->hosts) || !is_own_host(&url, issuer))
		return AZ_URL_FORBIDDEN_HOST;
	return AZ_URL_OWN;
}

char *
az_discovery_url(const char *issuer)
{
	size_t		len = strlen(issuer);
	char	   *url;

	if (len > 0 && issuer[len - 1] == '/')
		len--;
	url = malloc(len + sizeof(DISCOVERY));
	if (url == NULL)
		return NULL;
	memcpy(url, issuer, len);
	memcpy(url + len, DISCOVERY, sizeof(DISCOVERY));
	return url;
}

bool
az_may_discover(const char *issuer, const AzUrlRules *rules)
{
	AzUrl		url;

	return az_url_read(issuer, &url) && strchr(issuer, '?') == NULL &&
		(url.https || is_listed(&url, rules->hosts));
}
