/*-------------------------------------------------------------------------
 *
 * issuer_row.h
 *	  An issuer's row and profile, for the functions that change them.
 *
 * All of it works inside SPI_connect().
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ISSUER_ROW_H
#define AZ_ISSUER_ROW_H

#include "server/compat.h"
#include "utils/array.h"
#include "token/issuer.h"

typedef struct AzProfile
{
	bool		by_audience;
	bool		audience_required;
	AzJson	   *options;
} AzProfile;

/* False when there is none of that name; F0000 when it is not usable. */
extern bool az_read_profile(const text *name, AzProfile *profile);

typedef struct AzIssuerRow
{
	text	   *issuer;
	text	   *profile;
	text	   *options;
} AzIssuerRow;

/*
 * Read the row and lock it, so that concurrent changes of an issuer or its
 * keys happen one after the other.  Raises 42704 when there is no such issuer.
 */
/*
 * Inside SPI: raises 42704 unless there is such an issuer, and locks it.  A
 * row for a mistyped name would do nothing, and nobody would notice.
 */
extern void az_require_issuer(text *issuer);

extern void az_lock_issuer(text *issuer, AzIssuerRow *row);

/* Raises 22023 unless it may be the audience of an issuer. */
extern void az_check_audience_argument(ArrayType *audience);

/*
 * The issuer's profile; raises F0000 when there is none, or it is not usable.
 */
extern void az_profile_of(const AzIssuerRow *row, AzProfile *profile);

/* For hints: the profiles and options that there are. */
extern const char *az_valid_profiles(void);
extern char *az_valid_algorithms(void);

/* Raises 42704: issuer "x" does not exist. */
pg_noreturn extern void az_raise_no_issuer(const text *issuer);

/*
 * The issuer that profile and options make.  sqlstate is raised when the
 * options are not what they must be.  Goes with the current memory context.
 */
extern AzIssuer *az_build_issuer(const text *issuer, const AzProfile *profile,
								 const AzJson *options, int sqlstate);

/* Raise sqlstate unless the options fit one another and the profile. */
extern void az_check_issuer(const AzIssuer *issuer, int sqlstate);

#endif							/* AZ_ISSUER_ROW_H */
