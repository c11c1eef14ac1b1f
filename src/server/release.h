/*-------------------------------------------------------------------------
 *
 * release.h
 *	  Is the server's minor release one that policies can be trusted to?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_RELEASE_H
#define AZ_RELEASE_H

#include "server/compat.h"

/* The least minor release of the server's version, as a number; 0: this one does. */
extern int	az_release_needed(void);

/* Say so, once a session; to whom, see release.c. */
extern void az_warn_of_release(bool administers);

#endif							/* AZ_RELEASE_H */
