/*-------------------------------------------------------------------------
 *
 * key_set.h
 *	  A set of keys, and whether a value of a column is among them.
 *
 * Keys compare as "=" does: integers of all sizes by their number, text and
 * varchar bytewise, citext as citext.  A key may end by the clock; of several
 * ends of one key the last one counts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEY_SET_H
#define AZ_KEY_SET_H

#include "server/compat.h"

#include "server/value.h"

typedef struct AzKeySet AzKeySet;

/* The end of a key, in microseconds since 1970, that does not come. */
#define AZ_NEVER	PG_INT64_MAX

/* Can a value of that kind be among keys of this one? */
extern bool az_keys_compare(AzValueKind keys, AzValueKind value);

/* An empty one; all of it is in that context. */
extern AzKeySet *az_make_key_set(MemoryContext context, AzValueKind kind);

/* Add a key, which is copied.  One that is there already lives until the later end. */
extern void az_add_key(AzKeySet *keys, Datum key, int64 until);

/* No more are added. */
extern void az_seal_key_set(AzKeySet *keys);

/* Is the value, of a kind that compares, among them?  Then until when. */
extern bool az_find_key(const AzKeySet *keys, AzValueKind kind, Datum value,
						int64 *until);

extern uint32 az_count_keys(const AzKeySet *keys);

/* Of what kind are they? */
extern AzValueKind az_kind_of_keys(const AzKeySet *keys);

/* The first end of one of them after that time, or AZ_NEVER. */
extern int64 az_next_end(const AzKeySet *keys, int64 now);

/* Do both hold the same keys with the same ends? */
extern bool az_same_keys(const AzKeySet *a, const AzKeySet *b);

/*
 * Those that have not ended by then as values of that type, sorted and palloc'd;
 * none that the type has no value for.  Returns how many.
 */
extern int	az_list_keys(AzKeySet *keys, const AzValueType *type, int64 now,
						 Datum **values);

/* So many of them at most, evenly chosen: what they are like. */
extern int	az_sample_keys(const AzKeySet *keys, const AzValueType *type, int most,
						   Datum **values);

#endif							/* AZ_KEY_SET_H */
