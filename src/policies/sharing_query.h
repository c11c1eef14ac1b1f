/*-------------------------------------------------------------------------
 *
 * sharing_query.h
 *	  The query of the view that sharing_view() writes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SHARING_QUERY_H
#define AZ_SHARING_QUERY_H

#include "policies/sharing_rules.h"
#include "server/compat.h"

/* What stands behind AS; the columns have been found. */
extern char *az_sharing_query(const AzSharingRules *rules);

#endif							/* AZ_SHARING_QUERY_H */
