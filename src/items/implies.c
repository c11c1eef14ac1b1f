/*-------------------------------------------------------------------------
 *
 * implies.c
 *	  Which item permissions hold where another one does.
 *
 * The rows of authz.permission_implies are the edges of a graph.  Each edge is
 * followed once, however many permissions lead to it.
 *
 *-------------------------------------------------------------------------
 */
#include "items/implies.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "items/item_path.h"
#include "items/item_table.h"

typedef struct Folded
{
	const char *text;
	uint32		len;
} Folded;

typedef struct Number
{
	Folded		name;
	uint32		number;
	char		status;
} Number;

#define SH_PREFIX az_numbers
#define SH_ELEMENT_TYPE Number
#define SH_KEY_TYPE Folded
#define SH_KEY name
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key).text, (key).len)
#define SH_EQUAL(tb, a, b) ((a).len == (b).len && memcmp((a).text, (b).text, (a).len) == 0)
#define SH_SCOPE static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

/* Room for one more in an array. */
static void *
grow(MemoryContext context, void *array, uint32 count, uint32 *room, Size size)
{
	if (count < *room)
		return array;
	if (array == NULL)
	{
		*room = 16;
		return MemoryContextAlloc(context, *room * size);
	}
	*room *= 2;
	return repalloc_huge(array, *room * size);
}

uint32
az_permission_number(AzPermissions *permissions, const text *text)
{
	Folded		name = {.len = VARSIZE_ANY_EXHDR(text)};
	char	   *folded = palloc(name.len + 1);
	AzPermission *permission;
	Number	   *entry;
	bool		found;

	az_lower_ascii(folded, VARDATA_ANY(text), name.len);
	name.text = folded;
	permissions->all = grow(permissions->context, permissions->all, permissions->count,
							&permissions->room, sizeof(AzPermission));
	entry = az_numbers_insert(permissions->numbers, name, &found);
	if (!found)
	{
		entry->number = permissions->count++;
		permission = &permissions->all[entry->number];
		memset(permission, 0, sizeof(*permission));
		permission->name = entry->name.text =
			memcpy(MemoryContextAlloc(permissions->context, name.len + 1), folded, name.len);
		permission->len = name.len;
		permission->first = AZ_NO_NUMBER;
		permissions->size += sizeof(AzPermission) + name.len;
	}
	pfree(folded);
	return entry->number;
}

static void
add_implication(AzPermissions *permissions, uint32 from, uint32 to)
{
	AzImplication *implication;

	permissions->implies = grow(permissions->context, permissions->implies,
								permissions->nimplies, &permissions->room_implies,
								sizeof(AzImplication));
	implication = &permissions->implies[permissions->nimplies];
	implication->from = from;
	implication->to = to;
	implication->next = permissions->all[from].first;
	permissions->all[from].first = permissions->nimplies++;
}

static void
read_implication(TupleTableSlot *row, void *arg)
{
	AzPermissions *permissions = arg;
	text	   *permission = az_row_text(row, Implies_permission);
	text	   *implies = az_row_text(row, Implies_implies);
	uint32		from;

	if (permission == NULL || implies == NULL)
		return;
	from = az_permission_number(permissions, permission);
	add_implication(permissions, from, az_permission_number(permissions, implies));
}

AzPermissions *
az_read_permissions(const AzIdentity *id)
{
	AzPermissions *permissions = palloc0(sizeof(AzPermissions));
	text	   *client = az_node_text_copy(id, &id->client);

	permissions->context = CurrentMemoryContext;
	permissions->numbers = az_numbers_create(CurrentMemoryContext, 16, NULL);
	az_scan_by_texts(AZ_TABLE_IMPLIES, "permission_implies_key", &client, 1,
					 read_implication, permissions);
	return permissions;
}

void
az_hold_permission(AzPermissions *permissions, uint32 number)
{
	AzPermission *all = permissions->all;
	uint32		waiting = number;

	if (all[number].held)
		return;
	all[number].held = true;
	all[number].link = AZ_NO_NUMBER;
	while (waiting != AZ_NO_NUMBER)
	{
		uint32		i = all[waiting].first;

		CHECK_FOR_INTERRUPTS();
		waiting = all[waiting].link;
		for (; i != AZ_NO_NUMBER; i = permissions->implies[i].next)
		{
			AzPermission *implied = &all[permissions->implies[i].to];

			if (implied->held)
				continue;
			implied->held = true;
			implied->link = waiting;
			waiting = permissions->implies[i].to;
		}
	}
}
