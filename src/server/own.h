/*-------------------------------------------------------------------------
 *
 * own.h
 *	  What belongs to the extension, and what is merely in its schema.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_OWN_H
#define AZ_OWN_H

#include "server/compat.h"

/* Name of the schema, the tables and the trigger function. */
#define AZ_SCHEMA	"authz"

/* The view through which an identity is handed over to this database. */
#define AZ_HAND_OVER	"hand_over"

/* The materialized view that keeps the keys of the cluster. */
#define AZ_CLUSTER_KEY	"cluster_key"

/* What the control file calls this version; 1.0 is the only one before. */
#define AZ_VERSION	"1.1"

/*
 * The extension's tables of these names, and the function that their triggers
 * call; InvalidOid where there is none, or a forged one.
 */
extern void az_extension_tables(const char *const *names, int n, Oid *found, Oid *guard);

/* Are these the extension's own?  Reads less than a search by names. */
extern bool az_are_own_tables(const Oid *tables, int n);

/* Is it a function of this library that the extension made? */
extern bool az_is_own_function(Oid function);

/*
 * Are the SQL objects of this database those of 1.0?  Then the additions of
 * 1.1 are missing, and are not used.  Looks into the catalogs: for when a
 * cache is built.
 */
extern bool az_objects_are_old(void);

/*
 * Warn, once a session, if functions or types of others are in the schema,
 * where calls may find them instead of ours, and if the SQL objects are not
 * those of this library.
 */
extern void az_look_at_catalog(void);

#endif							/* AZ_OWN_H */
