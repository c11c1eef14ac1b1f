/*-------------------------------------------------------------------------
 *
 * change.h
 *	  May the identity change now?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CHANGE_H
#define AZ_CHANGE_H

#include "session/session.h"

/* Why the identity must not change, as the parts of an error; NULL: it may. */
typedef struct AzNoChange
{
	int			sqlstate;
	const char *message;
	const char *hint;
} AzNoChange;

extern const AzNoChange *az_why_no_change(void);
pg_noreturn extern void az_raise_no_change(const AzNoChange *why);

/* The same for a login of that identity, after az_verify_login(). */
extern const AzNoChange *az_why_not_as(const AzIdentity *id);

/*
 * The same for an actor that only reads: a running query could go on to write
 * in that actor's name.
 */
extern const AzNoChange *az_why_no_reader(void);

/*
 * Refuse a change of identity that must not happen now: 55000 or 42501,
 * changing nothing.
 */
extern void az_check_may_change(void);

/*
 * The same for a reset of the setting, where that would change anything; 25006
 * where it would bring an actor that only reads into force within a query that
 * writes.
 */
extern void az_check_may_reset(void);

/*
 * The same afterwards, for a change that no hook of ours could refuse; the
 * error undoes the change.
 */
extern void az_check_unchanged(const AzAnswer *answer);

#endif							/* AZ_CHANGE_H */
