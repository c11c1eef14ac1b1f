/*-------------------------------------------------------------------------
 *
 * applied.h
 *	  Which policies of a table apply to the role in force.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_APPLIED_H
#define AZ_APPLIED_H

#include "server/compat.h"
#include "nodes/nodes.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

/* Do policies bind the role in force, on that table? */
typedef enum AzBinding
{
	AZ_BINDS,
	AZ_NOT_ENABLED,				/* row security is off for the table */
	AZ_BYPASSES,				/* a superuser, or BYPASSRLS */
	AZ_OWNS,					/* the owner, and not FORCE */
	AZ_BINDS_BY_ERROR					/* bound, and the setting row_security is off: an error */
} AzBinding;

typedef struct AzPolicyApplied
{
	char	   *name;			/* NULL: another extension's, which gave none */
	bool		for_all;		/* FOR ALL */
	bool		permissive;
	Node	   *rows;			/* USING; NULL: it says nothing of them */
	Node	   *new_rows;		/* WITH CHECK, or else USING */
	bool		has_check;		/* new_rows is a WITH CHECK of its own */
} AzPolicyApplied;

typedef struct AzApplied
{
	List	   *permissive;		/* in core's order */
	List	   *restrictive;	/* likewise, by name */
} AzApplied;

extern AzBinding az_binding(Relation rel);

/* As core finds them for a table that binds; copied to the current context. */
extern void az_find_applied(Relation rel, CmdType command, AzApplied *applied);

/* What a policy says of rows that are there, or of new ones; NULL: nothing. */
extern Node *az_policy_condition(const AzPolicyApplied *policy, bool new_rows);

/*
 * What all of them together say, as core combines them: false where no
 * permissive one says anything.
 */
extern Node *az_applied_condition(const AzApplied *applied, bool new_rows);

#endif							/* AZ_APPLIED_H */
