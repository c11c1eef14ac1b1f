/*-------------------------------------------------------------------------
 *
 * issuer_key.h
 *	  A key of the token library as a row of authz.issuer_key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYROW_H
#define AZ_KEYROW_H

#include "trust/admin.h"

typedef struct AzIssuerKey
{
	text	   *kid;			/* NULL: none */
	text	   *alg;
	text	   *thumbprint;
	text	   *jwk;
} AzIssuerKey;

/* The row of a key.  22P05 when the database cannot hold its kid. */
extern void az_issuer_key_make(const AzKey *key, AzIssuerKey *row);

/* Overwrite the one column that may be secret. */
extern void az_issuer_key_wipe(AzIssuerKey *row);

/* 42710 when the issuer has such a key.  Inside SPI_connect(). */
extern void az_insert_key(text *issuer, const AzIssuerKey *row, const char *source);

/* "key \"x\" of issuer \"y\" already exists", 42710. */
pg_noreturn extern void az_raise_key_exists(const text *issuer, const text *kid);

/* 22023, and out of memory, unless the library made what it was asked for. */
extern void az_check_key(AzKeyStatus status, const AzKeyError *error, const char *what);

/* Lock an issuer for work on its keys, and read what it accepts. */
extern AzIssuer *az_lock_and_build(text *issuer);

/*
 * Until az_discretion_end(), whatever is reported, by us or by the server, comes
 * without the statement and without the contexts around us, which quote
 * statements and parameters too.  An error ends it by itself.
 */
typedef struct AzDiscretion
{
	ErrorContextCallback callback;
	ErrorContextCallback *outer;
} AzDiscretion;

extern void az_discretion_begin(AzDiscretion *discretion);
extern void az_discretion_end(const AzDiscretion *discretion);

#endif							/* AZ_KEYROW_H */
