/*-------------------------------------------------------------------------
 *
 * key_list.c
 *	  The keys of a set as values of a type.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/key_set_intern.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

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
