/*-------------------------------------------------------------------------
 *
 * table_shape.h
 *	  Whether a table of ours is still what the install script made.
 *
 * The owner of the database, who need not be a superuser, can alter it.  What
 * is read as a text must be one, scan keys and indexes must compare it alike,
 * and a change must be felt by every session and outlive a crash.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SHAPE_H
#define AZ_SHAPE_H

#include "server/compat.h"
#include "utils/relcache.h"

/* A column as the install script makes it. */
typedef struct AzColumn
{
	Oid			type;
	Oid			collation;
} AzColumn;

#define AZ_COLUMN_NAME			{TEXTOID, C_COLLATION_OID}
#define AZ_COLUMN_TEXT			{TEXTOID, DEFAULT_COLLATION_OID}
#define AZ_COLUMN_TEXTS			{TEXTARRAYOID, DEFAULT_COLLATION_OID}
#define AZ_COLUMN(type)			{type, InvalidOid}

typedef struct AzShape
{
	const char *name;
	const AzColumn *columns;
	int			ncolumns;
	int			nfirst;			/* as many as 1.0 has */
	bool		told;			/* the session knows that it was altered */
} AzShape;

/*
 * Open a table for reading; NULL when it is gone or was altered, the latter
 * mostly with a warning.  Columns behind ours do not matter.  Close with
 * table_close(rel, AccessShareLock).
 */
extern Relation az_open_as(Oid table, AzShape *shape);

/* The extension may have been made anew. */
extern void az_shapes_changed(void);

#endif							/* AZ_SHAPE_H */
