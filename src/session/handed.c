/*-------------------------------------------------------------------------
 *
 * handed.c
 *	  What another server has handed over to this session in this transaction.
 *
 * It is a value of the setting, as a token is, so that savepoints are core's
 * business.  But in a transaction in which anything was handed over, nothing
 * counts that was there before: neither a login of the session nor that of the
 * connection.  Where a rollback brings such a login back, or the assertion was
 * refused, nobody is in force.  The other server assumes that somebody is, so
 * a question then raises an error instead of showing fewer rows.
 *
 *-------------------------------------------------------------------------
 */
#include "session/handed.h"

#include "session/base.h"

LocalTransactionId az_handed_in = InvalidLocalTransactionId;

/* Adoptions up to this one were there before. */
static uint64 before = 0;

static uint64 refused_at = 0;	/* the last refusal in this transaction; 0: there is none */

/* Above the numbers of adoptions: no adoption ever has it. */
#define REFUSAL_NUMBER	(PG_UINT64_MAX - 1)

/* Stands for everything that must not count. */
static AzAdoption refusal;

static void (*compare_stored) (AzAdoption *current, const char *stored) = NULL;

void
az_begin_handed(uint64 last_number)
{
	if (az_is_handed_over())
		return;
	if (refusal.serial == 0)
	{
		refusal.number = REFUSAL_NUMBER;
		refusal.refused = refusal.asserted = true;
		/* no plan ever holds an answer for it */
		refusal.serial = refusal.signed_serial = az_next_serial();
	}
	refused_at = 0;
	refusal.ended = AZ_TOKEN_MISSING;
	before = last_number;
	az_handed_in = az_local_xid();
}

void
az_note_handed_refused(uint64 number, AzReason reason)
{
	Assert(az_is_handed_over());
	refused_at = number;
	refusal.ended = reason;
}

AzAdoption *
az_handed_candidate(AzAdoption *adopted, uint64 floor)
{
	if (adopted != NULL && adopted->number > Max(floor, before))
		return adopted->nobody ? NULL : adopted;
	/* a token has been refused since: R8 */
	if (floor > Max(refused_at, before))
		return NULL;
	if (adopted == NULL && refused_at == 0 && az_base() == NULL)
		return NULL;
	return &refusal;
}

void
az_handed_transaction_ended(void)
{
	az_handed_in = InvalidLocalTransactionId;
}

void
az_compare_stored(AzAdoption *current)
{
	if (compare_stored != NULL)
		compare_stored(current, current->stored);
	current->stored = NULL;
}

void
az_handed_init(void (*compare) (AzAdoption *current, const char *stored))
{
	compare_stored = compare;
}
