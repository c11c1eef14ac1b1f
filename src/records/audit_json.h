/*-------------------------------------------------------------------------
 *
 * audit_json.h
 *	  What json takes and jsonb does not.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_AUDIT_JSON_H
#define AZ_AUDIT_JSON_H

#include "server/compat.h"

/*
 * json keeps what jsonb refuses: U+0000, characters that the database has none
 * for, numbers beyond numeric.  Of what looks like one of these: false.
 */
extern bool az_fits_jsonb(const char *text, int len);

#endif							/* AZ_AUDIT_JSON_H */
