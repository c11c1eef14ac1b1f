/*-------------------------------------------------------------------------
 *
 * audience.c
 *	  Issuers that tokens choose by their audience.
 *
 * No index finds a value in an array for us, so the audiences of these issuers
 * are kept as hashes: there are usually few such issuers, and whether one
 * really accepts the audience is seen once it is read.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/audience.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "trust/issuer_cache.h"
#include "trust/issuer_read.h"

typedef struct Audience
{
	uint64		hash;
	const char *issuer;
} Audience;

/* Sorted by hash. */
static struct
{
	MemoryContext context;
	uint64		looked;			/* az_issuers_epoch() when it was read; 0:
								 * never */
	Audience   *audiences;
	int			n;
} kept;

static uint64
hash_audience(const char *audience, size_t len)
{
	return hash_bytes_extended((const unsigned char *) audience, len, 0);
}

static int
compare_audiences(const void *a, const void *b)
{
	const Audience *x = a;
	const Audience *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Build completely, then swap. */
static void
keep_audiences(List *read, uint64 epoch)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz audiences",
												  ALLOCSET_SMALL_SIZES);
	Audience   *audiences;
	const AzAudience *before = NULL;
	const char *issuer = NULL;
	int			n = 0;
	ListCell   *lc;

	audiences = MemoryContextAlloc(context, sizeof(Audience) * Max(list_length(read), 1));
	foreach(lc, read)
	{
		const AzAudience *now = lfirst(lc);

		if (before == NULL || before->issuer != now->issuer)
			issuer = MemoryContextStrdup(context, now->issuer);
		audiences[n].hash = hash_audience(now->audience, strlen(now->audience));
		audiences[n++].issuer = issuer;
		before = now;
	}
	qsort(audiences, n, sizeof(Audience), compare_audiences);

	if (kept.context)
		MemoryContextDelete(kept.context);
	MemoryContextSetParent(context, TopMemoryContext);
	kept.context = context;
	kept.audiences = audiences;
	kept.n = n;
	kept.looked = epoch;
}

static void
look_at_audiences(void)
{
	uint64		epoch = az_issuers_epoch();

	if (kept.looked != epoch)
		keep_audiences(az_read_audiences(), epoch);
}

/* Two that match are already too many. */
#define ENOUGH_NAMES	8

static List *
add_name(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return names;
	}
	return lappend(names, pstrdup(name));
}

static List *
add_issuers_of_one(List *names, const AzJson *audience)
{
	size_t		len;
	const char *text = az_json_string(audience, &len);
	uint64		hash;
	int			low = 0;
	int			high = kept.n;

	if (text == NULL)
		return names;
	hash = hash_audience(text, len);
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (kept.audiences[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < kept.n && kept.audiences[low].hash == hash; low++)
	{
		if (list_length(names) < ENOUGH_NAMES)
			names = add_name(names, kept.audiences[low].issuer);
	}
	return names;
}

List *
az_add_issuers_of(List *names, const AzJson *aud)
{
	size_t		i;

	if (aud == NULL)
		return names;
	look_at_audiences();
	if (az_json_type(aud) != AZ_JSON_ARRAY)
		return add_issuers_of_one(names, aud);
	for (i = 0; i < az_json_count(aud); i++)
		names = add_issuers_of_one(names, az_json_at(aud, i));
	return names;
}
