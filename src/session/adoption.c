/*-------------------------------------------------------------------------
 *
 * adoption.c
 *	  What the setting dbmi_authz.token carries along: an identity, or a
 *	  token that nobody has judged yet.
 *
 * A token that was set before the library was loaded is not judged while the
 * library is being loaded: judging reads tables and may wait for others, and
 * an error would leave the library half loaded.  The token waits here for the
 * first question.
 *
 *-------------------------------------------------------------------------
 */
#include "session/adoption.h"

#include "common/hashfn.h"
#include "storage/proc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "server/asked.h"
#include "server/datum.h"
#include "server/report.h"
#include "trust/asserted.h"
#include "trust/trust.h"
#include "trust/trust_table.h"

int64
az_unix_now(void)
{
	return GetCurrentTimestamp() + AZ_EPOCH_SHIFT;
}

/* Zeroed, with room for so many bytes. */
static AzAdoption *
new_adoption(size_t len, LocalTransactionId lxid)
{
	AzAdoption *adoption = az_guc_alloc(offsetof(AzAdoption, bytes) + len);

	if (adoption)
	{
		memset(adoption, 0, offsetof(AzAdoption, bytes));
		adoption->lxid = lxid;
	}
	return adoption;
}

/* ---- within a ceiling ---- */

/*
 * The serial of an identity within that ceiling.  It is the same one again
 * where it is remembered, so that a pool's plans live on from login to login,
 * and a cursor goes on under the ceiling that its snapshot shows.
 */
static uint32
serial_within(uint32 serial, uint64 ceiling)
{
	static struct
	{
		uint32		signed_serial;
		uint32		serial;
		uint64		ceiling;
	}			known[64];
	int			i = hash_combine64(serial, ceiling) % lengthof(known);

	if (known[i].signed_serial != serial || known[i].ceiling != ceiling)
	{
		known[i].serial = az_next_serial();
		known[i].signed_serial = serial;
		known[i].ceiling = ceiling;
	}
	return known[i].serial;
}

static AzReason
apply_ceiling(AzAdoption *adoption)
{
	const AzIdentity *id = adoption->identity;
	AzCeiling	ceiling;
	uint64		version = 0;
	AzCeilingFound found = az_ceiling_of(id, &ceiling, &version);

	if (found == AZ_CEILING_UNREADABLE)
	{
		adoption->read_only = true;
		return AZ_ISSUER_UNTRUSTED;
	}
	if (found == AZ_CEILING_NONE && id->needs_ceiling)
		return AZ_CEILING_MISSING;
	if (found == AZ_CEILING_NONE)
	{
		adoption->serial = adoption->signed_serial;
		adoption->read_only = false;
	}
	else if (version != adoption->ceiling)
	{
		adoption->serial = serial_within(adoption->signed_serial, version);
		az_limit_identity(id, &ceiling, adoption->limited);
		adoption->read_only = ceiling.read_only;
		Assert(az_identity_check(adoption->limited, adoption->limited->size));
	}
	adoption->ceiling = version;
	return AZ_OK;
}

/* ---- what is stored for it ---- */

static bool
is_settled(const AzAdoption *adoption)
{
	return az_reading_serves(&adoption->inactive_read, az_source(AZ_STORED_INACTIVE)) &&
		(adoption->limited == NULL ||
		 az_reading_serves(&adoption->ceiling_read, az_source(AZ_STORED_CEILINGS)));
}

/* Assigns in such an order that after an error it is looked up again. */
static void
look_up(AzAdoption *adoption)
{
	AzLookUp	memory;
	AzReading	reading;
	AzReason	reason = AZ_OK;

	az_begin_look_up(&memory);
	if (adoption->limited)
	{
		reading = az_begin_reading(az_source(AZ_STORED_CEILINGS));
		reason = apply_ceiling(adoption);
		adoption->ceiling_read = reading;
	}
	reading = az_begin_reading(az_source(AZ_STORED_INACTIVE));
	adoption->inactive = reason == AZ_OK && az_subject_is_inactive(adoption->identity);
	adoption->ended = reason;
	adoption->inactive_read = reading;
	az_end_look_up(&memory);
}

bool
az_settle(AzAdoption *adoption)
{
	static uint64 last_settled = 0;
	bool		settled;
	AzUnder		under;

	az_under_asked(&under);
	settled = is_settled(adoption);
	if (!settled)
	{
		adoption->settled = ++last_settled;
		look_up(adoption);
	}
	az_under_end(&under);
	return !settled;
}

/*
 * Bytes that an identity needs: its own, and those of the copy within a
 * ceiling.
 */
static Size
room_of(const AzIdentity *id)
{
	Size		size = MAXALIGN(id->size);

	return az_node_type(&id->actor) == AZ_NULL ? size : size + az_limit_room(id);
}

/* The same with the digest of what is stored. */
static Size
room_of_verified(const AzVerifiedToken *verified)
{
	return room_of(verified->identity) +
		(verified->stored ? strlen(verified->stored) + 1 : 0);
}

/* "place" has that room, aligned. */
static void
set_identity(AzAdoption *adoption, char *place, const AzVerifiedToken *verified)
{
	const AzIdentity *id = verified->identity;

	memcpy(place, id, id->size);
	adoption->identity = (const AzIdentity *) place;
	if (az_node_type(&id->actor) != AZ_NULL)
		adoption->limited = (AzIdentity *) (place + MAXALIGN(id->size));
	if (verified->stored)
		adoption->stored = strcpy(place + room_of(id), verified->stored);
	adoption->serial = adoption->signed_serial = verified->serial;
	adoption->epoch = verified->epoch;
	adoption->simulated = verified->simulated;
	adoption->asserted = verified->asserted;
	adoption->ended = AZ_OK;
	(void) az_settle(adoption);
}

/* Back to "not judged yet"; number, transaction and token stay. */
static void
forget_identity(AzAdoption *adoption)
{
	adoption->identity = NULL;
	adoption->limited = NULL;
	adoption->serial = adoption->signed_serial = 0;
	adoption->ceiling = 0;
	adoption->read_only = false;
	adoption->asserted = false;
	adoption->stored = NULL;
}

AzAdoption *
az_make_adoption(const AzVerifiedToken *verified)
{
	AzAdoption *adoption = new_adoption(room_of_verified(verified) + MAXIMUM_ALIGNOF,
										az_local_xid());

	if (adoption == NULL)
		return NULL;
	PG_TRY();
	{
		set_identity(adoption, (char *) MAXALIGN(adoption->bytes), verified);
	}
	PG_CATCH();
	{
		az_guc_free(adoption);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return adoption;
}

AzAdoption *
az_make_unjudged(const char *token, size_t len, LocalTransactionId lxid)
{
	AzAdoption *adoption = new_adoption(len, lxid);

	if (adoption)
	{
		memcpy(adoption->bytes, token, len);
		adoption->token_len = len;
	}
	return adoption;
}

AzAdoption *
az_make_nobody(bool asserted)
{
	AzAdoption *adoption = new_adoption(0, az_local_xid());

	if (adoption)
	{
		adoption->nobody = true;
		adoption->asserted = asserted;
	}
	return adoption;
}

void
az_forget_token(AzAdoption *adoption)
{
	explicit_bzero(adoption->bytes, adoption->token_len);
	adoption->token_len = 0;
}

/*
 * An assertion of an earlier transaction no longer counts; it is then refused
 * as a token.
 */
bool
az_is_handed(const AzAdoption *adoption)
{
	return !adoption->base && adoption->lxid == az_local_xid() &&
		LocalTransactionIdIsValid(adoption->lxid) &&
		az_asserts(adoption->bytes, adoption->token_len) && az_takes_assertions();
}

/*
 * The identity gets a place of its own: how large it would become was not
 * known when core was handed this chunk.  Core does not free it, so it stays
 * to the end of the session, once for each token that was set too early.
 */
AzReason
az_judge(AzAdoption *adoption)
{
	AzVerifiedToken verified;
	AzReason	reason;
	void	   *copy;

	if (adoption->token_len == 0)
		return AZ_TOKEN_MISSING;
	if (az_is_handed(adoption))
		reason = az_verify_asserted(adoption->bytes, adoption->token_len, az_unix_now(),
									AZ_ROAD_CITUS, &verified);
	else
		reason = az_verify_token(adoption->bytes, adoption->token_len,
								 az_unix_now(), &verified);
	if (reason == AZ_NO_MEMORY || reason == AZ_CRYPTO_FAILURE)
		az_raise_refused(reason, NULL);
	if (reason == AZ_OK)
	{
		copy = malloc(room_of_verified(&verified));
		if (copy == NULL)
			az_raise_refused(AZ_NO_MEMORY, NULL);
		PG_TRY();
		{
			set_identity(adoption, copy, &verified);
		}
		PG_CATCH();
		{
			forget_identity(adoption);
			free(copy);
			PG_RE_THROW();
		}
		PG_END_TRY();
		az_forget_token(adoption);
	}
	return reason;
}
