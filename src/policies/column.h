/*-------------------------------------------------------------------------
 *
 * column.h
 *	  A column that protect() or sharing_view() is given.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_COLUMN_H
#define AZ_COLUMN_H

#include "server/compat.h"
#include "catalog/pg_attribute.h"
#include "policies/policy.h"
#include "server/value.h"

typedef struct AzTableColumn
{
	const char *name;			/* NULL: not given */
	const char *quoted;
	AttrNumber	number;
	Oid			type;
	int32		typmod;
	Oid			collation;
	bool		nullable;
	AzValueKind kind;			/* once it was checked */
	Oid			base;
} AzTableColumn;

/* What the catalog says of it, but for kind and base. */
extern void az_read_column(Form_pg_attribute attribute, AzTableColumn *column);

/* The same of the table's column of its name; 42703 when there is none. */
extern void az_find_column(const AzTable *table, AzTableColumn *column);

/* Find out kind and base; 42804 when there is no value of that type. */
extern void az_check_value_column(AzTableColumn *column, const char *relation,
								  const char *use);

/* 42804: it cannot be used like that. */
pg_noreturn extern void az_raise_unfit_column(const AzTableColumn *column,
											  const char *relation, const char *use,
											  const char *hint);

#endif							/* AZ_COLUMN_H */
