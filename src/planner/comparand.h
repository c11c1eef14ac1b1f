/*-------------------------------------------------------------------------
 *
 * comparand.h
 *	  A column that a check compares with claims, and the comparison.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_COMPARAND_H
#define AZ_COMPARAND_H

#include "server/compat.h"
#include "nodes/primnodes.h"

#include "planner/column_claims.h"
#include "server/value.h"

/* A column as a call names it, and how its type compares. */
typedef struct AzComparand
{
	Expr	   *expr;			/* in the type that "equals" takes */
	AzValueKind kind;
	Oid			type;			/* of that expression and of the values */
	Oid			array_type;
	Oid			equals;			/* operator */
	Oid			compares;		/* its function */
	Oid			collation;
	int16		len;
	bool		byval;
	char		align;
} AzComparand;

/* Where a comparison stands, and so what it may answer. */
typedef enum AzPlace
{
	AZ_ANYWHERE,				/* false, never NULL, as the call does (R1) */
	AZ_IN_CONDITION				/* NULL and false are the same there */
} AzPlace;

/* The expression below casts that change the type alone; NULL: NULL. */
extern Node *az_without_relabels(Node *node);

/*
 * False: an expression that may cost something or have side effects, for it is
 * going to stand more than once; or a type that compares in a way that "equals"
 * does not show.
 */
extern bool az_describe_comparand(Node *arg, AzComparand *column);

/*
 * The claims that the identity (NULL: nobody) is compared by, as values of the
 * column's type, palloc'd: how many.  args are those of the call.
 */
extern int	az_read_claims(const AzComparand *column, const AzIdentity *id,
						   AzColumnClaims claims, List *args, Datum **values);

/* Values as a constant: of the column's type, or an array of that. */
extern Const *az_make_value(const AzComparand *column, Datum value);
extern Datum az_make_array(const AzComparand *column, Datum *values, int n);
extern Const *az_make_values(const AzComparand *column, Datum *values, int n);

/* column = value, or column = ANY (value) when value is of the array type. */
extern Node *az_make_comparison(const AzComparand *column, Expr *value, AzPlace place);

#endif							/* AZ_COMPARAND_H */
