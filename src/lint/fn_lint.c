/*-------------------------------------------------------------------------
 *
 * fn_lint.c
 *	  lint(): what is wrong with policies, rights and trust of this database.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "lint/lint.h"
#include "lint/sql_body.h"
#include "server/spi.h"
#include "trust/admin.h"

static const AzLintSubject subjects[] = {
	az_lint_tables,
	az_lint_roles,
	az_lint_own,
	az_lint_settings,
	az_lint_cluster,
	az_lint_trust,
	az_lint_access,
	az_lint_sets,
	az_lint_conditions,
	az_lint_commands,
	az_lint_grants,
	az_lint_publications,
	az_lint_children,
	az_lint_views,
	az_lint_others,
	az_lint_indexes,
	az_lint_new_rows,
};

static List *
read_texts(ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;
	List	   *texts = NIL;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		if (!nulls[i])
			texts = lappend(texts, TextDatumGetCString(elements[i]));
	}
	return texts;
}

/* Raises 3F000 for a name that is not a schema. */
static void
check_schemas(ArrayType *names)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(names, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &elements, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		if (!nulls[i])
			(void) get_namespace_oid(NameStr(*DatumGetName(elements[i])), false);
	}
}

/* NULL: all of them.  Inside SPI_connect(). */
static ArrayType *
find_schemas(ArrayType *names)
{
	AzSpiParams	params = {0};
	bool		isnull;
	Datum		schemas;

	az_spi_param(&params, NAMEARRAYOID, names);
	az_spi_run("SELECT ARRAY(SELECT n.oid FROM pg_catalog.pg_namespace n"
			   " WHERE ($1 IS NULL OR n.nspname OPERATOR(pg_catalog.=) ANY ($1))"
			   " AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'"
			   " AND n.nspname OPERATOR(pg_catalog.<>) ALL (ARRAY['information_schema', 'authz']))",
			   &params);
	schemas = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	return DatumGetArrayTypePCopy(schemas);
}

static void
look(AzLint *lint, ArrayType *names)
{
	int			i;

	SPI_connect();
	lint->schemas = find_schemas(names);
	az_begin_sql_bodies(lint->context);
	for (i = 0; i < (int) lengthof(subjects); i++)
		subjects[i] (lint);
	SPI_finish();
}

static void
put_finding(ReturnSetInfo *result, const AzFinding *finding)
{
	Datum		values[6];
	bool		nulls[6] = {0};

	values[0] = CStringGetTextDatum(finding->code);
	values[1] = CStringGetTextDatum(az_level_name(finding->level));
	values[2] = CStringGetTextDatum(finding->object);
	values[3] = CStringGetTextDatum(finding->detail);
	values[4] = CStringGetTextDatum(finding->hint);
	values[5] = CStringGetTextDatum(finding->fingerprint);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

AZ_SQL(authz_lint)
{
	AzLint		lint = {.context = CurrentMemoryContext};
	ArrayType  *names = PG_ARGISNULL(0) ? NULL : PG_GETARG_ARRAYTYPE_P(0);
	ListCell   *lc;

	az_check_owns_database("lint");
	if (names)
		check_schemas(names);
	if (!PG_ARGISNULL(1))
		lint.findings.ignored = read_texts(PG_GETARG_ARRAYTYPE_P(1));
	InitMaterializedSRF(fcinfo, 0);
	look(&lint, names);
	az_sort_findings(&lint.findings);
	foreach(lc, lint.findings.list)
		put_finding((ReturnSetInfo *) fcinfo->resultinfo, lfirst(lc));
	PG_RETURN_NULL();
}
