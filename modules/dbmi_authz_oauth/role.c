/*-------------------------------------------------------------------------
 *
 * role.c
 *	  Roles that no token is to have by accident, and who may have them all the
 *	  same.
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
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

/* ----------------------------------------------------------------
 * Privileged roles
 * ----------------------------------------------------------------
 */

/* A role that has gone meanwhile counts as what nobody may have. */
static const char *
own_privilege_of(Oid role)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	const char *privilege = NULL;
	Form_pg_authid form;

	if (!HeapTupleIsValid(tuple))
		return "SUPERUSER";
	form = (Form_pg_authid) GETSTRUCT(tuple);
	if (form->rolsuper)
		privilege = "SUPERUSER";
	else if (form->rolreplication)
		privilege = "REPLICATION";
	else if (form->rolbypassrls)
		privilege = "BYPASSRLS";
	ReleaseSysCache(tuple);
	return privilege;
}

/* The roles that this one was granted so that it may become them, or give itself that. */
static List *
add_roles_of(List *roles, Oid member)
{
	CatCList   *memberships = SearchSysCacheList1(AUTHMEMMEMROLE, ObjectIdGetDatum(member));
	int			i;

	for (i = 0; i < memberships->n_members; i++)
	{
		Form_pg_auth_members form =
			(Form_pg_auth_members) GETSTRUCT(&memberships->members[i]->tuple);

		if (form->set_option || form->admin_option)
			roles = list_append_unique_oid(roles, form->roleid);
	}
	ReleaseSysCacheList(memberships);
	return roles;
}

/* The list grows while it is walked. */
const char *
az_privilege_of(Oid role)
{
	List	   *roles = list_make1_oid(role);
	const char *privilege = NULL;
	int			i;

	for (i = 0; i < list_length(roles) && privilege == NULL; i++)
	{
		privilege = own_privilege_of(list_nth_oid(roles, i));
		roles = add_roles_of(roles, list_nth_oid(roles, i));
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
