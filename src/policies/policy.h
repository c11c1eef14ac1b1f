/*-------------------------------------------------------------------------
 *
 * policy.h
 *	  The policies of a table, and which of them are ours.
 *
 * A policy is ours when it has one of our four names and our comment.  All of
 * this runs with the rights of the caller.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_POLICY_H
#define AZ_POLICY_H

#include "server/compat.h"
#include "access/attnum.h"
#include "storage/lock.h"

typedef enum AzCommand
{
	AZ_SELECT,
	AZ_INSERT,
	AZ_UPDATE,
	AZ_DELETE
} AzCommand;

#define AZ_COMMANDS		4

/* What a condition is about: USING, and WITH CHECK. */
typedef enum AzRow
{
	AZ_ROW_THERE,
	AZ_ROW_NEW
} AzRow;

/* "SELECT", and the name of our policy for it. */
extern const char *const az_command_name[AZ_COMMANDS];
extern const char *const az_policy_name[AZ_COMMANDS];

/* What marks a policy as ours. */
#define AZ_POLICY_MARK	"Written by authz.protect()."

typedef struct AzTable
{
	Oid			oid;
	Oid			owner;
	const char *name;
	const char *quoted;			/* with its schema, for a statement */
} AzTable;

/*
 * A table whose policies the caller may write, locked: its owner's, neither
 * PostgreSQL's nor ours.
 */
extern void az_lock_table(Oid oid, LOCKMODE mode, AzTable *table);

/* A relation's name with its schema, for a statement. */
extern char *az_qualified_name(Oid rel);

typedef struct AzPolicies
{
	bool		ours[AZ_COMMANDS];
	bool		taken[AZ_COMMANDS]; /* the name is somebody else's */
	char	   *others;			/* permissive ones, quoted; NULL: none */
} AzPolicies;

/* Inside SPI_connect(). */
extern void az_read_policies(const AzTable *table, AzPolicies *policies);

/* Say what goes past the policies of this table. */
extern void az_warn_of_others(const AzTable *table, const AzPolicies *policies);
extern void az_warn_of_children(const AzTable *table);

/* 0A000 when any of those, at any depth, is a foreign table. */
extern void az_refuse_foreign_children(const AzTable *table);

/* Does an index begin with the column that finds its values?  Inside SPI_connect(). */
extern bool az_has_index(const AzTable *table, AttrNumber number);

/* Say that there is none; inside SPI_connect(). */
extern void az_warn_of_missing_index(const AzTable *table, AttrNumber number,
									 const char *column);

#endif							/* AZ_POLICY_H */
