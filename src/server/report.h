/*-------------------------------------------------------------------------
 *
 * report.h
 *	  Errors about tokens and denials (R11): a SQLSTATE, a constant
 *	  primary message, and the RFC 6750 body as one line of JSON in DETAIL.
 *
 * The raising functions do not return, and they keep the statement and the
 * context out of the report where these might hold a token.  Functions about
 * denials are in session/denial.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_REPORT_H
#define AZ_REPORT_H

#include "server/compat.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "token/reason.h"

/* RFC 9470, 3: another login would do. */
#define AZ_STEP_UP_ERROR	"insufficient_user_authentication"

/* The one primary message for a token that does not verify. */
#define AZ_REFUSED_MESSAGE	"token was refused"

/* The setting through which every token goes (session/token_setting.c). */
#define AZ_TOKEN_SETTING	"dbmi_authz.token"

/* The RFC 6750 body; error NULL leaves that member out.  palloc'd. */
extern char *az_error_body(const char *error, const char *description);

/*
 * description NULL: no DETAIL; hint may be NULL.  No string holds a byte of a
 * token.
 */
pg_noreturn extern void az_raise(int sqlstate, const char *message, const char *error,
					 const char *description, const char *hint);

/* The same with a body of the caller's; error and description are what it says. */
pg_noreturn extern void az_raise_body(int sqlstate, const char *message, const char *body,
						  const char *hint);

/*
 * Raises 28000: a token was refused for that reason.  hint NULL: the reason's
 * own.
 */
pg_noreturn extern void az_raise_refused(AzReason reason, const char *hint);

/* Raises 28000: there is no identity and one is needed. */
pg_noreturn extern void az_raise_anonymous(void);

/* Raises 28000: there is one, but its subject is listed as inactive. */
pg_noreturn extern void az_raise_inactive(void);

/*
 * Raises 28000: groups were asked for, and the token says that they are
 * elsewhere.
 */
pg_noreturn extern void az_raise_groups_unlisted(void);

/*
 * Raises P0002: the object does not exist, or the caller must not know whether
 * it does.  There is one error for both.
 */
pg_noreturn extern void az_raise_missing(const char *description);

/* What a login must be like to be sufficient (RFC 9470, 3). */
typedef struct AzStepUp
{
	char		acr_values[1024];	/* separated by spaces; "": any */
	int64		max_age;		/* in seconds; -1: any */
} AzStepUp;

/* As further members of an object in JSON. */
extern void az_append_step_up(StringInfo object, const AzStepUp *step_up);

/* The body of a denial for want of such a login.  palloc'd. */
extern char *az_step_up_body(const AzStepUp *step_up, const char *description);

/*
 * The last failure, for last_error() and www_authenticate().  It belongs to
 * the backend, no rollback brings an older one back.
 */
typedef struct AzFailure
{
	int			sqlstate;
	const char *error;			/* constant, or NULL */
	char		description[256];
	TimestampTz at;
	AzStepUp	step_up;
} AzFailure;

extern void az_note_failure(int sqlstate, const char *error, const char *description);
extern void az_note_step_up(const AzStepUp *step_up, const char *description);
extern void az_forget_failure(void);
extern const AzFailure *az_last_failure(void);	/* NULL: none */

#endif							/* AZ_REPORT_H */
