/*-------------------------------------------------------------------------
 *
 * serving_index.h
 *	  Which comparisons an index of a table serves.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SERVING_INDEX_H
#define AZ_SERVING_INDEX_H

#include "server/compat.h"
#include "nodes/pg_list.h"

#include "lint/row_condition.h"

/*
 * Can the rows that pass be found by indexes, without reading all others?  known:
 * what holds besides, a list of AzArm *.  Of a partitioned table, and of one that
 * others inherit from, all parts are asked; missing, unless NULL, is set to the
 * one that has none.  Reads the catalogs alone, and locks no table.
 */
extern bool az_is_served(Oid table, const AzArm *arm, List *known, Oid *missing);

#endif							/* AZ_SERVING_INDEX_H */
