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

/*
 * The first minor release of the server's version that is good enough, as a
 * number; 0: this one is.
 */
extern int	az_release_needed(void);

/* Warn, once a session; release.c says who gets the warning. */
extern void az_warn_of_release(bool administers);

#endif							/* AZ_RELEASE_H */
