/*-------------------------------------------------------------------------
 *
 * issuer_read.h
 *	  Rows of authz.issuer and authz.profile to issuers.
 *
 * Names are UTF-8.  What is worked out on the way goes to the current context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ISSUER_READ_H
#define AZ_ISSUER_READ_H

#include "server/compat.h"
#include "nodes/pg_list.h"
#include "token/issuer.h"

/*
 * The version of an issuer's row and of its profile's: another one when either
 * is written again.  0 when there is no row.
 */
extern uint64 az_issuer_version(const char *name);

/*
 * The issuer itself, without keys, freed with the context; NULL when there is
 * no row (*version is 0), or it is not to be believed.
 */
extern AzIssuer *az_read_issuer(const char *name, MemoryContext context, uint64 *version);

/*
 * The same without a warning: where there is a row that is not to be believed,
 * *why is a sentence about it.
 */
extern AzIssuer *az_judge_issuer(const char *name, MemoryContext context, const char **why);

/* An issuer that tokens choose by this audience; UTF-8. */
typedef struct AzAudience
{
	const char *audience;
	const char *issuer;
} AzAudience;

/* All of them (AzAudience *), in the current context. */
extern List *az_read_audiences(void);

/*
 * The names of the issuers whose tokens name none, in the current context; NULL
 * for a name that is not to be believed.
 */
extern List *az_read_unnamed(void);

#endif							/* AZ_ISSUER_READ_H */
