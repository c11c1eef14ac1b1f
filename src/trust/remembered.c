/*-------------------------------------------------------------------------
 *
 * remembered.c
 *	  The assertion for a cluster's nodes that this session has taken last.
 *
 * The result of its verification is kept, but neither its bytes nor its
 * signature: the sender must present them.  A connection of a node serves one
 * backend of the server that sends, which goes on with one assertion until it
 * makes another.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/remembered.h"

static AzRemembered *last = NULL;	/* malloc'ed, as one that is not there raises nothing */

bool
az_remembers(void)
{
	return last != NULL;
}

bool
az_is_remembered(const AzAssertionDigest digest)
{
	return last != NULL && memcmp(last->digest, digest, sizeof(last->digest)) == 0;
}

AzRemembered *
az_remembered(const AzAssertionDigest digest, uint64 epoch, int64 now)
{
	return az_is_remembered(digest) && last->epoch == epoch &&
		az_assertion_times(&last->assertion, now) == AZ_OK &&
		now < last->identity->deadline ? last : NULL;
}

void
az_forget_remembered(void)
{
	if (last == NULL)
		return;
	explicit_bzero(&last->use, sizeof(last->use));
	free(last);
	last = NULL;
}

static Size
size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* Copy it, and move on. */
static const char *
put(char **place, const char *text)
{
	char	   *copy = *place;

	if (text == NULL)
		return NULL;
	*place += size_of(text);
	return strcpy(copy, text);
}

/* The identity comes first, since it is aligned. */
static void
fill(AzRemembered *made, const AzAssertion *assertion, const AzIdentity *id)
{
	char	   *place = (char *) MAXALIGN(made->bytes);

	made->identity = memcpy(place, id, id->size);
	place += id->size;
	made->assertion = *assertion;
	made->assertion.destination = put(&place, assertion->destination);
	made->assertion.nonce = put(&place, assertion->nonce);
	made->assertion.stored = put(&place, assertion->stored);
	if (assertion->anchor)
		made->assertion.anchor = memcpy(made->anchor, assertion->anchor, AZ_CHAIN_VALUE);
}

void
az_remember(const AzAssertionDigest digest, const AzAssertion *assertion,
			const AzUse *use, const AzVerifiedToken *verified)
{
	Size		size = MAXIMUM_ALIGNOF + verified->identity->size + size_of(assertion->destination) +
		size_of(assertion->nonce) + size_of(assertion->stored);
	AzRemembered *made = calloc(1, offsetof(AzRemembered, bytes) + size);

	az_forget_remembered();
	if (made == NULL)
		return;
	fill(made, assertion, verified->identity);
	memcpy(made->digest, digest, sizeof(made->digest));
	if (made->assertion.anchor)
		memcpy(made->use.value, made->anchor, AZ_CHAIN_VALUE);
	if (use->number > 0)
		made->use = *use;
	made->epoch = verified->epoch;
	made->serial = verified->serial;
	last = made;
}

void
az_remember_use(AzRemembered *remembered, const AzUse *use)
{
	if (use->number > remembered->use.number)
		remembered->use = *use;
}
