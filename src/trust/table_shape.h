/*-------------------------------------------------------------------------
 *
 * table_shape.h
 *	  Whether a table of ours is still what the install script made.
 *
 * The owner of the database, who need not be a superuser, can alter it.  A
 * column that is read as a text must be one, scan keys and indexes must
 * compare it alike, and every session must notice a change, which must survive
 * a crash.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TABLE_SHAPE_H
#define AZ_TABLE_SHAPE_H

#include "server/compat.h"
#include "utils/relcache.h"

/* A column as the install script makes it. */
typedef struct AzColumn
{
	const char *name;
	Oid			type;
	Oid			collation;
} AzColumn;

/* A column of names, compared by their bytes; and other columns. */
#define AZ_NAME_COLUMN(name)		{name, TEXTOID, C_COLLATION_OID}
#define AZ_TEXT_COLUMN(name)		{name, TEXTOID, DEFAULT_COLLATION_OID}
#define AZ_TEXTS_COLUMN(name)		{name, TEXTARRAYOID, DEFAULT_COLLATION_OID}
#define AZ_COLUMN(name, type)		{name, type, InvalidOid}

typedef struct AzShape
{
	const char *name;
	const AzColumn *columns;
	int			ncolumns;
	int			nfirst;			/* the number of columns that 1.0 has */
	bool		hidden;			/* a materialized view that is never populated, so
								 * that no SQL reads what we write into it */
	bool		told;			/* the session was told that it was altered */
} AzShape;

/*
 * Open a table for reading; NULL when it is gone or was altered, the latter
 * mostly with a warning.  Its triggers are to call the guard.  Columns after
 * ours do not matter.  Close with table_close(rel, AccessShareLock).
 */
extern Relation az_open_as(Oid table, AzShape *shape, Oid guard);

/*
 * Why such a table would not be opened, as a sentence; NULL: it would be.
 * *remedy is the action for ALTER TABLE that mends it, NULL where there is
 * none.
 */
extern const char *az_why_altered(Relation rel, const AzShape *shape, Oid guard,
								  const char **remedy);

#endif							/* AZ_TABLE_SHAPE_H */
