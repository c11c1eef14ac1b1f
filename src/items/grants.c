/*-------------------------------------------------------------------------
 *
 * grants.c
 *	  Item permissions: what authz.item_permission grants to an identity.
 *
 * All grants of an identity are read at once, by the table's index, and serve
 * all snapshots under which the tables show the same (reading.h).  Grants of
 * other people do not change them, and so end no plan.
 *
 * What was read is numbered.  A plan that asked bears the number, and runs only
 * under snapshots that show those grants.
 *
 *-------------------------------------------------------------------------
 */
#include "items/grants.h"

#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "items/grant_set.h"
#include "items/implies.h"
#include "items/item_path.h"
#include "items/item_table.h"
#include "server/asked.h"
#include "server/counts.h"
#include "server/report.h"
#include "session/plans.h"
#include "session/session.h"
#include "trust/trust_table.h"

/*
 * What was read for an identity.  The same may have been read under two
 * snapshots, which then serve in turn: that of a query, and those of a function
 * in it.
 */
#define N_READINGS	2

typedef struct Slot
{
	uint32		identity;		/* serial of the identity; 0: free */
	AzReading	readings[N_READINGS];
	int			next_reading;	/* which is to be forgotten */
	uint64		used;			/* when it was asked for last */
	uint32		serial;			/* of the grants */
	AzGrants   *grants;
} Slot;

#define N_SLOTS	16
static Slot slots[N_SLOTS];
static Slot *last_slot = &slots[0];	/* mostly the right one */
static uint64 last_use = 0;
static uint32 last_serial = 0;

static MemoryContext
sets_context(void)
{
	static MemoryContext context = NULL;

	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "dbmi_authz grants",
										ALLOCSET_DEFAULT_SIZES);
	return context;
}

/* ----------------------------------------------------------------
 * Keeping
 * ----------------------------------------------------------------
 */

static bool
serves(const Slot *slot)
{
	int			i;

	for (i = 0; i < N_READINGS; i++)
	{
		if (az_reading_serves(&slot->readings[i], az_source(AZ_STORED_GRANTS)))
			return true;
	}
	return false;
}

/* What the active snapshot shows, if it is known; NULL: it has to be read. */
static Slot *
find_slot(uint32 identity)
{
	int			i;

	if (likely(last_slot->identity == identity) && serves(last_slot))
		return last_slot;
	for (i = 0; i < N_SLOTS; i++)
	{
		if (slots[i].identity == identity && serves(&slots[i]))
			return &slots[i];
	}
	return NULL;
}

/* The one that holds that already; NULL: none. */
static Slot *
find_same(uint32 identity, const AzGrants *grants)
{
	int			i;

	for (i = 0; i < N_SLOTS; i++)
	{
		if (slots[i].identity == identity && az_same_grants(slots[i].grants, grants))
			return &slots[i];
	}
	return NULL;
}

/* A free one, else the one used longest ago. */
static Slot *
choose_slot(void)
{
	Slot	   *oldest = &slots[0];
	int			i;

	for (i = 0; i < N_SLOTS; i++)
	{
		if (slots[i].used < oldest->used)
			oldest = &slots[i];
	}
	return oldest;
}

static void
empty_slot(Slot *slot)
{
	AzGrants   *grants = slot->grants;

	memset(slot, 0, sizeof(*slot));
	if (grants)
		az_free_grants(grants);
}

/* All that is kept is not larger than what one identity may need. */
static void
make_room(const AzGrants *grants)
{
	Size		size = az_grants_size(grants);
	int			i;

	for (i = 0; i < N_SLOTS; i++)
		size += slots[i].grants ? az_grants_size(slots[i].grants) : 0;
	if (size <= AZ_MAX_GRANTS_SIZE)
		return;
	for (i = 0; i < N_SLOTS; i++)
		empty_slot(&slots[i]);
}

static Slot *
fill_slot(uint32 identity, AzGrants *grants)
{
	Slot	   *slot = choose_slot();

	if (last_serial == PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many changes of item permissions in one session"),
				 errhint("Open a new connection.")));
	empty_slot(slot);
	make_room(grants);
	slot->serial = ++last_serial;
	slot->identity = identity;
	slot->grants = grants;
	return slot;
}

/* Read what the active snapshot shows. */
static Slot *
read_slot(const AzIdentity *id, uint32 identity)
{
	AzReading	reading = az_begin_reading(az_source(AZ_STORED_GRANTS));
	AzGrants   *grants = az_read_grants(id, sets_context());
	Slot	   *slot = find_same(identity, grants);

	if (slot)
		az_free_grants(grants);
	else
		slot = fill_slot(identity, grants);
	slot->readings[slot->next_reading] = reading;
	slot->next_reading = (slot->next_reading + 1) % N_READINGS;
	return slot;
}

/* The grants of the identity in force, as the active snapshot shows them. */
static Slot *
grants_under_active(const AzIdentity *id)
{
	uint32		identity = az_identity_serial();
	Slot	   *slot = find_slot(identity);

	if (slot == NULL)
		slot = read_slot(id, identity);
	slot->used = ++last_use;
	return slot;
}

static pg_noinline Slot *
find_grants(const AzIdentity *id)
{
	AzUnder		under;

	az_under_asked(&under);
	last_slot = grants_under_active(id);
	az_under_end(&under);
	az_note_query_grants(last_slot->serial);
	return last_slot;
}

/*
 * Under the snapshot that is asked under.  What a query has found is not looked
 * for again: its snapshot stays the same.
 */
static inline Slot *
grants_of(const AzIdentity *id)
{
	uint32		kept = az_query_grants();

	/* mostly; a number never stands for two blocks, nor a block for two people */
	if (likely(kept != 0) && last_slot->serial == kept)
		return last_slot;
	return find_grants(id);
}

bool
az_grants_are_certain(void)
{
	const AzIdentity *id = az_in_force();
	uint32		now;
	uint32		around;

	if (!az_can_hold_items(id) || !ActiveSnapshotSet())
		return true;
	now = grants_of(id)->serial;
	around = grants_under_active(id)->serial;
	/* what is planned without them is not to stay */
	if (now != around)
		az_note_outdated();
	return now == around;
}

uint32
az_grants_serial(void)
{
	const AzIdentity *id = az_in_force();

	return az_can_hold_items(id) ? grants_of(id)->serial : 0;
}

static Slot *
slot_of_candidate(const AzIdentity *id)
{
	AzUnder		under;
	Slot	   *slot;

	az_under_asked(&under);
	slot = grants_under_active(id);
	az_under_end(&under);
	return slot;
}

uint32
az_grants_serial_of(const AzIdentity *id)
{
	return az_can_hold_items(id) ? slot_of_candidate(id)->serial : 0;
}

Size
az_grants_bytes(const AzIdentity *id, const void **bytes)
{
	return az_can_hold_items(id) ?
		az_bytes_of_grants(slot_of_candidate(id)->grants, bytes) : 0;
}

/* Raises 40001; the next try plans again. */
void
az_raise_grants_changed(void)
{
	az_count(AZ_STOPPED_40001);
	az_note_tied_plan();
	az_invalidate_plans();
	az_raise(ERRCODE_T_R_SERIALIZATION_FAILURE,
			 "item permissions have changed since the query was planned",
			 NULL, NULL, "The query might succeed if it is run again.");
}

/* ----------------------------------------------------------------
 * Asking
 * ----------------------------------------------------------------
 */

/* Does the ceiling of the actor, if there is one, leave that permission? */
bool
az_ceiling_has_item(const AzIdentity *id, const char *permission, size_t len)
{
	const AzNode *items = az_set_items(id, &id->item_ceiling);
	uint32		i;

	if (!id->items_limited)
		return true;
	for (i = 0; i < id->item_ceiling.count; i++)
	{
		if (az_same_ascii(az_node_bytes(id, &items[i]), az_node_len(&items[i]),
						  permission, len))
			return true;
	}
	return false;
}

bool
az_holds_item(const AzIdentity *id, const char *item, size_t item_len,
			  const char *permission, size_t permission_len, bool parents)
{
	return az_can_hold_items(id) && az_ceiling_has_item(id, permission, permission_len) &&
		az_is_granted(grants_of(id)->grants, item, item_len,
					  permission, permission_len, parents);
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

	if (id == NULL || id->never_admin)
		return false;
	if (id->is_admin)
		return true;
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
az_gives_management(const AzIdentity *id, const text *permission)
{
	const AzNode *admin = az_set_items(id, &id->admin_permissions);
	AzPermissions *permissions = az_read_permissions(id);
	uint32		manage = az_permission_number(permissions, cstring_to_text(AZ_MANAGE));
	uint32		i;

	az_hold_permission(permissions, az_permission_number(permissions, permission));
	if (permissions->all[manage].held)
		return true;
	for (i = 0; i < id->admin_permissions.count; i++)
	{
		uint32		number = az_permission_number(permissions,
												  az_node_text_copy(id, &admin[i]));

		if (permissions->all[number].held)
			return true;
	}
	return false;
}
