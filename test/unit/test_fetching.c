/*-------------------------------------------------------------------------
 *
 * test_fetching.c
 *	  The rules of modules/dbmi_authz_keys: which URLs may be fetched for an issuer,
 *	  at which addresses, and for how long an answer is good.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* with the sources themselves: they belong to no library of ours */
#include "../../modules/dbmi_authz_keys/address.c"
#include "../../modules/dbmi_authz_keys/freshness.c"
#include "../../modules/dbmi_authz_keys/url.c"

#include "tap.h"

static bool
is_public(const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return az_address_is_public((struct sockaddr *) &in);
	if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		return az_address_is_public((struct sockaddr *) &in6);
	abort();
}

/* A letter for each verdict. */
static char
judge(const char *url, const char *issuer, const char *hosts, bool proxied)
{
	AzUrlRules	rules = {hosts, proxied};

	return "LOUH"[az_url_judge(url, issuer, &rules)];
}

/* ---- the list that contrib/update-keys is held to as well ---- */

/* In place: \xNN is a byte. */
static char *
unescape(char *text)
{
	char	   *to = text;
	char	   *from;

	for (from = text; *from; from++)
	{
		char		digits[3] = {0};

		*to = *from;
		if (from[0] == '\\' && from[1] == 'x')
		{
			memcpy(digits, from + 2, 2);
			*to = (char) strtol(digits, NULL, 16);
			from += 3;
		}
		to++;
	}
	*to = '\0';
	return text;
}

/* The word that the list should have for it. */
static const char *
word_for(const char *kind, const char *text, const char *host)
{
	AzUrlRules	rules = {host, false};

	if (strcmp(kind, "public") == 0 || strcmp(kind, "reserved") == 0)
		return is_public(text) ? "public" : "reserved";
	if (strcmp(kind, "asked") == 0 || strcmp(kind, "silent") == 0)
		return az_may_discover(text, &rules) ? "asked" : "silent";
	switch (judge(text, "https://a.example/issuer", host, false))
	{
		case 'L':
			return "listed";
		case 'O':
			return "own";
		default:
			return judge(text, "https://a.example/issuer", host, false) == 'U' ? "url" : "host";
	}
}

static void
test_list(void)
{
	FILE	   *list = fopen("../provider/urls", "r");
	char		line[512];
	int			n = 0;

	if (list == NULL)
		abort();
	while (fgets(line, sizeof(line), list))
	{
		char		kind[16];
		char		text[256] = "";
		char		host[64] = "";

		if (line[0] == '#' || sscanf(line, "%15s %255s %63s", kind, text, host) < 1)
			continue;
		line[strcspn(line, "\n")] = '\0';
		ok(strcmp(word_for(kind, unescape(text), host), kind) == 0, "%s", line);
		n++;
	}
	fclose(list);
	ok(n > 300, "the list is there");
}

static void
test_addresses(void)
{
	struct sockaddr local = {.sa_family = AF_UNIX};

	ok(!az_address_is_public(&local), "a socket in the file system is none of the internet's");
}

static void
test_reading(void)
{
	AzUrl		url;
	char		longest[AZ_URL_MAX + 2];

	ok(az_url_read("https://A.Example/jwks?x=y", &url) && url.https && url.port == 443 &&
	   strcmp(url.host, "a.example") == 0, "https, and the host in lower case");
	ok(az_url_read("http://a", &url) && !url.https && url.port == 80, "http");
	ok(az_url_read("https://[::1]:8443/", &url) && url.port == 8443 &&
	   strcmp(url.host, "[::1]") == 0, "an address of IPv6");
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "https://a/", 10);
	longest[AZ_URL_MAX + 1] = '\0';
	ok(!az_url_read(longest, &url), "too long");
	longest[AZ_URL_MAX] = '\0';
	ok(az_url_read(longest, &url), "not too long");
	longest[8 + 256] = '/';
	memset(longest + 8, 'x', 256);
	ok(!az_url_read(longest, &url), "too long a host");
	longest[8 + 255] = '/';
	ok(az_url_read(longest, &url), "a long host");
}

static void
test_rules(void)
{
	const char *issuer = "https://a.example/issuer";

	ok(judge("https://a.example/x", issuer, " , ", false) == 'O' &&
	   judge("https://a.example/x", issuer, "b.example", false) == 'H',
	   "where anything is listed, its own host counts no more");
	ok(judge("https://b.example/x", issuer, "c,B.example d", false) == 'L' &&
	   judge("https://[::1]:444/x", issuer, "127.0.0.1:1, [::1]:444", false) == 'L', "several are listed");
	ok(judge("https://a.example/x", issuer, "", true) == 'H' &&
	   judge("https://a.example/x", issuer, "a.example", true) == 'L',
	   "with a proxy only what is listed");
	ok(judge("https://a.example/x", "accounts.google.com", "", false) == 'H', "an issuer without host");
	ok(az_hosts_are_valid("a, b:1 [::1]:2\tc") && az_hosts_are_valid("") &&
	   !az_hosts_are_valid("https://a") && !az_hosts_are_valid("a:x") && !az_hosts_are_valid("a/b") &&
	   !az_hosts_are_valid("*.a") && !az_hosts_are_valid("[1.2.3.4]"), "a list of hosts");
}

static void
test_discovery(void)
{
	char	   *a = az_discovery_url("https://a/b");
	char	   *b = az_discovery_url("https://a/b/");

	ok(a && b && strcmp(a, "https://a/b/.well-known/openid-configuration") == 0 && strcmp(a, b) == 0,
	   "where an issuer says where its keys are");
	free(a);
	free(b);
}

static AzFreshness
fresh(const char *a, const char *b)
{
	AzFreshness freshness;

	az_freshness_init(&freshness);
	az_freshness_take(&freshness, a, strlen(a));
	az_freshness_take(&freshness, b, strlen(b));
	return freshness;
}

static void
test_freshness(void)
{
	AzFreshness none = fresh("", "Server: max-age=5");
	AzFreshness day = fresh("cache-control: public, max-age=86400, must-revalidate\r\n", "AGE: 400\r\n");
	AzFreshness no = fresh("Cache-Control:no-store", "Cache-Control: max-age=86400");
	AzFreshness forever = fresh("Cache-Control: max-age=99999999999999999999999", "");
	AzFreshness odd = fresh("Cache-Control: max-age=-1, max-age=x", "Age: -5");

	ok(none.max_age == -1 && az_freshness_pause(&none, 3600, 60, 7200, 0) == 2880 &&
	   az_freshness_pause(&none, 3600, 60, 7200, 0.999) < 3600, "nothing is said: as usual");
	ok(az_freshness_pause(&day, 1, 60, 1000000, 0) == 68800, "max-age, less what it is old");
	ok(az_freshness_pause(&day, 1, 60, 1000, 0) == 800, "at most");
	ok(no.max_age == 0 && az_freshness_pause(&no, 3600, 60, 7200, 0) == 60, "at least");
	ok(az_freshness_pause(&forever, 1, 60, 7200, 0.5) <= 7200 &&
	   az_freshness_pause(&forever, 1, 60, 7200, 0.5) > 6000, "a number without end");
	ok(odd.max_age == -1 && odd.age == 0, "what is no number");
	ok(az_failure_pause(1, 3600, 0.5) >= 10 && az_failure_pause(1, 3600, 0.5) <= 15 &&
	   az_failure_pause(3, 3600, 0.5) > 45 && az_failure_pause(1000000, 3600, 1) <= 3600 &&
	   az_failure_pause(50, 1, 0) == 1, "failures: twice as long each time, to the usual");
}

static void
test_etags(void)
{
	char		longest[300] = "ETag: \"";

	ok(strcmp(fresh("ETag: \"a\"\r\n", "").etag, "\"a\"") == 0 &&
	   strcmp(fresh("etag:W/\"a\"", "").etag, "W/\"a\"") == 0, "an ETag");
	ok(fresh("ETag: a", "").etag[0] == '\0' && fresh("ETag: \"a", "").etag[0] == '\0' &&
	   fresh("ETag: \"a\" \"b\"", "").etag[0] == '\0' && fresh("ETag: \"\x01\"", "").etag[0] == '\0' &&
	   fresh("ETag: \"", "").etag[0] == '\0' && fresh("ETag: W/", "").etag[0] == '\0' &&
	   fresh("ETag:", "").etag[0] == '\0', "none that can be sent back");
	memset(longest + 7, 'x', 200);
	strcpy(longest + 207, "\"");
	ok(fresh(longest, "").etag[0] == '\0', "too long a one");
}

int
main(void)
{
	test_list();
	test_addresses();
	test_reading();
	test_rules();
	test_discovery();
	test_freshness();
	test_etags();
	return tap_done();
}
