/*-------------------------------------------------------------------------
 *
 * refresh.c
 *	  The keys of one issuer, fetched and stored.
 *
 * Whatever goes wrong, the keys that are there stay.
 *
 *-------------------------------------------------------------------------
 */
#include "refresh.h"

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/timestamp.h"

#include "board.h"
#include "key_set.h"
#include "report.h"
#include "settings.h"

#define ETAG_LIFE		USECS_PER_DAY

typedef struct Refresh
{
	const AzSource *source;
	AzClaim		claim;
	AzRemembered remembered;	/* of the last fetch; then of this one */
	TimestampTz began;
	AzAnswer	answer;
	AzOutcome	outcome;
	int			fault;			/* of the database's */
	bool		changed;
} Refresh;

/* For two documents, and for what is asked of the database around them. */
static int
longest(void)
{
	return 2 * az_keys_timeout + 4 * AZ_STORE_MS + 5000;
}

static double
random_part(void)
{
	return pg_prng_double(&pg_global_prng_state);
}

static long
pause_after(const Refresh *refresh)
{
	return az_freshness_pause(&refresh->answer.freshness, az_keys_interval,
							  az_keys_min_interval, az_keys_max_interval, random_part());
}

/* Of the rows that the answer stands for now, whatever they were before. */
static void
remember_success(Refresh *refresh)
{
	refresh->remembered.failures = 0;
	refresh->remembered.etag_for = refresh->claim.state;
	if (refresh->outcome != AZ_FETCHED)
		return;
	strlcpy(refresh->remembered.etag, refresh->answer.freshness.etag, AZ_ETAG_MAX);
	refresh->remembered.etag_url = refresh->answer.url;
	refresh->remembered.etag_at = refresh->began;
}

static void
fail(Refresh *refresh)
{
	long		next;

	refresh->remembered.failures++;
	next = az_failure_pause(refresh->remembered.failures, az_keys_interval, random_part());
	(void) az_store_failure(refresh->source, az_outcome_word(refresh->outcome), next,
							&refresh->claim);
}

/* Is the error about the set, or about something else? */
static AzOutcome
outcome_of_fault(int fault)
{
	switch (ERRCODE_TO_CATEGORY(fault))
	{
		case MAKE_SQLSTATE('2', '2', '0', '0', '0'):
		case MAKE_SQLSTATE('4', '2', '0', '0', '0'):
		case MAKE_SQLSTATE('2', '3', '0', '0', '0'):
			return AZ_REFUSED_KEYS;
		default:
			return AZ_INTERNAL;
	}
}

static void
store(Refresh *refresh)
{
	uint64		before = refresh->claim.state;

	refresh->fault = az_store_keys(refresh->source, refresh->answer.body,
								   pause_after(refresh), &refresh->claim);
	if (refresh->fault != 0)
	{
		refresh->outcome = outcome_of_fault(refresh->fault);
		return;
	}
	/* the ETag is of a set that is not here */
	if (!refresh->claim.held)
		refresh->answer.freshness.etag[0] = '\0';
	/* another worker that came later has stored the newest set */
	refresh->changed = !refresh->claim.held || refresh->claim.state != before;
}

static void
end(Refresh *refresh)
{
	if (refresh->outcome == AZ_FETCHED)
		store(refresh);
	else if (refresh->outcome == AZ_UNCHANGED)
		refresh->fault = az_store_unchanged(refresh->source, pause_after(refresh),
											&refresh->claim);
	if (az_outcome_word(refresh->outcome) == NULL)
		remember_success(refresh);
	else
		fail(refresh);
}

/*
 * Where a key has gone, a set that has not changed would not bring it back.  And once
 * in a while the whole set is fetched, whatever a cache says of what it holds.
 */
static bool
etag_holds(const Refresh *refresh)
{
	const AzRemembered *last = &refresh->remembered;

	return last->etag_for == refresh->claim.state && refresh->began >= last->etag_at &&
		refresh->began - last->etag_at < ETAG_LIFE;
}

static void
fetch(Refresh *refresh)
{
	const char *name = refresh->source->name;
	const char *etag;

	refresh->began = GetCurrentTimestamp();
	refresh->remembered = az_board_recall(MyDatabaseId, name);
	etag = etag_holds(refresh) ? refresh->remembered.etag : "";
	pgstat_report_activity(STATE_RUNNING,
						   psprintf("fetching the keys of issuer \"%s\"", az_printable(name)));
	refresh->outcome = az_fetch_key_set(refresh->source, etag, refresh->remembered.etag_url,
										&refresh->answer);
	pgstat_report_activity(STATE_RUNNING, "storing what was fetched");
}

bool
az_refresh(const AzSource *source, bool wished)
{
	Refresh		refresh = {.source = source};

	az_board_alive(longest());
	refresh.fault = az_store_claim(source, wished, longest() / 1000, &refresh.claim);
	if (refresh.fault != 0)
		az_report(source->name, AZ_INTERNAL, "", refresh.fault);
	if (!refresh.claim.held)
		return true;
	fetch(&refresh);
	if (refresh.outcome == AZ_GIVEN_UP)
		return false;
	end(&refresh);
	az_board_note(MyDatabaseId, source->name, refresh.began, refresh.changed,
				  &refresh.remembered);
	az_report(source->name, refresh.outcome, refresh.answer.detail, refresh.fault);
	return true;
}
