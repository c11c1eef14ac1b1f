/*-------------------------------------------------------------------------
 *
 * denial.h
 *	  Denials, and the line in the server's log for each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_DENIAL_H
#define AZ_DENIAL_H

#include "server/report.h"

/*
 * 42501: the identity lacks something.  description is one short sentence
 * without period for error_description, e.g. "User is not a member of org x";
 * it may quote arguments of the caller, never claims.
 */
pg_noreturn extern void az_raise_denied(const char *description);

/*
 * The same, saying what was asked for to the server's log
 * (dbmi_authz.log_denials): the text of a JSON object, e.g. of az_denied_json(), or
 * NULL.
 */
pg_noreturn extern void az_raise_denied_for(const char *description, const char *asked);

/*
 * 42501 with the words of RFC 9470: the login was not strong or recent enough.
 * "asked" as above.
 */
pg_noreturn extern void az_raise_weak_login(const AzStepUp *wanted, const char *description,
								const char *asked);

/* Write only the line in the log, for a denial that raises another error. */
extern void az_log_denial(const char *asked);

/*
 * The text of a JSON object: strings by name, a NULL value being null, and
 * NULL as the last name.  NULL while denials are not logged.
 *
 *	  az_denied_json("item", item, "permission", permission, NULL)
 */
extern char *az_denied_json(const char *name, const char *value,...);

/*
 * The same with the first arguments of the called function, named in their
 * order.  A text[] becomes an array.
 *
 *	  az_denied_arguments_json(fcinfo, "item", "permission", NULL)
 */
extern char *az_denied_arguments_json(FunctionCallInfo fcinfo, const char *name,...);

#endif							/* AZ_DENIAL_H */
