/*-------------------------------------------------------------------------
 *
 * policy.c
 *	  The policies of a table, and which of them are ours.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/policy.h"

#include "access/htup_details.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "server/spi.h"

const char *const az_command_name[AZ_COMMANDS] = {
	"SELECT", "INSERT", "UPDATE", "DELETE"
};

const char *const az_policy_name[AZ_COMMANDS] = {
	"authz_protect_select", "authz_protect_insert",
	"authz_protect_update", "authz_protect_delete"
};

/* What ALTER TABLE and CREATE POLICY would say, and what they would not. */
static void
check_table(Oid oid, AzTable *table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(oid));
	Form_pg_class form;
	const char *schema;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", oid)));
	form = (Form_pg_class) GETSTRUCT(tuple);
	table->oid = oid;
	table->owner = form->relowner;
	table->name = pstrdup(NameStr(form->relname));
	if (form->relkind != RELKIND_RELATION && form->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", table->name)));
	if (IsSystemClass(oid, form))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied: \"%s\" is a system catalog", table->name)));
	schema = get_namespace_name_or_temp(form->relnamespace);
	if (strcmp(schema, "authz") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied: table \"%s\" belongs to the extension",
						table->name)));
	ReleaseSysCache(tuple);
	if (!az_owns_relation(oid))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, table->name);
	table->quoted = quote_qualified_identifier(schema, table->name);
}

char *
az_qualified_name(Oid rel)
{
	return quote_qualified_identifier(get_namespace_name_or_temp(get_rel_namespace(rel)),
									  get_rel_name(rel));
}

/*
 * Looked at again when it is locked, because somebody may have renamed it;
 * looked at before, so that only its owner can make others wait.
 */
void
az_lock_table(Oid oid, LOCKMODE mode, AzTable *table)
{
	check_table(oid, table);
	LockRelationOid(oid, mode);
	check_table(oid, table);
}

static void
note_policies(AzPolicies *policies, StringInfo others)
{
	uint64		row;

	for (row = 0; row < SPI_processed; row++)
	{
		const char *name = az_spi_result(row, 1);
		const char *comment = az_spi_result_or_null(row, 3);
		bool		marked = comment && strcmp(comment, AZ_POLICY_MARK) == 0;
		bool		ours = false;
		int			i;

		for (i = 0; i < AZ_COMMANDS; i++)
		{
			if (strcmp(name, az_policy_name[i]) != 0)
				continue;
			policies->ours[i] = ours = marked;
			policies->taken[i] = !marked;
		}
		if (!ours && strcmp(az_spi_result(row, 2), "t") == 0)
			appendStringInfo(others, "%s\"%s\"", others->len ? ", " : "", name);
	}
}

void
az_read_policies(const AzTable *table, AzPolicies *policies)
{
	AzSpiParams	params = {0};
	StringInfoData others;

	memset(policies, 0, sizeof(*policies));
	initStringInfo(&others);
	az_spi_param_oid(&params, OIDOID, table->oid);
	az_spi_run("SELECT p.polname, p.polpermissive,"
		   " pg_catalog.obj_description(p.oid, 'pg_policy')"
		   " FROM pg_catalog.pg_policy p"
		   " WHERE p.polrelid OPERATOR(pg_catalog.=) $1 ORDER BY p.polname", &params);
	note_policies(policies, &others);
	if (others.len > 0)
		policies->others = others.data;
}

void
az_warn_of_others(const AzTable *table, const AzPolicies *policies)
{
	if (policies->others)
		ereport(WARNING,
				(errmsg("table \"%s\" has other permissive policies", table->name),
				 errdetail("What they allow stays allowed: %s.", policies->others),
				 errhint("Drop those that are not meant, or make them restrictive.")));
}

static bool
has_row_security(Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(oid));
	bool		has;

	if (!HeapTupleIsValid(tuple))
		return true;
	has = ((Form_pg_class) GETSTRUCT(tuple))->relrowsecurity;
	ReleaseSysCache(tuple);
	return has;
}

void
az_warn_of_children(const AzTable *table)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(table->oid, NoLock, NULL))
	{
		Oid			child = lfirst_oid(lc);

		if (child == table->oid || has_row_security(child))
			continue;
		ereport(NOTICE,
				(errmsg("policies of table \"%s\" do not apply to queries that name its partitions or child tables",
						table->name),
				 errhint("Grant nothing on those, or protect them too.")));
		break;
	}
}

/* WITH CHECK is not enforced on rows that go there, so a rule would be half a rule. */
void
az_refuse_foreign_children(const AzTable *table)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(table->oid, NoLock, NULL))
	{
		Oid			child = lfirst_oid(lc);

		if (get_rel_relkind(child) != RELKIND_FOREIGN_TABLE)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" has a partition or child that is a foreign table",
						table->name),
				 errdetail("PostgreSQL does not check rows that are written to foreign table %s by the policies of this table.",
						   quote_qualified_identifier(get_namespace_name(get_rel_namespace(child)),
													  get_rel_name(child))),
				 errhint("Detach it, and protect the table that it leads to on the other server.")));
	}
}

/* Trees and hashes (pg_am.dat has no names for them here); others only narrow down. */
bool
az_has_index(const AzTable *table, AttrNumber number)
{
	AzSpiParams	params = {0};

	az_spi_param_oid(&params, OIDOID, table->oid);
	az_spi_param_int2(&params, number);
	return az_spi_run("SELECT 1 FROM pg_catalog.pg_index i, pg_catalog.pg_class c"
				  " WHERE i.indrelid OPERATOR(pg_catalog.=) $1 AND i.indisvalid"
				  " AND i.indpred IS NULL AND i.indkey[0] OPERATOR(pg_catalog.=) $2"
				  " AND c.oid OPERATOR(pg_catalog.=) i.indexrelid"
				  " AND c.relam OPERATOR(pg_catalog.=) ANY (ARRAY[403, 405]::pg_catalog.oid[])",
				  &params) > 0;
}

void
az_warn_of_missing_index(const AzTable *table, AttrNumber number, const char *column)
{
	if (!az_has_index(table, number))
		ereport(NOTICE,
				(errmsg("no index of table \"%s\" begins with column \"%s\"",
						table->name, column),
				 errhint("With an index only the rows that are allowed need be read.")));
}
