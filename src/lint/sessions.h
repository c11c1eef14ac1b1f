/*-------------------------------------------------------------------------
 *
 * sessions.h
 *	  Which settings the sessions of this database get.
 *
 * A setting has one value for most, and others for single roles or databases.
 * What this session has set for itself counts as everybody's: who looks may
 * have set it to see what it does.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SESSIONS_H
#define AZ_SESSIONS_H

#include "server/compat.h"
#include "nodes/pg_list.h"

typedef struct AzSessions
{
	const char *role;			/* NULL: of those who have nothing of their own */
	const List *given;			/* what roles and databases are given */
} AzSessions;

/*
 * Of all first, then of each role that is given something and logs in; AzSessions
 * in the current context.  Inside SPI_connect().
 */
extern List *az_read_sessions(void);

/* NULL: it has its default value, or nobody knows it. */
extern const char *az_sessions_value(const AzSessions *sessions, const char *name);

/* Such a value, "otherwise" where there is none; a number without its unit. */
extern bool az_sessions_have_on(const AzSessions *sessions, const char *name, bool otherwise);
extern double az_sessions_number(const AzSessions *sessions, const char *name, double otherwise);
extern bool az_sessions_have_one_of(const AzSessions *sessions, const char *name,
									const char *const *values, int n);

/* Is the setting given to them, whatever its value? */
extern bool az_sessions_are_given(const AzSessions *sessions, const char *name);

/* Do they begin with this library? */
extern bool az_sessions_preload(const AzSessions *sessions, const char *library);

/*
 * The same, or is it here, so that its settings, of which this is one, mean
 * something?
 */
extern bool az_sessions_load(const AzSessions *sessions, const char *library,
							 const char *setting);

#endif							/* AZ_SESSIONS_H */
