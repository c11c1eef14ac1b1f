/*-------------------------------------------------------------------------
 *
 * admin.c
 *	  Whose rights administrative functions write with.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/admin.h"

#include "catalog/pg_authid.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"

static void
begin_as(Oid role, int policies, AzCaller *caller)
{
	GetUserIdAndSecContext(&caller->user, &caller->context);
	SetUserIdAndSecContext(role, caller->context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION | policies);
	caller->nest_level = NewGUCNestLevel();
}

void
az_begin_as(Oid role, AzCaller *caller)
{
	begin_as(role, SECURITY_NOFORCE_RLS, caller);
}

void
az_begin_bound_as(Oid role, AzCaller *caller)
{
	begin_as(role, 0, caller);
}

void
az_end_as(const AzCaller *caller)
{
	AtEOXact_GUC(false, caller->nest_level);
	SetUserIdAndSecContext(caller->user, caller->context);
}

void
az_check_administers(const char *table)
{
	if (!has_privs_of_role(GetUserId(), ROLE_PG_DATABASE_OWNER))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table %s", table),
				 errdetail("Only superusers and the owner of the database write to it."),
				 errhint("Connect as the owner of the database, or SET ROLE to it.")));
}

void
az_check_owns_database(const char *function)
{
	if (!has_privs_of_role(GetUserId(), ROLE_PG_DATABASE_OWNER))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for function %s", function),
				 errdetail("Only superusers and the owner of the database call it."),
				 errhint("Connect as the owner of the database, or SET ROLE to it.")));
}

/*
 * The role that the tables belong to, even if a table was given to another
 * role: this role can do the least.
 */
void
az_begin_as_owner(AzCaller *caller)
{
	az_begin_as(ROLE_PG_DATABASE_OWNER, caller);
	SPI_connect();
}

void
az_begin_administering(const char *table, AzCaller *caller)
{
	az_check_administers(table);
	az_begin_as_owner(caller);
}

void
az_end_administering(const AzCaller *caller)
{
	SPI_finish();
	az_end_as(caller);
}
