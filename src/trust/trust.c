/*-------------------------------------------------------------------------
 *
 * trust.c
 *	  Which issuers this database believes, with which keys.
 *
 * Issuers and parsed keys (trust_read.c) are kept until one of the tables of
 * schema authz changes, in whatever session.  Everything lives in one memory
 * context; the objects of the token library are freed by its reset callbacks.
 * Revocations are not kept but looked up (revocation.c).
 *
 *-------------------------------------------------------------------------
 */
#include "trust/trust.h"

#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "server/encoding.h"
#include "server/guc.h"
#include "server/own.h"
#include "trust/trust_table.h"

/* The columns, as the install script has them. */
static const AzColumn profile_columns[] = {
	AZ_NAME_COLUMN("profile"), AZ_TEXT_COLUMN("chosen_by"),
	AZ_COLUMN("audience_required", BOOLOID), AZ_COLUMN("options", JSONOID)
};
static const AzColumn issuer_columns[] = {
	AZ_NAME_COLUMN("issuer"), AZ_TEXTS_COLUMN("audience"),
	AZ_NAME_COLUMN("profile"), AZ_COLUMN("options", JSONOID)
};
static const AzColumn key_columns[] = {
	AZ_NAME_COLUMN("issuer"), AZ_NAME_COLUMN("kid"), AZ_TEXT_COLUMN("alg"),
	AZ_COLUMN("jwk", JSONOID), AZ_NAME_COLUMN("thumbprint"),
	AZ_TEXT_COLUMN("source"), AZ_COLUMN("added_at", TIMESTAMPTZOID)
};
static const AzColumn revocation_columns[] = {
	AZ_NAME_COLUMN("issuer"), AZ_NAME_COLUMN("kind"), AZ_NAME_COLUMN("value"),
	AZ_COLUMN("issued_before", TIMESTAMPTZOID),
	AZ_COLUMN("until", TIMESTAMPTZOID), AZ_COLUMN("revoked_at", TIMESTAMPTZOID)
};
static const AzColumn inactive_columns[] = {
	AZ_NAME_COLUMN("issuer"), AZ_NAME_COLUMN("subject")
};
static const AzColumn item_columns[] = {
	AZ_NAME_COLUMN("email"), AZ_NAME_COLUMN("client"), AZ_NAME_COLUMN("item"),
	AZ_NAME_COLUMN("permission"), AZ_TEXT_COLUMN("granted_by"),
	AZ_COLUMN("granted_at", TIMESTAMPTZOID)
};
static const AzColumn implies_columns[] = {
	AZ_NAME_COLUMN("client"), AZ_NAME_COLUMN("permission"),
	AZ_NAME_COLUMN("implies")
};

#define SHAPE(name, columns) \
	{name, columns, lengthof(columns), lengthof(columns), false}

static AzShape shapes[AZ_N_TABLES] = {
	SHAPE("profile", profile_columns),
	SHAPE("issuer", issuer_columns),
	SHAPE("issuer_key", key_columns),
	SHAPE("revocation", revocation_columns),
	SHAPE("inactive_subject", inactive_columns),
	SHAPE("item_permission", item_columns),
	SHAPE("permission_implies", implies_columns)
};

static AzCacheState cache_state = AZ_CACHE_NEEDS_REBUILD;
static MemoryContext cache_context = NULL;	/* holds the issuers of "trust" */
static AzTrust trust;
static bool installed = false;
static Oid	tables[AZ_N_TABLES];
static uint64 epoch = 1;
static uint64 config_epoch = 1;
static uint64 grants_epoch = 1;

/*
 * Only marks: the objects may be in use by the very code whose catalog access
 * brought us here.
 */
static void
relcache_changed(Datum arg, Oid relid)
{
	int			i;

	for (i = 0; i < AZ_N_TABLES; i++)
	{
		if (relid != InvalidOid && relid != tables[i])
			continue;
		switch (i)
		{
			case AZ_TABLE_REVOCATION:
			case AZ_TABLE_INACTIVE:
				epoch++;
				az_lookup_changed(i);
				break;
			case AZ_TABLE_ITEM:
			case AZ_TABLE_IMPLIES:
				grants_epoch++;
				break;
			default:
				epoch++;
				config_epoch++;
				cache_state = AZ_CACHE_NEEDS_REBUILD;
				az_shapes_changed();
				break;
		}
	}
}

void
az_trust_init(void)
{
	CacheRegisterRelcacheCallback(relcache_changed, (Datum) 0);
}

static bool
find_tables(void)
{
	Oid			found[AZ_N_TABLES];
	int			i;

	for (i = 0; i < AZ_N_TABLES; i++)
	{
		found[i] = az_extension_table(shapes[i].name);
		if (!OidIsValid(found[i]))
			return false;
	}
	memcpy(tables, found, sizeof(tables));
	return true;
}

Relation
az_open_table(AzCatalog table)
{
	Relation	rel = az_open_as(tables[table], &shapes[table]);

	/* perhaps there is another one of its name */
	if (rel == NULL && cache_state == AZ_CACHE_VALID)
		cache_state = AZ_CACHE_NEEDS_REBUILD;
	return rel;
}

/*
 * Build completely, then swap.  The new context hangs below the caller's
 * until it is complete, so that an error frees it.
 */
static void
rebuild(void)
{
	MemoryContext context;
	MemoryContext scratch;
	MemoryContext old;
	List	   *issuers;
	ListCell   *lc;
	AzTrust		built;

	cache_state = AZ_CACHE_REBUILD_STARTED;
	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz trust",
									ALLOCSET_DEFAULT_SIZES);
	scratch = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz trust rows",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	issuers = az_read_issuers(context);

	memset(&built, 0, sizeof(built));
	built.issuers = MemoryContextAlloc(context, sizeof(AzIssuer *) *
									   Max(list_length(issuers), 1));
	foreach(lc, issuers)
		built.issuers[built.nissuers++] = lfirst(lc);
	built.revoked = az_is_revoked;

	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	if (cache_context)
		MemoryContextDelete(cache_context);
	MemoryContextSetParent(context, TopMemoryContext);
	cache_context = context;
	trust = built;
	if (cache_state == AZ_CACHE_REBUILD_STARTED)
		cache_state = AZ_CACHE_VALID;
}

const AzTrust *
az_trust(void)
{
	/* valid only while the extension is installed */
	if (cache_state != AZ_CACHE_VALID)
	{
		bool		was_installed = installed;

		/* the extension may have been dropped, or created anew */
		installed = find_tables();
		if (installed != was_installed)
		{
			epoch++;
			config_epoch++;
			grants_epoch++;
		}
		if (!installed)
		{
			memset(tables, 0, sizeof(tables));
			return NULL;
		}
		rebuild();
		az_look_at_catalog();
	}
	trust.max_token_size = az_max_token_size;
	trust.converter = az_converter();
	return &trust;
}

uint64
az_trust_epoch(void)
{
	AcceptInvalidationMessages();
	return epoch;
}

uint64
az_trust_config_epoch(void)
{
	return config_epoch;
}

uint64
az_grants_epoch(void)
{
	return grants_epoch;
}

List *
az_tables_of_plans(bool grants)
{
	List	   *oids = NIL;

	if (!installed)
		return NIL;
	oids = list_make1_oid(tables[AZ_TABLE_INACTIVE]);
	if (grants)
	{
		oids = lappend_oid(oids, tables[AZ_TABLE_ITEM]);
		oids = lappend_oid(oids, tables[AZ_TABLE_IMPLIES]);
	}
	return oids;
}

/* A string of the block; NULL for AZ_NULL. */
static const char *
block_string(const AzIdentity *id, const AzNode *node)
{
	if (az_node_type(node) != AZ_STRING)
		return NULL;
	return pnstrdup(az_node_bytes(id, node), az_node_len(node));
}

AzReason
az_trust_still_holds(const AzIdentity *id)
{
	const AzTrust *now = az_trust();
	const AzIssuer *issuer = NULL;
	AzRevocable what;
	const char *kid;
	size_t		i;

	if (now == NULL)
		return AZ_ISSUER_UNTRUSTED;
	what.issuer = block_string(id, &id->trust_issuer);
	for (i = 0; i < now->nissuers; i++)
	{
		if (strcmp(now->issuers[i]->issuer, what.issuer) == 0)
			issuer = now->issuers[i];
	}
	if (issuer == NULL || issuer->version != id->issuer_version)
		return AZ_ISSUER_UNTRUSTED;

	kid = block_string(id, &id->trust_kid);
	for (i = 0; i < issuer->nkeys; i++)
	{
		const AzKey *key = issuer->keys[i];

		if (az_key_alg(key) == (AzAlg) id->alg &&
			strcmp(az_key_thumbprint(key), id->thumbprint) == 0 &&
			(kid == NULL) == (az_key_kid(key) == NULL) &&
			(kid == NULL || strcmp(kid, az_key_kid(key)) == 0))
			break;
	}
	if (i == issuer->nkeys)
		return AZ_ISSUER_UNTRUSTED;

	what.token_id = block_string(id, &id->trust_token_id);
	what.session_id = block_string(id, &id->trust_session_id);
	what.subject = block_string(id, &id->trust_subject);
	what.issued = id->issued;
	return az_is_revoked(NULL, &what) ? AZ_REVOKED : AZ_OK;
}

bool
az_subject_is_inactive(const AzIdentity *id)
{
	const char *subject = block_string(id, &id->trust_subject);

	return az_trust() != NULL && subject != NULL &&
		az_is_listed_inactive(block_string(id, &id->trust_issuer), subject);
}
