/*-------------------------------------------------------------------------
 *
 * fn_foreign_login.c
 *	  SQL functions: which servers of postgres_fdw are told who is logged in.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_foreign_server.h"
#include "commands/defrem.h"
#include "executor/spi.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "cluster/foreign_login.h"
#include "server/arguments.h"
#include "server/attempt.h"
#include "server/spi.h"
#include "trust/admin.h"

static const AzSpiParams none;

static ForeignServer *
server_of(FunctionCallInfo fcinfo, const char *function)
{
	az_check_owns_database(function);
	az_arg_required(fcinfo, 0, "server");
	return GetForeignServerByName(NameStr(*PG_GETARG_NAME(0)), false);
}

/* Kept plans know nothing of the login, or too much. */
static void
forget_plans(void)
{
	CacheInvalidateCatalog(ForeignServerRelationId);
}

static void
check_server(const ForeignServer *server)
{
	if (!az_is_postgres_fdw(server))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("foreign server \"%s\" is not one of postgres_fdw", server->servername)));
	if (!az_decides_destinations(server->owner))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("foreign server \"%s\" belongs to a role without the rights of the owner of the database",
						server->servername),
				 errdetail("Its owner could lead it elsewhere, and with it the identities that are handed over."),
				 errhint("Give it to the owner with ALTER SERVER ... OWNER TO.")));
	if (!az_may_use_server(server->serverid, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for foreign server %s", server->servername),
				 errhint("A superuser, or the owner of the server, allows it: GRANT USAGE ON FOREIGN SERVER %s TO %s.",
						 quote_identifier(server->servername),
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

/* A schema of that name that somebody else has made is not for us. */
static void
make_schema(void)
{
	if (OidIsValid(az_foreign_schema()))
		return;
	if (OidIsValid(get_namespace_oid(AZ_FOREIGN_SCHEMA, true)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_SCHEMA),
				 errmsg("schema \"%s\" belongs to a role without the rights of the owner of the database",
						AZ_FOREIGN_SCHEMA),
				 errhint("Drop it, or give it to the owner with ALTER SCHEMA ... OWNER TO if it holds nothing that somebody else made.")));
	az_spi_run("CREATE SCHEMA " AZ_FOREIGN_SCHEMA, &none);
	az_spi_run("COMMENT ON SCHEMA " AZ_FOREIGN_SCHEMA
			   " IS 'Foreign servers that are told who is logged in: authz.foreign_login().'", &none);
}

static const char *
quoted_table(const char *name)
{
	return psprintf("%s.%s", AZ_FOREIGN_SCHEMA, quote_identifier(name));
}

static void
drop_table(Oid table)
{
	az_spi_run(psprintf("DROP FOREIGN TABLE %s", quoted_table(get_rel_name(table))), &none);
}

static void
make_table(const ForeignServer *server)
{
	const char *table = quoted_table(server->servername);

	if (OidIsValid(get_relname_relid(server->servername, az_foreign_schema())))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("foreign table %s belongs to another server", table),
				 errhint("Was a server renamed?  Call authz.drop_foreign_login() with its new name.")));
	az_spi_run(psprintf("CREATE FOREIGN TABLE %s (destination pg_catalog.text, challenge pg_catalog.text,"
						" assertion pg_catalog.text) SERVER %s OPTIONS (schema_name 'authz',"
						" table_name 'hand_over')", table, quote_identifier(server->servername)),
			   &none);
	az_spi_run(psprintf("COMMENT ON FOREIGN TABLE %s IS 'Identities are handed over through it; the default of its first column says to whom.'",
						table), &none);
}

typedef struct Question
{
	const char *table;
	char	   *destination;
} Question;

static void
look_up_destination(void *arg)
{
	Question   *question = arg;

	if (az_spi_run(psprintf("SELECT destination FROM ONLY %s", question->table), &none) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the other server does not say who it is")));
	question->destination = az_spi_result(0, 1);
}

static const char *
hint_for(int sqlstate)
{
	switch (sqlstate)
	{
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_SCHEMA:
		case ERRCODE_UNDEFINED_COLUMN:
			return "Create the extension dbmi_authz in that database, or update it there to version 1.1 or later, and call this again.";
		case ERRCODE_INSUFFICIENT_PRIVILEGE:
		case ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION:
			return "The user of the user mapping must be a member there of the role that its setting dbmi_authz.cluster_role names.";
		default:
			return NULL;
	}
}

static const char *
what_it_says(const ErrorData *error)
{
	return error->detail == NULL ? psprintf("The other server says: %s.", error->message) :
		psprintf("The other server says: %s.  %s", error->message, error->detail);
}

/*
 * The error of the other server alone would not help the caller: add which
 * server it is, and what to do.
 */
static char *
ask_destination(const ForeignServer *server)
{
	Question	question = {quoted_table(server->servername), NULL};
	ErrorData  *error = az_attempt(look_up_destination, &question);

	if (error && hint_for(error->sqlerrcode) == NULL)
		ReThrowError(error);
	if (error)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("foreign server \"%s\" cannot be told who is logged in",
						server->servername),
				 errdetail_internal("%s", what_it_says(error)),
				 errhint("%s", hint_for(error->sqlerrcode))));
	return question.destination;
}

AZ_SQL(authz_foreign_login)
{
	ForeignServer *server = server_of(fcinfo, "foreign_login");
	char	   *destination;
	Oid			before;

	check_server(server);
	SPI_connect();
	make_schema();
	before = az_foreign_login_table(server->serverid);
	if (OidIsValid(before))
		drop_table(before);
	make_table(server);
	destination = ask_destination(server);
	az_spi_run(psprintf("ALTER FOREIGN TABLE %s ALTER COLUMN destination SET DEFAULT %s",
						quoted_table(server->servername), quote_literal_cstr(destination)),
			   &none);
	SPI_finish();
	forget_plans();
	if (OidIsValid(before))
		ereport(NOTICE,
				(errmsg("foreign server \"%s\" had a login, which is replaced",
						server->servername)));
	PG_RETURN_VOID();
}

AZ_SQL(authz_drop_foreign_login)
{
	ForeignServer *server = server_of(fcinfo, "drop_foreign_login");
	Oid			table = az_foreign_login_table(server->serverid);

	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("foreign server \"%s\" has no login", server->servername)));
	SPI_connect();
	drop_table(table);
	SPI_finish();
	forget_plans();
	PG_RETURN_VOID();
}
