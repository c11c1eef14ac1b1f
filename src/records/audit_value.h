/*-------------------------------------------------------------------------
 *
 * audit_value.h
 *	  A value of a column as it is recorded.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_AUDIT_VALUE_H
#define AZ_AUDIT_VALUE_H

#include "server/compat.h"
#include "utils/jsonb.h"

typedef enum AzValueKind
{
	AZ_VALUE_BOOL, AZ_VALUE_INT2, AZ_VALUE_INT4, AZ_VALUE_INT8,
	AZ_VALUE_FLOAT4, AZ_VALUE_FLOAT8, AZ_VALUE_NUMERIC,
	AZ_VALUE_TEXT, AZ_VALUE_BYTEA, AZ_VALUE_TIME, AZ_VALUE_JSON, AZ_VALUE_JSONB,
	AZ_VALUE_ARRAY, AZ_VALUE_ROW,
	AZ_VALUE_PRINTED,			/* by an output function that obeys no setting */
	AZ_VALUE_OTHER				/* by one that may */
} AzValueKind;

typedef struct AzValueWriter
{
	AzValueKind kind;
	Oid			type;			/* a domain's base type */
	bool		obeys_settings;
	FmgrInfo	call;			/* of the last two kinds */

	/* of an array its elements, of a row its columns */
	struct AzValueWriter *parts;
	int16		len;
	bool		by_value;
	char		align;
	TupleDesc	desc;
} AzValueWriter;

/* What it needs goes to that context, and to the current one. */
extern void az_value_writer_init(AzValueWriter *writer, Oid type, MemoryContext context);

/*
 * What to_jsonb() makes of the value, under the settings' defaults but for the
 * time zone; but users' casts to json are not asked, which would be their code with
 * another's rights, and what json takes and jsonb does not is recorded as a string
 * instead of being an error.  Where it obeys settings the caller sees to them.
 */
extern void az_value_write(AzValueWriter *writer, Datum value, JsonbValue *json);

#endif							/* AZ_AUDIT_VALUE_H */
