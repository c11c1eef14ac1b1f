/*-------------------------------------------------------------------------
 *
 * printed_condition.h
 *	  Does one condition let no row through that another one hides?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PRINTED_CONDITION_H
#define AZ_PRINTED_CONDITION_H

#include "server/compat.h"
#include "nodes/pg_list.h"

typedef enum AzConnective
{
	AZ_ATOM,					/* whatever is none of the others */
	AZ_AND,
	AZ_OR,
	AZ_NOT
} AzConnective;

typedef struct AzCondition
{
	AzConnective connective;
	const char *text;			/* without parentheses around it */
	List	   *arms;			/* of AzCondition; NIL for an atom */
} AzCondition;

/*
 * A condition as PostgreSQL prints it, with all parentheses.  What cannot be read
 * is one atom.
 */
extern AzCondition *az_read_printed_condition(const char *text);

/*
 * Is b true whenever a is, and a false whenever b is?  By AND, OR, NOT, true and
 * false alone; false where that does not tell, or would take long.
 */
extern bool az_implies(const AzCondition *a, const AzCondition *b);

/*
 * What became of a condition in words: "OR x was added", or both of them.
 */
extern char *az_describe_change(const AzCondition *before, const AzCondition *after);

#endif							/* AZ_PRINTED_CONDITION_H */
