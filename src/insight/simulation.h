/*-------------------------------------------------------------------------
 *
 * simulation.h
 *	  Identities from claims that nobody has verified.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SIMULATION_H
#define AZ_SIMULATION_H

#include "trust/simulated.h"
#include "lib/stringinfo.h"

/*
 * The name of an issuer in UTF-8; raises 42704 when there is no such issuer.
 */
extern const char *az_issuer_argument(text *issuer);

/*
 * Read claims (a json) as that issuer's options do; NULL: those of the issuer whom
 * they choose.  22023 for claims that these cannot read, also NULL; 42704 when they
 * choose none.  The identity is borrowed until the next call.
 */
extern void az_claims_argument(const text *claims, const char *issuer, AzVerifiedToken *identity);

/* The claim sub, else the claim of the user's id; a text, or NULL. */
extern text *az_subject_of(const AzIdentity *id);

/*
 * Begin a line for the server's log: an object of JSON with who calls.  Nothing of
 * the statement goes along with it, which holds claims.
 */
extern void az_begin_line(StringInfo line);
extern void az_add_to_line(StringInfo line, const char *name, const char *value, size_t len);
extern void az_log_line(StringInfo line, const char *what);

#endif							/* AZ_SIMULATION_H */
