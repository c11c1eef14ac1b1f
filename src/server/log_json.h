/*-------------------------------------------------------------------------
 *
 * log_json.h
 *	  JSON in printable ASCII, for the server's log.
 *
 * No value, in whatever encoding, can end the line, forge another or play with a
 * terminal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LOG_JSON_H
#define AZ_LOG_JSON_H

#include "server/compat.h"
#include "lib/stringinfo.h"
#include "token/identity.h"

/* Of a string that anybody may choose so many bytes are logged. */
#define AZ_MAX_LOGGED_BYTES	255

/*
 * Append a string; NULL: null.  One with more than max bytes is cut and ends with
 * "...".  Where the database is not in UTF-8 this reads catalogs.
 */
extern void az_log_json_string(StringInfo out, const char *string, size_t len, int max);

/* The same of a claim of the identity: a string or a number; else null. */
extern void az_log_json_claim(StringInfo out, const AzIdentity *id, const AzNode *claim);

/*
 * Append what is JSON, in one line: white space is a space, and what is not
 * printable within strings is escaped.
 */
extern void az_log_json_value(StringInfo out, const char *json, int len);

/*
 * Append a member's name, "name: ", and a comma in front of it unless it is the
 * first: "out" then holds one character.
 */
extern void az_log_json_name(StringInfo out, const char *name);

#endif							/* AZ_LOG_JSON_H */
