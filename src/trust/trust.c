/*-------------------------------------------------------------------------
 *
 * trust.c
 *	  Which issuers this database believes, with which keys.
 *
 * An issuer is read when a token names it, a key when a token may be signed
 * with it.  Both are kept while their rows are unchanged: after any change of
 * the tables the rows in use are looked at again by index, and what has the
 * same version is still what it was.  A bounded number of issuers is kept, the
 * one used longest ago goes first.  Revocations are not kept but looked up
 * (revocation.c).
 *
 *-------------------------------------------------------------------------
 */
#include "trust/trust.h"

#include "common/hashfn.h"
#include "lib/ilist.h"
#include "utils/memutils.h"

#include "server/encoding.h"
#include "server/guc.h"
#include "trust/revocation.h"
#include "trust/trust_read.h"
#include "trust/trust_table.h"

#define MAX_ISSUERS		64

typedef struct Entry
{
	dlist_node	lru;
	MemoryContext context;		/* holds the entry and what hangs on it */
	char	   *name;
	uint32		hash;
	uint64		version;		/* of its row and the profile's */
	AzIssuer   *issuer;			/* NULL: the row is not to be believed */
	uint64		looked;			/* issuers_epoch() of the last look */
	List	   *keys;			/* AzStoredKey */
	uint64		keys_looked;	/* 0: never */
} Entry;

static dlist_head lru = DLIST_STATIC_INIT(lru);
static int	nentries = 0;

/* Issuers that tokens choose by audience, sorted by it. */
static struct
{
	MemoryContext context;
	uint64		looked;			/* 0: never */
	AzAudienceRow *rows;
	int			n;
} by_audience;

/* Grows with every change of issuers or profiles; never 0. */
static uint64
issuers_epoch(void)
{
	return 1 + az_table_epoch(AZ_TABLE_ISSUER) + az_table_epoch(AZ_TABLE_PROFILE);
}

static uint64
keys_epoch(void)
{
	return 1 + az_table_epoch(AZ_TABLE_KEY);
}


/*
 * Issuers that are kept
 */

static Entry *
find_entry(const char *name, uint32 hash)
{
	dlist_iter	iter;

	dlist_foreach(iter, &lru)
	{
		Entry	   *entry = dlist_container(Entry, lru, iter.cur);

		if (entry->hash == hash && strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

static void
drop_entry(Entry *entry)
{
	dlist_delete(&entry->lru);
	nentries--;
	MemoryContextDelete(entry->context);
}

/*
 * Build completely, then add.  The context hangs below the caller's until
 * then, so that an error frees it.
 */
static Entry *
add_entry(const char *name, uint32 hash, uint64 looked)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz issuer",
												  ALLOCSET_SMALL_SIZES);
	Entry	   *entry = MemoryContextAllocZero(context, sizeof(Entry));

	entry->context = context;
	entry->name = MemoryContextStrdup(context, name);
	entry->hash = hash;
	entry->looked = looked;
	entry->issuer = az_read_issuer(name, context, &entry->version);
	if (entry->version == 0)
	{
		MemoryContextDelete(context);
		return NULL;
	}
	if (nentries == MAX_ISSUERS)
		drop_entry(dlist_container(Entry, lru, dlist_tail_node(&lru)));
	MemoryContextSetParent(context, TopMemoryContext);
	dlist_push_head(&lru, &entry->lru);
	nentries++;
	return entry;
}

/* The issuer of that name (UTF-8), as its row is now; NULL when there is none. */
static Entry *
look_up(const char *name)
{
	uint32		hash = hash_bytes((const unsigned char *) name, strlen(name));
	Entry	   *entry = find_entry(name, hash);
	uint64		epoch = issuers_epoch();

	if (entry == NULL)
		return add_entry(name, hash, epoch);
	if (entry->looked != epoch)
	{
		if (az_issuer_version(name) != entry->version)
		{
			drop_entry(entry);
			return add_entry(name, hash, epoch);
		}
		entry->looked = epoch;
	}
	dlist_move_head(&lru, &entry->lru);
	return entry;
}


/*
 * Keys
 */

static bool
has_kid(const AzStoredKey *stored, const void *kid)
{
	return stored->kid != NULL && strcmp(stored->kid, kid) == 0;
}

static bool
has_no_kid(const AzStoredKey *stored, const void *arg)
{
	return stored->kid == NULL;
}

static bool
is_any(const AzStoredKey *stored, const void *arg)
{
	return true;
}

/* Keys whose row is gone go. */
static void
forget_keys(Entry *entry)
{
	ListCell   *lc;

	foreach(lc, entry->keys)
	{
		AzStoredKey *stored = lfirst(lc);

		if (stored->stands)
			continue;
		if (stored->key)
			az_issuer_drop_key(entry->issuer, stored->key);
		if (stored->kid)
			pfree(stored->kid);
		pfree(stored);
		entry->keys = foreach_delete_current(entry->keys, lc);
	}
}

/*
 * Have all keys made for which wanted() says so; is there a good one?  The rows
 * are read when they may have changed, or when one of these was never made.
 */
static bool
make_keys(Entry *entry, AzWanted wanted, const void *arg)
{
	uint64		epoch = keys_epoch();
	bool		all_judged = entry->keys_looked == epoch;
	bool		found = false;
	ListCell   *lc;

	foreach(lc, entry->keys)
	{
		const AzStoredKey *stored = lfirst(lc);

		all_judged = all_judged && (stored->judged || !wanted(stored, arg));
	}
	if (!all_judged)
	{
		az_read_keys(entry->issuer, &entry->keys, entry->context, wanted, arg);
		forget_keys(entry);
		entry->keys_looked = epoch;
	}
	foreach(lc, entry->keys)
	{
		const AzStoredKey *stored = lfirst(lc);

		found = found || (stored->key != NULL && wanted(stored, arg));
	}
	return found;
}

/*
 * The keys among which verify.c chooses: those of the token's kid or, where
 * there is none, those without; all for a token without kid.
 */
static void
make_candidates(Entry *entry, const char *kid)
{
	if (kid == NULL)
		(void) make_keys(entry, is_any, NULL);
	else if (!make_keys(entry, has_kid, kid))
		(void) make_keys(entry, has_no_kid, NULL);
}


/*
 * Issuers that tokens choose by audience
 */

static int
compare_audiences(const void *a, const void *b)
{
	return strcmp(((const AzAudienceRow *) a)->audience, ((const AzAudienceRow *) b)->audience);
}

/* Build completely, then swap. */
static void
look_for_audiences(void)
{
	uint64		epoch = issuers_epoch();
	MemoryContext scratch;
	MemoryContext context;
	MemoryContext old;
	List	   *pairs;
	ListCell   *lc;
	AzAudienceRow *rows;
	int			n = 0;

	if (by_audience.looked == epoch)
		return;
	scratch = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz rows",
									ALLOCSET_SMALL_SIZES);
	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz audiences",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(scratch);
	pairs = az_read_audiences();
	MemoryContextSwitchTo(context);
	rows = palloc(sizeof(AzAudienceRow) * Max(list_length(pairs), 1));
	foreach(lc, pairs)
	{
		const AzAudienceRow *pair = lfirst(lc);

		rows[n].audience = pstrdup(pair->audience);
		rows[n++].issuer = pstrdup(pair->issuer);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	qsort(rows, n, sizeof(AzAudienceRow), compare_audiences);

	if (by_audience.context)
		MemoryContextDelete(by_audience.context);
	MemoryContextSetParent(context, TopMemoryContext);
	by_audience.context = context;
	by_audience.rows = rows;
	by_audience.n = n;
	by_audience.looked = epoch;
}


/*
 * What verify.c asks for
 */

/* Two candidates are ambiguous already, and one more was found by its name. */
#define MAX_CANDIDATES	3
static AzIssuer *found_issuers[MAX_CANDIDATES];

static void
add_candidate(AzCandidates *candidates, const char *name, bool chosen_by_audience,
			  const char *kid)
{
	Entry	   *entry = candidates->n < MAX_CANDIDATES ? look_up(name) : NULL;
	size_t		i;

	if (entry == NULL || entry->issuer == NULL ||
		entry->issuer->by_audience != chosen_by_audience)
		return;
	for (i = 0; i < candidates->n; i++)
	{
		if (candidates->issuers[i] == entry->issuer)
			return;
	}
	make_candidates(entry, kid);
	candidates->issuers[candidates->n++] = entry->issuer;
}

static void
add_by_audience(AzCandidates *candidates, const AzJson *aud, const char *kid)
{
	size_t		len;
	const char *text = az_json_string(aud, &len);
	int			low = 0;
	int			high = by_audience.n;

	if (text == NULL)
		return;
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(by_audience.rows[middle].audience, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < by_audience.n && strcmp(by_audience.rows[low].audience, text) == 0; low++)
		add_candidate(candidates, by_audience.rows[low].issuer, true, kid);
}

static AzCandidates
find_issuers(void *arg, const AzTokenHint *hint)
{
	AzCandidates candidates = {found_issuers, 0};
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz rows",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	const char *kid = hint->kid ? pnstrdup(hint->kid, hint->kid_len) : NULL;
	size_t		i;

	if (hint->iss)
		add_candidate(&candidates, pnstrdup(hint->iss, hint->iss_len), false, kid);
	look_for_audiences();
	if (hint->aud && by_audience.n > 0)
	{
		if (az_json_type(hint->aud) == AZ_JSON_ARRAY)
		{
			for (i = 0; i < az_json_count(hint->aud); i++)
				add_by_audience(&candidates, az_json_at(hint->aud, i), kid);
		}
		else
			add_by_audience(&candidates, hint->aud, kid);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return candidates;
}

const AzTrust *
az_trust(void)
{
	static AzTrust trust = {.revoked = az_is_revoked, .find = find_issuers};

	if (!az_tables_found())
		return NULL;
	trust.max_token_size = az_max_token_size;
	trust.converter = az_converter();
	return &trust;
}

uint64
az_trust_choice_epoch(void)
{
	if (!az_tables_found())
		return 0;
	look_for_audiences();
	return by_audience.n > 0 ? by_audience.looked : 0;
}

/* A string of the block; NULL for AZ_NULL. */
static const char *
block_string(const AzIdentity *id, const AzNode *node)
{
	if (az_node_type(node) != AZ_STRING)
		return NULL;
	return pnstrdup(az_node_bytes(id, node), az_node_len(node));
}

/* Is the key that the identity's token was signed with still there? */
static bool
has_key(Entry *entry, const AzIdentity *id, const char *kid)
{
	const AzIssuer *issuer = entry->issuer;
	size_t		i;

	(void) make_keys(entry, kid ? has_kid : has_no_kid, kid);
	for (i = 0; i < issuer->nkeys; i++)
	{
		const AzKey *key = issuer->keys[i];

		if (az_key_alg(key) == (AzAlg) id->alg &&
			strcmp(az_key_thumbprint(key), id->thumbprint) == 0 &&
			(kid == NULL) == (az_key_kid(key) == NULL) &&
			(kid == NULL || strcmp(kid, az_key_kid(key)) == 0))
			return true;
	}
	return false;
}

static AzReason
still_holds(const AzIdentity *id)
{
	AzRevocable what;
	Entry	   *entry;

	what.issuer = block_string(id, &id->trust_issuer);
	entry = look_up(what.issuer);
	if (entry == NULL || entry->issuer == NULL ||
		entry->issuer->version != id->issuer_version ||
		!has_key(entry, id, block_string(id, &id->trust_kid)))
		return AZ_ISSUER_UNTRUSTED;

	what.token_id = block_string(id, &id->trust_token_id);
	what.session_id = block_string(id, &id->trust_session_id);
	what.subject = block_string(id, &id->trust_subject);
	what.issued = id->issued;
	return az_is_revoked(NULL, &what) ? AZ_REVOKED : AZ_OK;
}

AzReason
az_trust_still_holds(const AzIdentity *id)
{
	MemoryContext scratch;
	MemoryContext old;
	AzReason	reason;

	if (!az_tables_found())
		return AZ_ISSUER_UNTRUSTED;
	scratch = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz rows",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(scratch);
	reason = still_holds(id);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return reason;
}

bool
az_subject_is_inactive(const AzIdentity *id)
{
	const char *subject = block_string(id, &id->trust_subject);

	return az_tables_found() && subject != NULL &&
		az_is_listed_inactive(block_string(id, &id->trust_issuer), subject);
}
