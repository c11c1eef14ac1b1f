/*-------------------------------------------------------------------------
 *
 * trust_read.h
 *	  Rows of the trust to issuers and keys.
 *
 * A row that the functions of the extension would not have written (restored
 * from a dump, edited by hand) is treated as absent, with a warning.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TRUST_READ_H
#define AZ_TRUST_READ_H

#include "server/compat.h"
#include "access/htup.h"
#include "nodes/pg_list.h"
#include "token/issuer.h"

/*
 * The version of an issuer's row and of its profile's; 0 when there is no row.
 * Here and below, rows go to the current context.
 */
extern uint64 az_issuer_version(const char *name);

/*
 * The issuer itself, without keys, freed with the context; NULL when there is
 * no row (*version is 0), or it is not to be believed.
 */
extern AzIssuer *az_read_issuer(const char *name, MemoryContext context, uint64 *version);

/* A row of authz.issuer_key, seen in the table. */
typedef struct AzStoredKey
{
	uint64		version;		/* of the row */
	char	   *kid;			/* UTF-8; NULL: none */
	bool		judged;			/* the row was read */
	AzKey	   *key;			/* NULL: it was not, or is not to be believed */
	bool		stands;			/* it was still there at the last look */
} AzStoredKey;

/*
 * Look at the issuer's rows: new ones are added to the list (in the context),
 * those that are gone lose their "stands".  Keys for which "wanted" says so are
 * made, once each, and added to the issuer, which owns them.  List and issuer
 * agree also when an error ends this half-way.
 */
typedef bool (*AzWanted) (const AzStoredKey *stored, const void *arg);

extern void az_read_keys(AzIssuer *issuer, List **stored, MemoryContext context,
						 AzWanted wanted, const void *arg);

/* Issuers that tokens choose by audience: a pair for each of their audiences. */
typedef struct AzAudienceRow
{
	char	   *audience;
	char	   *issuer;
} AzAudienceRow;

/* All of them (AzAudienceRow *), in the current context. */
extern List *az_read_audiences(void);

#endif							/* AZ_TRUST_READ_H */
