/*-------------------------------------------------------------------------
 *
 * freshness.h
 *	  For how long an answer is good, as its sender says (RFC 9111).
 *
 * Plain C, like src/token.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_FRESHNESS_H
#define AZ_KEYS_FRESHNESS_H

#include <stdbool.h>
#include <stddef.h>

#define AZ_ETAG_MAX		128

typedef struct AzFreshness
{
	long		max_age;		/* seconds; -1: not said */
	long		age;			/* seconds that it has lain in a cache */
	char		etag[AZ_ETAG_MAX];	/* "": none that we keep */
} AzFreshness;

extern void az_freshness_init(AzFreshness *freshness);

/* Take one line of the header, of which others are of no interest. */
extern void az_freshness_take(AzFreshness *freshness, const char *line, size_t len);

/*
 * In how many seconds to look again: ahead of the end, by a part of the time that
 * random (0 to 1) chooses, so that not all servers ask at once.
 */
extern long az_freshness_pause(const AzFreshness *freshness, long usual, long least,
							   long most, double random);

/* The same after so many failures in a row: twice as long each time, to the usual. */
extern long az_failure_pause(int failures, long usual, double random);

#endif							/* AZ_KEYS_FRESHNESS_H */
