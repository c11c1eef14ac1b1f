/*-------------------------------------------------------------------------
 *
 * chain.h
 *	  An assertion that is good for several occasions, one after the other.
 *
 * Its header may have an anchor, the end of a chain of hashes: v[0], where v[n
 * - 1] is SHA-256 of v[n].  By itself it is for use 0.  For each later one,
 * "." the number of the use, "." and v of that number stand behind it.
 * Somebody who sees a value can work out those before it, and none that is
 * still to come.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CHAIN_H
#define AZ_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "token/reason.h"

/* Bytes of a value. */
#define AZ_CHAIN_VALUE	32

/* The last use of an assertion that has an anchor. */
#define AZ_CHAIN_LAST	64

/* Characters behind the assertion, at most. */
#define AZ_CHAIN_TEXT_MAX	(1 + 2 + 1 + 43)

/* A use of an assertion: which, and what shows that its sender means it. */
typedef struct AzUse
{
	uint32_t	number;			/* 0: the assertion by itself, without a value */
	unsigned char value[AZ_CHAIN_VALUE];
} AzUse;

/*
 * Make a chain of random bytes: values[0] is the anchor, values[AZ_CHAIN_LAST]
 * the bytes.  The caller wipes a value after its use.  False when OpenSSL
 * failed.
 */
extern bool az_chain_make(const unsigned char seed[AZ_CHAIN_VALUE],
						  unsigned char values[AZ_CHAIN_LAST + 1][AZ_CHAIN_VALUE]);

/*
 * Write what follows the assertion for a use other than the first, terminated.
 */
extern void az_use_write(const AzUse *use, char text[AZ_CHAIN_TEXT_MAX + 1]);

/*
 * Find where the assertion ends in such a text, and the use.  There is one way
 * to write each.  False for a text that is neither an assertion by itself, as
 * far as its dots tell, nor one with a use behind it.
 */
extern bool az_use_read(const char *text, size_t len, size_t *assertion_len, AzUse *use);

/*
 * Does the value of a use come from the same chain as that of an earlier one,
 * or, for number 0, the anchor?  Returns AZ_OK, AZ_ASSERTION_SIGNATURE or
 * AZ_CRYPTO_FAILURE.
 */
extern AzReason az_use_follows(const AzUse *use, const AzUse *earlier);

#endif							/* AZ_CHAIN_H */
