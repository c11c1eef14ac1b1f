/*-------------------------------------------------------------------------
 *
 * inactive.h
 *	  Is a subject listed as inactive?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_INACTIVE_H
#define AZ_INACTIVE_H

#include "server/compat.h"

/*
 * This subject of this issuer (UTF-8), under the active snapshot.  What looking
 * up allocates goes to the current context.
 */
extern bool az_is_listed_inactive(const char *issuer, const char *subject);

#endif							/* AZ_INACTIVE_H */
