/*-------------------------------------------------------------------------
 *
 * senders.h
 *	  Which assertions of other servers were used here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SENDERS_H
#define AZ_SENDERS_H

#include "server/compat.h"
#include "token/reason.h"

/*
 * A sender of assertions for all nodes of a cluster is identified by that many
 * bytes.
 */
#define AZ_SENDER_ID	16

/*
 * This transaction takes the assertion with that number, which was issued then
 * and is good until then, in microseconds since 1970.  AZ_OK;
 * AZ_ASSERTION_REPLAYED: a later one was used, or this one, and no transaction
 * holds it any longer; AZ_ASSERTION_CROWD: there is no place to remember it.
 * Raises nothing.
 */
extern AzReason az_take_number(const unsigned char sender[AZ_SENDER_ID], uint64 number,
							   int64 issued, int64 expires);

/* To be called while the server preloads the library, or not at all. */
extern void az_senders_init(void);

#endif							/* AZ_SENDERS_H */
