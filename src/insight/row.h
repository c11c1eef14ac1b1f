/*-------------------------------------------------------------------------
 *
 * row.h
 *	  One row of a table, as the role in force may see it.
 *
 * Every question is an ordinary query of that role, with the privileges and the
 * policies that hold for it: "SELECT ... FROM table WHERE key = $1".
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ROW_H
#define AZ_ROW_H

#include "server/compat.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "objects/primary_key.h"

typedef struct AzOneRow
{
	Relation	rel;
	AzPrimaryKey	key;
	AzRowName	name;
} AzOneRow;

/*
 * Does SELECT show the row with that key?  False for one that is hidden, one that
 * does not exist, a text that is no value of the key's type, and one over which a
 * policy raises: an error that tells of the row is not raised.  42501 for who may
 * not read the key, F0000 for a table without a primary key, 0A000 for one of
 * several columns, or of a type with parts.
 */
extern bool az_find_row(Relation rel, text *pk, AzOneRow *row);

/*
 * The value of an integer expression over that row, which is visible.  The
 * expression (varno 1) is evaluated whatever columns it names: the caller
 * decides what may be told.  False when the row is no longer there.
 */
extern bool az_evaluate_over_row(AzOneRow *row, Node *expression, int *value);

/*
 * May the role in force know what the condition says of a row?  NULL, or why not:
 * it holds a sub-select, or names a column that the role may not read.
 */
extern const char *az_not_told(Relation rel, Node *condition);

#endif							/* AZ_ROW_H */
