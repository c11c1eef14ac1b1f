/*-------------------------------------------------------------------------
 *
 * handed.h
 *	  What another server has handed over to this session in this transaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_HANDED_H
#define AZ_HANDED_H

#include "session/adoption.h"
#include "storage/proc.h"

/*
 * The transaction in which something was handed over, including nobody and
 * what was refused.
 */
extern LocalTransactionId az_handed_in;

static inline bool
az_is_handed_over(void)
{
	return unlikely(LocalTransactionIdIsValid(az_handed_in)) &&
		az_handed_in == az_local_xid();
}

/*
 * What counts in such a transaction, where the setting has that value: no
 * identity that the session had before.  "floor": adoptions up to that number
 * do not count.  NULL: nobody is in force.  It may be one that is "refused".
 */
extern AzAdoption *az_handed_candidate(AzAdoption *adopted, uint64 floor);

/*
 * Something is handed over: adoptions up to that number do not count in this
 * transaction.  May raise the first time that a session calls it.
 */
extern void az_begin_handed(uint64 last_number);

/*
 * The assertion is refused, as the adoption of that number, until a later one
 * comes.
 */
extern void az_note_handed_refused(uint64 number, AzReason reason);

extern void az_handed_transaction_ended(void);

/*
 * What the other server has stored for an identity is compared before the first
 * answer; that raises where it differs.
 */
extern void az_compare_stored(AzAdoption *current);

static inline void
az_check_stored(AzAdoption *current)
{
	if (unlikely(current != NULL && current->stored != NULL))
		az_compare_stored(current);
}

/*
 * Set the function that compares; it raises 55000 where this database would
 * answer otherwise than the one that handed the identity over.  Called while
 * the library is loaded; cannot raise.
 */
extern void az_handed_init(void (*compare) (AzAdoption *current, const char *stored));

#endif							/* AZ_HANDED_H */
