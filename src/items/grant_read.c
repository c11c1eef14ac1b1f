/*-------------------------------------------------------------------------
 *
 * grant_read.c
 *	  Reading everything that is granted to one identity.
 *
 * Rows come sorted, and are collected with what each permission implies; then
 * all goes into one block.
 *
 * Others than the identity decide how much is granted to it.  So this takes
 * time and memory in proportion to the rows, can be interrupted, and has a
 * limit.
 *
 *-------------------------------------------------------------------------
 */
#include "items/grant_set_intern.h"

#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "items/implies.h"
#include "items/item_path.h"
#include "items/item_table.h"

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
			   reading->nitems * sizeof(AzItemGrants) + reading->nrows * sizeof(uint32));
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
	const AzBlockImplication *x = a;
	const AzBlockImplication *y = b;
	int			order = (x->to > y->to) - (x->to < y->to);

	return order != 0 ? order : (x->from > y->from) - (x->from < y->from);
}

/* Those that start from something held, each once. */
static AzBlockImplication *
held_implications(const Reading *reading, uint32 *count)
{
	const AzPermissions *permissions = reading->permissions;
	AzBlockImplication *held = MemoryContextAllocHuge(CurrentMemoryContext,
											   sizeof(AzBlockImplication) * (permissions->nimplies + 1));
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
	pg_qsort(held, *count, sizeof(AzBlockImplication), compare_implications);
	return held;
}

/* Add bytes to the block that is being filled; returns where they are. */
static uint32
put(AzGrantBlock *block, const void *bytes, Size len)
{
	uint32		at = block->size;

	memcpy((char *) block + at, bytes, len);
	block->size += len;
	return at;
}

static void
put_permissions(AzGrantBlock *block, const Reading *reading, const uint32 *sorted)
{
	AzBlockPermission *permissions = (AzBlockPermission *) ((char *) block + block->permissions);
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
put_rows(AzGrantBlock *block, const Reading *reading)
{
	uint32	   *held = (uint32 *) ((char *) block + block->held);
	const Row  *last = NULL;
	AzItemGrants *item = NULL;
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
			item->start = az_item_start(text, row->len);
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
static AzGrantBlock *
make_block(Reading *reading, MemoryContext context)
{
	uint32	   *sorted = number_permissions(reading);
	uint32		nimplies;
	AzBlockImplication *implies = held_implications(reading, &nimplies);
	Size		size = offsetof(AzGrantBlock, items) + sizeof(AzItemGrants) * reading->nitems;
	Size		held = size;
	Size		permissions = held + sizeof(uint32) * reading->nrows;
	Size		implications = permissions + sizeof(AzBlockPermission) * reading->npermissions;
	AzGrantBlock	   *block;
	uint32		i;

	sort_rows(reading);
	size = implications + sizeof(AzBlockImplication) * nimplies + reading->used;
	for (i = 0; i < reading->npermissions; i++)
		size += reading->permissions->all[sorted[i]].len;
	check_size(size);

	block = MemoryContextAllocExtended(context, size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	block->held = held;
	block->permissions = permissions;
	block->implies = implications;
	block->nimplies = nimplies;
	block->size = implications;
	put(block, implies, sizeof(AzBlockImplication) * nimplies);
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
