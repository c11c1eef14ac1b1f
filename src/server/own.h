/*-------------------------------------------------------------------------
 *
 * own.h
 *	  What is the extension's own, and what merely stands in its schema.
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
 * Are the SQL objects of this database those of 1.0?  What 1.1 has added is
 * then not there, and is not asked for.  Looks into the catalogs: for when a
 * cache is built.
 */
extern bool az_objects_are_old(void);

/*
 * Say, once a session, that functions or types of others stand in the schema,
 * where calls may find them instead of ours, and that the SQL objects are not
 * those of this library.
 */
extern void az_look_at_catalog(void);

#endif							/* AZ_OWN_H */
