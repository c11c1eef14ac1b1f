/*-------------------------------------------------------------------------
 *
 * cache.c
 *	  Tokens that this backend has verified, by their SHA-256.
 *
 * A pooled application hands over the same token at the start of every
 * transaction; looking at the clock and the trust is then all that is left to
 * do.  Neither the token nor its signature is kept.  The cache is bounded in
 * bytes, the token used longest ago goes first.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/cache.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

#include "server/counts.h"
#include "server/encoding.h"
#include "server/guc.h"
#include "token/crypto.h"
#include "trust/trust.h"
#include "trust/trust_table.h"

/* All identities together; one of more than a quarter is not kept. */
#define CACHE_BYTES		(16 * 1024 * 1024)

/* malloc'ed, for a memory context would round its size up. */
typedef struct Entry
{
	unsigned char digest[32];
	uint32		serial;
	uint64		epoch;			/* a change of the trust has it judged again */
	dlist_node	lru;
	AzIdentity	identity;		/* and what belongs to it, behind it */
} Entry;

/*
 * Found by the first bytes of the digest, which are as good as any hash of it.
 * Behind a pool there are thousands, and each look-up is of one that was not
 * used for long: the table has what it needs in one place.
 */
typedef struct Slot
{
	uint64		key;
	Entry	   *entry;
	char		status;
} Slot;

#define SH_PREFIX		slots
#define SH_ELEMENT_TYPE	Slot
#define SH_KEY_TYPE		uint64
#define SH_KEY			key
#define SH_HASH_KEY(table, k)	((uint32) (k))
#define SH_EQUAL(table, a, b)	((a) == (b))
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static slots_hash *entries = NULL;
static dlist_head lru = DLIST_STATIC_INIT(lru);
static Size cached_bytes = 0;
static uint32 last_serial = 0;

static AzVerification *verification = NULL;

static uint64
key_of(const unsigned char *digest)
{
	uint64		key;

	memcpy(&key, digest, sizeof(key));
	return key;
}

/* Of two tokens with one hash key, the older counts as not remembered. */
static Entry *
find_entry(const unsigned char *digest)
{
	const Slot *slot = slots_lookup(entries, key_of(digest));

	if (slot == NULL || memcmp(slot->entry->digest, digest, sizeof(slot->entry->digest)) != 0)
		return NULL;
	return slot->entry;
}

static void
drop_entry(Entry *entry)
{
	cached_bytes -= entry->identity.size;
	dlist_delete(&entry->lru);
	slots_delete(entries, key_of(entry->digest));
	free(entry);
}

/*
 * Serials are never used twice: a plan made for one identity must not run for
 * another.
 */
uint32
az_next_serial(void)
{
	if (last_serial == PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many identities in one session"),
				 errhint("Open a new connection.")));
	return ++last_serial;
}

static void
keep(const unsigned char *digest, const AzVerifiedToken *verified)
{
	Size		size = verified->identity->size;
	Entry	   *entry;
	Slot	   *slot;
	bool		found;

	if (size > CACHE_BYTES / 4)
		return;
	while (cached_bytes + size > CACHE_BYTES)
		drop_entry(dlist_container(Entry, lru, dlist_tail_node(&lru)));

	slot = slots_lookup(entries, key_of(digest));
	if (slot)
		drop_entry(slot->entry);
	slot = slots_insert(entries, key_of(digest), &found);
	entry = malloc(offsetof(Entry, identity) + size);
	if (entry == NULL)
	{
		slots_delete(entries, key_of(digest));
		return;
	}
	slot->entry = entry;
	memcpy(entry->digest, digest, sizeof(entry->digest));
	memcpy(&entry->identity, verified->identity, size);
	entry->serial = verified->serial;
	entry->epoch = verified->epoch;
	dlist_push_head(&lru, &entry->lru);
	cached_bytes += size;
}

/* Would a token that was verified before still verify now? */
static bool
still_good(const Entry *entry, int64 now, uint64 epoch)
{
	return entry->epoch == epoch &&
		now < entry->identity.deadline && now >= entry->identity.not_before;
}

/*
 * Verify with what is known of the token, or NULL.  If that still holds, the
 * identity is the known one.
 */
static AzReason
verify(const char *token, size_t len, int64 now, const AzIdentity *known,
	   AzVerifiedToken *verified)
{
	const AzTrust *trust = az_trust();
	const char *hint;
	AzReason	reason;

	if (trust == NULL)
		return AZ_NOT_INSTALLED;
	if (verification == NULL)
		verification = az_verification_new();
	if (verification == NULL)
		return AZ_NO_MEMORY;
	reason = az_verify_again(verification, token, len, now, trust, known,
							 &verified->identity);
	hint = az_verification_hint(verification);
	if (hint)
		verified->hint = az_from_utf8(hint);
	return reason;
}

void
az_count_verification(const instr_time *begin)
{
	instr_time	end;

	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, *begin);
	az_count(AZ_TOKENS_VERIFIED);
	az_count_more(AZ_VERIFY_US, INSTR_TIME_GET_MICROSEC(end));
}

/*
 * The same, counted.  A verification that waits for a lock and is cancelled is
 * not counted.
 */
static AzReason
verify_in_time(const char *token, size_t len, int64 now, const AzIdentity *known,
			   AzVerifiedToken *verified)
{
	instr_time	begin;
	AzReason	reason;

	INSTR_TIME_SET_CURRENT(begin);
	reason = verify(token, len, now, known, verified);
	az_count_verification(&begin);
	return reason;
}

AzReason
az_verify_token(const char *token, size_t len, int64 now, AzVerifiedToken *verified)
{
	unsigned char digest[32];
	AzReason	reason;
	Entry	   *entry;

	verified->hint = NULL;
	verified->simulated = false;
	verified->asserted = false;
	verified->stored = NULL;
	verified->is_new = false;
	/* before a single byte is hashed */
	if (len > (size_t) az_max_token_size)
		return AZ_TOKEN_TOO_LARGE;
	if (entries == NULL)
		entries = slots_create(TopMemoryContext, 16, NULL);

	/*
	 * The epoch is read before the trust is, so that a change that arrives
	 * while we verify makes the entry stale rather than fresh.
	 */
	verified->epoch = az_trust_epoch();
	if (!az_sha256(token, az_token_length(token, len), digest))
		return AZ_CRYPTO_FAILURE;
	entry = find_entry(digest);
	if (entry && still_good(entry, now, verified->epoch))
		verified->identity = &entry->identity;
	else
	{
		reason = verify_in_time(token, len, now, entry ? &entry->identity : NULL, verified);
		if (reason != AZ_OK)
		{
			if (entry)
				drop_entry(entry);
			return reason;
		}
	}

	if (entry && verified->identity == &entry->identity)
	{
		entry->epoch = verified->epoch;
		verified->serial = entry->serial;
		dlist_move_head(&lru, &entry->lru);
		return AZ_OK;
	}
	if (entry)
		drop_entry(entry);
	verified->serial = az_next_serial();
	verified->is_new = true;
	keep(digest, verified);
	return AZ_OK;
}
