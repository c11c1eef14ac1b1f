/*-------------------------------------------------------------------------
 *
 * claims.h
 *	  Claims to identity: the only place that knows claim names and shapes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CLAIMS_H
#define AZ_CLAIMS_H

#include "identity.h"
#include "issuer.h"
#include "reason.h"

/*
 * How strings leave UTF-8.  Called for strings that hold a byte >= 0x80
 * only.  On success *out is new memory for free().  It may also leave by
 * longjmp: everything is then still owned by the builder.
 */
typedef struct AzConverter
{
	bool		(*convert) (void *arg, const char *utf8, size_t len,
							char **out, size_t *out_len);
	void	   *arg;
} AzConverter;

/* What verify.c has already read and judged. */
typedef struct AzVerified
{
	const AzIssuer *issuer;
	const AzKey *key;
	const AzJson *payload;
	int64_t		expires;		/* as in AzIdentity */
	int64_t		deadline;
	int64_t		not_before;
	int64_t		issued;
} AzVerified;

typedef struct AzBuilder AzBuilder; /* opaque: a growing block */

extern AzBuilder *az_builder_new(void);
extern void az_builder_free(AzBuilder *builder);

/*
 * Build the identity.  converter may be NULL: strings stay UTF-8.  The
 * result is borrowed from the builder.  AZ_OK, AZ_CLAIM_ENCODING,
 * AZ_TOKEN_TOO_LARGE or AZ_NO_MEMORY.
 */
extern AzReason az_claims_build(AzBuilder *builder, const AzVerified *verified,
								const AzConverter *converter,
								const AzIdentity **identity);

/*
 * The value at a path: NULL when a key is absent or the value is JSON null.
 */
extern const AzJson *az_claim_at(const AzJson *payload, const AzPath *path);

#endif							/* AZ_CLAIMS_H */
