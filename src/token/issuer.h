/*-------------------------------------------------------------------------
 *
 * issuer.h
 *	  What one issuer may sign and how its claims are read: options in JSON
 *	  to the struct that verify.c and claims.c obey.
 *
 * Options arrive in layers: the profile's, then the issuer's own, each
 * replacing the fields that it names.  Everything is UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ISSUER_H
#define AZ_ISSUER_H

#include "token/jwk.h"

typedef struct AzName
{
	char	   *data;			/* terminated, no U+0000 inside */
	size_t		len;
} AzName;

typedef struct AzNames
{
	size_t		n;
	AzName	   *name;
} AzNames;

/* Keys of nested objects, outermost first; n >= 1. */
typedef AzNames AzPath;

typedef struct AzPaths
{
	size_t		n;
	AzPath	   *path;
} AzPaths;

/* Who may act for others: anybody, unless it is limited. */
typedef struct AzActors
{
	bool		limited;
	AzNames		among;
} AzActors;

/*
 * One trusted issuer.  Whoever makes it fills the first part; options fill
 * the second; all memory is malloc'ed and goes with az_issuer_free(), the
 * keys included.
 */
typedef struct AzIssuer
{
	char	   *issuer;			/* exact "iss", or just a name when by_audience */
	size_t		issuer_len;
	uint64_t	version;		/* changes whenever the row did */
	bool		by_audience;	/* chosen by "aud", "iss" is not looked at (dbmi) */
	bool		any_audience;	/* "aud" is not checked (audience NULL) */
	AzNames		audience;		/* accepted values */
	AzKey	  **keys;
	size_t		nkeys;

	AzAlgs		algorithms;
	int64_t		leeway_seconds; /* >= 0 */
	int64_t		max_age_seconds;	/* from iat; 0: no limit */
	AzNames		required_claims;	/* "exp" is always required */
	AzNames		token_types;	/* exact header typ; n == 0: any.  Absent is allowed */
	bool		key_id_required;
	AzPaths		scope_claims;
	AzPaths		role_claims;
	AzPaths		permission_claims;
	AzPaths		group_claims;
	AzPaths		org_claims;
	AzPath		owner_claim;
	AzPath		email_claim;
	AzPath		user_id_claim;
	AzNames		admin_groups;
	AzNames		admin_permissions;
	AzActors	actors;
	bool		ceiling_required;	/* of whoever acts for others */
	char	   *client;			/* NULL: unset */
	char	   *jwks_uri;		/* NULL: unset; only shown to programs that fetch */
} AzIssuer;

/* Why options were refused.  name is the option, cut to fit, as given. */
typedef struct AzOptionError
{
	char		name[129];
	const char *why;			/* constant text, a full sentence ("Expected an array of
								 * strings."), NULL for an unrecognized name */
	bool		no_memory;		/* there may be nothing wrong with it */
	size_t		element;		/* of the array that is the value, from 1; 0: it is
								 * about the whole value */
} AzOptionError;

/*
 * Zeroed but for the issuer's name and the claim locations, which start as
 * the defaults that every profile builds on.  From then on an empty AzPaths
 * means: no location, no values.  NULL when memory ran out.
 */
extern AzIssuer *az_issuer_new(const char *issuer, size_t len);
extern void az_issuer_free(AzIssuer *issuer);

/* Append a value to the accepted audiences; false when memory ran out. */
extern bool az_issuer_add_audience(AzIssuer *issuer, const char *audience, size_t len);

/* Is it one of the names?  Bytewise. */
extern bool az_names_has(const AzNames *names, const char *name, size_t len);

/* Append a key; the issuer owns it from here on, also when this fails. */
extern bool az_issuer_add_key(AzIssuer *issuer, AzKey *key);

/* Free one of its keys; the others keep their order. */
extern void az_issuer_drop_key(AzIssuer *issuer, AzKey *key);

/*
 * Apply one layer of options.  A JSON null leaves the field as the layer
 * below made it.  False: *error says which option and why; the issuer is then
 * fit for az_issuer_free() only.
 */
extern bool az_issuer_apply(AzIssuer *issuer, const AzJson *options, AzOptionError *error);

/* The names of the options that are recognized, from 0; NULL behind the last. */
extern const char *az_option_name(size_t i);

#endif							/* AZ_ISSUER_H */
