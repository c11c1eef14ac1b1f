/*-------------------------------------------------------------------------
 *
 * cache.h
 *	  Tokens that this backend has verified, by their SHA-256.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CACHE_H
#define AZ_CACHE_H

#include "server/compat.h"
#include "portability/instr_time.h"
#include "token/identity.h"
#include "token/reason.h"

typedef struct AzVerifiedToken
{
	const AzIdentity *identity; /* borrowed until the next call */
	uint32		serial;			/* of the identity, never 0 */
	uint64		epoch;			/* of the trust that it was verified under */
	bool		is_new;			/* it was verified, and not remembered */
	bool		simulated;		/* nobody has signed it (simulated.h) */
	bool		asserted;		/* another server has handed it over (asserted.h) */
	const char *stored;			/* digest of what that has stored for it; NULL: it
								 * has not said */
	const char *hint;			/* about a refusal, palloc'd; NULL where the
								 * hint of the reason says the same */
} AzVerifiedToken;

/* A number for an identity; never used twice. */
extern uint32 az_next_serial(void);

/* A token or assertion was verified, with any result. */
extern void az_count_verification(const instr_time *begin);

/*
 * Verify a token at the instant now (microseconds since 1970), by looking it
 * up among those seen before or by az_verify().  A refusal is never kept.
 * Must be called inside a transaction.
 */
extern AzReason az_verify_token(const char *token, size_t len, int64 now,
								AzVerifiedToken *verified);

#endif							/* AZ_CACHE_H */
