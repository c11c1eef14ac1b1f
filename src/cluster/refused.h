/*-------------------------------------------------------------------------
 *
 * refused.h
 *	  Errors of Citus when a node does not take the identity that is handed
 *	  over.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_REFUSED_H
#define AZ_REFUSED_H

#include "server/compat.h"

typedef struct AzRefused
{
	ErrorContextCallback callback;
	bool		warned;
} AzRefused;

/*
 * From here to az_refused_end() an internal error of Citus that comes of a refusal says so.
 * After an error there is nothing to end.
 */
extern void az_refused_begin(AzRefused *refused);
extern void az_refused_end(const AzRefused *refused);

#endif							/* AZ_REFUSED_H */
