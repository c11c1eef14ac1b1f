/*-------------------------------------------------------------------------
 *
 * grants.c
 *	  Item permissions: what authz.item_permission grants to an identity.
 *
 * All grants of an identity are read at once, by the table's index, and kept
 * as one sorted block until a table changes: a check is a binary search.
 * Grants of other people do not change it, and so end no plan.
 *
 * Blocks are numbered.  A plan that asked bears the number, and while it runs
 * the block stays, as the identity does.
 *
 *-------------------------------------------------------------------------
 */
#include "items/grants.h"

#include "executor/tuptable.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "items/item_table.h"
#include "server/report.h"
#include "session/plans.h"
#include "session/session.h"
#include "trust/trust_table.h"

/* A permission on an item; both folded, in the block at these offsets. */
typedef struct Grant
{
	uint64		start;			/* of the item, see start_of() */
	uint32		item;
	uint32		item_len;
	uint32		permission;
	uint32		permission_len;
} Grant;

/* One chunk. */
typedef struct Block
{
	uint32		serial;
	uint32		size;
	uint32		count;
	Grant		grants[FLEXIBLE_ARRAY_MEMBER];	/* sorted, each once */
} Block;

/* What was read for an identity. */
typedef struct Slot
{
	uint32		identity;		/* serial of the identity; 0: free */
	uint64		epoch;			/* of the tables */
	uint64		used;			/* when it was asked for last */
	Block	   *block;
} Slot;

#define N_SLOTS	16
static Slot slots[N_SLOTS];
static Slot *last_slot = &slots[0];	/* mostly the right one */
static uint64 last_use = 0;
static uint32 last_serial = 0;

static MemoryContext
blocks_context(void)
{
	static MemoryContext context = NULL;

	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "dbmi_authz grants",
										ALLOCSET_DEFAULT_SIZES);
	return context;
}

/* ----------------------------------------------------------------
 * Reading
 * ----------------------------------------------------------------
 */

/* What is being read; everything in one context. */
typedef struct Reading
{
	List	   *implied;		/* pairs of texts: permission, what it implies */
	List	   *grants;			/* pairs of texts: item, permission */
} Reading;

typedef struct Pair
{
	const char *first;
	const char *second;
} Pair;

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

static char *
folded_attribute(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);
	char	   *folded;

	if (isnull)
		return NULL;
	folded = TextDatumGetCString(value);
	az_lower_ascii(folded, folded, strlen(folded));
	return folded;
}

static void
read_implication(TupleTableSlot *slot, void *arg)
{
	Reading    *reading = arg;
	Pair	   *implication = palloc(sizeof(Pair));

	implication->first = folded_attribute(slot, Implies_permission);
	implication->second = folded_attribute(slot, Implies_implies);
	if (implication->first && implication->second)
		reading->implied = lappend(reading->implied, implication);
}

static void
read_implications(const AzIdentity *id, Reading *reading)
{
	text	   *client = az_node_text_copy(id, &id->client);

	az_scan_by_texts(AZ_TABLE_IMPLIES, "permission_implies_key", &client, 1,
					 read_implication, reading);
}

/* The folded permission, what it implies, what that implies, and so on. */
static List *
implied_by(const List *implied, char *permission)
{
	List	   *held = list_make1(permission);
	ListCell   *lc;

	foreach(lc, held)			/* grows as we go */
	{
		const char *by = lfirst(lc);
		ListCell   *step;

		foreach(step, implied)
		{
			const Pair *implication = lfirst(step);
			ListCell   *known;

			if (strcmp(implication->first, by) != 0)
				continue;
			foreach(known, held)
			{
				if (strcmp(lfirst(known), implication->second) == 0)
					break;
			}
			if (known == NULL)
				held = lappend(held, unconstify(char *, implication->second));
		}
	}
	return held;
}

static void
read_grant(TupleTableSlot *slot, void *arg)
{
	Reading    *reading = arg;
	char	   *item = folded_attribute(slot, Item_item);
	char	   *permission = folded_attribute(slot, Item_permission);
	ListCell   *lc;

	if (item == NULL || permission == NULL)
		return;
	foreach(lc, implied_by(reading->implied, permission))
	{
		Pair	   *grant = palloc(sizeof(Pair));

		grant->first = item;
		grant->second = lfirst(lc);
		reading->grants = lappend(reading->grants, grant);
	}
}

static int
compare_pairs(const ListCell *a, const ListCell *b)
{
	const Pair *x = lfirst(a);
	const Pair *y = lfirst(b);
	int			order = strcmp(x->first, y->first);

	return order != 0 ? order : strcmp(x->second, y->second);
}

static uint32
put_text(char *base, uint32 *end, const char *text, uint32 *len)
{
	uint32		at = *end;

	*len = strlen(text);
	memcpy(base + at, text, *len);
	*end += *len;
	return at;
}

/* Sorted, without repetition, in one zeroed chunk. */
static Block *
make_block(Reading *reading, MemoryContext context)
{
	Size		size = offsetof(Block, grants);
	const Pair *last = NULL;
	Block	   *block;
	uint32		end;
	ListCell   *lc;

	list_sort(reading->grants, compare_pairs);
	foreach(lc, reading->grants)
	{
		const Pair *pair = lfirst(lc);

		size += sizeof(Grant) + strlen(pair->first) + strlen(pair->second);
	}
	if (size > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many item permissions of one identity")));
	block = MemoryContextAllocExtended(context, size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	block->size = size;
	end = offsetof(Block, grants) + sizeof(Grant) * list_length(reading->grants);
	foreach(lc, reading->grants)
	{
		const Pair *pair = lfirst(lc);
		Grant	   *grant = &block->grants[block->count];

		if (last && strcmp(last->first, pair->first) == 0 &&
			strcmp(last->second, pair->second) == 0)
			continue;
		grant->item = put_text((char *) block, &end, pair->first, &grant->item_len);
		grant->start = start_of(pair->first, grant->item_len);
		grant->permission = put_text((char *) block, &end, pair->second,
									 &grant->permission_len);
		block->count++;
		last = pair;
	}
	return block;
}

/* Read the tables; the block's serial is still to be given. */
static Block *
read_block(const AzIdentity *id)
{
	MemoryContext result = blocks_context();
	MemoryContext scratch;
	MemoryContext old;
	Reading		reading = {0};
	Block	   *block;

	scratch = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz reading grants",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	read_implications(id, &reading);
	az_scan_own_items(id, read_grant, &reading);
	block = make_block(&reading, result);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return block;
}

/* ----------------------------------------------------------------
 * Keeping
 * ----------------------------------------------------------------
 */

static bool
same_grants(const Block *a, const Block *b)
{
	return a->size == b->size && a->count == b->count &&
		memcmp(a->grants, b->grants, a->size - offsetof(Block, grants)) == 0;
}

/* The identity's slot, else a free one, else the one used longest ago. */
static Slot *
find_slot(uint32 identity)
{
	Slot	   *oldest = &slots[0];
	int			i;

	if (likely(last_slot->identity == identity))
		return last_slot;
	for (i = 0; i < N_SLOTS; i++)
	{
		if (slots[i].identity == identity)
			return &slots[i];
		if (slots[i].used < oldest->used)
			oldest = &slots[i];
	}
	return oldest;
}

static void
fill_slot(Slot *slot, uint32 identity, Block *block)
{
	if (last_serial == PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many changes of item permissions in one session"),
				 errhint("Open a new connection.")));
	if (slot->block)
		pfree(slot->block);
	block->serial = ++last_serial;
	slot->identity = identity;
	slot->block = block;
}

/*
 * The grants of the identity in force.  While a query runs that asked for
 * them, they stand still; otherwise they are as new as the tables.
 */
static const Block *
grants_of(const AzIdentity *id)
{
	uint32		identity = az_identity_serial();
	uint64		epoch = az_grants_epoch();
	Slot	   *slot = find_slot(identity);
	bool		known = slot->identity == identity;
	Block	   *block;

	if (az_answer.grants != 0)
	{
		if (!known || slot->block->serial != az_answer.grants)
			az_raise_grants_changed();
		return slot->block;
	}
	if (!known || slot->epoch != epoch)
	{
		/* an invalidation that arrives from here on has it read again */
		block = read_block(id);
		if (known && same_grants(slot->block, block))
			pfree(block);
		else
			fill_slot(slot, identity, block);
		slot->epoch = epoch;
	}
	slot->used = ++last_use;
	last_slot = slot;
	return slot->block;
}

uint32
az_grants_serial(void)
{
	const AzIdentity *id = az_current();

	return az_can_hold_items(id) ? grants_of(id)->serial : 0;
}

/* The next try plans anew. */
void
az_raise_grants_changed(void)
{
	az_invalidate_plans();
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("item permissions have changed since the query was planned"),
			 errhint("The query might succeed if it is run again."),
			 errhidestmt(true),
			 errhidecontext(true)));
	pg_unreachable();
}

/* ----------------------------------------------------------------
 * Asking
 * ----------------------------------------------------------------
 */

/* item and permission are folded. */
static bool
has_grant(const Block *block, const char *item, size_t item_len,
		  const char *permission, size_t permission_len)
{
	const char *base = (const char *) block;
	uint64		start = start_of(item, item_len);
	uint32		low = 0;
	uint32		high = block->count;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		const Grant *grant = &block->grants[middle];
		int			order = (start > grant->start) - (start < grant->start);

		if (order == 0)
			order = az_compare(item, item_len, base + grant->item,
							   grant->item_len);
		if (order == 0)
			order = az_compare(permission, permission_len,
							   base + grant->permission, grant->permission_len);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

bool
az_holds_item(const AzIdentity *id, const char *item, size_t item_len,
			  const char *permission, size_t permission_len, bool parents)
{
	char		room[256];
	char	   *folded = room;
	const Block *block;
	bool		held;
	size_t		end;

	if (!az_can_hold_items(id))
		return false;
	block = grants_of(id);
	if (block->count == 0)
		return false;
	if (item_len + permission_len > sizeof(room))
		folded = palloc(item_len + permission_len);
	az_lower_ascii(folded, item, item_len);
	az_lower_ascii(folded + item_len, permission, permission_len);

	held = has_grant(block, folded, item_len, folded + item_len, permission_len);
	for (end = 1; parents && !held && end < item_len; end++)
	{
		if (folded[end] == '.')
			held = has_grant(block, folded, end, folded + item_len, permission_len);
	}
	if (folded != room)
		pfree(folded);
	return held;
}

bool
az_holds_application(const AzIdentity *id, const char *permission,
					 size_t permission_len)
{
	return az_can_hold_items(id) &&
		az_holds_item(id, az_node_bytes(id, &id->client), az_node_len(&id->client),
					  permission, permission_len, false);
}

bool
az_is_admin(const AzIdentity *id)
{
	const AzNode *permissions;
	uint32		i;

	if (id == NULL || id->is_admin)
		return id != NULL;
	permissions = az_set_items(id, &id->admin_permissions);
	for (i = 0; i < id->admin_permissions.count; i++)
	{
		if (az_holds_application(id, az_node_bytes(id, &permissions[i]),
								 az_node_len(&permissions[i])))
			return true;
	}
	return false;
}

bool
az_gives_management(const AzIdentity *id, const char *permission)
{
	const AzNode *admin = az_set_items(id, &id->admin_permissions);
	Reading		reading = {0};
	char	   *folded = pstrdup(permission);
	ListCell   *lc;

	az_lower_ascii(folded, folded, strlen(folded));
	read_implications(id, &reading);
	foreach(lc, implied_by(reading.implied, folded))
	{
		const char *given = lfirst(lc);
		uint32		i;

		if (az_same_ascii(given, strlen(given), AZ_MANAGE, strlen(AZ_MANAGE)))
			return true;
		for (i = 0; i < id->admin_permissions.count; i++)
		{
			if (az_same_ascii(given, strlen(given), az_node_bytes(id, &admin[i]),
							 az_node_len(&admin[i])))
				return true;
		}
	}
	return false;
}
