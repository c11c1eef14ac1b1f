/*-------------------------------------------------------------------------
 *
 * role.c
 *	  Roles that no token is to have by accident, and who may still have them.
 *
 * No database has been chosen, so only the shared catalogs are there, and of
 * these perhaps not even the indexes.
 *
 *-------------------------------------------------------------------------
 */
#include "role.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "libpq/hba.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

/* ----------------------------------------------------------------
 * Privileged roles
 * ----------------------------------------------------------------
 */

/* What leads past every privilege: the files of the server, or its account. */
static const char *
rights_of(Oid role)
{
	switch (role)
	{
		case ROLE_PG_READ_SERVER_FILES:
			return "rights of pg_read_server_files";
		case ROLE_PG_WRITE_SERVER_FILES:
			return "rights of pg_write_server_files";
		case ROLE_PG_EXECUTE_SERVER_PROGRAM:
			return "rights of pg_execute_server_program";
		default:
			return NULL;
	}
}

/* A role that has gone meanwhile counts as what nobody may have. */
static const char *
own_privilege_of(Oid role)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	const char *privilege = rights_of(role);
	Form_pg_authid form;

	if (!HeapTupleIsValid(tuple))
		return "attribute SUPERUSER";
	form = (Form_pg_authid) GETSTRUCT(tuple);
	if (form->rolsuper)
		privilege = "attribute SUPERUSER";
	else if (form->rolreplication)
		privilege = "attribute REPLICATION";
	else if (form->rolbypassrls)
		privilege = "attribute BYPASSRLS";
	ReleaseSysCache(tuple);
	return privilege;
}

/*
 * Where a role leads: to those that it may become by SET ROLE, or give itself by
 * ADMIN OPTION; and to those of which it has the rights by INHERIT, with attributes of
 * its own still, but with their ADMIN OPTIONs.
 */
typedef struct Reach
{
	List	   *becomes;
	List	   *has_rights_of;
} Reach;

static void
follow(Reach *reach, Oid member, bool becomes)
{
	CatCList   *memberships = SearchSysCacheList1(AUTHMEMMEMROLE, ObjectIdGetDatum(member));
	int			i;

	for (i = 0; i < memberships->n_members; i++)
	{
		Form_pg_auth_members form =
			(Form_pg_auth_members) GETSTRUCT(&memberships->members[i]->tuple);

		if (form->admin_option || (becomes && form->set_option))
			reach->becomes = list_append_unique_oid(reach->becomes, form->roleid);
		if (form->inherit_option)
			reach->has_rights_of = list_append_unique_oid(reach->has_rights_of, form->roleid);
	}
	ReleaseSysCacheList(memberships);
}

/* The lists grow while they are walked. */
const char *
az_privilege_of(Oid role)
{
	Reach		reach = {list_make1_oid(role), NIL};
	const char *privilege = NULL;
	int			i = 0;
	int			j = 0;

	while (privilege == NULL)
	{
		if (i < list_length(reach.becomes))
		{
			privilege = own_privilege_of(list_nth_oid(reach.becomes, i));
			follow(&reach, list_nth_oid(reach.becomes, i++), true);
		}
		else if (j < list_length(reach.has_rights_of))
		{
			privilege = rights_of(list_nth_oid(reach.has_rights_of, j));
			follow(&reach, list_nth_oid(reach.has_rights_of, j++), false);
		}
		else
			break;
	}
	return privilege;
}

/* ----------------------------------------------------------------
 * pg_ident.conf
 * ----------------------------------------------------------------
 */

/* Is it this very name, and no pattern or keyword? */
static bool
is_system_user(const AuthToken *token, const char *system_user)
{
	return token->string[0] != '/' && strcmp(token->string, system_user) == 0;
}

static bool
is_role(const AuthToken *token, const char *role)
{
	bool		is_keyword = !token->quoted &&
		(strcmp(token->string, "all") == 0 || token->string[0] == '+');

	return token->string[0] != '/' && !is_keyword && strcmp(token->string, role) == 0;
}

/* Lines with errors have made core refuse the file, when it last read it. */
static bool
names(TokenizedAuthLine *line, const char *map, const char *system_user, const char *role)
{
	IdentLine  *ident = line->err_msg ? NULL : parse_ident_line(line, LOG_SERVER_ONLY);

	return ident != NULL && strcmp(ident->usermap, map) == 0 &&
		is_system_user(ident->system_user, system_user) && is_role(ident->pg_user, role);
}

bool
az_is_named_for_role(const char *map, const char *system_user, const char *role)
{
	FILE	   *file = open_auth_file(IdentFileName, LOG_SERVER_ONLY, 0, NULL);
	List	   *lines = NIL;
	bool		found = false;
	ListCell   *lc;

	if (file == NULL)
		return false;
	tokenize_auth_file(IdentFileName, file, &lines, LOG_SERVER_ONLY, 0);
	foreach(lc, lines)
	{
		if (names(lfirst(lc), map, system_user, role))
			found = true;
	}
	free_auth_file(file, 0);
	return found;
}

/* ----------------------------------------------------------------
 * The database
 * ----------------------------------------------------------------
 */

/* As core looks it up a moment later. */
Oid
az_find_database(const char *name)
{
	Relation	rel = table_open(DatabaseRelationId, AccessShareLock);
	Oid			oid = InvalidOid;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_database_datname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(name));
	scan = systable_beginscan(rel, DatabaseNameIndexId, criticalSharedRelcachesBuilt,
							  NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		oid = ((Form_pg_database) GETSTRUCT(tuple))->oid;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return oid;
}

/* Core takes the same lock when it looks, and gives it back when the login is over. */
bool
az_hold_database(Oid database, const char *name)
{
	LockSharedObject(DatabaseRelationId, database, 0, RowExclusiveLock);
	return az_find_database(name) == database;
}
