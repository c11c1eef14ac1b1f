/*-------------------------------------------------------------------------
 *
 * ceiling.c
 *	  What an actor may not go beyond, whomever it acts for.
 *
 * A row is looked up for an actor at a login, and whenever a query could see
 * another version of it.  Nothing of it is kept here.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/ceiling.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "trust/trust_row.h"
#include "trust/trust_table.h"

/* NULL: no limit.  A NULL in the array is no value. */
static void
read_limit(HeapTuple tuple, TupleDesc desc, AttrNumber column, AzLimit *limit)
{
	bool		isnull;
	Datum		array = heap_getattr(tuple, column, desc, &isnull);
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	memset(limit, 0, sizeof(*limit));
	limit->limited = !isnull;
	if (isnull)
		return;
	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &n);
	limit->texts = palloc(sizeof(AzText) * (n + 1));
	for (i = 0; i < n; i++)
	{
		text	   *value = nulls[i] ? NULL : DatumGetTextPP(values[i]);

		if (value == NULL)
			continue;
		limit->texts[limit->n].bytes = VARDATA_ANY(value);
		limit->texts[limit->n++].len = VARSIZE_ANY_EXHDR(value);
	}
}

/* A NULL where none may be counts as the stricter choice. */
static bool
read_boolean(HeapTuple tuple, TupleDesc desc, AttrNumber column, bool careful)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? careful : DatumGetBool(value);
}

static void
read_ceiling(HeapTuple tuple, TupleDesc desc, AzCeiling *ceiling)
{
	int			i;

	/* the order of the columns is that of the kinds */
	for (i = 0; i < AZ_N_LIMITS; i++)
		read_limit(tuple, desc, Ceiling_scopes + i, &ceiling->limits[i]);
	read_limit(tuple, desc, Ceiling_keep, &ceiling->keep);
	ceiling->admin = read_boolean(tuple, desc, Ceiling_admin, false);
	ceiling->read_only = read_boolean(tuple, desc, Ceiling_read_only, true);
}

AzCeilingFound
az_find_ceiling(Snapshot snapshot, const char *issuer, const char *actor,
				AzCeiling *ceiling, uint64 *version)
{
	static const AttrNumber columns[] = {Ceiling_issuer, Ceiling_actor};
	const char *texts[] = {issuer, actor};
	AzCeilingFound found = AZ_CEILING_NONE;
	AzRows		rows;
	HeapTuple	tuple;

	if (!az_has_ceilings())
		return AZ_CEILING_NONE;
	if (!az_begin_rows_under(&rows, snapshot, AZ_TABLE_CEILING, columns, texts,
							 lengthof(texts)))
		found = AZ_CEILING_UNREADABLE;
	else if (HeapTupleIsValid(tuple = az_next_row(&rows)))
	{
		/* its texts are to outlive the row */
		tuple = heap_copytuple(tuple);
		read_ceiling(tuple, RelationGetDescr(rows.rel), ceiling);
		*version = Max(az_row_version(tuple), 1);
		found = az_ceiling_is_large(ceiling) ||
			HeapTupleIsValid(az_next_row(&rows)) ? AZ_CEILING_UNREADABLE : AZ_CEILING_FOUND;
	}
	az_end_rows(&rows);
	return found;
}

bool
az_has_ceiling(void *arg, const char *issuer, const char *actor)
{
	AzCeiling	ceiling;
	uint64		version;
	AzLookUp	look_up;
	AzCeilingFound found;

	az_begin_look_up(&look_up);
	found = az_find_ceiling(NULL, issuer, actor, &ceiling, &version);
	az_end_look_up(&look_up);
	return found == AZ_CEILING_FOUND;
}
