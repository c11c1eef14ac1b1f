/*-------------------------------------------------------------------------
 *
 * test_unverified.c
 *	  What a token says of its issuer and key before anything of it is believed:
 *	  the two claims of one that has the shape of a token, and nothing of another.
 *
 *-------------------------------------------------------------------------
 */
#include "token/unverified.h"

#include <string.h>

#include "tap.h"

/* NULL: absent */
static bool
is_text(const char *text, size_t len, const char *expected)
{
	if (text == NULL || expected == NULL)
		return text == expected && len == 0;
	return len == strlen(expected) && memcmp(text, expected, len) == 0;
}

static void
says(const char *token, const char *iss, const char *kid, const char *what)
{
	AzUnverified claims;
	bool		shaped = az_read_unverified(token, strlen(token), &claims);

	ok(shaped && is_text(claims.iss, claims.iss_len, iss) &&
	   is_text(claims.kid, claims.kid_len, kid), "%s", what);
	az_free_unverified(&claims);
}

static void
says_nothing(const char *token, const char *what)
{
	AzUnverified claims;

	ok(!az_read_unverified(token, strlen(token), &claims) && claims.iss == NULL && claims.kid == NULL,
	   "%s", what);
	az_free_unverified(&claims);
}

int
main(void)
{
	says("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL3gvIiwic3ViIjoicyJ9."
		 "c2lnbmF0dXJl", "https://x/", "k1", "both");
	says("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzIn0."
		 "c2lnbmF0dXJl", NULL, NULL, "neither");
	says("eyJraWQiOjF9.eyJpc3MiOlsieCJdfQ."
		 "c2lnbmF0dXJl", NULL, NULL, "of other types");
	says("eyJraWQiOiJrMSIsImNyaXQiOlsieCJdfQ.eyJpc3MiOiJodHRwczovL3gvIiwic3ViIjoicyJ9."
		 "c2lnbmF0dXJl", "https://x/", "k1", "critical header, for it is not judged");

	says_nothing("", "nothing");
	says_nothing("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0", "one segment");
	says_nothing("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL3gvIiwic3ViIjoicyJ9", "two segments");
	says_nothing("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL3gvIiwic3ViIjoicyJ9.c2lnbmF0dXJl.c2lnbmF0dXJl.c2lnbmF0dXJl", "five segments");
	says_nothing("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL3gvIiwic3ViIjoicyJ9.", "no signature");
	says_nothing("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL3gvIiwic3ViIjoicyJ9!.c2lnbmF0dXJl", "no base64url");
	says_nothing("eyJraWQiOg.eyJpc3MiOiJodHRwczovL3gvIiwic3ViIjoicyJ9.c2lnbmF0dXJl", "no JSON in the header");
	says_nothing("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.aXNz.c2lnbmF0dXJl", "no JSON in the payload");
	says_nothing("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.WyJpc3MiXQ.c2lnbmF0dXJl", "a payload that is an array");
	says_nothing("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJhIiwiaXNzIjoiYiJ9.c2lnbmF0dXJl", "a name twice");
	says_nothing("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0..c2lnbmF0dXJl", "an empty payload");

	return tap_done();
}
