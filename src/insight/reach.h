/*-------------------------------------------------------------------------
 *
 * reach.h
 *	  What a command on a table reaches, by its policies.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_REACH_H
#define AZ_REACH_H

#include "server/compat.h"
#include "nodes/parsenodes.h"
#include "utils/rel.h"

typedef struct AzReach
{
	Oid			rel;
	Node	   *condition;		/* of all policies that apply, as core combines them;
								 * NULL: none do */
	Query	   *count;			/* counts the rows; NULL: the command has none */
} AzReach;

/*
 * What such a command reaches for the role in force, also when nobody is
 * logged in: for SELECT, UPDATE and DELETE the rows that it reads, where
 * UPDATE and DELETE look for them by their columns if the role may; for INSERT
 * what a new row must be.  42501 where the role lacks the privilege.  The
 * table is locked, as by a query.
 */
extern void az_make_reach(Relation rel, CmdType command, AzReach *reach);

/* The condition in SQL for the identity and the role in force, folded. */
extern char *az_reach_condition(const AzReach *reach);

/* The number of rows for them, under the active snapshot. */
extern int64 az_reach_count(const AzReach *reach);

#endif							/* AZ_REACH_H */
