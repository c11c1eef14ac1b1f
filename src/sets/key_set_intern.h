/*-------------------------------------------------------------------------
 *
 * key_set_intern.h
 *	  The inside of a set of keys.
 *
 * A hash table with open addressing.  Every row of a scan may ask, so a key of
 * fixed size stands in its place, and one look tells mostly.  A text stands
 * elsewhere, and its place has its hash.
 *
 * What a look costs is how far away the memory is.  So integers that lie close, as
 * those of a sequence do, are bits; others of 32 bits stand in a second table, which
 * has nothing but them.  That is what is asked, the table itself only for ends.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEY_SET_INTERN_H
#define AZ_KEY_SET_INTERN_H

#include "sets/key_set.h"

#include "common/hashfn.h"
#include "utils/uuid.h"

/* The numbers of keys count from 1; 0: nothing stands here. */
typedef struct IntegerAt
{
	int64		key;
	uint32		number;
} IntegerAt;

typedef struct UuidAt
{
	pg_uuid_t	key;
	uint32		number;
} UuidAt;

typedef struct TextAt
{
	uint32		hash;
	uint32		number;
} TextAt;

/* The bytes by which a text compares, and what it is. */
typedef struct TextKey
{
	const char *bytes;
	uint32		len;
	Datum		value;
} TextKey;

typedef enum Form
{
	INTEGERS, UUIDS, TEXTS
} Form;

struct AzKeySet
{
	MemoryContext context;
	AzValueKind kind;
	Form		form;
	uint64		seed;			/* what keys hash by */
	uint32		n;
	uint32		mask;			/* places - 1 */
	union
	{
		IntegerAt    *integers;
		UuidAt	   *uuids;
		TextAt	   *texts;
	}			at;				/* the places */
	TextKey    *texts;			/* by number - 1, for "room" keys */
	int64	   *untils;			/* by number - 1, NULL: none ends */
	uint32		room;
	uint64	   *bits;			/* integers again, from "least" on; NULL: they lie apart */
	int64		least;
	uint64		span;			/* the greatest less the least */
	int32	   *narrow;			/* the same; NULL: some are wider, or they are bits */
	uint32		narrow_mask;
	bool		has_free;		/* the one that marks free places is a key */
	uint32	   *order;			/* places, sorted by their keys; NULL: not known */
};

#define FEWEST_PLACES	16

/* In a narrow place: nothing stands here. */
#define FREE_PLACE	PG_INT32_MIN

/* ----------------------------------------------------------------
 * One value
 * ----------------------------------------------------------------
 */

static inline int64
integer_of(AzValueKind kind, Datum value)
{
	switch (kind)
	{
		case AZ_VALUE_INT2:
			return DatumGetInt16(value);
		case AZ_VALUE_INT4:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

/* The finalizer of MurmurHash3. */
static inline uint64
mix(uint64 h)
{
	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h;
}

/*
 * The hash of an integer: a user who shares keys cannot choose keys that all
 * have one place.
 */
static inline uint32
hash_integer(const AzKeySet *keys, int64 key)
{
	return (uint32) mix((uint64) key ^ keys->seed);
}

static inline uint32
hash_uuid(const AzKeySet *keys, const pg_uuid_t *uuid)
{
	uint64		halves[2];

	memcpy(halves, uuid->data, sizeof(halves));
	return (uint32) mix(mix(halves[0] ^ keys->seed) + halves[1]);
}

static inline uint32
hash_text(const AzKeySet *keys, const TextKey *text)
{
	return (uint32) hash_bytes_extended((const unsigned char *) text->bytes, text->len, keys->seed);
}

/* ----------------------------------------------------------------
 * Places: the one of a key, or the free one where it would stand
 * ----------------------------------------------------------------
 */

static inline IntegerAt *
place_of_integer(const AzKeySet *keys, int64 key)
{
	uint32		i = hash_integer(keys, key) & keys->mask;

	while (keys->at.integers[i].number != 0 && keys->at.integers[i].key != key)
		i = (i + 1) & keys->mask;
	return &keys->at.integers[i];
}

static inline UuidAt *
place_of_uuid(const AzKeySet *keys, const pg_uuid_t *key)
{
	uint32		i = hash_uuid(keys, key) & keys->mask;

	while (keys->at.uuids[i].number != 0 &&
		   memcmp(&keys->at.uuids[i].key, key, sizeof(*key)) != 0)
		i = (i + 1) & keys->mask;
	return &keys->at.uuids[i];
}

static inline bool
is_text(const AzKeySet *keys, const TextAt *place, const TextKey *key, uint32 hash)
{
	const TextKey *own = &keys->texts[place->number - 1];

	return place->hash == hash && own->len == key->len &&
		memcmp(own->bytes, key->bytes, key->len) == 0;
}

static inline TextAt *
place_of_text(const AzKeySet *keys, const TextKey *key, uint32 hash)
{
	uint32		i = hash & keys->mask;

	while (keys->at.texts[i].number != 0 &&
		   !is_text(keys, &keys->at.texts[i], key, hash))
		i = (i + 1) & keys->mask;
	return &keys->at.texts[i];
}

static inline int32 *
narrow_place_of(const AzKeySet *keys, int32 key)
{
	uint32		i = hash_integer(keys, key) & keys->narrow_mask;

	while (keys->narrow[i] != FREE_PLACE && keys->narrow[i] != key)
		i = (i + 1) & keys->narrow_mask;
	return &keys->narrow[i];
}

/* How a text compares that is not in the set; *owned: what is to be pfree'd. */
extern TextKey az_text_key(AzValueKind kind, Datum value, void **owned);

#endif							/* AZ_KEY_SET_INTERN_H */
