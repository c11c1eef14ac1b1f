/*-------------------------------------------------------------------------
 *
 * demand.h
 *	  What the option "claim_values" demands of a token: a claim that has one
 *	  of some values, or that is absent.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_DEMAND_H
#define AZ_DEMAND_H

#include "token/path.h"

#define AZ_MAX_DEMANDS	16

typedef struct AzDemand
{
	AzPath		claim;
	bool		absent;			/* or: one of the values */
	AzNames		values;
} AzDemand;

typedef struct AzDemands
{
	size_t		n;
	AzDemand	demand[AZ_MAX_DEMANDS];
} AzDemands;

extern void az_demands_free(AzDemands *demands);

/* A reader as those of path.h; it replaces AzDemands. */
extern const char *az_read_demands(void *field, const AzJson *value, size_t *element);

/*
 * The first demand that the payload does not meet; NULL when it meets all.
 * A string counts whole, a number or boolean by its JSON text, of an array
 * one element, of the keys of an object one key.
 */
extern const AzDemand *az_unmet_demand(const AzDemands *demands, const AzJson *payload);

#endif							/* AZ_DEMAND_H */
