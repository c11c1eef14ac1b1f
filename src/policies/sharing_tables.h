/*-------------------------------------------------------------------------
 *
 * sharing_tables.h
 *	  What the catalog says of what sharing_view() is given.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SHARING_TABLES_H
#define AZ_SHARING_TABLES_H

#include "policies/sharing_rules.h"
#include "server/compat.h"

/*
 * Lock the tables in that mode and find their columns.  The caller must own
 * them, as for az_lock_table().  42703 for a column that is not there, 42804
 * for one whose type does not fit, 42809 for a set that is no view.
 */
extern void az_find_sharing_tables(AzSharingRules *rules, LOCKMODE mode);

#endif							/* AZ_SHARING_TABLES_H */
