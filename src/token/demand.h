/*-------------------------------------------------------------------------
 *
 * demand.h
 *	  What the option "claim_values" demands of a token: a claim that has one
 *	  of some values, that is present, or that is absent; or one of several
 *	  such things.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_DEMAND_H
#define AZ_DEMAND_H

#include "token/path.h"

#define AZ_MAX_DEMANDS	16

typedef enum AzDemandKind
{
	AZ_HAS_VALUE,				/* one of the values */
	AZ_PRESENT,
	AZ_ABSENT
} AzDemandKind;

typedef struct AzDemand
{
	AzPath		claim;
	AzDemandKind kind;
	AzNames		values;
	bool		alone;			/* nothing would do instead */
	size_t		others;			/* the number of alternatives that follow it */
} AzDemand;

typedef struct AzDemands
{
	size_t		n;
	AzDemand	demand[AZ_MAX_DEMANDS];
} AzDemands;

extern void az_demands_free(AzDemands *demands);

/* A reader as those of path.h; it replaces AzDemands. */
extern const char *az_read_demands(void *field, const AzJson *value, size_t *element);

/* Must the top-level claim of that name be there, whatever else a token has? */
extern bool az_demands_presence(const AzDemands *demands, const char *name);

/*
 * The first demand that the payload does not meet, with the others that would
 * have done behind it; NULL when it meets all.  A string counts whole, a number
 * or boolean by its JSON text, of an array one element, of the keys of an object
 * one key.
 */
extern const AzDemand *az_unmet_demand(const AzDemands *demands, const AzJson *payload);

#endif							/* AZ_DEMAND_H */
