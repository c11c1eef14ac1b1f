/*-------------------------------------------------------------------------
 *
 * encoding.h
 *	  Tokens are UTF-8, the database may not be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ENCODING_H
#define AZ_ENCODING_H

#include "server/compat.h"
#include "token/claims.h"

/*
 * How claims become text of this database; NULL where they are taken as they
 * are (UTF8, and SQL_ASCII, which converts nothing).  Needs a transaction.
 */
extern const AzConverter *az_converter(void);

/*
 * And back, for az_assertion_make(): NULL where claims are UTF-8 already.  Needs a
 * transaction.
 */
extern const AzConverter *az_converter_to_utf8(void);

/*
 * A text of this database as UTF-8, palloc'd and terminated; NULL when it has
 * no such form.
 */
extern char *az_to_utf8(const char *server, int len, int *utf8_len);

/* UTF-8 as a text of this database, palloc'd; NULL when it does not fit. */
extern char *az_from_utf8(const char *utf8);

#endif							/* AZ_ENCODING_H */
