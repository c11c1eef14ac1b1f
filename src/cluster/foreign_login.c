/*-------------------------------------------------------------------------
 *
 * foreign_login.c
 *	  Which foreign servers are told who is logged in, and through which table.
 *
 * A login is a foreign table in a schema of its own, which dumps have as any
 * other.  It and its server must belong to a role with the rights of the
 * database's owner: otherwise others would decide where identities go.  What
 * was found out about a server is kept until a foreign table, a server or the
 * table itself has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/foreign_login.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/primnodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "server/own.h"
#include "server/relcache.h"

typedef struct Slot
{
	AzForeignLogin login;		/* starts with the key; table InvalidOid: none */
	uint64		epoch;			/* when that was found out */
} Slot;

static HTAB *slots = NULL;

/* Grows when anything of a login may have changed; and when any relation has. */
static uint64 epoch = 1;
static uint64 relations_epoch = 1;


/*
 * Who decides
 */

bool
az_decides_destinations(Oid role)
{
	return has_privs_of_role(role, ROLE_PG_DATABASE_OWNER);
}

/* Is it the function of that name, in the library that PostgreSQL brings? */
bool
az_is_postgres_fdw(const ForeignServer *server)
{
	Oid			handler = GetForeignDataWrapper(server->fdwid)->fdwhandler;
	HeapTuple	tuple;
	bool		isnull;
	Datum		library;
	bool		found = false;

	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(handler));
	if (!HeapTupleIsValid(tuple))
		return false;
	library = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_probin, &isnull);
	if (((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId && !isnull)
	{
		char	   *path = TextDatumGetCString(library);

		found = strcmp(last_dir_separator(path) ? last_dir_separator(path) + 1 : path,
					   "postgres_fdw") == 0;
	}
	ReleaseSysCache(tuple);
	return found;
}

/* A schema of that name that somebody else has made means nothing. */
Oid
az_foreign_schema(void)
{
	Oid			schema = get_namespace_oid(AZ_FOREIGN_SCHEMA, true);
	HeapTuple	tuple;
	bool		ours = false;

	if (!OidIsValid(schema))
		return InvalidOid;
	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	if (HeapTupleIsValid(tuple))
	{
		ours = az_decides_destinations(((Form_pg_namespace) GETSTRUCT(tuple))->nspowner);
		ReleaseSysCache(tuple);
	}
	return ours ? schema : InvalidOid;
}


/*
 * The table of a server
 */

/* Found by its server, and not by a name: servers are renamed, too. */
Oid
az_foreign_login_table(Oid server)
{
	Oid			schema = az_foreign_schema();
	Oid			found = InvalidOid;
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(schema))
		return InvalidOid;
	catalog = table_open(ForeignTableRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	while (!OidIsValid(found) && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_foreign_table form = (Form_pg_foreign_table) GETSTRUCT(tuple);

		if (form->ftserver == server && get_rel_namespace(form->ftrelid) == schema)
			found = form->ftrelid;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

static bool
has_columns(TupleDesc desc)
{
	static const char *const names[] = {"destination", "challenge", "assertion"};
	int			i;

	if (desc->natts != AZ_FOREIGN_COLUMNS)
		return false;
	for (i = 0; i < AZ_FOREIGN_COLUMNS; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (column->attisdropped || column->atttypid != TEXTOID ||
			column->attgenerated != '\0' || strcmp(NameStr(column->attname), names[i]) != 0)
			return false;
	}
	return true;
}

static bool
leads_to_view(Oid table)
{
	ListCell   *lc;
	int			right = 0;

	foreach(lc, GetForeignTable(table)->options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "schema_name") == 0)
			right += strcmp(defGetString(option), AZ_SCHEMA) == 0;
		else if (strcmp(option->defname, "table_name") == 0)
			right += strcmp(defGetString(option), AZ_FOREIGN_VIEW) == 0;
		else
			return false;
	}
	return right == 2;
}

/* The default of the first column; NULL when it is not a plain text. */
static char *
pinned_destination(TupleDesc desc)
{
	int			i;

	for (i = 0; desc->constr != NULL && i < desc->constr->num_defval; i++)
	{
		const AttrDefault *value = &desc->constr->defval[i];
		Node	   *node;

		if (value->adnum != AZ_FOREIGN_DESTINATION)
			continue;
		node = stringToNode(value->adbin);
		if (IsA(node, Const) && ((Const *) node)->consttype == TEXTOID &&
			!((Const *) node)->constisnull)
			return TextDatumGetCString(((Const *) node)->constvalue);
	}
	return NULL;
}

pg_noreturn static void
raise_unlike(const char *server, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("foreign server \"%s\" cannot be told who is logged in", server),
			 errdetail_internal("%s", detail),
			 errhint("%s", hint)));
}

/*
 * A trigger of the table would run with the rights of the role that asks the
 * server.
 */
static void
read_table(AzForeignLogin *login)
{
	ForeignServer *server = GetForeignServer(login->server);
	Relation	rel = table_open(login->table, AccessShareLock);
	const char *name = quote_identifier(RelationGetRelationName(rel));
	TupleDesc	desc = RelationGetDescr(rel);
	char	   *destination = pinned_destination(desc);

	if (!az_decides_destinations(server->owner))
		raise_unlike(server->servername, "It belongs to a role without the rights of the owner of the database.",
					 "Give it to the owner with ALTER SERVER ... OWNER TO, or call authz.drop_foreign_login().");
	if (rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE || rel->trigdesc != NULL ||
		destination == NULL || !az_decides_destinations(rel->rd_rel->relowner) ||
		!has_columns(desc) || !leads_to_view(login->table))
		raise_unlike(server->servername,
					 psprintf("Foreign table %s.%s is not as authz.foreign_login() makes it.",
							  AZ_FOREIGN_SCHEMA, name),
					 "Have the owner of the database call authz.foreign_login() again.");
	login->owner = rel->rd_rel->relowner;
	login->destination = MemoryContextStrdup(TopMemoryContext, destination);
	table_close(rel, AccessShareLock);
}

static void
forget(AzForeignLogin *login)
{
	static uint64 versions = 0;
	char	   *destination = login->destination;
	int			i;

	login->table = InvalidOid;
	login->version = ++versions;
	login->destination = NULL;
	if (destination)
		pfree(destination);
	for (i = 0; i < AZ_N_HAND_OVERS; i++)
	{
		SPIPlanPtr	plan = login->hand_over[i];

		login->hand_over[i] = NULL;
		if (plan)
			SPI_freeplan(plan);
	}
}

static Slot *
find_slot(Oid server)
{
	Slot	   *slot;
	bool		found;

	if (slots == NULL)
	{
		HASHCTL		how = {.keysize = sizeof(Oid),.entrysize = sizeof(Slot)};

		slots = hash_create("authz foreign logins", 8, &how, HASH_ELEM | HASH_BLOBS);
	}
	slot = hash_search(slots, &server, HASH_ENTER, &found);
	if (!found)
	{
		memset(slot, 0, sizeof(*slot));
		slot->login.server = server;
	}
	return slot;
}

AzForeignLogin *
az_foreign_login(Oid server)
{
	Slot	   *slot = find_slot(server);

	if (slot->epoch != epoch)
	{
		uint64		before;

		do
		{
			forget(&slot->login);
			before = epoch;
			slot->login.table = az_foreign_login_table(server);
			if (OidIsValid(slot->login.table))
				read_table(&slot->login);
		} while (before != epoch);
		slot->epoch = before;
	}
	return OidIsValid(slot->login.table) ? &slot->login : NULL;
}


/*
 * What changes
 */

static void
catalog_changed(Datum arg, int cache, uint32 hash)
{
	epoch++;
}

/* Of the tables that are known, and of any when messages were lost. */
static void
relation_changed(Datum arg, Oid relation)
{
	HASH_SEQ_STATUS scan;
	Slot	   *slot;

	relations_epoch++;
	if (slots == NULL)
		return;
	if (!OidIsValid(relation))
	{
		epoch++;
		return;
	}
	hash_seq_init(&scan, slots);
	while ((slot = hash_seq_search(&scan)) != NULL)
	{
		if (slot->login.table == relation)
			slot->epoch = 0;
	}
}

uint64
az_relations_epoch(void)
{
	return relations_epoch;
}

void
az_foreign_login_init(void)
{
	CacheRegisterSyscacheCallback(FOREIGNTABLEREL, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(DATABASEOID, catalog_changed, (Datum) 0);
	az_on_relcache_change(relation_changed);
}
