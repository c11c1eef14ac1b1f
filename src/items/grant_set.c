/*-------------------------------------------------------------------------
 *
 * grant_set.c
 *	  Everything that authz.item_permission grants to one identity.
 *
 * One sorted block of the items, each with the permissions that have a row.
 * What is asked is a binary search.  Implied permissions are not written out,
 * for they would multiply with the rows: kept is what implies what, and who
 * asks for a permission asks for those that give it.
 *
 * Others than the identity decide how much is granted to it.  So all of this
 * takes time and memory in proportion to the rows, can be interrupted, and has
 * a limit.
 *
 *-------------------------------------------------------------------------
 */
#include "items/grant_set.h"

#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "items/implies.h"
#include "items/item_path.h"
#include "items/item_table.h"

/* Texts of a block are folded, at an offset in it. */
typedef struct ItemGrants
{
	uint64		start;			/* see start_of() */
	uint32		text;
	uint32		len;
	uint32		first;			/* of its permissions */
	uint32		count;
} ItemGrants;

typedef struct Permission
{
	uint32		text;
	uint32		len;
	uint32		granted;		/* has a row somewhere */
} Permission;

typedef struct Implication
{
	uint32		to;
	uint32		from;
} Implication;

/*
 * One chunk, of offsets, so that two can be compared.  Permissions are sorted
 * by name, and their places there are their numbers; items by path, their
 * permissions by number; implications by both.
 */
typedef struct Block
{
	uint32		size;
	uint32		nitems;
	uint32		nheld;
	uint32		npermissions;
	uint32		nimplies;
	uint32		longest;		/* item */
	uint32		longest_permission;
	uint32		held;			/* uint32[], the items' permissions */
	uint32		permissions;	/* Permission[] */
	uint32		implies;		/* Implication[] */
	ItemGrants	items[FLEXIBLE_ARRAY_MEMBER];
} Block;

/* A permission that was asked for: which rows give it, by number. */
typedef struct Asked
{
	uint32		permission;
	uint32		count;
	uint32	   *givers;			/* NULL: nothing was asked */
} Asked;

#define N_ASKED	8

struct AzGrants
{
	MemoryContext context;
	Block	   *block;
	Asked		asked[N_ASKED];
	int			next;			/* to be forgotten */
};

static inline const char *
text_at(const Block *block, uint32 text)
{
	return (const char *) block + text;
}

static inline const uint32 *
held_of(const Block *block)
{
	return (const uint32 *) text_at(block, block->held);
}

static inline const Permission *
permissions_of(const Block *block)
{
	return (const Permission *) text_at(block, block->permissions);
}

static inline const Implication *
implications_of(const Block *block)
{
	return (const Implication *) text_at(block, block->implies);
}

/*
 * The first bytes as a number that is ordered like them; mostly they decide.
 * A text holds no zero byte, so a shorter one comes first.
 */
static inline uint64
start_of(const char *text, size_t len)
{
	char		bytes[sizeof(uint64)] = {0};

	memcpy(bytes, text, Min(len, sizeof(bytes)));
	return az_first_bytes(bytes);
}

/* ----------------------------------------------------------------
 * Reading
 * ----------------------------------------------------------------
 */

typedef struct Row
{
	uint32		item;			/* in the texts */
	uint32		len;
	uint32		permission;
} Row;

typedef struct Reading
{
	AzPermissions *permissions;
	uint32	   *numbers;		/* in the block, of a permission that is held */
	bool	   *granted;		/* by that number */
	uint32		npermissions;	/* that are held */
	char	   *texts;
	Size		used;
	Size		room;
	Row		   *rows;
	uint32		nrows;
	uint32		rows_room;
	uint32		nitems;
	uint32		longest;
} Reading;

static void
check_size(Size size)
{
	if (size > AZ_MAX_GRANTS_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many item permissions of one identity"),
				 errdetail("They need more than %d MB of memory.",
						   AZ_MAX_GRANTS_SIZE / (1024 * 1024)),
				 errhint("Grant permissions on items above them instead.")));
}

/* The folded item among the texts; it often is that of the row before. */
static void
put_item(Reading *reading, Row *row, const text *item)
{
	uint32		len = VARSIZE_ANY_EXHDR(item);
	const Row  *last = reading->nrows > 0 ? row - 1 : NULL;

	check_size(reading->used + len);
	while (reading->used + len > reading->room)
	{
		reading->room *= 2;
		reading->texts = repalloc_huge(reading->texts, reading->room);
	}
	az_lower_ascii(reading->texts + reading->used, VARDATA_ANY(item), len);
	if (last && last->len == len &&
		memcmp(reading->texts + last->item, reading->texts + reading->used, len) == 0)
	{
		row->item = last->item;
		row->len = len;
		return;
	}
	row->item = reading->used;
	row->len = len;
	reading->used += len;
	reading->longest = Max(reading->longest, len);
	reading->nitems++;
}

static void
read_grant(TupleTableSlot *slot, void *arg)
{
	Reading    *reading = arg;
	text	   *item = az_row_text(slot, Item_item);
	text	   *permission = az_row_text(slot, Item_permission);
	Row		   *row;

	if (item == NULL || permission == NULL)
		return;
	if (reading->nrows == reading->rows_room)
	{
		reading->rows_room *= 2;
		reading->rows = repalloc_huge(reading->rows, reading->rows_room * sizeof(Row));
	}
	row = &reading->rows[reading->nrows];
	put_item(reading, row, item);
	row->permission = az_permission_number(reading->permissions, permission);
	az_hold_permission(reading->permissions, row->permission);
	reading->nrows++;
	check_size(reading->used + reading->permissions->size +
			   reading->nitems * sizeof(ItemGrants) + reading->nrows * sizeof(uint32));
}

static int
compare_permissions(const void *a, const void *b, void *arg)
{
	const AzPermission *all = arg;
	const AzPermission *x = &all[*(const uint32 *) a];
	const AzPermission *y = &all[*(const uint32 *) b];

	CHECK_FOR_INTERRUPTS();
	return az_compare(x->name, x->len, y->name, y->len);
}

/* Number the permissions that are held as the block will have them. */
static uint32 *
number_permissions(Reading *reading)
{
	AzPermissions *permissions = reading->permissions;
	Size		size = sizeof(uint32) * (permissions->count + 1);
	uint32	   *sorted = MemoryContextAllocHuge(CurrentMemoryContext, size);
	uint32		i;

	reading->numbers = MemoryContextAllocHuge(CurrentMemoryContext, size);
	for (i = 0; i < permissions->count; i++)
	{
		if (permissions->all[i].held)
			sorted[reading->npermissions++] = i;
	}
	qsort_arg(sorted, reading->npermissions, sizeof(uint32), compare_permissions,
			  permissions->all);
	for (i = 0; i < reading->npermissions; i++)
		reading->numbers[sorted[i]] = i;
	return sorted;
}

/* Rows come in this order, as long as the index is ours. */
static int
compare_rows(const void *a, const void *b, void *arg)
{
	const Reading *reading = arg;
	const Row  *x = a;
	const Row  *y = b;
	int			order = x->item == y->item ? 0 :
		az_compare(reading->texts + x->item, x->len, reading->texts + y->item, y->len);

	CHECK_FOR_INTERRUPTS();
	return order != 0 ? order :
		(x->permission > y->permission) - (x->permission < y->permission);
}

static void
sort_rows(Reading *reading)
{
	uint32		i;

	reading->granted = MemoryContextAllocExtended(CurrentMemoryContext,
												  reading->npermissions + 1,
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < reading->nrows; i++)
	{
		reading->rows[i].permission = reading->numbers[reading->rows[i].permission];
		reading->granted[reading->rows[i].permission] = true;
	}
	qsort_arg(reading->rows, reading->nrows, sizeof(Row), compare_rows, reading);
}

static int
compare_implications(const void *a, const void *b)
{
	const Implication *x = a;
	const Implication *y = b;
	int			order = (x->to > y->to) - (x->to < y->to);

	return order != 0 ? order : (x->from > y->from) - (x->from < y->from);
}

/* Those that start from something held, each once. */
static Implication *
held_implications(const Reading *reading, uint32 *count)
{
	const AzPermissions *permissions = reading->permissions;
	Implication *held = MemoryContextAllocHuge(CurrentMemoryContext,
											   sizeof(Implication) * (permissions->nimplies + 1));
	uint32		i;

	*count = 0;
	for (i = 0; i < permissions->nimplies; i++)
	{
		const AzImplication *implication = &permissions->implies[i];

		if (!permissions->all[implication->from].held)
			continue;
		held[*count].from = reading->numbers[implication->from];
		held[(*count)++].to = reading->numbers[implication->to];
	}
	pg_qsort(held, *count, sizeof(Implication), compare_implications);
	return held;
}

/* Add bytes to the block that is being filled; returns where they are. */
static uint32
put(Block *block, const void *bytes, Size len)
{
	uint32		at = block->size;

	memcpy((char *) block + at, bytes, len);
	block->size += len;
	return at;
}

static void
put_permissions(Block *block, const Reading *reading, const uint32 *sorted)
{
	Permission *permissions = (Permission *) ((char *) block + block->permissions);
	uint32		i;

	block->npermissions = reading->npermissions;
	for (i = 0; i < reading->npermissions; i++)
	{
		const AzPermission *permission = &reading->permissions->all[sorted[i]];

		permissions[i].text = put(block, permission->name, permission->len);
		permissions[i].len = permission->len;
		permissions[i].granted = reading->granted[i];
		block->longest_permission = Max(block->longest_permission, permission->len);
	}
}

static void
put_rows(Block *block, const Reading *reading)
{
	uint32	   *held = (uint32 *) ((char *) block + block->held);
	const Row  *last = NULL;
	ItemGrants *item = NULL;
	uint32		i;

	for (i = 0; i < reading->nrows; i++)
	{
		const Row  *row = &reading->rows[i];
		const char *text = reading->texts + row->item;

		if (last == NULL || az_compare(reading->texts + last->item, last->len,
									   text, row->len) != 0)
		{
			item = &block->items[block->nitems++];
			item->text = put(block, text, row->len);
			item->len = row->len;
			item->start = start_of(text, row->len);
			item->first = block->nheld;
		}
		else if (last->permission == row->permission)
			continue;
		held[block->nheld++] = row->permission;
		item->count++;
		last = row;
	}
	block->longest = reading->longest;
}

/* Sorted, without repetition, in one zeroed chunk. */
static Block *
make_block(Reading *reading, MemoryContext context)
{
	uint32	   *sorted = number_permissions(reading);
	uint32		nimplies;
	Implication *implies = held_implications(reading, &nimplies);
	Size		size = offsetof(Block, items) + sizeof(ItemGrants) * reading->nitems;
	Size		held = size;
	Size		permissions = held + sizeof(uint32) * reading->nrows;
	Size		implications = permissions + sizeof(Permission) * reading->npermissions;
	Block	   *block;
	uint32		i;

	sort_rows(reading);
	size = implications + sizeof(Implication) * nimplies + reading->used;
	for (i = 0; i < reading->npermissions; i++)
		size += reading->permissions->all[sorted[i]].len;
	check_size(size);

	block = MemoryContextAllocExtended(context, size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	block->held = held;
	block->permissions = permissions;
	block->implies = implications;
	block->nimplies = nimplies;
	block->size = implications;
	put(block, implies, sizeof(Implication) * nimplies);
	put_permissions(block, reading, sorted);
	put_rows(block, reading);
	return block;
}

/* The set hangs below the caller's context until it is complete. */
AzGrants *
az_read_grants(const AzIdentity *id, MemoryContext parent)
{
	MemoryContext scratch;
	MemoryContext context;
	MemoryContext old;
	Reading		reading = {0};
	AzGrants   *grants;

	scratch = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz reading grants",
									ALLOCSET_DEFAULT_SIZES);
	context = AllocSetContextCreate(scratch, "dbmi_authz grants of one identity",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(scratch);
	reading.room = 1024;
	reading.texts = palloc(reading.room);
	reading.rows_room = 16;
	reading.rows = palloc(reading.rows_room * sizeof(Row));
	reading.permissions = az_read_permissions(id);
	az_scan_own_items(id, read_grant, &reading);

	grants = MemoryContextAllocZero(context, sizeof(AzGrants));
	grants->context = context;
	grants->block = make_block(&reading, context);
	MemoryContextSetParent(context, parent);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return grants;
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

bool
az_same_grants(const AzGrants *a, const AzGrants *b)
{
	return a->block->size == b->block->size &&
		memcmp(a->block, b->block, a->block->size) == 0;
}

/* ----------------------------------------------------------------
 * Asking
 * ----------------------------------------------------------------
 */

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
is_called(const Block *block, uint32 permission, const char *name, size_t len)
{
	const Permission *known = &permissions_of(block)[permission];

	return known->len == len && memcmp(text_at(block, known->text), name, len) == 0;
}

/* The number of a permission, AZ_NO_NUMBER when nothing gives it. */
static uint32
find_permission(const Block *block, const char *name, size_t len)
{
	const Permission *permissions = permissions_of(block);
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
find_implication(const Block *block, uint32 to)
{
	const Implication *implies = implications_of(block);
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
mark_givers(const Block *block, uint32 permission, bool *gives, uint32 *list)
{
	const Implication *implies = implications_of(block);
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
static const Asked *
ask(AzGrants *grants, uint32 permission)
{
	const Block *block = grants->block;
	Asked	   *asked = &grants->asked[grants->next];
	Asked		found = {.permission = permission};
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
	grants->next = (grants->next + 1) % N_ASKED;
	return asked;
}

/* Which rows give that permission; NULL: none does. */
static const Asked *
givers_of(AzGrants *grants, const char *name, size_t len)
{
	uint32		permission;
	int			i;

	for (i = 0; i < N_ASKED && grants->asked[i].givers; i++)
	{
		if (is_called(grants->block, grants->asked[i].permission, name, len))
			return &grants->asked[i];
	}
	permission = find_permission(grants->block, name, len);
	return permission == AZ_NO_NUMBER ? NULL : ask(grants, permission);
}

/* The first of the items before "high" that is not less than that one. */
static uint32
find_item(const Block *block, uint32 high, const char *text, size_t len)
{
	uint64		start = start_of(text, len);
	uint32		low = 0;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		const ItemGrants *item = &block->items[middle];
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
common_length(const Block *block, const ItemGrants *item, const char *text, size_t len)
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
is_held(const Block *block, const Asked *asked, const char *item, size_t len,
		uint32 *place)
{
	const ItemGrants *found = &block->items[find_item(block, *place, item, len)];

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
longest_parent(const Block *block, uint32 place, const char *item, size_t len)
{
	return place == 0 ? 0 : common_length(block, &block->items[place - 1], item, len);
}

bool
az_is_granted(AzGrants *grants, const char *item, size_t item_len,
			  const char *permission, size_t permission_len, bool parents)
{
	const Block *block = grants->block;
	size_t		len = Min(item_len, block->longest);
	size_t		most = len;
	uint32		place = block->nitems;
	char		room[256];
	char	   *folded = room;
	const Asked *asked;
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
