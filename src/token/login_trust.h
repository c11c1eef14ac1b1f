/*-------------------------------------------------------------------------
 *
 * login_trust.h
 *	  The file of trust, by which a login is verified before a database is
 *	  chosen: JSON to one issuer.
 *
 *	  {"version": 1, "databases": [
 *	    {"database": 16384, "name": "shop", "issuers": [
 *	      {"issuer": "https://id.example", "audience": ["shop"],
 *	       "profile": {...}, "options": {...},
 *	       "keys": [{"added": 0, "jwk": {...}}]}]}]}
 *
 * "database" is the database's OID, "audience" null where it is not checked,
 * "profile" and "options" are the two layers of options.  It is read as
 * strictly as possible: if members are missing or unknown, or keys are not
 * public, nobody can log in by the file.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LOGIN_TRUST_H
#define AZ_LOGIN_TRUST_H

#include "token/issuer.h"

#define AZ_LOGIN_TRUST_VERSION	1

typedef enum AzLoginTrust
{
	AZ_LOGIN_TRUST_OK,
	AZ_LOGIN_TRUST_NO_DATABASE,
	AZ_LOGIN_TRUST_NO_ISSUER,
	AZ_LOGIN_TRUST_INVALID,
	AZ_LOGIN_TRUST_NO_MEMORY
} AzLoginTrust;

/*
 * The sections of a file, an array whose elements are objects with an OID each
 * and no OID twice; NULL and *why, constant text, when it is not such a file.
 * Borrowed from the file.
 */
extern const AzJson *az_login_sections(const AzJson *file, const char **why);

/* The OID of a section's database. */
extern int64_t az_login_database(const AzJson *section);

/*
 * The issuer of that name in the section of that database, with its keys and
 * without the algorithms of secrets; the caller owns it.  Only what leads to
 * it is read closely.  *why, constant text, says what is wrong with the file:
 * for AZ_LOGIN_TRUST_INVALID.
 */
extern AzLoginTrust az_login_issuer(const AzJson *file, int64_t database, const char *name,
									AzIssuer **issuer, const char **why);

/* The same from one section. */
extern AzLoginTrust az_login_issuer_of(const AzJson *section, const char *name,
									   AzIssuer **issuer, const char **why);

/*
 * May an issuer stand in the file: do its tokens name it, and does it accept
 * algorithms of public keys?  Otherwise *why is a sentence.
 */
extern bool az_may_be_login_issuer(const AzIssuer *issuer, const char **why);

#endif							/* AZ_LOGIN_TRUST_H */
