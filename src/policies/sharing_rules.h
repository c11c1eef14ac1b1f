/*-------------------------------------------------------------------------
 *
 * sharing_rules.h
 *	  The tables and columns that sharing_view() is given.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SHARING_RULES_H
#define AZ_SHARING_RULES_H

#include "server/compat.h"
#include "nodes/pg_list.h"
#include "policies/column.h"
#include "policies/policy.h"

/* What the keys of the set are. */
typedef enum AzShape
{
	AZ_SHAPE_TEAMS,				/* teams that one is a member of */
	AZ_SHAPE_SHARES,			/* rows that are shared with one */
	AZ_SHAPE_FOLDERS			/* the same, and what lies in them */
} AzShape;

typedef enum AzSharingTable
{
	AZ_FOLDERS,
	AZ_SHARES,
	AZ_MEMBERS,
	AZ_SUBTEAMS
} AzSharingTable;

#define AZ_SHARING_TABLES	4

typedef enum AzSharingColumn
{
	AZ_FOLDER_KEY,
	AZ_FOLDER_PARENT,
	AZ_FOLDER_BREAKS,
	AZ_SHARE_KEY,
	AZ_SHARE_SUBJECT,
	AZ_SHARE_TEAM,
	AZ_SHARE_LEVEL,
	AZ_SHARE_DENY,
	AZ_SHARE_UNTIL,
	AZ_MEMBER_TEAM,
	AZ_MEMBER_SUBJECT,
	AZ_MEMBER_UNTIL,
	AZ_SUBTEAM,
	AZ_SUBTEAM_OF,
	AZ_SUBTEAM_UNTIL
} AzSharingColumn;

#define AZ_SHARING_COLUMNS	15

typedef struct AzSharingRules
{
	AzShape		shape;
	const char *view_name;
	const char *view_schema;	/* NULL: that of the table in whose keys the set is */
	const char *claim;			/* NULL: the issuer's owner_claim */
	bool		given[AZ_SHARING_TABLES];
	Oid			rel[AZ_SHARING_TABLES];
	AzTable		table[AZ_SHARING_TABLES];
	AzTableColumn column[AZ_SHARING_COLUMNS];
	List	   *enough;			/* levels from the least one on; NIL: any */
	List	   *beyond;			/* those above it */
	bool		by_set;			/* teams come from another set: */
	Oid			team_set;
	const char *team_set_quoted;
	AzTableColumn team_set_key;
	bool		team_set_ends;	/* it has a column valid_until */
	bool		dry_run;
} AzSharingRules;

/*
 * From the arguments of sharing_view(); 22023 when they make no sense.  Nothing
 * is looked up yet.
 */
extern void az_read_sharing_rules(FunctionCallInfo fcinfo, AzSharingRules *rules);

/* The column in whose values the keys of the set are. */
extern AzSharingColumn az_sharing_key(const AzSharingRules *rules);

/* The table that the column belongs to. */
extern AzSharingTable az_sharing_table_of(AzSharingColumn column);

#endif							/* AZ_SHARING_RULES_H */
