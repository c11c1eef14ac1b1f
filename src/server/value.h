/*-------------------------------------------------------------------------
 *
 * value.h
 *	  A claim read as a value of a column's type.
 *
 * Functions over "anycompatible" take text, varchar, name, citext, uuid,
 * smallint, integer, bigint and domains over them.  The claim's text is read
 * as a value of that type and compared with the type's default equality, text
 * bytewise; text that is not a value of the type equals nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_VALUE_H
#define AZ_VALUE_H

#include "server/compat.h"

typedef enum AzValueKind
{
	AZ_VALUE_TEXT,				/* text and varchar */
	AZ_VALUE_NAME,
	AZ_VALUE_CITEXT,
	AZ_VALUE_UUID,
	AZ_VALUE_INT2,
	AZ_VALUE_INT4,
	AZ_VALUE_INT8
} AzValueKind;

typedef struct AzValueType
{
	AzValueKind kind;
	Oid			type;			/* base type */
	FmgrInfo	equal;			/* AZ_VALUE_CITEXT only */
} AzValueType;

#define AZ_VALUE_TYPES_HINT	"Supported types are text, varchar, name, citext, uuid, smallint, integer, bigint, and domains over them."

/* Which kind a type is; false when it is not supported.  Never raises. */
extern bool az_value_kind(Oid type, AzValueKind *kind, Oid *base);

/* The default operator "=" of that kind's type; InvalidOid: there is none. */
extern Oid	az_equality(AzValueKind kind, Oid type);

/*
 * The type of an argument of the call, looked up once per call site (kept in
 * flinfo->fn_extra).  Raises 42804 when it is not supported.
 */
extern const AzValueType *az_value_type(FunctionCallInfo fcinfo, int argno);

/*
 * The same for any type, false when it is not supported.  What the struct
 * points to lives in the context; "type" was zeroed.
 */
extern bool az_value_type_of(Oid declared, MemoryContext context, AzValueType *type);

/* Does the claim's text, read as that type, equal the value? */
extern bool az_value_equals(const AzValueType *type, Datum value, Oid collation,
							const char *claim, size_t len);

/*
 * Read text as a value of a fixed-size kind without raising.  false: it is not
 * one.  Integers are canonical decimal only; a uuid is any text that uuid_in
 * takes.
 */
extern bool az_read_integer(const char *text, size_t len, int64 min, int64 max, int64 *value);
extern bool az_read_uuid(const char *text, size_t len, unsigned char uuid[16]);

/*
 * The text as a value of that kind, palloc'd; false: it is not one.  A limit
 * on the length, as of varchar(n), and the constraints of a domain are the
 * caller's to apply.
 */
extern bool az_read_value(AzValueKind kind, const char *claim, size_t len, Datum *value);

#endif							/* AZ_VALUE_H */
