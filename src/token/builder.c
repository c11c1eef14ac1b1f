/*-------------------------------------------------------------------------
 *
 * builder.c
 *	  An identity block while it grows.
 *
 * Layout: the header's room, then whatever is added, in that order.  Strings
 * lie anywhere, everything else is aligned to four bytes, gaps are zero: the
 * same claims give the same bytes.
 *
 * Objects and sets leave here sorted and without repetition.  identity.c
 * relies on it, az_identity_check() checks it.
 *
 *-------------------------------------------------------------------------
 */
#include "token/builder.h"

#include <stdlib.h>

/* Offsets have 32 bits; the length in a node's head has 29. */
#define MAX_BLOCK		((size_t) INT32_MAX)
#define MAX_LENGTH		((size_t) (UINT32_MAX >> 3))

#define FIRST_SIZE		((size_t) 4096)

/*
 * A buffer that has grown beyond this for a large token is freed before the
 * next.
 */
#define KEPT_SIZE		((size_t) 256 * 1024)

typedef struct Memory
{
	char	   *data;
	size_t		size;
} Memory;

struct AzBuilder
{
	const AzConverter *converter;	/* borrowed; NULL: none */
	AzReason	reason;			/* the first failure */
	Memory		block;
	size_t		used;			/* of the block */
	Memory		list;			/* AzNode[nlist]: the set that is being made */
	size_t		nlist;
	Memory		temp;			/* for one sort or one set at a time */
};

/* What a sort moves, where it does not move the records themselves. */
typedef struct Entry
{
	AzNode		key;
	uint32_t	index;
} Entry;

static const AzNode null_node;
static const AzSet empty_set;

static bool
fail(AzBuilder *builder, AzReason reason)
{
	if (builder->reason == AZ_OK)
		builder->reason = reason;
	return false;
}

static bool
failed(const AzBuilder *builder)
{
	return builder->reason != AZ_OK;
}

/* Make room for size bytes, keeping what is there. */
static bool
grow(AzBuilder *builder, Memory *memory, size_t size)
{
	size_t		want = memory->size < FIRST_SIZE ? FIRST_SIZE : memory->size;
	char	   *grown;

	if (size <= memory->size)
		return true;
	if (size > MAX_BLOCK)
		return fail(builder, AZ_TOKEN_TOO_LARGE);
	while (want < size)
		want *= 2;
	grown = realloc(memory->data, want);
	if (grown == NULL)
		return fail(builder, AZ_NO_MEMORY);
	memory->data = grown;
	memory->size = want;
	return true;
}

static void
shrink(Memory *memory)
{
	if (memory->size > KEPT_SIZE)
	{
		free(memory->data);
		memset(memory, 0, sizeof(*memory));
	}
}

/* The next n bytes of the block; *off counts from its start. */
static bool
take(AzBuilder *builder, size_t n, size_t align, uint32_t *off)
{
	size_t		start = (builder->used + align - 1) / align * align;

	if (failed(builder) || !grow(builder, &builder->block, start + n))
		return false;
	memset(builder->block.data + builder->used, 0, start - builder->used);
	builder->used = start + n;
	*off = (uint32_t) start;
	return true;
}

/* ---- life of a builder ---- */

AzBuilder *
az_builder_new(void)
{
	return calloc(1, sizeof(AzBuilder));
}

void
az_builder_free(AzBuilder *builder)
{
	if (builder == NULL)
		return;
	free(builder->block.data);
	free(builder->list.data);
	free(builder->temp.data);
	free(builder);
}

bool
az_builder_failed(const AzBuilder *builder)
{
	return failed(builder);
}

void
az_builder_start(AzBuilder *builder, const AzConverter *converter)
{
	uint32_t	header;

	shrink(&builder->block);
	shrink(&builder->list);
	shrink(&builder->temp);
	builder->converter = converter;
	builder->reason = AZ_OK;
	builder->used = 0;
	builder->nlist = 0;
	if (take(builder, sizeof(AzIdentity), 8, &header))
		memset(builder->block.data, 0, sizeof(AzIdentity));
}

const AzIdentity *
az_builder_block(const AzBuilder *builder)
{
	return (const AzIdentity *) builder->block.data;
}

AzReason
az_builder_finish(AzBuilder *builder, AzIdentity *header, const AzIdentity **identity)
{
	*identity = NULL;
	if (failed(builder))
		return builder->reason;
	header->size = (uint32_t) builder->used;
	memcpy(builder->block.data, header, sizeof(AzIdentity));
	*identity = az_builder_block(builder);
	return AZ_OK;
}

/* ---- strings ---- */

static bool
is_ascii(const char *text, size_t len)
{
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if ((unsigned char) text[i] >= 0x80)
			return false;
	}
	return true;
}

/*
 * Convert text to the encoding of the block; false when it does not fit.
 * *owned is what the caller frees; NULL when the text needs no conversion.
 */
static bool
fits(const AzBuilder *builder, const char **text, size_t *len, char **owned)
{
	const AzConverter *converter = builder->converter;
	size_t		out_len = 0;

	*owned = NULL;
	if (converter == NULL || is_ascii(*text, *len))
		return true;
	if (!converter->convert(converter->arg, *text, *len, owned, &out_len))
	{
		*owned = NULL;
		return false;
	}
	*text = *owned;
	*len = out_len;
	return true;
}

/* The same, but text that does not fit refuses the token. */
static bool
convert(AzBuilder *builder, const char **text, size_t *len, char **owned)
{
	return fits(builder, text, len, owned) || fail(builder, AZ_CLAIM_ENCODING);
}

bool
az_builder_fits(const AzBuilder *builder, const char *utf8, size_t len)
{
	char	   *owned;
	bool		fit = fits(builder, &utf8, &len, &owned);

	free(owned);
	return fit;
}

static AzNode
add_text(AzBuilder *builder, AzType type, const char *bytes, size_t len)
{
	uint32_t	off;

	if (len > MAX_LENGTH)
		fail(builder, AZ_TOKEN_TOO_LARGE);
	if (!take(builder, len, 1, &off))
		return null_node;
	memcpy(builder->block.data + off, bytes, len);
	return az_make_node(type, len, off);
}

AzNode
az_builder_bytes(AzBuilder *builder, const char *bytes, size_t len)
{
	return add_text(builder, AZ_STRING, bytes, len);
}

AzNode
az_builder_string(AzBuilder *builder, const char *utf8, size_t len)
{
	AzNode		node;
	char	   *owned;

	if (failed(builder) || !convert(builder, &utf8, &len, &owned))
		return null_node;
	node = add_text(builder, AZ_STRING, utf8, len);
	free(owned);
	return node;
}

/* ---- sorting ---- */

static int
compare_nodes(const AzBuilder *builder, const AzNode *a, const AzNode *b)
{
	return az_compare(builder->block.data + a->off, az_node_len(a),
					  builder->block.data + b->off, az_node_len(b));
}

/*
 * Merge sort of records that begin with an AzNode.  Stable, and n log n for
 * whatever an issuer signs.  Both arrays hold n records; the result is in
 * records.
 */
static void
sort_records(const AzBuilder *builder, char *records, char *other, size_t n, size_t width)
{
	char	   *from = records;
	char	   *to = other;
	size_t		run;

	for (run = 1; run < n; run *= 2)
	{
		char	   *swap = from;
		char	   *out = to;
		size_t		start;

		for (start = 0; start < n; start += 2 * run)
		{
			size_t		left = start;
			size_t		left_end = n - start < run ? n : start + run;
			size_t		right = left_end;
			size_t		right_end = n - left_end < run ? n : left_end + run;

			while (left < left_end || right < right_end)
			{
				bool		take_right = left == left_end ||
					(right < right_end &&
					 compare_nodes(builder, (AzNode *) (from + right * width),
								   (AzNode *) (from + left * width)) < 0);

				memcpy(out, from + (take_right ? right++ : left++) * width, width);
				out += width;
			}
		}
		from = to;
		to = swap;
	}
	if (from != records)
		memcpy(records, from, n * width);
}

/*
 * Two arrays of n entries, the second to merge into; NULL when memory ran out.
 */
static Entry *
take_entries(AzBuilder *builder, size_t n)
{
	if (n > MAX_BLOCK / (2 * sizeof(Entry)))
		fail(builder, AZ_TOKEN_TOO_LARGE);
	if (failed(builder) || !grow(builder, &builder->temp, 2 * n * sizeof(Entry)))
		return NULL;
	return (Entry *) builder->temp.data;
}

static void
sort_entries(const AzBuilder *builder, Entry *entries, size_t n)
{
	sort_records(builder, (char *) entries, (char *) (entries + n), n, sizeof(Entry));
}

/* ---- trees ---- */

static AzNode add_value(AzBuilder *builder, const AzJson *json);

static AzNode
add_array(AzBuilder *builder, const AzJson *json)
{
	size_t		n = az_json_count(json);
	uint32_t	off = az_builder_room(builder, n, sizeof(AzNode));
	size_t		i;

	for (i = 0; i < n && !failed(builder); i++)
	{
		AzNode		node = add_value(builder, az_json_at(json, i));

		az_builder_put(builder, off, i, &node, sizeof(node));
	}
	return az_make_node(AZ_ARRAY, n, off);
}

/* Names that differ in UTF-8 must differ in the block, too. */
static void
sort_members(AzBuilder *builder, uint32_t off, size_t n)
{
	AzMember   *members;
	size_t		i;

	if (failed(builder) || !grow(builder, &builder->temp, n * sizeof(AzMember)))
		return;
	members = (AzMember *) (builder->block.data + off);
	sort_records(builder, (char *) members, builder->temp.data, n, sizeof(AzMember));
	for (i = 1; i < n; i++)
	{
		if (compare_nodes(builder, &members[i - 1].name, &members[i].name) == 0)
			fail(builder, AZ_CLAIM_ENCODING);
	}
}

static AzNode
add_object(AzBuilder *builder, const AzJson *json)
{
	size_t		n = az_json_count(json);
	uint32_t	off = az_builder_room(builder, n, sizeof(AzMember));
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *value;
	size_t		i = 0;

	while (!failed(builder) &&
		   (iter = az_json_next(json, iter, &name, &len, &value)) != NULL)
	{
		AzMember	member;

		member.name = az_builder_string(builder, name, len);
		member.value = add_value(builder, value);
		az_builder_put(builder, off, i++, &member, sizeof(member));
	}
	sort_members(builder, off, n);
	return az_make_node(AZ_OBJECT, n, off);
}

/* Recursion is bounded by AZ_JSON_MAX_DEPTH, which json_parse.c enforced. */
static AzNode
add_value(AzBuilder *builder, const AzJson *json)
{
	char		number[AZ_JSON_NUMBER_MAX];
	const char *text;
	size_t		len;

	switch (az_json_type(json))
	{
		case AZ_JSON_FALSE:
			return az_make_node(AZ_FALSE, 0, 0);
		case AZ_JSON_TRUE:
			return az_make_node(AZ_TRUE, 0, 0);
		case AZ_JSON_INTEGER:
		case AZ_JSON_REAL:
			len = az_json_number_text(json, number);
			return add_text(builder, AZ_NUMBER, number, len);
		case AZ_JSON_STRING:
			text = az_json_string(json, &len);
			return az_builder_string(builder, text, len);
		case AZ_JSON_ARRAY:
			return add_array(builder, json);
		case AZ_JSON_OBJECT:
			return add_object(builder, json);
		case AZ_JSON_NULL:
			break;
	}
	return null_node;
}

AzNode
az_builder_tree(AzBuilder *builder, const AzJson *json)
{
	return failed(builder) ? null_node : add_value(builder, json);
}

bool
az_builder_member(AzBuilder *builder, AzNode object, const char *utf8, size_t len,
				  AzMember *member)
{
	const AzNode *value;
	char	   *owned;

	memset(member, 0, sizeof(*member));
	/* no member has a name that does not fit */
	if (failed(builder) || !fits(builder, &utf8, &len, &owned))
		return false;
	value = az_node_member(az_builder_block(builder), &object, utf8, len);
	free(owned);
	if (value == NULL)
		return false;
	memcpy(member, (const char *) value - offsetof(AzMember, value), sizeof(*member));
	return true;
}

/* ---- sets ---- */

void
az_builder_set_add(AzBuilder *builder, AzNode string)
{
	if (failed(builder) ||
		!grow(builder, &builder->list, (builder->nlist + 1) * sizeof(AzNode)))
		return;
	((AzNode *) builder->list.data)[builder->nlist++] = string;
}

/*
 * Drop repetitions from the list and from its sorted entries; the sort was
 * stable, so that the first of equal strings stays.  Returns how many remain;
 * entries[].index then counts in what remains.
 */
static size_t
drop_repetitions(AzBuilder *builder, AzNode *list, Entry *entries, size_t n)
{
	uint32_t   *moved = (uint32_t *) (entries + n); /* old index to new */
	size_t		kept = 0;
	size_t		left = 0;
	size_t		i;

	for (i = 0; i < n; i++)
	{
		if (kept > 0 &&
			compare_nodes(builder, &entries[kept - 1].key, &entries[i].key) == 0)
			list[entries[i].index] = null_node;
		else
			entries[kept++] = entries[i];
	}
	for (i = 0; i < n; i++)
	{
		moved[i] = (uint32_t) left;
		if (az_node_type(&list[i]) != AZ_NULL)
			list[left++] = list[i];
	}
	for (i = 0; i < kept; i++)
		entries[i].index = moved[entries[i].index];
	return kept;
}

/* The elements of array if they are the list, else a copy of the list. */
static uint32_t
place_items(AzBuilder *builder, AzNode array, size_t n)
{
	uint32_t	off;

	if (az_node_type(&array) == AZ_ARRAY && az_node_len(&array) == n &&
		memcmp(builder->block.data + array.off, builder->list.data,
			   n * sizeof(AzNode)) == 0)
		return array.off;
	off = az_builder_room(builder, n, sizeof(AzNode));
	if (!failed(builder))
		memcpy(builder->block.data + off, builder->list.data, n * sizeof(AzNode));
	return off;
}

static uint32_t
place_order(AzBuilder *builder, const Entry *entries, size_t n)
{
	uint32_t	off = az_builder_room(builder, n, sizeof(uint32_t));
	size_t		i;

	for (i = 0; i < n; i++)
		az_builder_put(builder, off, i, &entries[i].index, sizeof(uint32_t));
	return off;
}

AzSet
az_builder_set_end(AzBuilder *builder, AzNode array)
{
	size_t		n = builder->nlist;
	AzNode	   *list = (AzNode *) builder->list.data;
	Entry	   *entries;
	AzSet		set;
	size_t		i;

	builder->nlist = 0;
	if (n == 0)
		return empty_set;
	entries = take_entries(builder, n);
	if (entries == NULL)
		return empty_set;
	for (i = 0; i < n; i++)
	{
		entries[i].key = list[i];
		entries[i].index = (uint32_t) i;
	}
	sort_entries(builder, entries, n);
	n = drop_repetitions(builder, list, entries, n);

	set.count = (uint32_t) n;
	set.items = place_items(builder, array, n);
	set.order = place_order(builder, entries, n);
	return set;
}

bool
az_builder_set_has(AzBuilder *builder, const AzSet *set, const char *utf8, size_t len)
{
	bool		has;
	char	   *owned;

	if (failed(builder) || !fits(builder, &utf8, &len, &owned))
		return false;
	has = az_set_has(az_builder_block(builder), set, utf8, len);
	free(owned);
	return has;
}

/* ---- records ---- */

uint32_t
az_builder_room(AzBuilder *builder, size_t n, size_t width)
{
	uint32_t	off;

	if (n == 0)
		return 0;
	if (n > MAX_LENGTH || n > MAX_BLOCK / width)
		fail(builder, AZ_TOKEN_TOO_LARGE);
	if (!take(builder, n * width, 4, &off))
		return 0;
	memset(builder->block.data + off, 0, n * width);
	return off;
}

void
az_builder_put(AzBuilder *builder, uint32_t room, size_t i, const void *record, size_t width)
{
	if (!failed(builder))
		memcpy(builder->block.data + room + i * width, record, width);
}

uint32_t
az_builder_order(AzBuilder *builder, uint32_t room, size_t n, size_t width)
{
	Entry	   *entries = take_entries(builder, n);
	size_t		i;

	if (entries == NULL)
		return 0;
	for (i = 0; i < n; i++)
	{
		memcpy(&entries[i].key, builder->block.data + room + i * width, sizeof(AzNode));
		entries[i].index = (uint32_t) i;
	}
	sort_entries(builder, entries, n);
	for (i = 1; i < n; i++)
	{
		if (compare_nodes(builder, &entries[i - 1].key, &entries[i].key) == 0)
			fail(builder, AZ_CLAIM_ENCODING);
	}
	return place_order(builder, entries, n);
}
