/*-------------------------------------------------------------------------
 *
 * key_find.c
 *	  Is a value of a column among the keys of a set?
 *
 *-------------------------------------------------------------------------
 */
#include "sets/key_set_intern.h"

#include "utils/memutils.h"

static void
make_narrow(AzKeySet *keys)
{
	uint32		i;

	keys->narrow_mask = keys->mask;
	keys->narrow = MemoryContextAllocExtended(keys->context, (keys->mask + 1) * sizeof(int32),
											  MCXT_ALLOC_HUGE);
	for (i = 0; i <= keys->mask; i++)
		keys->narrow[i] = FREE_PLACE;
	for (i = 0; i <= keys->mask; i++)
	{
		const IntegerAt *at = &keys->at.integers[i];

		if (at->number == 0)
			continue;
		if (at->key == FREE_PLACE)
			keys->has_free = true;
		else
			*narrow_place_of(keys, (int32) at->key) = (int32) at->key;
	}
}

static void
make_bits(AzKeySet *keys)
{
	uint32		i;

	keys->bits = MemoryContextAllocExtended(keys->context, (keys->span / 64 + 1) * sizeof(uint64),
											MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i <= keys->mask; i++)
	{
		const IntegerAt *at = &keys->at.integers[i];
		uint64		bit = (uint64) at->key - (uint64) keys->least;

		if (at->number != 0)
			keys->bits[bit / 64] |= UINT64CONST(1) << bit % 64;
	}
}

/* Bits where they take up no more than a narrow table would. */
void
az_seal_key_set(AzKeySet *keys)
{
	int64		least = PG_INT64_MAX;
	int64		greatest = PG_INT64_MIN;
	uint32		i;

	if (keys->form != INTEGERS || keys->n == 0)
		return;
	for (i = 0; i <= keys->mask; i++)
	{
		if (keys->at.integers[i].number == 0)
			continue;
		least = Min(least, keys->at.integers[i].key);
		greatest = Max(greatest, keys->at.integers[i].key);
	}
	keys->least = least;
	keys->span = (uint64) greatest - (uint64) least;
	if (keys->span / 8 <= (keys->mask + UINT64CONST(1)) * sizeof(int32))
		make_bits(keys);
	else if (least == (int32) least && greatest == (int32) greatest)
		make_narrow(keys);
}

static inline bool
is_among_bits(const AzKeySet *keys, int64 value)
{
	uint64		bit = (uint64) value - (uint64) keys->least;

	return bit <= keys->span && (keys->bits[bit / 64] >> bit % 64 & 1) != 0;
}

static inline bool
is_among_narrow(const AzKeySet *keys, int64 value)
{
	if (unlikely(value != (int32) value))
		return false;
	if (unlikely(value == FREE_PLACE))
		return keys->has_free;
	return *narrow_place_of(keys, (int32) value) != FREE_PLACE;
}

/* Apart, for what it needs would slow the others down. */
static pg_noinline uint32
look_for_text(const AzKeySet *keys, AzValueKind kind, Datum value)
{
	void	   *owned;
	TextKey		key = az_text_key(kind, value, &owned);
	uint32		number = place_of_text(keys, &key, hash_text(keys, &key))->number;

	if (owned)
		pfree(owned);
	return number;
}

static inline uint32
look_for(const AzKeySet *keys, AzValueKind kind, Datum value)
{
	switch (keys->form)
	{
		case INTEGERS:
			return place_of_integer(keys, integer_of(kind, value))->number;
		case UUIDS:
			return place_of_uuid(keys, DatumGetUUIDP(value))->number;
		default:
			return look_for_text(keys, kind, value);
	}
}

bool
az_find_key(const AzKeySet *keys, AzValueKind kind, Datum value, int64 *until)
{
	uint32		number;

	if (keys->bits || keys->narrow)
	{
		int64		integer = integer_of(kind, value);

		*until = AZ_NEVER;
		if (!(keys->bits ? is_among_bits(keys, integer) : is_among_narrow(keys, integer)))
			return false;
		if (keys->untils == NULL)
			return true;
	}
	number = look_for(keys, kind, value);
	if (number == 0)
		return false;
	*until = keys->untils ? keys->untils[number - 1] : AZ_NEVER;
	return true;
}
