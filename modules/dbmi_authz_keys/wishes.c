/*-------------------------------------------------------------------------
 *
 * wishes.c
 *	  On the board: what sessions wish for, what became of it, and what was said.
 *
 *-------------------------------------------------------------------------
 */
#include "board_intern.h"

#include "access/xact.h"
#include "miscadmin.h"

/* Who was refused a moment before the key was there need not wish for it. */
#define STILL_FRESH		(2 * USECS_PER_SEC)

/* How long until the same complaint about the same issuer is repeated. */
#define LOG_AGAIN		(60 * AZ_MINUTE)

/* ----------------------------------------------------------------
 * Sessions
 * ----------------------------------------------------------------
 */

/* Has somebody fetched it while this statement was on its way to be refused? */
static bool
came_meanwhile(const AzBoardIssuer *issuer, TimestampTz now)
{
	return issuer->changed && az_is_recent(issuer->done, now, STILL_FRESH) &&
		issuer->began >= GetCurrentStatementStartTimestamp();
}

static bool
wish(const char *name, TimestampTz now)
{
	AzBoardIssuer *issuer;

	if (az_board()->launcher == NULL || az_board()->stuck || !az_is_looked_after(MyDatabaseId, now))
		return false;
	issuer = az_place_issuer(MyDatabaseId, name, now);
	if (issuer == NULL)
		return false;
	if (issuer->wished || issuer->worker >= 0 || came_meanwhile(issuer, now))
		return true;
	if (az_is_to_come(issuer->pause, now, AZ_MINUTE) ||
		!az_has_room(issuer->attempts, lengthof(issuer->attempts), issuer->next_attempt,
				  az_keys_attempts_per_issuer, now) ||
		!az_has_room(az_board()->attempts, lengthof(az_board()->attempts), az_board()->next_attempt,
				  az_keys_attempts_total, now))
		return false;
	az_count_one(issuer->attempts, lengthof(issuer->attempts), &issuer->next_attempt, now);
	az_count_one(az_board()->attempts, lengthof(az_board()->attempts), &az_board()->next_attempt, now);
	issuer->wished = true;
	SetLatch(az_board()->launcher);
	return true;
}

bool
az_board_wish(const char *issuer)
{
	bool		taken;

	if (az_board() == NULL)
		return false;
	az_lock_board();
	taken = wish(issuer, GetCurrentTimestamp());
	az_unlock_board();
	return taken;
}

/* ----------------------------------------------------------------
 * Workers
 * ----------------------------------------------------------------
 */

bool
az_board_take_wish(Oid database, char *issuer)
{
	bool		found = false;
	int			i;

	az_lock_board();
	for (i = 0; i < AZ_MAX_ISSUERS && !found; i++)
	{
		AzBoardIssuer *place = &az_board()->issuers[i];

		if (!place->wished || place->database != database)
			continue;
		place->wished = false;
		place->worker = az_my_place();
		strlcpy(issuer, place->name, AZ_ISSUER_MAX);
		found = true;
	}
	az_unlock_board();
	return found;
}

AzRemembered
az_board_recall(Oid database, const char *issuer)
{
	AzRemembered remembered = {0};
	const AzBoardIssuer *place;

	az_lock_board();
	place = az_find_issuer(database, issuer);
	if (place)
		remembered = place->remembered;
	az_unlock_board();
	return remembered;
}

void
az_board_note(Oid database, const char *issuer, TimestampTz began, bool changed,
			  const AzRemembered *remembered)
{
	TimestampTz now = GetCurrentTimestamp();
	AzBoardIssuer *place;

	az_lock_board();
	place = az_place_issuer(database, issuer, now);
	if (place)
	{
		if (place->worker == az_my_place())
		{
			place->worker = -1;
			place->pause = changed ? 0 : now + AZ_PAUSE;
		}
		place->began = began;
		place->done = now;
		place->changed = changed;
		if (remembered)
			place->remembered = *remembered;
	}
	az_unlock_board();
}

void
az_board_drop_wish(Oid database, const char *issuer)
{
	AzBoardIssuer *place;

	az_lock_board();
	place = az_find_issuer(database, issuer);
	if (place && place->worker == az_my_place())
	{
		place->worker = -1;
		place->pause = GetCurrentTimestamp() + AZ_MINUTE;
	}
	az_unlock_board();
}

/* The same thing about the same issuer is no news for an hour. */
static bool
is_news(AzBoardIssuer *issuer, int what, TimestampTz now)
{
	return issuer == NULL || issuer->logged != what ||
		!az_is_recent(issuer->logged_at, now, LOG_AGAIN);
}

bool
az_board_may_log(Oid database, const char *issuer, int what)
{
	TimestampTz now = GetCurrentTimestamp();
	AzBoardIssuer *place;
	bool		may;

	az_lock_board();
	place = az_place_issuer(database, issuer, now);
	may = is_news(place, what, now) &&
		az_has_room(az_board()->lines, lengthof(az_board()->lines), az_board()->next_line, AZ_MAX_LOGGED, now);
	if (may)
	{
		az_count_one(az_board()->lines, lengthof(az_board()->lines), &az_board()->next_line, now);
		if (place)
		{
			place->logged = what;
			place->logged_at = now;
		}
	}
	az_unlock_board();
	return may;
}

void
az_board_forget_complaint(Oid database, const char *issuer)
{
	AzBoardIssuer *place;

	az_lock_board();
	place = az_find_issuer(database, issuer);
	if (place)
		place->logged = 0;
	az_unlock_board();
}
