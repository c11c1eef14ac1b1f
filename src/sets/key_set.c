/*-------------------------------------------------------------------------
 *
 * key_set.c
 *	  A set of keys: how it is made.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/key_set_intern.h"

#include "catalog/pg_collation.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/memutils.h"

static Form
form_of(AzValueKind kind)
{
	switch (kind)
	{
		case AZ_VALUE_INT2:
		case AZ_VALUE_INT4:
		case AZ_VALUE_INT8:
			return INTEGERS;
		case AZ_VALUE_UUID:
			return UUIDS;
		default:
			return TEXTS;
	}
}

/* To core "=" of a citext and a text is that of texts, which is not meant. */
bool
az_keys_compare(AzValueKind keys, AzValueKind value)
{
	return form_of(keys) == form_of(value) &&
		(keys == AZ_VALUE_CITEXT) == (value == AZ_VALUE_CITEXT);
}

uint32
az_count_keys(const AzKeySet *keys)
{
	return keys->n;
}

AzValueKind
az_kind_of_keys(const AzKeySet *keys)
{
	return keys->kind;
}

int64
az_next_end(const AzKeySet *keys, int64 now)
{
	int64		next = AZ_NEVER;
	uint32		i;

	for (i = 0; keys->untils && i < keys->n; i++)
	{
		if (keys->untils[i] > now)
			next = Min(next, keys->untils[i]);
	}
	return next;
}

/* citext compares what core makes lower case by the database's collation. */
TextKey
az_text_key(AzValueKind kind, Datum value, void **owned)
{
	TextKey		key = {.value = value};
	text	   *detoasted;

	*owned = NULL;
	if (kind == AZ_VALUE_NAME)
	{
		key.bytes = NameStr(*DatumGetName(value));
		key.len = strnlen(key.bytes, NAMEDATALEN);
		return key;
	}
	detoasted = DatumGetTextPP(value);
	key.bytes = VARDATA_ANY(detoasted);
	key.len = VARSIZE_ANY_EXHDR(detoasted);
	if ((Pointer) detoasted != DatumGetPointer(value))
		*owned = detoasted;
	if (kind == AZ_VALUE_CITEXT)
	{
		char	   *lower = str_tolower(key.bytes, key.len, DEFAULT_COLLATION_OID);

		if (*owned)
			pfree(*owned);
		*owned = lower;
		key.bytes = lower;
		key.len = strlen(lower);
	}
	return key;
}

static Size
place_size(Form form)
{
	switch (form)
	{
		case INTEGERS:
			return sizeof(IntegerAt);
		case UUIDS:
			return sizeof(UuidAt);
		default:
			return sizeof(TextAt);
	}
}

static void *
make_places(const AzKeySet *keys, uint32 n)
{
	return MemoryContextAllocExtended(keys->context, n * place_size(keys->form),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* ----------------------------------------------------------------
 * Making
 * ----------------------------------------------------------------
 */

AzKeySet *
az_make_key_set(MemoryContext context, AzValueKind kind)
{
	static uint64 seed = 0;		/* another one in each session */
	AzKeySet   *keys = MemoryContextAllocZero(context, sizeof(AzKeySet));

	while (seed == 0)
	{
		if (!pg_strong_random(&seed, sizeof(seed)))
			elog(ERROR, "could not generate a random number");
	}
	keys->seed = seed;
	keys->context = context;
	keys->kind = kind;
	keys->form = form_of(kind);
	keys->mask = FEWEST_PLACES - 1;
	keys->at.integers = make_places(keys, FEWEST_PLACES);
	return keys;
}

/* Twice as many places. */
static void
grow(AzKeySet *keys)
{
	AzKeySet	old = *keys;
	uint32		i;

	keys->mask = 2 * keys->mask + 1;
	keys->at.integers = make_places(keys, keys->mask + 1);
	for (i = 0; i <= old.mask; i++)
	{
		switch (keys->form)
		{
			case INTEGERS:
				if (old.at.integers[i].number != 0)
					*place_of_integer(keys, old.at.integers[i].key) = old.at.integers[i];
				break;
			case UUIDS:
				if (old.at.uuids[i].number != 0)
					*place_of_uuid(keys, &old.at.uuids[i].key) = old.at.uuids[i];
				break;
			case TEXTS:
				if (old.at.texts[i].number != 0)
					*place_of_text(keys, &keys->texts[old.at.texts[i].number - 1],
								   old.at.texts[i].hash) = old.at.texts[i];
				break;
		}
	}
	pfree(old.at.integers);
}

static void *
grow_array(MemoryContext context, void *array, Size size)
{
	return array ? repalloc_huge(array, size) :
		MemoryContextAllocExtended(context, size, MCXT_ALLOC_HUGE);
}

/* Room by number for one key more. */
static void
make_room(AzKeySet *keys)
{
	uint32		room = Max(FEWEST_PLACES, 2 * keys->room);

	if (keys->n < keys->room)
		return;
	if (keys->form == TEXTS)
		keys->texts = grow_array(keys->context, keys->texts, room * sizeof(TextKey));
	if (keys->untils)
		keys->untils = grow_array(keys->context, keys->untils, room * sizeof(int64));
	keys->room = room;
}

static void
set_until(AzKeySet *keys, uint32 number, int64 until, bool added)
{
	uint32		i;

	if (keys->untils == NULL)
	{
		if (until == AZ_NEVER)
			return;
		keys->untils = grow_array(keys->context, NULL, keys->room * sizeof(int64));
		for (i = 0; i < keys->n; i++)
			keys->untils[i] = AZ_NEVER;
		/* one that was there without an end keeps none */
		if (!added)
			return;
	}
	keys->untils[number - 1] = added ? until : Max(keys->untils[number - 1], until);
}

/* A copy in the set: what it is, and how it compares. */
static TextKey
copy_text(const AzKeySet *keys, const TextKey *key)
{
	MemoryContext old = MemoryContextSwitchTo(keys->context);
	text	   *value = keys->kind == AZ_VALUE_NAME ?
		cstring_to_text_with_len(key->bytes, key->len) : DatumGetTextPCopy(key->value);
	TextKey		copy = {.bytes = VARDATA(value), .len = key->len, .value = PointerGetDatum(value)};

	if (keys->kind == AZ_VALUE_CITEXT)
		copy.bytes = pnstrdup(key->bytes, key->len);
	MemoryContextSwitchTo(old);
	return copy;
}

static uint32 *
number_of_text(AzKeySet *keys, Datum value)
{
	void	   *owned;
	TextKey		key = az_text_key(keys->kind, value, &owned);
	uint32		hash = hash_text(keys, &key);
	TextAt	   *place = place_of_text(keys, &key, hash);

	if (place->number == 0)
	{
		place->hash = hash;
		keys->texts[keys->n] = copy_text(keys, &key);
	}
	if (owned)
		pfree(owned);
	return &place->number;
}

/* Where the number of the key stands, or is to stand. */
static uint32 *
number_of(AzKeySet *keys, Datum value)
{
	IntegerAt    *integer;
	UuidAt	   *uuid;

	switch (keys->form)
	{
		case INTEGERS:
			integer = place_of_integer(keys, integer_of(keys->kind, value));
			integer->key = integer_of(keys->kind, value);
			return &integer->number;
		case UUIDS:
			uuid = place_of_uuid(keys, DatumGetUUIDP(value));
			uuid->key = *DatumGetUUIDP(value);
			return &uuid->number;
		default:
			return number_of_text(keys, value);
	}
}

void
az_add_key(AzKeySet *keys, Datum key, int64 until)
{
	uint32	   *number;
	bool		added;

	if (2 * (keys->n + 1) > keys->mask)
		grow(keys);
	make_room(keys);
	number = number_of(keys, key);
	added = *number == 0;
	if (added)
		*number = ++keys->n;
	set_until(keys, *number, until, added);
}
