/*-------------------------------------------------------------------------
 *
 * options.h
 *	  The options of an issuer, as JSON that we write.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_OPTIONS_H
#define AZ_OPTIONS_H

#include "server/compat.h"
#include "lib/stringinfo.h"
#include "token/json.h"

/*
 * Append a value, or a string in UTF-8 as one, as we write it: with ASCII alone
 * where the database is not UTF8.
 */
extern void az_append_json(StringInfo out, const AzJson *value);
extern void az_append_json_string(StringInfo out, const char *utf8);

/*
 * The options with those of the change put over them, and without those that
 * are null there.
 */
extern text *az_merge_options(const AzJson *options, const AzJson *change);

#endif							/* AZ_OPTIONS_H */
