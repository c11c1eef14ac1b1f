/*-------------------------------------------------------------------------
 *
 * key_set.c
 *	  A set of keys, and whether a value of a column is among them.
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
#include "sets/key_set.h"

#include "catalog/pg_collation.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/memutils.h"
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

/* What keys hash by, another one in each session; 0: not chosen yet. */
static uint64 seed = 0;

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

/* Of an integer: who shares keys cannot choose such as all stand in one place. */
static inline uint32
hash_integer(int64 key)
{
	return (uint32) mix((uint64) key ^ seed);
}

static inline uint32
hash_uuid(const pg_uuid_t *uuid)
{
	uint64		halves[2];

	memcpy(halves, uuid->data, sizeof(halves));
	return (uint32) mix(mix(halves[0] ^ seed) + halves[1]);
}

static inline uint32
hash_text(const TextKey *text)
{
	return (uint32) hash_bytes_extended((const unsigned char *) text->bytes, text->len, seed);
}

/*
 * How a value compares that is not in the set; *owned: what is to be pfree'd.
 * citext compares what core makes lower case by the database's collation.
 */
static TextKey
text_of(AzValueKind kind, Datum value, void **owned)
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

/* ----------------------------------------------------------------
 * Places: the one of a key, or the free one where it would stand
 * ----------------------------------------------------------------
 */

static inline IntegerAt *
place_of_integer(const AzKeySet *keys, int64 key)
{
	uint32		i = hash_integer(key) & keys->mask;

	while (keys->at.integers[i].number != 0 && keys->at.integers[i].key != key)
		i = (i + 1) & keys->mask;
	return &keys->at.integers[i];
}

static inline UuidAt *
place_of_uuid(const AzKeySet *keys, const pg_uuid_t *key)
{
	uint32		i = hash_uuid(key) & keys->mask;

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
	AzKeySet   *keys = MemoryContextAllocZero(context, sizeof(AzKeySet));

	while (seed == 0)
	{
		if (!pg_strong_random(&seed, sizeof(seed)))
			elog(ERROR, "could not generate a random number");
	}
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
	TextKey		key = text_of(keys->kind, value, &owned);
	uint32		hash = hash_text(&key);
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

static inline int32 *
narrow_place_of(const AzKeySet *keys, int32 key)
{
	uint32		i = hash_integer(key) & keys->narrow_mask;

	while (keys->narrow[i] != FREE_PLACE && keys->narrow[i] != key)
		i = (i + 1) & keys->narrow_mask;
	return &keys->narrow[i];
}

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

/* ----------------------------------------------------------------
 * Asking
 * ----------------------------------------------------------------
 */

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
	TextKey		key = text_of(kind, value, &owned);
	uint32		number = place_of_text(keys, &key, hash_text(&key))->number;

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

/* ----------------------------------------------------------------
 * Listing
 * ----------------------------------------------------------------
 */

/* The key at a place as a value of the set's own type; 0: none stands there. */
static uint32
key_at(const AzKeySet *keys, uint32 place, Datum *value)
{
	uint32		number;

	switch (keys->form)
	{
		case INTEGERS:
			/* as wide as there are */
			*value = Int64GetDatum(keys->at.integers[place].key);
			return keys->at.integers[place].number;
		case UUIDS:
			*value = UUIDPGetDatum(&keys->at.uuids[place].key);
			return keys->at.uuids[place].number;
		default:
			number = keys->at.texts[place].number;
			if (number != 0)
				*value = keys->texts[number - 1].value;
			return number;
	}
}

bool
az_same_keys(const AzKeySet *a, const AzKeySet *b)
{
	AzValueKind kind = a->form == INTEGERS ? AZ_VALUE_INT8 :
		a->kind == AZ_VALUE_NAME ? AZ_VALUE_TEXT : a->kind;
	uint32		i;

	if (a->kind != b->kind || a->n != b->n || (a->untils == NULL) != (b->untils == NULL))
		return false;
	for (i = 0; i <= a->mask; i++)
	{
		Datum		value;
		uint32		number = key_at(a, i, &value);
		int64		until;

		if (number == 0)
			continue;
		if (!az_find_key(b, kind, value, &until) ||
			(a->untils && a->untils[number - 1] != until))
			return false;
	}
	return true;
}

/* In a type of the same form; false: it has no such value. */
static bool
convert(const AzKeySet *keys, AzValueKind kind, Datum *value)
{
	int64		number;
	Name		name;

	if (keys->form == INTEGERS)
	{
		number = DatumGetInt64(*value);
		if (kind == AZ_VALUE_INT2)
			*value = Int16GetDatum((int16) number);
		else if (kind == AZ_VALUE_INT4)
			*value = Int32GetDatum((int32) number);
		return kind == AZ_VALUE_INT8 ||
			(kind == AZ_VALUE_INT4 ? number == (int32) number : number == (int16) number);
	}
	if (kind != AZ_VALUE_NAME)
		return true;
	if (VARSIZE_ANY_EXHDR(DatumGetPointer(*value)) >= NAMEDATALEN)
		return false;
	name = palloc0(NAMEDATALEN);
	memcpy(NameStr(*name), VARDATA_ANY(DatumGetPointer(*value)),
		   VARSIZE_ANY_EXHDR(DatumGetPointer(*value)));
	*value = NameGetDatum(name);
	return true;
}

static int
compare_integers(const void *a, const void *b, void *arg)
{
	const IntegerAt *integers = ((const AzKeySet *) arg)->at.integers;
	int64		x = integers[*(const uint32 *) a].key;
	int64		y = integers[*(const uint32 *) b].key;

	return (x > y) - (x < y);
}

static int
compare_uuids(const void *a, const void *b, void *arg)
{
	const UuidAt *uuids = ((const AzKeySet *) arg)->at.uuids;

	return memcmp(&uuids[*(const uint32 *) a].key, &uuids[*(const uint32 *) b].key,
				  UUID_LEN);
}

static int
compare_texts(const void *a, const void *b, void *arg)
{
	const AzKeySet *keys = arg;
	const TextKey *x = &keys->texts[keys->at.texts[*(const uint32 *) a].number - 1];
	const TextKey *y = &keys->texts[keys->at.texts[*(const uint32 *) b].number - 1];
	int			order = memcmp(x->bytes, y->bytes, Min(x->len, y->len));

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* The places of the keys in their order, found out once. */
static void
sort(AzKeySet *keys)
{
	static int	(*const compare[]) (const void *a, const void *b, void *arg) = {
		[INTEGERS] = compare_integers, [UUIDS] = compare_uuids, [TEXTS] = compare_texts
	};
	uint32	   *order = MemoryContextAlloc(keys->context, (keys->n + 1) * sizeof(uint32));
	uint32		n = 0;
	uint32		i;

	for (i = 0; i <= keys->mask; i++)
	{
		Datum		value;

		if (key_at(keys, i, &value) != 0)
			order[n++] = i;
	}
	qsort_arg(order, n, sizeof(uint32), compare[keys->form], keys);
	keys->order = order;
}

int
az_list_keys(AzKeySet *keys, const AzValueType *type, int64 now, Datum **values)
{
	int			n = 0;
	uint32		i;

	if (keys->order == NULL)
		sort(keys);
	*values = palloc_extended(sizeof(Datum) * (keys->n + 1), MCXT_ALLOC_HUGE);
	for (i = 0; i < keys->n; i++)
	{
		uint32		number = key_at(keys, keys->order[i], &(*values)[n]);

		if ((keys->untils == NULL || keys->untils[number - 1] > now) &&
			convert(keys, type->kind, &(*values)[n]))
			n++;
	}
	return n;
}

/* Places are in no order of the keys. */
int
az_sample_keys(const AzKeySet *keys, const AzValueType *type, int most, Datum **values)
{
	int			n = 0;
	uint32		i;

	*values = palloc(sizeof(Datum) * (most + 1));
	for (i = 0; i <= keys->mask && n < most; i++)
	{
		if (key_at(keys, i, &(*values)[n]) != 0 && convert(keys, type->kind, &(*values)[n]))
			n++;
	}
	return n;
}
