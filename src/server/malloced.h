/*-------------------------------------------------------------------------
 *
 * malloced.h
 *	  Memory of the token library (malloc) owned by a memory context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_MALLOCED_H
#define AZ_MALLOCED_H

#include "server/compat.h"

/* Raises 53200: malloc had no memory. */
pg_noreturn extern void az_raise_no_memory(void);

/*
 * Have release(object) called when the context is reset or deleted.  Call it
 * in the same breath as the object is made; should this run out of memory
 * the object is released before the error is raised.  object may be NULL.
 */
extern void az_free_with(MemoryContext context, void (*release) (void *object),
						 void *object);

/* For release: az_json_free(), az_issuer_free() and az_key_free(). */
extern void az_release_json(void *json);
extern void az_release_issuer(void *issuer);
extern void az_release_key(void *key);

#endif							/* AZ_MALLOCED_H */
