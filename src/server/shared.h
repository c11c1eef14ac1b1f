/*-------------------------------------------------------------------------
 *
 * shared.h
 *	  Memory that all sessions of the server share, where it preloads the library.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SHARED_H
#define AZ_SHARED_H

#include "server/compat.h"
#include "storage/lwlock.h"

/*
 * An area of it.  "place" is NULL in a server that does not preload the
 * library.  After a crash the postmaster makes all areas again.
 */
typedef struct AzSharedArea
{
	const char *name;
	Size		(*size) (void); /* the same whenever it is asked */
	void		(*set_up) (void *place);	/* zeroed; called once */
	void	  **place;
} AzSharedArea;

/*
 * To be called while the server preloads the library, and before
 * az_shared_init().  "area" lives as long as the process.
 */
extern void az_share_area(const AzSharedArea *area);

/* Cannot raise. */
extern void az_shared_init(void);

/*
 * How many processes can have a place in an area, and that of this one; -1: it has
 * none.  A place is used by one process at a time.
 */
extern int	az_shared_places(void);
extern int	az_shared_place(void);

/*
 * To be held while the places of processes change; nothing may be raised
 * meanwhile.
 */
extern LWLock *az_shared_lock(void);

/*
 * To be held while an assertion is taken or its number released (senders.c).
 */
extern LWLock *az_senders_lock(void);

#endif							/* AZ_SHARED_H */
