/*-------------------------------------------------------------------------
 *
 * attempt.h
 *	  Work that may fail, with an error that the caller judges.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ATTEMPT_H
#define AZ_ATTEMPT_H

#include "server/compat.h"

/*
 * Call work(arg) in an internal subtransaction.  NULL when it went well;
 * otherwise what it did is undone, and this is its error, in the current
 * memory context: judge it, or ReThrowError().  Itself raises before it has
 * called anything, where no subtransaction may begin (25000: a parallel
 * operation before PostgreSQL 17).
 */
extern ErrorData *az_attempt(void (*work) (void *arg), void *arg);

/*
 * Does the error end the attempt as a whole, and say nothing about the work:
 * cancelled, out of memory, or the transaction cannot go on?
 */
extern bool az_ends_attempts(const ErrorData *error);

#endif							/* AZ_ATTEMPT_H */
