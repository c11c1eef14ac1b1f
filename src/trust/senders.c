/*-------------------------------------------------------------------------
 *
 * senders.c
 *	  Which assertions of other servers were used here.
 *
 * Each backend of another server that makes assertions numbers them.  Of each
 * the newest number is kept, with how many transactions here hold it: those
 * that have taken it and run.  Citus sends an assertion on every connection
 * that takes part in a transaction, so as long as one of them holds it, it is
 * taken again; what is older, or held by nobody, was used.  It does not matter
 * which session holds it:  Citus connects as the current user, so with a
 * function that has the rights of its owner, or with SET ROLE, the same
 * assertion comes on connections of several roles; a node may be reached by
 * several addresses or through a pool; and the client chooses
 * application_name.
 *
 * All sessions share this where the server preloads the library; otherwise
 * each session has its own.  There is a place for so many at a time: one is
 * free again when what was made by its backend has expired, and nobody holds
 * it.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/senders.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "server/datum.h"
#include "server/shared.h"

#define SHARED_SENDERS	16384
#define OWN_SENDERS		256

#define NOBODY	(-1)

typedef struct Sender
{
	unsigned char id[AZ_SENDER_ID];
	uint64		newest;
	int64		until;			/* then all assertions that it has made up to
								 * now have expired */
	int32		holders;		/* transactions that have taken the newest */
	int32		next;			/* with the same hash value; or NOBODY */
} Sender;

typedef struct Senders
{
	int64		since;			/* assertions issued before this may have been
								 * used; 0: none */
	int32		capacity;
	int32		taken;			/* of the places; from then on one is used again */
	int32		looked_at;		/* last, for one that is free again */
	Sender		senders[FLEXIBLE_ARRAY_MEMBER];
} Senders;

static Senders *shared = NULL;	/* NULL: the server does not preload the library */
static Senders *own = NULL;

/* What this transaction holds. */
static struct
{
	int32		place;			/* NOBODY: nothing */
	unsigned char id[AZ_SENDER_ID];
	uint64		number;
}			held = {.place = NOBODY};


/* Places.  Callers hold the lock */

static Size
size_for(int capacity)
{
	return offsetof(Senders, senders) + capacity * (sizeof(Sender) + sizeof(int32));
}

static void
set_up(Senders *all, int capacity)
{
	all->capacity = capacity;
}

/* The first place of each hash value; behind the places, from 1, so that zero is none. */
static inline int32 *
chain_of(Senders *all, const unsigned char *id)
{
	int32	   *chains = (int32 *) &all->senders[all->capacity];
	uint32		hash;

	/* they are random */
	memcpy(&hash, id, sizeof(hash));
	return &chains[hash % all->capacity];
}

static Sender *
find_sender(Senders *all, const unsigned char *id)
{
	int32		place;

	for (place = *chain_of(all, id) - 1; place != NOBODY; place = all->senders[place].next)
	{
		if (memcmp(all->senders[place].id, id, AZ_SENDER_ID) == 0)
			return &all->senders[place];
	}
	return NULL;
}

static void
take_out(Senders *all, int32 place)
{
	int32	   *chain = chain_of(all, all->senders[place].id);
	int32		before = *chain - 1;

	if (before == place)
	{
		*chain = all->senders[place].next + 1;
		return;
	}
	while (all->senders[before].next != place)
		before = all->senders[before].next;
	all->senders[before].next = all->senders[place].next;
}

/*
 * A place whose sender has no assertion left that could be used; NOBODY: there
 * is none.
 */
static int32
find_expired(Senders *all, int64 now)
{
	int32		n;

	for (n = 0; n < all->capacity; n++)
	{
		const Sender *sender = &all->senders[all->looked_at];
		int32		place = all->looked_at;

		all->looked_at = (all->looked_at + 1) % all->capacity;
		if (sender->holders == 0 && sender->until <= now)
			return place;
	}
	return NOBODY;
}

static Sender *
make_sender(Senders *all, const unsigned char *id, int64 now)
{
	int32	   *chain = chain_of(all, id);
	int32		place;
	Sender	   *sender;

	if (all->taken < all->capacity)
		place = all->taken++;
	else
	{
		place = find_expired(all, now);
		if (place == NOBODY)
			return NULL;
		take_out(all, place);
	}
	sender = &all->senders[place];
	memset(sender, 0, sizeof(*sender));
	memcpy(sender->id, id, AZ_SENDER_ID);
	sender->next = *chain - 1;
	*chain = place + 1;
	return sender;
}


/*
 * Numbers.  Likewise
 */

static bool
is_held(const Senders *all, const Sender *sender, uint64 number)
{
	return held.place != NOBODY && &all->senders[held.place] == sender &&
		held.number == number &&
		memcmp(held.id, sender->id, AZ_SENDER_ID) == 0;
}

/* Somebody may have taken a later one since. */
static void
let_go(Senders *all)
{
	Sender	   *sender;

	if (held.place == NOBODY)
		return;
	sender = &all->senders[held.place];
	if (is_held(all, sender, sender->newest))
		sender->holders--;
	held.place = NOBODY;
}

static void
hold(Senders *all, Sender *sender)
{
	let_go(all);
	sender->holders++;
	held.place = sender - all->senders;
	held.number = sender->newest;
	memcpy(held.id, sender->id, AZ_SENDER_ID);
}

static AzReason
take_number(Senders *all, const unsigned char *id, uint64 number, int64 issued,
			int64 expires)
{
	Sender	   *sender = find_sender(all, id);
	int64		now = GetCurrentTimestamp() + AZ_EPOCH_SHIFT;

	/*
	 * it may have ended since it was judged, and its place may belong to
	 * another sender
	 */
	if (expires <= now)
		return AZ_ASSERTION_EXPIRED;
	if (issued < all->since)
		return AZ_ASSERTION_REPLAYED;
	if (sender != NULL &&
		(number < sender->newest || (number == sender->newest && sender->holders == 0)))
		return AZ_ASSERTION_REPLAYED;
	if (sender == NULL)
		sender = make_sender(all, id, now);
	if (sender == NULL)
		return AZ_ASSERTION_CROWD;
	if (is_held(all, sender, number))
		return AZ_OK;
	/* the holders of an older number no longer count */
	if (number != sender->newest)
		sender->holders = 0;
	sender->newest = number;
	sender->until = Max(sender->until, expires);
	hold(all, sender);
	return AZ_OK;
}


/*
 * For all sessions, or this one
 */

static Senders *
enter(void)
{
	if (shared == NULL)
		return own;
	LWLockAcquire(az_senders_lock(), LW_EXCLUSIVE);
	return shared;
}

static void
leave(void)
{
	if (shared != NULL)
		LWLockRelease(az_senders_lock());
}

static void
transaction_ended(XactEvent event, void *arg)
{
	if (held.place == NOBODY || (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
								 event != XACT_EVENT_PREPARE))
		return;
	let_go(enter());
	leave();
}

/* False when memory ran out. */
static bool
get_ready(void)
{
	static bool registered = false;

	if (shared == NULL && own == NULL)
	{
		own = MemoryContextAllocExtended(TopMemoryContext, size_for(OWN_SENDERS),
										 MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO);
		if (own == NULL)
			return false;
		set_up(own, OWN_SENDERS);
	}
	if (!registered)
		RegisterXactCallback(transaction_ended, NULL);
	registered = true;
	return true;
}

AzReason
az_take_number(const unsigned char id[AZ_SENDER_ID], uint64 number, int64 issued,
			   int64 expires)
{
	AzReason	reason;

	if (!get_ready())
		return AZ_NO_MEMORY;
	reason = take_number(enter(), id, number, issued, expires);
	leave();
	return reason;
}


/*
 * Shared memory
 */

static Size
size(void)
{
	return size_for(SHARED_SENDERS);
}

/* After a crash, nobody knows which assertions were used. */
static void
set_up_shared(void *place)
{
	int64		now = GetCurrentTimestamp() + AZ_EPOCH_SHIFT;

	set_up(place, SHARED_SENDERS);
	/* the time of issue is given to the second */
	((Senders *) place)->since = now + USECS_PER_SEC - now % USECS_PER_SEC;
}

void
az_senders_init(void)
{
	static const AzSharedArea area = {"dbmi_authz senders", size, set_up_shared,
	(void **) &shared};

	az_share_area(&area);
}
