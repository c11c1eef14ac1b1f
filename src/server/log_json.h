/*-------------------------------------------------------------------------
 *
 * log_json.h
 *	  JSON in printable ASCII, for the server's log.
 *
 * No value, in whatever encoding, can end the line, forge another or control a
 * terminal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LOG_JSON_H
#define AZ_LOG_JSON_H

#include "server/compat.h"
#include "lib/stringinfo.h"
#include "token/identity.h"

/* The most bytes that are logged of a string that anybody may choose. */
#define AZ_MAX_LOGGED_BYTES	255

/*
 * Append a string; NULL: null.  One with more than max bytes is cut and ends with
 * "...".  Where the database is not in UTF-8 this reads catalogs.
 */
extern void az_log_json_string(StringInfo out, const char *string, size_t len, int max);

/*
 * The same of UTF-8, whatever the database is in; NULL: null.  Neither reads
 * catalogs nor takes memory.
 */
extern void az_log_json_utf8(StringInfo out, const char *utf8, size_t len, int max);

/* The same of a claim of the identity: a string or a number; else null. */
extern void az_log_json_claim(StringInfo out, const AzIdentity *id, const AzNode *claim);

/*
 * Append JSON text, in one line: white space becomes a space, and unprintable
 * characters within strings are escaped.
 */
extern void az_log_json_value(StringInfo out, const char *json, int len);

/*
 * Append a member's name, "name: ", and a comma in front of it unless it is the
 * first of its object.
 */
extern void az_log_json_name(StringInfo out, const char *name);

/*
 * Room for a line that must not take memory: for the members of
 * az_log_json_who() with each byte escaped, and as much as that again.  It
 * must not be used for anything else meanwhile.
 */
typedef struct AzLogRoom
{
	char		bytes[16 * 1024];
} AzLogRoom;

/* Begin an empty line in there. */
extern void az_log_json_begin(StringInfo line, AzLogRoom *room);

/*
 * Append the members that name an identity: "issuer", "subject", "actor" and
 * "token_id", each null where there is none.  As the token has them, so that
 * this neither reads catalogs nor takes memory.
 */
extern void az_log_json_who(StringInfo out, const AzIdentity *id);

#endif							/* AZ_LOG_JSON_H */
