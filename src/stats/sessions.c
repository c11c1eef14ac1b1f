/*-------------------------------------------------------------------------
 *
 * sessions.c
 *	  Who is logged in, for other sessions of the database to see.
 *
 * Each session writes into a place of its own and waits for nobody.  Who reads
 * takes a copy, and takes it again when it was written to meanwhile: no copy is
 * half of one identity and half of another.
 *
 * Only sessions of the same database are read, so names are in one encoding and
 * are taken as they are.
 *
 *-------------------------------------------------------------------------
 */
#include "stats/sessions.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "server/datum.h"
#include "server/shared.h"

typedef struct Place
{
	uint32		changes;		/* odd while it is written */
	AzShownSession session;
} Place;

static Place *places = NULL;

/* What is in our place, so that most calls find that nothing is to do. */
static struct
{
	bool		anybody;
	uint64		number;			/* of the adoption */
	uint32		serial;			/* of the identity whose names are there */
	AzReason	ended;
	bool		inactive;
}			told;

static Place *my_place = NULL;
static bool gone = false;		/* the process ends: it no longer has a place
								 * */


/*
 * Writing: raises nothing, and allocates nothing
 */

/*
 * It is odd already where the process ends within a write (a background worker may,
 * by a signal); then that write is what goes on.
 */
static void
begin_write(void)
{
	((volatile Place *) my_place)->changes |= 1;
	pg_write_barrier();
}

static void
end_write(void)
{
	pg_write_barrier();
	((volatile Place *) my_place)->changes++;
}

/* As many bytes as there is room for, in whole characters. */
static size_t
clip(const char *bytes, size_t room)
{
	size_t		len = 0;
	int			next = pg_encoding_mblen(GetDatabaseEncoding(), bytes);

	while (len + next <= room)
	{
		len += next;
		next = pg_encoding_mblen(GetDatabaseEncoding(), bytes + len);
	}
	return len;
}

static void
write_name(AzShownName which, const AzIdentity *id, const AzNode *claim)
{
	static const char dots[] = "...";
	AzShownSession *session = &my_place->session;
	const char *bytes;
	size_t		len;

	claim = az_scalar_or_null(claim);
	session->length[which] = -1;
	if (claim == NULL)
		return;
	bytes = az_node_bytes(id, claim);
	len = az_node_len(claim);
	if (len > AZ_SHOWN_BYTES)
	{
		len = clip(bytes, AZ_SHOWN_BYTES - strlen(dots));
		memcpy(session->name[which] + len, dots, strlen(dots));
		session->length[which] = (int16) (len + strlen(dots));
	}
	else
		session->length[which] = (int16) len;
	memcpy(session->name[which], bytes, len);
}

/* No two identities of a session have the same serial. */
static void
write_identity(const AzIdentity *id)
{
	my_place->session.expires = id->expires;
	my_place->session.deadline = id->deadline;
	write_name(AZ_SHOWN_ISSUER, id, &id->issuer);
	write_name(AZ_SHOWN_SUBJECT, id, &id->subject);
	write_name(AZ_SHOWN_ACTOR, id, &id->actor);
}

static void
write_session(const AzAdoption *current)
{
	AzShownSession *session = &my_place->session;

	begin_write();
	session->database = MyDatabaseId;
	session->pid = MyProcPid;
	session->since = current->since;
	session->state = az_state_of(current);
	session->inactive = current->inactive;
	if (told.serial != current->signed_serial)
		write_identity(current->identity);
	end_write();
}

static void
write_nobody(void)
{
	begin_write();
	my_place->session.database = InvalidOid;
	end_write();
}

static void
leave(int code, Datum arg)
{
	gone = true;
	write_nobody();
}

/* Which is that of nobody until now. */
static bool
take_place(void)
{
	int			i;

	if (my_place != NULL || gone)
		return !gone;
	i = az_shared_place();
	if (i < 0)
		return false;
	before_shmem_exit(leave, (Datum) 0);
	my_place = &places[i];
	return true;
}

static bool
is_told(const AzAdoption *current)
{
	return told.anybody && told.number == current->number && told.ended == current->ended &&
		told.inactive == current->inactive;
}

/* A token that nobody has judged is nobody's, and one who is simulated is not logged in. */
static void
tell(const AzAdoption *current)
{
	if (current != NULL && (current->identity == NULL || current->simulated))
		current = NULL;
	if (current == NULL ? !told.anybody : is_told(current))
		return;
	if (!take_place())
		return;
	told.anybody = current != NULL;
	if (current == NULL)
	{
		write_nobody();
		return;
	}
	write_session(current);
	told.number = current->number;
	told.serial = current->signed_serial;
	told.ended = current->ended;
	told.inactive = current->inactive;
}


/*
 * Reading
 */

static void
copy_place(const Place *place, AzShownSession *session)
{
	uint32		before;
	uint32		after;

	for (;;)
	{
		before = ((const volatile Place *) place)->changes;
		pg_read_barrier();
		memcpy(session, &place->session, sizeof(*session));
		pg_read_barrier();
		after = ((const volatile Place *) place)->changes;
		if (before == after && (before & 1) == 0)
			return;
		CHECK_FOR_INTERRUPTS();
	}
}

bool
az_sessions_are_shown(void)
{
	return places != NULL;
}

bool
az_next_session(int *place, AzShownSession *session)
{
	while (*place < az_shared_places())
	{
		copy_place(&places[(*place)++], session);
		if (session->database == MyDatabaseId)
			return true;
	}
	return false;
}


/*
 * The area
 */

static Size
size(void)
{
	return mul_size(sizeof(Place), az_shared_places());
}

static void
set_up(void *area)
{
	/* zeros: nobody is logged in anywhere */
}

void
az_sessions_init(void)
{
	static const AzSharedArea area = {"dbmi_authz sessions", size, set_up, (void **) &places};

	az_share_area(&area);
	az_tell_who(tell);
}
