/*-------------------------------------------------------------------------
 *
 * tied.h
 *	  Queries that asked for the identity although their plans do not say so,
 *	  or got an answer that depends on the time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TIED_H
#define AZ_TIED_H

#include "server/compat.h"
#include "executor/execdesc.h"

/*
 * Is that call part of the running query: of one of its expressions, and
 * neither of a query within it, nor of an expression that a function evaluates
 * on its own, nor a trigger?  Where it cannot be told: yes.
 */
extern bool az_is_part_of(FunctionCallInfo fcinfo, const QueryDesc *query);

/* From now on the query belongs to that identity, until it ends. */
extern void az_tie(QueryDesc *query, uint32 serial);

/* Does it belong to somebody, and to whom? */
extern bool az_is_tied(const QueryDesc *query, uint32 *serial);

/* An answer that it was given holds until then; PG_INT64_MAX: none of them ends. */
extern void az_answered_until(QueryDesc *query, int64 until);
extern int64 az_until_of_answers(const QueryDesc *query);

/* Who was logged in when the query started?  0: nobody. */
extern void az_note_start(QueryDesc *query, uint32 serial);
extern uint32 az_started_as(const QueryDesc *query);

#endif							/* AZ_TIED_H */
