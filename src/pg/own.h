/*-------------------------------------------------------------------------
 *
 * own.h
 *	  What is the extension's own, and what merely stands in its schema.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_OWN_H
#define AZ_OWN_H

#include "compat.h"

/* Name of the schema, the tables and the trigger function. */
#define AZ_SCHEMA	"authz"

/* The extension; InvalidOid where it is not installed. */
extern Oid	az_extension(void);

/* The table of that name; InvalidOid when there is none, or a forged one. */
extern Oid	az_own_table(const char *name);

/* Is it a function of this library that the extension made? */
extern bool az_is_own_function(Oid function);

/*
 * Say, once a session, that functions or types of others stand in the schema:
 * calls may find them instead of ours.
 */
extern void az_warn_of_strangers(void);

#endif							/* AZ_OWN_H */
