/*-------------------------------------------------------------------------
 *
 * fn_grants.c
 *	  Granting and revoking item permissions (SciAuthZ).
 *
 * Nobody but the owner of the database writes to the table directly.  These
 * functions decide who may have which row written, and write it with the
 * rights of the table's owner, as core's own foreign keys do.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "access/table.h"

#include "items/grants.h"
#include "items/item_path.h"
#include "items/item_table.h"
#include "server/arguments.h"
#include "server/report.h"
#include "server/spi.h"
#include "session/denial.h"
#include "session/session.h"
#include "trust/admin.h"

#define DENIED	"Insufficient role, scope or permission"

/*
 * The most that one user who is not an administrator may grant to one address.
 */
#define MAX_GIVEN	10000

typedef struct Row
{
	text	   *email;
	text	   *item;
	text	   *permission;
} Row;

/* Run one statement with the rights of the table's owner. */
static uint64
run_as_owner(const char *sql, const AzSpiParams *params)
{
	Relation	rel = az_open_table(AZ_TABLE_ITEM);
	AzCaller	caller;
	uint64		n;

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("table of item permissions does not exist"),
				 errhint("Restore the table as the install script of the extension makes it.")));
	table_close(rel, AccessShareLock);

	az_begin_as_owner(&caller);
	n = az_spi_run(sql, params);
	az_end_administering(&caller);
	return n;
}

static void
row_params(AzSpiParams *params, const AzIdentity *id, const Row *row)
{
	az_spi_param(params, TEXTOID, az_node_text_copy(id, &id->client));
	az_spi_param(params, TEXTOID, row->email);
	az_spi_param(params, TEXTOID, row->item);
	az_spi_param(params, TEXTOID, row->permission);
}

/*
 * The sessions of an address read all that is granted to it, so a user who may
 * grant must not be able to make that endless.
 */
static void
check_given(const AzIdentity *id, const Row *row)
{
	AzSpiParams	params = {0};

	az_spi_param(&params, TEXTOID, az_node_text_copy(id, &id->client));
	az_spi_param(&params, TEXTOID, row->email);
	az_spi_param(&params, TEXTOID, az_node_text_copy(id, &id->email));
	if (run_as_owner("SELECT FROM (SELECT pg_catalog.count(*) AS n FROM authz.item_permission"
					 " WHERE client OPERATOR(pg_catalog.=) $1"
					 " AND pg_catalog.lower(email) OPERATOR(pg_catalog.=) pg_catalog.lower($2 COLLATE pg_catalog.\"C\")"
					 " AND pg_catalog.lower(granted_by COLLATE pg_catalog.\"C\") OPERATOR(pg_catalog.=) pg_catalog.lower($3 COLLATE pg_catalog.\"C\")) given"
					 " WHERE n OPERATOR(pg_catalog.>) " CppAsString2(MAX_GIVEN),
					 &params) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many item permissions granted to one address"),
				 errdetail("A user who is not an administrator grants at most %d to one address.", MAX_GIVEN),
				 errhint("Grant permissions on items above them instead, or have an administrator grant.")));
}

/* False when the row was there already. */
static bool
write_row(const AzIdentity *id, const Row *row)
{
	AzSpiParams	params = {0};
	bool		limited = !az_is_admin(id);

	row_params(&params, id, row);
	az_spi_param(&params, TEXTOID, az_node_text_copy(id, &id->email));
	if (run_as_owner("INSERT INTO authz.item_permission"
					 " (client, email, item, permission, granted_by)"
					 " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
					 &params) == 0)
		return false;
	if (limited)
		check_given(id, row);
	return true;
}

/*
 * A manager of the item, or of one above it, gives and takes what does not
 * itself make a manager or an administrator; that is left to administrators.
 */
static const AzIdentity *
require_manager(FunctionCallInfo fcinfo, const Row *row)
{
	const AzIdentity *id = az_current_required();

	if (!az_can_hold_items(id) ||
		(!az_is_admin(id) &&
		 (!az_holds_item(id, VARDATA_ANY(row->item), VARSIZE_ANY_EXHDR(row->item),
						 AZ_MANAGE, strlen(AZ_MANAGE), true) ||
		  az_gives_management(id, row->permission))))
		az_raise_denied_for(DENIED, az_denied_json("item", text_to_cstring(row->item),
											 "permission", AZ_MANAGE, NULL));
	return id;
}

static void
read_row(FunctionCallInfo fcinfo, Row *row)
{
	row->email = az_arg_text(fcinfo, 0, "e-mail address");
	row->item = az_arg_text(fcinfo, 1, "item");
	(void) az_item_argument(fcinfo, 1);
	row->permission = az_arg_text(fcinfo, 2, "permission");
}

AZ_SQL(authz_grant_item_permission)
{
	Row			row;
	const AzIdentity *id;

	(void) az_current();
	read_row(fcinfo, &row);
	id = require_manager(fcinfo, &row);
	PG_RETURN_BOOL(write_row(id, &row));
}

AZ_SQL(authz_revoke_item_permission)
{
	Row			row;
	AzSpiParams	params = {0};

	(void) az_current();
	read_row(fcinfo, &row);
	row_params(&params, require_manager(fcinfo, &row), &row);
	if (run_as_owner("DELETE FROM authz.item_permission"
					 " WHERE client OPERATOR(pg_catalog.=) $1"
					 " AND pg_catalog.lower(email) OPERATOR(pg_catalog.=) pg_catalog.lower($2 COLLATE pg_catalog.\"C\")"
					 " AND pg_catalog.lower(item) OPERATOR(pg_catalog.=) pg_catalog.lower($3 COLLATE pg_catalog.\"C\")"
					 " AND pg_catalog.lower(permission) OPERATOR(pg_catalog.=) pg_catalog.lower($4 COLLATE pg_catalog.\"C\")",
					 &params) == 0)
		az_raise_missing("Permission does not exist");
	PG_RETURN_VOID();
}

/* Everybody lets others see the own profile of an item, and only that. */
AZ_SQL(authz_grant_profile_permission)
{
	const AzIdentity *id;
	char	   *profile;
	Row			row;

	(void) az_current();
	row.email = az_arg_text(fcinfo, 0, "e-mail address");
	row.item = az_arg_text(fcinfo, 1, "item");
	(void) az_item_argument(fcinfo, 1);

	/* behind the first "profile" the address begins, so it must be ours */
	profile = psprintf("SciReg.%s.profile.", text_to_cstring(row.item));
	if (az_item_profile(profile, strlen(profile)) != strlen(profile))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid item for a profile: \"%s\"", text_to_cstring(row.item)),
				 errdetail("The name \"profile\" stands between the item and the address of its user.")));
	id = az_current_required();
	if (!az_can_hold_items(id))
		az_raise_denied(DENIED);

	row.item = cstring_to_text(psprintf("%s%s", profile,
										text_to_cstring(az_node_text_copy(id, &id->email))));
	row.permission = cstring_to_text("VIEW");
	if (!az_is_item_path(VARDATA(row.item), VARSIZE(row.item) - VARHDRSZ))
		az_raise_denied("The address is not part of an item path");
	PG_RETURN_BOOL(write_row(id, &row));
}
