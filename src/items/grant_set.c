/*-------------------------------------------------------------------------
 *
 * grant_set.c
 *	  Everything that authz.item_permission grants to one identity.
 *
 * One sorted block of the items, each with the permissions that have a row.
 * What is asked is a binary search.  Implied permissions are not written out,
 * because they would multiply with the rows.  Instead the implications are
 * kept, and a question for a permission searches for all permissions that
 * imply it.
 *
 *-------------------------------------------------------------------------
 */
#include "items/grant_set_intern.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "items/implies.h"
#include "items/item_path.h"

static inline const char *
text_at(const AzGrantBlock *block, uint32 text)
{
	return (const char *) block + text;
}

static inline const uint32 *
held_of(const AzGrantBlock *block)
{
	return (const uint32 *) text_at(block, block->held);
}

static inline const AzBlockPermission *
permissions_of(const AzGrantBlock *block)
{
	return (const AzBlockPermission *) text_at(block, block->permissions);
}

static inline const AzBlockImplication *
implications_of(const AzGrantBlock *block)
{
	return (const AzBlockImplication *) text_at(block, block->implies);
}

void
az_free_grants(AzGrants *grants)
{
	MemoryContextDelete(grants->context);
}

Size
az_grants_size(const AzGrants *grants)
{
	return grants->block->size;
}

Size
az_bytes_of_grants(const AzGrants *grants, const void **bytes)
{
	*bytes = grants->block;
	return grants->block->size;
}

bool
az_same_grants(const AzGrants *a, const AzGrants *b)
{
	return a->block->size == b->block->size &&
		memcmp(a->block, b->block, a->block->size) == 0;
}

static bool
contains(const uint32 *sorted, uint32 count, uint32 number)
{
	uint32		low = 0;
	uint32		high = count;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (sorted[middle] == number)
			return true;
		if (sorted[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Have two sorted lists a number in common? */
static bool
meet(const uint32 *a, uint32 acount, const uint32 *b, uint32 bcount)
{
	uint32		i;

	if (acount > bcount)
		return meet(b, bcount, a, acount);
	for (i = 0; i < acount; i++)
	{
		if (contains(b, bcount, a[i]))
			return true;
	}
	return false;
}

static bool
is_called(const AzGrantBlock *block, uint32 permission, const char *name, size_t len)
{
	const AzBlockPermission *known = &permissions_of(block)[permission];

	return known->len == len && memcmp(text_at(block, known->text), name, len) == 0;
}

/* The number of a permission, AZ_NO_NUMBER when nothing gives it. */
static uint32
find_permission(const AzGrantBlock *block, const char *name, size_t len)
{
	const AzBlockPermission *permissions = permissions_of(block);
	uint32		low = 0;
	uint32		high = block->npermissions;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		int			order = az_compare(text_at(block, permissions[middle].text),
									   permissions[middle].len, name, len);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return AZ_NO_NUMBER;
}

/* The first implication of that permission or of a later one. */
static uint32
find_implication(const AzGrantBlock *block, uint32 to)
{
	const AzBlockImplication *implies = implications_of(block);
	uint32		low = 0;
	uint32		high = block->nimplies;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (implies[middle].to < to)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Mark what gives a permission, itself included, going back from what is
 * implied to what implies.  The list grows as we go.
 */
static void
mark_givers(const AzGrantBlock *block, uint32 permission, bool *gives, uint32 *list)
{
	const AzBlockImplication *implies = implications_of(block);
	uint32		count = 0;
	uint32		next;

	gives[permission] = true;
	list[count++] = permission;
	for (next = 0; next < count; next++)
	{
		uint32		i;

		CHECK_FOR_INTERRUPTS();
		for (i = find_implication(block, list[next]);
			 i < block->nimplies && implies[i].to == list[next]; i++)
		{
			if (gives[implies[i].from])
				continue;
			gives[implies[i].from] = true;
			list[count++] = implies[i].from;
		}
	}
}

/* Find the givers of a permission, and forget those asked for long ago. */
static const AzAsked *
ask(AzGrants *grants, uint32 permission)
{
	const AzGrantBlock *block = grants->block;
	AzAsked	   *asked = &grants->asked[grants->next];
	AzAsked		found = {.permission = permission};
	Size		size = sizeof(uint32) * block->npermissions;
	bool	   *gives = palloc0(block->npermissions);
	uint32	   *list = MemoryContextAllocHuge(CurrentMemoryContext, size);
	uint32		i;

	mark_givers(block, permission, gives, list);
	for (i = 0; i < block->npermissions; i++)
	{
		if (gives[i] && permissions_of(block)[i].granted)
			list[found.count++] = i;
	}
	size = sizeof(uint32) * (found.count + 1);
	found.givers = MemoryContextAllocHuge(grants->context, size);
	memcpy(found.givers, list, sizeof(uint32) * found.count);
	pfree(list);
	pfree(gives);
	if (asked->givers)
		pfree(asked->givers);
	*asked = found;
	grants->next = (grants->next + 1) % AZ_N_ASKED;
	return asked;
}

/* Which rows give that permission; NULL: none does. */
static const AzAsked *
givers_of(AzGrants *grants, const char *name, size_t len)
{
	uint32		permission;
	int			i;

	for (i = 0; i < AZ_N_ASKED && grants->asked[i].givers; i++)
	{
		if (is_called(grants->block, grants->asked[i].permission, name, len))
			return &grants->asked[i];
	}
	permission = find_permission(grants->block, name, len);
	return permission == AZ_NO_NUMBER ? NULL : ask(grants, permission);
}

/* The first of the items before "high" that is not less than that one. */
static uint32
find_item(const AzGrantBlock *block, uint32 high, const char *text, size_t len)
{
	uint64		start = az_item_start(text, len);
	uint32		low = 0;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		const AzItemGrants *item = &block->items[middle];
		int			order = (item->start > start) - (item->start < start);

		if (order == 0)
			order = az_compare(text_at(block, item->text), item->len, text, len);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t
common_length(const AzGrantBlock *block, const AzItemGrants *item, const char *text, size_t len)
{
	const char *own = text_at(block, item->text);
	size_t		most = Min(item->len, len);
	size_t		i;

	for (i = 0; i < most && own[i] == text[i]; i++)
		;
	return i;
}

/*
 * Is one of the permissions held on just that item?  *place becomes where it
 * stands before "*place", or would stand.
 */
static bool
is_held(const AzGrantBlock *block, const AzAsked *asked, const char *item, size_t len,
		uint32 *place)
{
	const AzItemGrants *found = &block->items[find_item(block, *place, item, len)];

	*place = found - block->items;
	return *place < block->nitems && found->len == len &&
		memcmp(text_at(block, found->text), item, len) == 0 &&
		meet(held_of(block) + found->first, found->count, asked->givers, asked->count);
}

/*
 * Whatever sorts between a parent and the item begins with that parent.  So the
 * item's neighbour says how long the next parent in the block can be at most.
 */
static size_t
longest_parent(const AzGrantBlock *block, uint32 place, const char *item, size_t len)
{
	return place == 0 ? 0 : common_length(block, &block->items[place - 1], item, len);
}

bool
az_is_granted(AzGrants *grants, const char *item, size_t item_len,
			  const char *permission, size_t permission_len, bool parents)
{
	const AzGrantBlock *block = grants->block;
	size_t		len = Min(item_len, block->longest);
	size_t		most = len;
	uint32		place = block->nitems;
	char		room[256];
	char	   *folded = room;
	const AzAsked *asked;
	bool		granted = false;

	if (permission_len > block->longest_permission || (len < item_len && !parents))
		return false;
	if (len + permission_len > sizeof(room))
		folded = palloc(len + permission_len);
	az_lower_ascii(folded, item, len);
	az_lower_ascii(folded + len, permission, permission_len);

	asked = givers_of(grants, folded + len, permission_len);
	if (asked != NULL && len == item_len)
	{
		granted = is_held(block, asked, folded, len, &place);
		most = longest_parent(block, place, folded, len);
	}
	if (asked != NULL && !granted && parents && most > 0)
	{
		size_t		names = az_item_names(item, item_len);

		while (!granted && (len = az_item_parent(item, names, most)) > 0)
		{
			granted = is_held(block, asked, folded, len, &place);
			most = longest_parent(block, place, folded, len);
		}
	}
	if (folded != room)
		pfree(folded);
	return granted;
}
