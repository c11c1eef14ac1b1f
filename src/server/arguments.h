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
 * A text that is neither NULL nor empty, 22023 otherwise, and that a token
 * could hold, 22021 otherwise: SQL_ASCII takes what is no UTF-8.
 */
extern text *az_arg_text(FunctionCallInfo fcinfo, int argno, const char *what);

/* The same, but NULL is taken, and returned. */
extern text *az_arg_optional_text(FunctionCallInfo fcinfo, int argno, const char *what);

/* A name; NULL is returned for NULL. */
extern const char *az_arg_optional_name(FunctionCallInfo fcinfo, int argno);

/* 22023, with what to write instead. */
pg_noreturn extern void az_raise_misuse(const char *message, const char *hint);

/* 22023 for NULL. */
extern void az_arg_required(FunctionCallInfo fcinfo, int argno, const char *what);

/* As UTF-8, terminated; 22021 when it has no such form. */
extern char *az_utf8(const text *value, int *len);

/* From UTF-8; 22P05 when the database cannot hold it. */
extern text *az_server_text(const char *utf8, const char *what);

/*
 * Parse a json value.  sqlstate is raised for what json_in() lets through and
 * we do not: duplicate members, U+0000, numbers out of range, a bare value.
 * The tree goes with the current memory context.
 */
extern AzJson *az_parse_json(const text *value, const char *what, int sqlstate);

#endif							/* AZ_ARGUMENTS_H */
