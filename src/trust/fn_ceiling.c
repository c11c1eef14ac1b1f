/*-------------------------------------------------------------------------
 *
 * fn_ceiling.c
 *	  What actors may not go beyond.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "server/arguments.h"
#include "server/spi.h"
#include "token/limit.h"
#include "trust/admin.h"
#include "trust/issuer_row.h"

/* The names of the arguments that are lists, from the third on. */
static const char *const lists[] = {
	"scopes", "roles", "permissions", "groups", "org_roles", "org_permissions",
	"item_permissions", "keep"
};

/* What all of them hold. */
typedef struct Total
{
	int64		values;
	int64		bytes;
} Total;

static void
bad_list(const char *name, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for \"%s\" of a ceiling", name),
			 errdetail_internal("%s", detail)));
}

/* NULL is no limit; a NULL in a list would be a mistake. */
static void
check_list(FunctionCallInfo fcinfo, int argno, const char *name, Total *total)
{
	ArrayType  *array;
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	if (PG_ARGISNULL(argno))
		return;
	array = PG_GETARG_ARRAYTYPE_P(argno);
	if (ARR_NDIM(array) > 1)
		bad_list(name, "Expected an array of one dimension.");
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			bad_list(name, "A value in the array is null.");
		total->bytes += VARSIZE_ANY_EXHDR(DatumGetTextPP(values[i]));
	}
	total->values += n;
	if (total->values > AZ_MAX_CEILING_VALUES || total->bytes > AZ_MAX_CEILING_BYTES)
		bad_list(name, "A ceiling has at most 500 values, and 16384 bytes in them.");
}

AZ_SQL(authz_set_actor_ceiling)
{
	text	   *issuer = az_arg_text(fcinfo, 0, "issuer");
	text	   *actor = az_arg_text(fcinfo, 1, "actor");
	AzSpiParams params = {0};
	AzCaller	caller;
	Total		total = {0};
	int			i;

	for (i = 0; i < (int) lengthof(lists); i++)
		check_list(fcinfo, 2 + i, lists[i], &total);
	az_arg_required(fcinfo, 10, "admin");
	az_arg_required(fcinfo, 11, "read_only");

	az_begin_administering("actor_ceiling", &caller);
	az_require_issuer(issuer);
	az_spi_param(&params, TEXTOID, issuer);
	az_spi_param(&params, TEXTOID, actor);
	for (i = 0; i < (int) lengthof(lists); i++)
		az_spi_param(&params, TEXTARRAYOID,
					 PG_ARGISNULL(2 + i) ? NULL : PG_GETARG_ARRAYTYPE_P(2 + i));
	az_spi_param_bool(&params, PG_GETARG_BOOL(10));
	az_spi_param_bool(&params, PG_GETARG_BOOL(11));
	az_spi_run("INSERT INTO authz.actor_ceiling AS c VALUES"
			   " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
			   " ON CONFLICT (issuer, actor) DO UPDATE SET scopes = excluded.scopes,"
			   " roles = excluded.roles, permissions = excluded.permissions,"
			   " groups = excluded.groups, org_roles = excluded.org_roles,"
			   " org_permissions = excluded.org_permissions,"
			   " item_permissions = excluded.item_permissions, keep = excluded.keep,"
			   " admin = excluded.admin, read_only = excluded.read_only", &params);
	az_end_administering(&caller);
	PG_RETURN_VOID();
}

AZ_SQL(authz_drop_actor_ceiling)
{
	text	   *issuer = az_arg_text(fcinfo, 0, "issuer");
	text	   *actor = az_arg_text(fcinfo, 1, "actor");
	AzSpiParams params = {0};
	AzCaller	caller;

	az_begin_administering("actor_ceiling", &caller);
	az_spi_param(&params, TEXTOID, issuer);
	az_spi_param(&params, TEXTOID, actor);
	if (az_spi_run("DELETE FROM authz.actor_ceiling c"
				   " WHERE c.issuer OPERATOR(pg_catalog.=) $1"
				   " AND c.actor OPERATOR(pg_catalog.=) $2", &params) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("actor \"%s\" of issuer \"%s\" has no ceiling",
						text_to_cstring(actor), text_to_cstring(issuer)),
				 errhint("Table authz.actor_ceiling lists them; names are compared byte for byte.")));
	az_end_administering(&caller);
	PG_RETURN_VOID();
}
