/*-------------------------------------------------------------------------
 *
 * issuer_cache.c
 *	  Issuers and keys that this backend has read.
 *
 * An issuer is read when a token names it, a key when a token may be signed
 * with it.  Both are kept while their rows are unchanged: after any change of
 * the tables the rows that are needed are looked at again, by index, and a row
 * with the same version is still valid.  So nothing is worked out again
 * because something else has changed, or because messages about changes were
 * lost.
 *
 * What is kept is bounded, the issuer used longest ago goes first.  Nothing
 * goes while a token is being verified.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/issuer_cache.h"

#include "common/hashfn.h"
#include "lib/ilist.h"
#include "utils/memutils.h"

#include "server/counts.h"
#include "server/malloced.h"
#include "trust/issuer_read.h"

/* 64 kB and 8 MB, about */
#define MAX_ISSUERS		64
#define MAX_KEYS		1024

/* A key whose row was read. */
typedef struct KeptKey
{
	dlist_node	node;
	uint64		version;		/* of its row */
	char	   *kid;			/* NULL: none */
	AzKey	   *key;			/* the issuer's; NULL: not to be believed */
	uint64		looked;			/* keys_epoch() of the last look at its row */
	bool		stands;			/* while we look: the row was found */
} KeptKey;

struct AzKeptIssuer
{
	dlist_node	lru;
	MemoryContext context;		/* holds all of this */
	char	   *name;
	uint32		hash;
	uint64		version;		/* of its row and the profile's */
	AzIssuer   *issuer;			/* NULL: the row is not to be believed */
	uint64		looked;			/* az_issuers_epoch() of the last look */
	dlist_head	keys;			/* KeptKey */
	uint64		all_looked;		/* keys_epoch() of the last look at all keys */
};

static dlist_head issuers = DLIST_STATIC_INIT(issuers); /* the last used first */
static int	nissuers = 0;
static int	nkeys = 0;			/* of all of them */

uint64
az_issuers_epoch(void)
{
	return 1 + az_table_epoch(AZ_TABLE_ISSUER) + az_table_epoch(AZ_TABLE_PROFILE);
}

static uint64
keys_epoch(void)
{
	return 1 + az_table_epoch(AZ_TABLE_KEY);
}

/* ----------------------------------------------------------------
 * Issuers
 * ----------------------------------------------------------------
 */

static AzKeptIssuer *
find_kept(const char *name, uint32 hash)
{
	dlist_iter	iter;

	dlist_foreach(iter, &issuers)
	{
		AzKeptIssuer *kept = dlist_container(AzKeptIssuer, lru, iter.cur);

		if (kept->hash == hash && strcmp(kept->name, name) == 0)
			return kept;
	}
	return NULL;
}

static void
forget_issuer(AzKeptIssuer *kept)
{
	dlist_iter	iter;

	dlist_foreach(iter, &kept->keys)
		nkeys--;
	dlist_delete(&kept->lru);
	nissuers--;
	MemoryContextDelete(kept->context);
}

void
az_trim_issuers(void)
{
	while (nissuers >= MAX_ISSUERS || nkeys >= MAX_KEYS)
		forget_issuer(dlist_tail_element(AzKeptIssuer, lru, &issuers));
}

/*
 * Build completely, then keep: the context hangs below the current one until
 * then, so that an error frees it.
 */
static AzKeptIssuer *
read_issuer(const char *name, uint32 hash, uint64 epoch)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz issuer",
												  ALLOCSET_SMALL_SIZES);
	AzKeptIssuer *kept = MemoryContextAllocZero(context, sizeof(AzKeptIssuer));

	kept->context = context;
	kept->name = MemoryContextStrdup(context, name);
	kept->hash = hash;
	kept->looked = epoch;
	dlist_init(&kept->keys);
	kept->issuer = az_read_issuer(name, context, &kept->version);
	if (kept->version == 0)
	{
		MemoryContextDelete(context);
		return NULL;
	}
	az_count(AZ_ISSUERS_LOADED);
	MemoryContextSetParent(context, TopMemoryContext);
	dlist_push_head(&issuers, &kept->lru);
	nissuers++;
	return kept;
}

AzKeptIssuer *
az_look_up_issuer(const char *name)
{
	uint64		epoch = az_issuers_epoch();
	uint32		hash = hash_bytes((const unsigned char *) name, strlen(name));
	AzKeptIssuer *kept = find_kept(name, hash);

	if (kept && kept->looked != epoch)
	{
		if (az_issuer_version(name) == kept->version)
			kept->looked = epoch;
		else
		{
			forget_issuer(kept);
			kept = NULL;
		}
	}
	if (kept)
		dlist_move_head(&issuers, &kept->lru);
	else
		kept = read_issuer(name, hash, epoch);
	return kept && kept->issuer ? kept : NULL;
}

AzIssuer *
az_kept_issuer(const AzKeptIssuer *kept)
{
	return kept->issuer;
}

/* ----------------------------------------------------------------
 * Keys
 * ----------------------------------------------------------------
 */

static KeptKey *
find_key(AzKeptIssuer *kept, uint64 version)
{
	dlist_iter	iter;

	dlist_foreach(iter, &kept->keys)
	{
		KeptKey    *key = dlist_container(KeptKey, node, iter.cur);

		if (key->version == version)
			return key;
	}
	return NULL;
}

/* A bad row is kept as well, so that it is reported once. */
static KeptKey *
read_key(AzKeptIssuer *kept, const AzKeyRow *row)
{
	KeptKey    *key = MemoryContextAllocZero(kept->context, sizeof(KeptKey));

	az_count(AZ_KEYS_LOADED);
	key->version = row->version;
	key->kid = row->kid ? MemoryContextStrdup(kept->context, row->kid) : NULL;
	key->key = az_make_key(row, kept->issuer);
	/* the issuer's keys and the list agree: nothing raises in between */
	if (key->key && !az_issuer_add_key(kept->issuer, key->key))
		az_raise_no_memory();
	dlist_push_tail(&kept->keys, &key->node);
	nkeys++;
	return key;
}

static void
forget_key(AzKeptIssuer *kept, KeptKey *key)
{
	dlist_delete(&key->node);
	nkeys--;
	if (key->key)
		az_issuer_drop_key(kept->issuer, key->key);
	if (key->kid)
		pfree(key->kid);
	pfree(key);
}

/*
 * Read the rows of these keys.  They count as read when all of it is done;
 * after an error on the way they are read again.
 */
static void
look_at_keys(AzKeptIssuer *kept, const AzWhichKeys *which, uint64 epoch)
{
	dlist_mutable_iter iter;
	AzRows		rows;
	AzKeyRow	row;

	dlist_foreach_modify(iter, &kept->keys)
	{
		KeptKey    *key = dlist_container(KeptKey, node, iter.cur);

		key->stands = !az_is_among(which, key->kid);
	}
	az_begin_keys(&rows, kept->issuer, which);
	while (az_next_key(&rows, &row))
	{
		KeptKey    *key = find_key(kept, row.version);

		if (key == NULL)
			key = read_key(kept, &row);
		key->stands = true;
	}
	az_end_rows(&rows);

	dlist_foreach_modify(iter, &kept->keys)
	{
		KeptKey    *key = dlist_container(KeptKey, node, iter.cur);

		if (!key->stands)
			forget_key(kept, key);
		else if (az_is_among(which, key->kid))
			key->looked = epoch;
	}
	if (which->all)
		kept->all_looked = epoch;
}

/* Keys of one kid are read together, so one of them stands for all. */
static bool
were_looked_at(const AzKeptIssuer *kept, const AzWhichKeys *which, uint64 epoch)
{
	dlist_iter	iter;

	dlist_foreach(iter, (dlist_head *) &kept->keys)
	{
		const KeptKey *key = dlist_container(KeptKey, node, iter.cur);

		if (!which->all && key->looked == epoch && az_is_among(which, key->kid))
			return true;
	}
	return kept->all_looked == epoch;
}

bool
az_have_keys(AzKeptIssuer *kept, const AzWhichKeys *which)
{
	uint64		epoch = keys_epoch();
	dlist_iter	iter;

	if (!were_looked_at(kept, which, epoch))
		look_at_keys(kept, which, epoch);
	dlist_foreach(iter, &kept->keys)
	{
		const KeptKey *key = dlist_container(KeptKey, node, iter.cur);

		if (key->key && az_is_among(which, key->kid))
			return true;
	}
	return false;
}
