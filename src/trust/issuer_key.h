/*-------------------------------------------------------------------------
 *
 * issuer_key.h
 *	  A key of the token library as a row of authz.issuer_key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ISSUER_KEY_H
#define AZ_ISSUER_KEY_H

#include "server/discretion.h"
#include "token/issuer.h"

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

/*
 * Raises 42710 when the issuer already has such a key.  Inside SPI_connect().
 */
extern void az_insert_key(text *issuer, const AzIssuerKey *row, const char *source);

/* Raises 42710: key "x" of issuer "y" already exists. */
pg_noreturn extern void az_raise_key_exists(const text *issuer, const AzIssuerKey *row);

/* The form in which a key was passed, for the error. */
typedef enum AzKeyForm
{
	AZ_FORM_JWK,
	AZ_FORM_PEM,
	AZ_FORM_SECRET,
	AZ_FORM_SET
} AzKeyForm;

extern const char *az_key_form_name(AzKeyForm form);

/* Raises 22023, or out of memory, unless the library made the key. */
extern void az_check_key(AzKeyStatus status, const AzKeyError *error, AzKeyForm form);

/* Lock an issuer for work on its keys, and read what it accepts. */
extern AzIssuer *az_lock_and_build(text *issuer);

#endif							/* AZ_ISSUER_KEY_H */
