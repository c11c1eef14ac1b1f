/*-------------------------------------------------------------------------
 *
 * fn_spread_trust.c
 *	  spread_trust(): the trust of this database to all other nodes of Citus.
 *
 * Citus is looked for at each call: its function belongs to its extension and
 * is in pg_catalog.  It connects as the caller, who must own the databases of
 * the nodes as well; so the caller's rights are in force, and nothing of the
 * owner's is run.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "catalog/dependency.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "cluster/trust_document.h"
#include "server/own.h"
#include "server/setting.h"
#include "server/spi.h"
#include "trust/admin.h"

#define RUN_ON_WORKERS	"run_command_on_workers"

/* ----------------------------------------------------------------
 * Citus
 * ----------------------------------------------------------------
 */

/* Is that function in pg_catalog, and the extension's? */
static bool
is_function_of(const char *name, Oid extension)
{
	Oid			types[] = {TEXTOID, BOOLOID};
	Oid			function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
										   CStringGetDatum(name),
										   PointerGetDatum(buildoidvector(types, lengthof(types))),
										   ObjectIdGetDatum(PG_CATALOG_NAMESPACE));

	return OidIsValid(function) &&
		getExtensionOfObject(ProcedureRelationId, function) == extension;
}

static void
check_citus(void)
{
	Oid			citus = get_extension_oid("citus", true);

	if (!OidIsValid(citus) || !is_function_of(RUN_ON_WORKERS, citus))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this database is not a node of a Citus cluster"),
				 errdetail("spread_trust() has Citus run import_trust() on its other nodes."),
				 errhint("Hand the document over yourself: SELECT authz.export_trust() here, authz.import_trust() of it there.")));
}

/* A worker reaches no coordinator by that function. */
static void
check_coordinator(void)
{
	AzSpiParams none = {0};

	if (az_spi_run("SELECT FROM pg_catalog.pg_dist_local_group g"
				   " WHERE g.groupid OPERATOR(pg_catalog.=) 0", &none) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this node is not the coordinator"),
				 errhint("Call it on the coordinator.")));
}

/* ----------------------------------------------------------------
 * Nodes
 * ----------------------------------------------------------------
 */

typedef struct Worker
{
	const char *name;
	bool		success;
	const char *result;			/* NULL: none */
} Worker;

/* What a command returned on each; in the order of their names. */
static Worker *
run_on_workers(const char *command, int *n)
{
	AzSpiParams params = {0};
	Worker	   *nodes;
	int			i;

	az_spi_param(&params, TEXTOID, cstring_to_text(command));
	*n = (int) az_spi_run("SELECT pg_catalog.format('%s:%s', r.nodename, r.nodeport), r.success, r.result"
						  " FROM pg_catalog." RUN_ON_WORKERS "($1, true) r ORDER BY 1", &params);
	nodes = palloc(Max(*n, 1) * sizeof(Worker));
	for (i = 0; i < *n; i++)
	{
		nodes[i].name = az_spi_result(i, 1);
		nodes[i].success = strcmp(az_spi_result(i, 2), "t") == 0;
		nodes[i].result = az_spi_result_or_null(i, 3);
	}
	return nodes;
}

static const Worker *
find_node(const Worker *nodes, int n, const char *name)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (strcmp(nodes[i].name, name) == 0)
			return &nodes[i];
	}
	return NULL;
}

/* What is wrong with the extension on that node; NULL: nothing. */
static const char *
why_not_here(const Worker *version)
{
	if (version == NULL || !version->success)
		return NULL;
	if (version->result == NULL || *version->result == '\0')
		return "extension dbmi_authz is not installed there";
	if (strcmp(version->result, AZ_VERSION) != 0)
		return psprintf("extension dbmi_authz has version %s there, and " AZ_VERSION " here",
						version->result);
	return NULL;
}

static void
put_node(ReturnSetInfo *result, const Worker *node, const char *text)
{
	Datum		values[2];
	bool		nulls[2] = {0};

	values[0] = CStringGetTextDatum(node->name);
	values[1] = CStringGetTextDatum(text);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
tell_failed(int failed, int n)
{
	if (failed == 0)
		return;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("trust did not reach %d of %d nodes", failed, n),
			 errdetail("They keep the trust that they have; the result says why."),
			 errhint("Correct it there, and call spread_trust() again.")));
}

static void
spread(ReturnSetInfo *result, const char *document)
{
	int			nversions;
	int			n;
	int			failed = 0;
	Worker	   *versions = run_on_workers("SELECT COALESCE((SELECT e.extversion FROM pg_catalog.pg_extension e"
										  " WHERE e.extname OPERATOR(pg_catalog.=) 'dbmi_authz'), '')", &nversions);
	Worker	   *nodes = run_on_workers(psprintf("SELECT authz.import_trust(%s)",
												quote_literal_cstr(document)), &n);
	int			i;

	for (i = 0; i < n; i++)
	{
		const char *why = nodes[i].success ? NULL :
			why_not_here(find_node(versions, nversions, nodes[i].name));

		failed += !nodes[i].success;
		put_node(result, &nodes[i], why ? why : nodes[i].result ? nodes[i].result : "");
	}
	tell_failed(failed, n);
}

static const char *
document_of_here(void)
{
	AzSpiParams none = {0};

	az_spi_run("SELECT authz.export_trust()", &none);
	return az_spi_result(0, 1);
}

AZ_SQL(authz_spread_trust)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			nest_level;
	const char *document;

	az_check_owns_database("spread_trust");
	check_citus();
	InitMaterializedSRF(fcinfo, 0);
	nest_level = NewGUCNestLevel();
	az_set_within_level("search_path", "pg_catalog, pg_temp");
	SPI_connect();
	check_coordinator();
	document = document_of_here();
	spread(result, document);
	SPI_finish();
	AtEOXact_GUC(false, nest_level);
	PG_RETURN_NULL();
}
