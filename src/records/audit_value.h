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
	AZ_VALUE_PRINTED,			/* by an output function that obeys no setting */
	AZ_VALUE_OTHER				/* by to_jsonb(), and so by code of users */
} AzValueKind;

typedef struct AzValueWriter
{
	AzValueKind kind;
	Oid			type;			/* a domain's base type */
	FmgrInfo	call;			/* of the last two kinds */
} AzValueWriter;

/* What it needs goes to that context, and to the current one. */
extern void az_value_writer_init(AzValueWriter *writer, Oid type, MemoryContext context);

/*
 * What to_jsonb() makes of the value, under the settings' defaults but for the
 * time zone, and never an error for what json takes and jsonb does not: that is
 * recorded as a string.  For AZ_VALUE_OTHER the caller sees to settings and
 * rights.
 */
extern void az_value_write(AzValueWriter *writer, Datum value, JsonbValue *json);

#endif							/* AZ_AUDIT_VALUE_H */
