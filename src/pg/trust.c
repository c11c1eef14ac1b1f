/*-------------------------------------------------------------------------
 *
 * trust.c
 *	  Which issuers this database believes, with which keys.
 *
 * Reads the tables of schema authz with ordinary catalog scans, so that the
 * privileges and the snapshot of the caller do not matter, and keeps issuers
 * and parsed keys until one of the tables changes.  Everything lives in one
 * memory context; the objects of the token library are freed by its reset
 * callbacks.  The revocations are not kept, only whether there are any: they
 * are looked up in their index.
 *
 * A row that the functions of the extension would not have written (restored
 * from a dump, edited by hand) is treated as absent, with a warning.
 *
 *-------------------------------------------------------------------------
 */
#include "trust.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "encoding.h"
#include "foreign.h"
#include "guc.h"

/* Columns as the install script has them. */
enum
{
	Profile_profile = 1, Profile_chosen_by, Profile_audience_required,
	Profile_options, Profile_natts = Profile_options
};
enum
{
	Issuer_issuer = 1, Issuer_audience, Issuer_profile, Issuer_options,
	Issuer_natts = Issuer_options
};
enum
{
	Key_issuer = 1, Key_kid, Key_alg, Key_jwk, Key_thumbprint, Key_source,
	Key_added_at, Key_natts = Key_added_at
};
enum
{
	Revocation_issuer = 1, Revocation_kind, Revocation_value,
	Revocation_issued_before, Revocation_until, Revocation_revoked_at,
	Revocation_natts = Revocation_revoked_at
};

typedef enum AzTable
{
	TABLE_PROFILE, TABLE_ISSUER, TABLE_KEY, TABLE_REVOCATION, N_TABLES
} AzTable;

static const char *const table_names[N_TABLES] = {
	"profile", "issuer", "issuer_key", "revocation"
};
static const int table_natts[N_TABLES] = {
	Profile_natts, Issuer_natts, Key_natts, Revocation_natts
};

/* As in core's evtcache.c: an invalidation during a rebuild must not be lost. */
typedef enum AzCacheState
{
	CACHE_NEEDS_REBUILD,
	CACHE_REBUILD_STARTED,
	CACHE_VALID
} AzCacheState;

static AzCacheState cache_state = CACHE_NEEDS_REBUILD;
static AzCacheState revocations_state = CACHE_NEEDS_REBUILD;
static MemoryContext cache_context = NULL;	/* holds the issuers of "trust" */
static AzTrust trust;
static bool installed = false;
static bool any_revocation = false;
static Oid	tables[N_TABLES];
static Oid	revocation_index = InvalidOid;
static uint64 epoch = 1;
static uint64 config_epoch = 1;

/* A profile while a rebuild runs. */
typedef struct Profile
{
	char	   *name;
	bool		by_audience;
	bool		audience_required;
	AzJson	   *options;
	uint64		version;
} Profile;

/*
 * Only marks: the objects may be in use by the very code whose catalog access
 * brought us here.
 */
static void
relcache_changed(Datum arg, Oid relid)
{
	int			i;

	for (i = 0; i < N_TABLES; i++)
	{
		if (relid != InvalidOid && relid != tables[i])
			continue;
		epoch++;
		if (i == TABLE_REVOCATION)
			revocations_state = CACHE_NEEDS_REBUILD;
		else
		{
			config_epoch++;
			cache_state = CACHE_NEEDS_REBUILD;
		}
	}
}

void
az_trust_init(void)
{
	CacheRegisterRelcacheCallback(relcache_changed, (Datum) 0);
}

/*
 * Find our tables.  A table of that name that does not belong to the
 * extension is somebody's forgery.
 */
static bool
find_tables(void)
{
	Oid			extension = get_extension_oid("dbmi_authz", true);
	Oid			schema = get_namespace_oid(AZ_SCHEMA, true);
	Oid			found[N_TABLES];
	int			i;

	if (!OidIsValid(extension) || !OidIsValid(schema))
		return false;
	for (i = 0; i < N_TABLES; i++)
	{
		found[i] = get_relname_relid(table_names[i], schema);
		if (!OidIsValid(found[i]) ||
			getExtensionOfObject(RelationRelationId, found[i]) != extension)
			return false;
	}
	memcpy(tables, found, sizeof(tables));
	return true;
}

/* Open one of our tables; NULL when it is gone or has another shape. */
static Relation
open_table(AzTable table)
{
	Relation	rel = try_table_open(tables[table], AccessShareLock);

	if (rel && RelationGetDescr(rel)->natts < table_natts[table])
	{
		table_close(rel, AccessShareLock);
		return NULL;
	}
	return rel;
}

/* A text or json column as UTF-8; NULL for SQL NULL and what is no UTF-8. */
static char *
get_utf8(HeapTuple tuple, int column, TupleDesc desc, int *len)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, column, desc, &isnull);
	text	   *value;

	if (isnull)
		return NULL;
	value = DatumGetTextPP(datum);
	return az_to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), len);
}

/* JSON in a column, freed with the context; NULL when it does not parse. */
static AzJson *
get_json(HeapTuple tuple, int column, TupleDesc desc, MemoryContext context)
{
	AzJson	   *json = NULL;
	int			len;
	char	   *text = get_utf8(tuple, column, desc, &len);

	if (text == NULL || az_json_parse(text, len, &json) != AZ_JSON_OK)
		return NULL;
	az_free_with(context, (void (*) (void *)) az_json_free, json);
	return json;
}

/* Changes when the row is written again, also with the same content. */
static uint64
row_version(HeapTuple tuple)
{
	const char *data = (const char *) tuple->t_data + tuple->t_data->t_hoff;
	int			len = tuple->t_len - tuple->t_data->t_hoff;

	return hash_bytes_extended((const unsigned char *) data, len,
							   HeapTupleHeaderGetRawXmin(tuple->t_data));
}

static void
warn_bad_row(const char *what, const char *name, const char *why)
{
	char	   *server = name ? az_from_utf8(name) : NULL;

	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("ignoring invalid %s \"%s\"", what, server ? server : "?"),
			 why ? errdetail_internal("%s", why) : 0));
}

static List *
read_profiles(MemoryContext context)
{
	List	   *profiles = NIL;
	Relation	rel = open_table(TABLE_PROFILE);
	SysScanDesc scan;
	HeapTuple	tuple;

	if (rel == NULL)
		return NIL;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TupleDesc	desc = RelationGetDescr(rel);
		Profile    *profile = palloc0(sizeof(Profile));
		int			len;
		char	   *chosen_by = get_utf8(tuple, Profile_chosen_by, desc, &len);
		bool		isnull;

		profile->name = get_utf8(tuple, Profile_profile, desc, &len);
		profile->by_audience = chosen_by && strcmp(chosen_by, "aud") == 0;
		profile->audience_required =
			DatumGetBool(heap_getattr(tuple, Profile_audience_required, desc,
									  &isnull));
		profile->options = get_json(tuple, Profile_options, desc, context);
		profile->version = row_version(tuple);
		if (profile->name && profile->options)
			profiles = lappend(profiles, profile);
		else
			warn_bad_row("profile", profile->name, NULL);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return profiles;
}

static const Profile *
find_profile(List *profiles, const char *name)
{
	ListCell   *lc;

	foreach(lc, profiles)
	{
		const Profile *profile = lfirst(lc);

		if (name && strcmp(profile->name, name) == 0)
			return profile;
	}
	return NULL;
}

/* The accepted audiences; false when the column is not usable. */
static bool
add_audiences(AzIssuer *issuer, Datum array)
{
	ArrayType  *audience = DatumGetArrayTypeP(array);
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	if (ARR_ELEMTYPE(audience) != TEXTOID)
		return false;
	deconstruct_array(audience, TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		text	   *value;
		char	   *utf8;
		int			len;

		if (nulls[i])
			return false;
		value = DatumGetTextPP(values[i]);
		utf8 = az_to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &len);
		if (utf8 == NULL || len == 0 ||
			!az_issuer_add_audience(issuer, utf8, len))
			return false;
	}
	return n > 0;
}

/* One row of authz.issuer; NULL and why when it cannot be believed. */
static AzIssuer *
make_issuer(HeapTuple tuple, TupleDesc desc, const char *name, int name_len,
			List *profiles, MemoryContext context, const char **why)
{
	int			len;
	const Profile *profile = find_profile(profiles,
										  get_utf8(tuple, Issuer_profile, desc, &len));
	AzJson	   *options = get_json(tuple, Issuer_options, desc, context);
	AzOptionError error;
	AzIssuer   *issuer;
	bool		isnull;
	Datum		audience = heap_getattr(tuple, Issuer_audience, desc, &isnull);

	if (profile == NULL)
		return *why = "Its profile is not recognized.", NULL;
	if (options == NULL)
		return *why = "Its options are not a JSON object.", NULL;
	if (isnull && profile->audience_required)
		return *why = "Its profile requires an audience.", NULL;

	issuer = az_issuer_new(name, name_len);
	if (issuer == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	az_free_with(context, (void (*) (void *)) az_issuer_free, issuer);

	issuer->version = hash_combine64(row_version(tuple), profile->version);
	issuer->by_audience = profile->by_audience;
	issuer->any_audience = isnull;
	if (!isnull && !add_audiences(issuer, audience))
		return *why = "Its audience is not a list of values.", NULL;
	if (!az_issuer_apply(issuer, profile->options, &error) ||
		!az_issuer_apply(issuer, options, &error))
		return *why = psprintf("Its option \"%s\" is not valid.", error.name), NULL;
	return issuer;
}

static List *
read_issuers(List *profiles, MemoryContext context)
{
	List	   *issuers = NIL;
	Relation	rel = open_table(TABLE_ISSUER);
	SysScanDesc scan;
	HeapTuple	tuple;

	if (rel == NULL)
		return NIL;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TupleDesc	desc = RelationGetDescr(rel);
		const char *why = "Its name is not valid.";
		int			len;
		char	   *name = get_utf8(tuple, Issuer_issuer, desc, &len);
		AzIssuer   *issuer = NULL;

		if (name && len > 0)
			issuer = make_issuer(tuple, desc, name, len, profiles, context, &why);
		if (issuer)
			issuers = lappend(issuers, issuer);
		else
			warn_bad_row("issuer", name, why);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return issuers;
}

static AzIssuer *
find_issuer(List *issuers, const char *name)
{
	ListCell   *lc;

	foreach(lc, issuers)
	{
		AzIssuer   *issuer = lfirst(lc);

		if (strcmp(issuer->issuer, name) == 0)
			return issuer;
	}
	return NULL;
}

/* A key whose row says what the key itself says; NULL and why otherwise. */
static AzKey *
make_key(HeapTuple tuple, TupleDesc desc, const AzIssuer *issuer,
		 MemoryContext context, const char **why)
{
	int			len;
	char	   *kid = get_utf8(tuple, Key_kid, desc, &len);
	char	   *alg = get_utf8(tuple, Key_alg, desc, &len);
	char	   *thumbprint = get_utf8(tuple, Key_thumbprint, desc, &len);
	AzJson	   *jwk = get_json(tuple, Key_jwk, desc, context);
	AzKeyError	error;
	AzKey	   *key;

	if (jwk == NULL)
		return *why = "It is not a JSON object.", NULL;
	memset(&error, 0, sizeof(error));
	if (az_key_from_jwk(jwk, issuer->algorithms, true, &key, &error) != AZ_KEY_OK)
		return *why = error.why, NULL;
	if (alg == NULL || thumbprint == NULL ||
		strcmp(alg, az_alg_info(az_key_alg(key))->name) != 0 ||
		strcmp(thumbprint, az_key_thumbprint(key)) != 0 ||
		(kid == NULL) != (az_key_kid(key) == NULL) ||
		(kid && strcmp(kid, az_key_kid(key)) != 0))
	{
		az_key_free(key);
		return *why = "Its columns do not describe the key.", NULL;
	}
	return key;
}

static void
read_keys(List *issuers, MemoryContext context)
{
	Relation	rel = open_table(TABLE_KEY);
	SysScanDesc scan;
	HeapTuple	tuple;

	if (rel == NULL)
		return;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TupleDesc	desc = RelationGetDescr(rel);
		const char *why = NULL;
		int			len;
		char	   *name = get_utf8(tuple, Key_issuer, desc, &len);
		AzIssuer   *issuer = name ? find_issuer(issuers, name) : NULL;
		AzKey	   *key;

		if (issuer == NULL)
			continue;			/* the issuer was reported */
		key = make_key(tuple, desc, issuer, context, &why);
		if (key == NULL)
			warn_bad_row("key of issuer", name, why);
		else if (!az_issuer_add_key(issuer, key))
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory")));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

static bool is_revoked(void *arg, const AzRevocable *what);

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

	cache_state = CACHE_REBUILD_STARTED;
	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz trust",
									ALLOCSET_DEFAULT_SIZES);
	scratch = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz trust rows",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	issuers = read_issuers(read_profiles(scratch), context);
	read_keys(issuers, scratch);

	memset(&built, 0, sizeof(built));
	built.issuers = MemoryContextAlloc(context, sizeof(AzIssuer *) *
									   Max(list_length(issuers), 1));
	foreach(lc, issuers)
		built.issuers[built.nissuers++] = lfirst(lc);
	built.revoked = is_revoked;

	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	if (cache_context)
		MemoryContextDelete(cache_context);
	MemoryContextSetParent(context, TopMemoryContext);
	cache_context = context;
	trust = built;
	if (cache_state == CACHE_REBUILD_STARTED)
		cache_state = CACHE_VALID;
}

const AzTrust *
az_trust(void)
{
	if (!installed || cache_state != CACHE_VALID)
	{
		bool		was_installed = installed;

		/* the extension may have been dropped, or created anew */
		installed = find_tables();
		if (installed != was_installed)
		{
			epoch++;
			config_epoch++;
		}
		if (!installed)
		{
			memset(tables, 0, sizeof(tables));
			return NULL;
		}
		rebuild();
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

/* Microseconds since 1970 of a timestamp, which counts from 2000. */
static int64
unix_time(TimestampTz at)
{
	const int64 shift = (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
		USECS_PER_DAY;

	if (TIMESTAMP_IS_NOBEGIN(at) || at < PG_INT64_MIN + shift)
		return PG_INT64_MIN;
	if (TIMESTAMP_IS_NOEND(at) || at > PG_INT64_MAX - shift)
		return PG_INT64_MAX;
	return at + shift;
}

/* The row of one revocation, if it stands and hits. */
static bool
find_revocation(Relation rel, const char *issuer, const char *kind,
				const char *value, int64 issued)
{
	char	   *server_issuer = az_from_utf8(issuer);
	char	   *server_value = az_from_utf8(value);
	ScanKeyData key[3];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	/* what has no form in this encoding was never stored */
	if (server_issuer == NULL || server_value == NULL)
		return false;
	ScanKeyEntryInitialize(&key[0], 0, Revocation_issuer, BTEqualStrategyNumber,
						   TEXTOID, C_COLLATION_OID, F_TEXTEQ,
						   CStringGetTextDatum(server_issuer));
	ScanKeyEntryInitialize(&key[1], 0, Revocation_kind, BTEqualStrategyNumber,
						   TEXTOID, C_COLLATION_OID, F_TEXTEQ,
						   CStringGetTextDatum(kind));
	ScanKeyEntryInitialize(&key[2], 0, Revocation_value, BTEqualStrategyNumber,
						   TEXTOID, C_COLLATION_OID, F_TEXTEQ,
						   CStringGetTextDatum(server_value));
	scan = systable_beginscan(rel, revocation_index, OidIsValid(revocation_index),
							  NULL, 3, key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		before = heap_getattr(tuple, Revocation_issued_before,
										  RelationGetDescr(rel), &isnull);

		found = isnull || issued == AZ_TIME_NONE ||
			issued <= unix_time(DatumGetTimestampTz(before));
	}
	systable_endscan(scan);
	return found;
}

/* Is there a revocation at all?  Mostly not, and then nothing is looked up. */
static void
probe_revocations(Relation rel)
{
	SysScanDesc scan;

	revocations_state = CACHE_REBUILD_STARTED;
	list_free(RelationGetIndexList(rel));
	revocation_index = rel->rd_pkindex;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	any_revocation = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	if (revocations_state == CACHE_REBUILD_STARTED)
		revocations_state = CACHE_VALID;
}

static bool
is_revoked(void *arg, const AzRevocable *what)
{
	MemoryContext context;
	MemoryContext old;
	Relation	rel;
	bool		revoked;

	if (revocations_state == CACHE_VALID && !any_revocation)
		return false;
	rel = open_table(TABLE_REVOCATION);
	if (rel == NULL)
		return true;			/* nothing can be said, so nobody is believed */
	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz revocation",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	if (revocations_state != CACHE_VALID)
		probe_revocations(rel);
	revoked = any_revocation &&
		((what->token_id &&
		  find_revocation(rel, what->issuer, "token", what->token_id, 0)) ||
		 (what->session_id &&
		  find_revocation(rel, what->issuer, "session", what->session_id, 0)) ||
		 (what->subject &&
		  find_revocation(rel, what->issuer, "subject", what->subject,
						  what->issued)));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	table_close(rel, AccessShareLock);
	return revoked;
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
	return is_revoked(NULL, &what) ? AZ_REVOKED : AZ_OK;
}
