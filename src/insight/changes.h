/*-------------------------------------------------------------------------
 *
 * changes.h
 *	  What differs between two states, and what that means for whom.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CHANGES_H
#define AZ_CHANGES_H

#include "server/compat.h"
#include "nodes/pg_list.h"

#include "token/json.h"

typedef enum AzDirection
{
	AZ_WIDER,
	AZ_UNTOLD,					/* it could be either */
	AZ_NARROWER
} AzDirection;

#define AZ_DIRECTIONS	3

typedef struct AzChanges
{
	const AzJson *before;
	const AzJson *after;
	List	   *lines[AZ_DIRECTIONS];	/* char *, UTF-8 */
	List	   *directed;		/* relations of which a direction was told: char * */
} AzChanges;

/* A row that differs: NULL where it is not there. */
typedef struct AzDifference
{
	const AzJson *before;
	const AzJson *after;
	const char *noun;			/* "policy" */
	const char *name;			/* "own of public.notes" */
} AzDifference;

/* ----------------------------------------------------------------
 * States
 * ----------------------------------------------------------------
 */

/*
 * Raises 22023 for a document that policy_state() did not make, and for states
 * of two relations.
 */
extern void az_check_states(const AzJson *before, const AzJson *after);

/* Raises 22023 for a document that policy_state() did not make. */
pg_noreturn extern void az_raise_no_state(const char *detail);

/* A member that is a text, borrowed; NULL: there is none. */
extern const char *az_member(const AzJson *row, const char *name);

/* A member that is true. */
extern bool az_is_set(const AzJson *row, const char *name);

/* The row of a section that has these members; NULL: there is none. */
extern const AzJson *az_find_state_row(const AzJson *state, const char *section,
								 const char *name, const char *value,
								 const char *name2, const char *value2);

/* Is the text one of the array's? */
extern bool az_lists(const AzJson *array, const char *text);

/* Does the row of a relation say that it is reached that way? */
extern bool az_is_way(const AzJson *relation, const char *way);

/* Are both the same value?  NULL is no value. */
extern bool az_is_same(const AzJson *a, const AzJson *b);

/* ----------------------------------------------------------------
 * Lines
 * ----------------------------------------------------------------
 */

/*
 * Say that something has become wider or narrower for somebody: "role app",
 * "everybody"; on these commands of the relation.
 */
extern void az_tell(AzChanges *changes, AzDirection direction, const char *who,
					const char *commands, const char *relation, const char *why);

#define AZ_ALL_COMMANDS "all commands"

/*
 * The same of a flag: set says why where it is set now and was not, and then
 * widens tells which way that is; unset the other way round.
 */
extern void az_judge_flag(AzChanges *changes, const AzDifference *difference,
						  const char *flag, bool widens, const char *who,
						  const char *relation, const char *set, const char *unset);

/* Say what differs from before, and in which members. */
extern void az_tell_difference(AzChanges *changes, const AzDifference *difference);

/* "role app", "everybody" for PUBLIC. */
extern const char *az_whom(const char *role);

/* ----------------------------------------------------------------
 * Subjects
 * ----------------------------------------------------------------
 */

typedef void (*AzJudge) (AzChanges *changes, const AzDifference *difference);

extern void az_judge_policy(AzChanges *changes, const AzDifference *difference);
extern void az_judge_relation(AzChanges *changes, const AzDifference *difference);
extern void az_judge_grant(AzChanges *changes, const AzDifference *difference);
extern void az_judge_schema(AzChanges *changes, const AzDifference *difference);
extern void az_judge_role(AzChanges *changes, const AzDifference *difference);
extern void az_judge_function(AzChanges *changes, const AzDifference *difference);
extern void az_judge_member(AzChanges *changes, const AzDifference *difference);

/*
 * Call it after all of them: judges relations that became wider or narrower
 * and are read by something that decides.
 */
extern void az_judge_readers(AzChanges *changes);

#endif							/* AZ_CHANGES_H */
