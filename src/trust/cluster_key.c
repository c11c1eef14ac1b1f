/*-------------------------------------------------------------------------
 *
 * cluster_key.c
 *	  The keys by which servers of a cluster tell each other who is logged in.
 *
 * They are few, so all of them are read when one is needed, and kept until the
 * table changes.  What was read is complete before it counts.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/cluster_key.h"

#include "utils/inval.h"
#include "utils/memutils.h"

#include "server/malloced.h"
#include "trust/cluster_key_table.h"
#include "trust/trust_row.h"

typedef struct ClusterKeys
{
	MemoryContext context;		/* holds all of this */
	int			n;
	AzKey	   *keys[AZ_MAX_CLUSTER_KEYS];
	AzSigningKey *signing;		/* NULL: none */
	int64		signing_number;
} ClusterKeys;

static ClusterKeys *kept = NULL;
static uint64 kept_epoch;		/* az_cluster_keys_epoch() from before it was
								 * read */

uint64
az_cluster_keys_epoch(void)
{
	return 1 + az_table_epoch(AZ_TABLE_CLUSTER_KEY);
}

/* Frees the keys; private ones are wiped. */
static void
release_signing_key(void *key)
{
	az_signing_key_free(key);
}

static void
warn_of(const AzClusterKeyRow *row)
{
	az_warn_bad_row("cluster key", row->kid, "It is damaged, or this library does not take it.",
					"Remove it with drop_cluster_key, and add another one.");
}

static void
read_private(ClusterKeys *read, const AzClusterKeyRow *row)
{
	if (!row->is_private || (read->signing && row->number < read->signing_number))
		return;
	read->signing = az_make_signing_key(row);
	az_free_with(read->context, release_signing_key, read->signing);
	read->signing_number = row->number;
	if (read->signing == NULL)
		warn_of(row);
}

static void
read_all(ClusterKeys *read)
{
	AzRows		rows;
	AzClusterKeyRow row;

	az_begin_cluster_keys(&rows);
	while (read->n < AZ_MAX_CLUSTER_KEYS && az_next_cluster_key(&rows, &row))
	{
		AzKey	   *key = az_make_cluster_key(&row);

		az_free_with(read->context, az_release_key, key);
		if (key)
		{
			read->keys[read->n++] = key;
			read_private(read, &row);
		}
		else
			warn_of(&row);
	}
	az_end_rows(&rows);
}

static void
read_anew(uint64 epoch)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz cluster keys",
												  ALLOCSET_SMALL_SIZES);
	ClusterKeys *read = MemoryContextAllocZero(context, sizeof(ClusterKeys));
	AzLookUp	look_up;

	read->context = context;
	az_begin_look_up(&look_up);
	read_all(read);
	az_end_look_up(&look_up);

	MemoryContextSetParent(context, TopMemoryContext);
	if (kept)
		MemoryContextDelete(kept->context);
	kept = read;
	kept_epoch = epoch;
}

static const ClusterKeys *
keys_of_now(void)
{
	uint64		epoch;

	AcceptInvalidationMessages();
	epoch = az_cluster_keys_epoch();
	if (kept == NULL || kept_epoch != epoch)
		read_anew(epoch);
	return kept;
}

const AzSigningKey *
az_cluster_signing_key(void)
{
	return keys_of_now()->signing;
}

const AzKey *
az_cluster_key(const char *kid, size_t len)
{
	const ClusterKeys *keys = keys_of_now();
	int			i;

	for (i = 0; i < keys->n; i++)
	{
		const char *name = az_key_kid(keys->keys[i]);

		if (strlen(name) == len && memcmp(name, kid, len) == 0)
			return keys->keys[i];
	}
	return NULL;
}

bool
az_has_cluster_key_of(const AzIdentity *id)
{
	const char *kid;
	size_t		len;
	const AzKey *key;

	if (!id->asserted || !az_node_text(id, &id->trust_kid, &kid, &len))
		return false;
	key = az_cluster_key(kid, len);
	return key != NULL && strcmp(az_key_thumbprint(key), id->thumbprint) == 0;
}

void
az_raise_no_cluster_key(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("this database has no cluster key"),
			 errdetail("Without one it cannot tell another server who is logged in.  A dump has no such key, so a restored database has none."),
			 errhint("SELECT authz.add_cluster_key('name of the key') makes one; the other servers are given its public key (doc/how-to/clusters/cluster-keys.md).")));
	pg_unreachable();
}

void
az_raise_cluster_key_refresh(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("authz.cluster_key cannot be refreshed"),
			 errdetail("Nobody reads cluster keys, so it stays unpopulated; the keys that are there keep working."),
			 errhint("authz.add_cluster_key() adds a key, authz.cluster_keys() lists them.")));
	pg_unreachable();
}
