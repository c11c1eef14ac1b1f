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

static void
test_addresses(void)
{
	static const char *const refused[] = {
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255",
		"127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1",
		"198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255",
		"240.0.0.1", "255.255.255.255",
		"::", "::1", "::7f00:1", "fc00::1", "fd12::1", "fe80::1", "febf::1", "fec0::1", "ff02::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
		"64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::", "2002:c0a8:101::1",
		"2001::1", "2001:0:7f00:1::", "2001:20::1", "2001:1ff::1", "2001:db8::1", "3fff::1",
		"100::1", "4000::1", "5f00::1"};
	static const char *const accepted[] = {
		"1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255",
		"128.0.0.1", "169.253.255.255", "169.255.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1",
		"192.167.255.255", "192.169.0.1", "198.17.255.255", "198.20.0.1", "223.255.255.255",
		"2606:4700::1111", "2001:200::1", "2001:4860:4860::8888", "2a00::1", "3ffe::1",
		"::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1"};
	struct sockaddr local = {.sa_family = AF_UNIX};
	size_t		i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ok(!is_public(refused[i]), "%s is none of the internet's", refused[i]);
	for (i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		ok(is_public(accepted[i]), "%s is", accepted[i]);
	ok(!az_address_is_public(&local), "nor is a socket in the file system");
}

static void
test_reading(void)
{
	static const char *const refused[] = {
		"", "https://", "https:///x", "https://a b/", "https://user@a/", "https://user:password@a/",
		"https://a:0/", "https://a:65536/", "https://a:443443/", "https://a:/", "https://a:x/",
		"https://a\\@b/", "https://a#b", "https://a/#b", "https://[::1", "https://[]/",
		"https://[fe80::1%25eth0]/", "https://a%2eb/", "https://\xc3\xa9/", "https://a/\n",
		"https://a\t/", "HTTPS://a/", "ftp://a/", "file:///etc/passwd", "//a/", "a",
		"https://a:443@b/", "https://[::1]b/", "https://[::1]:x/"};
	AzUrl		url;
	char		longest[AZ_URL_MAX + 2];
	size_t		i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ok(!az_url_read(refused[i], &url), "no URL: number %d", (int) i);
	ok(az_url_read("https://A.Example/jwks?x=y", &url) && url.https && url.port == 443 &&
	   strcmp(url.host, "a.example") == 0, "https, and the host in lower case");
	ok(az_url_read("http://a", &url) && !url.https && url.port == 80, "http");
	ok(az_url_read("https://a:8443?x", &url) && url.port == 8443, "a port");
	ok(az_url_read("https://[::1]:8443/", &url) && url.port == 8443 &&
	   strcmp(url.host, "[::1]") == 0, "an address of IPv6");
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "https://a/", 10);
	longest[AZ_URL_MAX + 1] = '\0';
	ok(!az_url_read(longest, &url), "too long");
	longest[AZ_URL_MAX] = '\0';
	ok(az_url_read(longest, &url), "not too long");
}

/* A letter for each verdict. */
static char
judge(const char *url, const char *issuer, const char *hosts, bool proxied)
{
	AzUrlRules	rules = {hosts, proxied};

	return "LOUH"[az_url_judge(url, issuer, &rules)];
}

static void
test_rules(void)
{
	static const struct
	{
		char		verdict;
		const char *url;
		const char *hosts;
	}			cases[] = {
		{'O', "https://a.example/x", ""},
		{'O', "https://A.EXAMPLE:443/x", " , "},
		{'H', "https://b.a.example/x", ""},
		{'H', "https://a.example.b/x", ""},
		{'H', "https://127.0.0.1/x", ""},
		{'U', "http://a.example/x", ""},
		{'U', "https://a.example:8443/x", ""},
		{'U', "https://a.example@b/x", ""},
		{'H', "https://a.example/x", "b.example"},
		{'L', "https://b.example/x", "b.example"},
		{'L', "https://b.example/x", "c,B.example d"},
		{'U', "http://b.example/x", "b.example"},
		{'U', "https://b.example:444/x", "b.example"},
		{'L', "https://b.example:444/x", "b.example:444"},
		{'L', "http://b.example:444/x", "b.example:444"},
		{'U', "http://b.example:80/x", "b.example:444"},
		{'L', "http://b.example/x", "b.example:80"},
		{'H', "https://b.example/x", "b.example:444"},
		{'L', "https://[::1]:444/x", "127.0.0.1:1, [::1]:444"}
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(judge(cases[i].url, "https://a.example/issuer", cases[i].hosts, false) == cases[i].verdict,
		   "%s, listed are \"%s\": %c", cases[i].url, cases[i].hosts, cases[i].verdict);
	ok(judge("https://a.example/x", "https://a.example", "", true) == 'H' &&
	   judge("https://a.example/x", "https://a.example", "a.example", true) == 'L',
	   "with a proxy only what is listed");
	ok(judge("https://a.example/x", "accounts.google.com", "", false) == 'H', "an issuer without host");
	ok(az_hosts_are_valid("a, b:1 [::1]:2\tc") && az_hosts_are_valid("") &&
	   !az_hosts_are_valid("https://a") && !az_hosts_are_valid("a:x") && !az_hosts_are_valid("a/b") &&
	   !az_hosts_are_valid("*.a"), "a list of hosts");
}

static void
test_discovery(void)
{
	AzUrlRules	rules = {"c:80", false};
	char	   *a = az_discovery_url("https://a/b");
	char	   *b = az_discovery_url("https://a/b/");

	ok(a && b && strcmp(a, "https://a/b/.well-known/openid-configuration") == 0 && strcmp(a, b) == 0,
	   "where an issuer says where its keys are");
	free(a);
	free(b);
	ok(az_may_discover("https://a/b", &rules) && az_may_discover("http://c", &rules), "may be asked");
	ok(!az_may_discover("http://a", &rules) && !az_may_discover("people", &rules) &&
	   !az_may_discover("https://a/?b", &rules) && !az_may_discover("https://u@a", &rules), "may not");
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
	test_addresses();
	test_reading();
	test_rules();
	test_discovery();
	test_freshness();
	test_etags();
	return tap_done();
}
