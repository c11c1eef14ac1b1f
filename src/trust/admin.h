/*-------------------------------------------------------------------------
 *
 * admin.h
 *	  Whose rights administrative functions write with.
 *
 * They check the rights of their caller, and then read and write as the owner
 * of the tables: triggers, rules, defaults and views that the owner has put on
 * a table are code, which must not run with the rights of a superuser who
 * administers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ADMIN_H
#define AZ_ADMIN_H

#include "server/compat.h"

/* The caller, while another role's rights are in force. */
typedef struct AzCaller
{
	Oid			user;
	int			context;		/* security context */
	int			nest_level;		/* of settings */
} AzCaller;

/*
 * Take the rights of that role, and nothing that its code could leave behind
 * for the caller: no setting, temporary object, cursor or deferred trigger.
 * An error gives the caller's rights back with the transaction.
 */
extern void az_begin_as(Oid role, AzCaller *caller);
extern void az_end_as(const AzCaller *caller);

/* The same, and policies that are FORCEd bind the role, too. */
extern void az_begin_bound_as(Oid role, AzCaller *caller);

/*
 * Raises 42501 unless the caller may administer; "table" names what is to be
 * written, for the error.
 */
extern void az_check_administers(const char *table);

/* The same for a function that reads what only the owner of the database is to know. */
extern void az_check_owns_database(const char *function);

/*
 * Check that as az_check_administers() does, then connect to SPI as the owner
 * of our tables.
 */
extern void az_begin_administering(const char *table, AzCaller *caller);
extern void az_end_administering(const AzCaller *caller);

/*
 * The same without the check, for callers who may have a row written without
 * administering.
 */
extern void az_begin_as_owner(AzCaller *caller);

#endif							/* AZ_ADMIN_H */
