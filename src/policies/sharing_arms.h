/*-------------------------------------------------------------------------
 *
 * sharing_arms.h
 *	  The SELECTs of keys of which the view of sharing_view() consists.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SHARING_ARMS_H
#define AZ_SHARING_ARMS_H

#include "server/compat.h"
#include "lib/stringinfo.h"
#include "policies/sharing_rules.h"

/* From where an arm goes on: a part of the query, or another set. */
typedef struct AzOrigin
{
	const char *name;			/* NULL: the arm begins with the person */
	const char *alias;
	const char *key;			/* its first column */
	bool		ends;			/* the second one is valid_until */
} AzOrigin;

/*
 * An arm reads a table, either for the person who is logged in or from the keys
 * that another part of the query has found.
 */
typedef struct AzArm
{
	AzOrigin	origin;
	const AzTable *table;
	const char *alias;
	const AzTableColumn *key;
	const char *key_type;		/* to be cast to; NULL: as it is */
	const AzTableColumn *until;	/* NULL: what it reads never ends */
	List	   *conditions;
	bool		ends;			/* valid_until is selected, too */
} AzArm;

/* OPERATOR(pg_catalog.=): the default equality of the column's type. */
extern char *az_equals(const AzTableColumn *column);

/* The column, with the alias of its table. */
extern char *az_in_table(const char *alias, const AzTableColumn *column);

/* The key of the origin, with its alias. */
extern char *az_origin_key(const AzOrigin *origin);

/* The arm goes on where the origin's key stands in that column of its table. */
extern void az_go_on_from(AzArm *arm, const AzOrigin *origin, const AzTableColumn *column);

/* All of them, with UNION between them. */
extern void az_append_arms(StringInfo text, int indent, const List *arms);

#endif							/* AZ_SHARING_ARMS_H */
