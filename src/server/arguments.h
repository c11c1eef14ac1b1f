/*-------------------------------------------------------------------------
 *
 * arguments.h
 *	  Arguments of administrative functions; "what" names one in an error.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ARGUMENTS_H
#define AZ_ARGUMENTS_H

#include "server/compat.h"
#include "token/json.h"

/*
 * A text argument.  Raises 22023 when it is NULL or empty, and 22021 when a
 * token could not hold it, because SQL_ASCII takes bytes that are not UTF-8.
 */
extern text *az_arg_text(FunctionCallInfo fcinfo, int argno, const char *what);

/* The same, but NULL is taken, and returned. */
extern text *az_arg_optional_text(FunctionCallInfo fcinfo, int argno, const char *what);

/* A name; NULL is returned for NULL. */
extern const char *az_arg_optional_name(FunctionCallInfo fcinfo, int argno);

/* Raises 22023, with a hint that says what to write instead. */
pg_noreturn extern void az_raise_misuse(const char *message, const char *hint);

/* Raises 22023 when the argument is NULL. */
extern void az_arg_required(FunctionCallInfo fcinfo, int argno, const char *what);

/* The text as UTF-8, terminated; raises 22021 when it has no such form. */
extern char *az_utf8(const text *value, int *len);

/* A text from UTF-8; raises 22P05 when the database cannot hold it. */
extern text *az_server_text(const char *utf8, const char *what);

/*
 * Parse a json value.  sqlstate is raised for what json_in() lets through and
 * we do not: duplicate members, U+0000, numbers out of range, a bare value.
 * The tree goes with the current memory context.
 */
extern AzJson *az_parse_json(const text *value, const char *what, int sqlstate);

#endif							/* AZ_ARGUMENTS_H */
