/*-------------------------------------------------------------------------
 *
 * state.c
 *	  What decides about a relation, as JSON.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/state.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "insight/state_text.h"

static void
write_texts(StringInfo out, ArrayType *array)
{
	Datum	   *elements;
	int			n;
	int			i;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	appendStringInfoChar(out, '[');
	for (i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		escape_json(out, TextDatumGetCString(elements[i]));
	}
	appendStringInfoChar(out, ']');
}

static void
write_value(StringInfo out, const char *name, Oid type, Datum value, Oid rel)
{
	switch (type)
	{
		case BOOLOID:
			appendStringInfoString(out, "true");
			break;
		case JSONOID:
			appendStringInfoString(out, TextDatumGetCString(value));
			break;
		case TEXTARRAYOID:
			write_texts(out, DatumGetArrayTypeP(value));
			break;
		case PG_NODE_TREEOID:
			if (strcmp(name, "when") == 0)
				escape_json(out, az_state_text_of_rows(TextDatumGetCString(value), rel));
			else
				escape_json(out, az_state_text(TextDatumGetCString(value), rel));
			break;
		default:
			Assert(type == TEXTOID);
			escape_json(out, TextDatumGetCString(value));
	}
}

static void
write_row(StringInfo out, HeapTuple row, TupleDesc columns)
{
	const char *separator = "";
	Oid			rel = InvalidOid;
	int			i;

	appendStringInfoString(out, "\n  {");
	for (i = 1; i <= columns->natts; i++)
	{
		Oid			type = SPI_gettypeid(columns, i);
		bool		isnull;
		Datum		value = SPI_getbinval(row, columns, i, &isnull);

		if (type == OIDOID)
			rel = DatumGetObjectId(value);
		else if (!isnull && (type != BOOLOID || DatumGetBool(value)))
		{
			appendStringInfo(out, "%s\"%s\": ", separator, SPI_fname(columns, i));
			write_value(out, SPI_fname(columns, i), type, value, rel);
			separator = ", ";
		}
	}
	appendStringInfoChar(out, '}');
}

static void
write_section(AzState *state, const AzStateSection *section)
{
	uint64		rows = az_spi_run(section->query, &state->reached);
	SPITupleTable *table = SPI_tuptable;
	uint64		i;

	appendStringInfo(&state->text, ",\n \"%s\": [", section->name);
	for (i = 0; i < rows; i++)
	{
		if (i > 0)
			appendStringInfoChar(&state->text, ',');
		write_row(&state->text, table->vals[i], table->tupdesc);
	}
	appendStringInfoChar(&state->text, ']');
	SPI_freetuptable(table);
}

void
az_write_sections(AzState *state, const AzStateSection *sections, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		write_section(state, &sections[i]);
}
