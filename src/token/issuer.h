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

#include "token/demand.h"
#include "token/jwk.h"
#include "token/path.h"

/* What happens to a token that says that it does not list the groups. */
typedef enum AzOverage
{
	AZ_OVERAGE_REFUSE,
	AZ_OVERAGE_RAISE,			/* when the groups are asked for */
	AZ_OVERAGE_IGNORE
} AzOverage;

/* In which claims organisations stand. */
typedef enum AzOrgShape
{
	AZ_ORGS_PROPELAUTH,			/* at org_claims, with PropelAuth's names inside */
	AZ_ORGS_SINGLE,				/* flat claims of one */
	AZ_ORGS_CLERK,				/* the same, with Clerk's compact permissions */
	AZ_ORGS_MAP,				/* at org_claims, by organisation */
	AZ_ORGS_LIST,				/* the same, or a list of their ids */
	AZ_ORGS_BY_ROLE				/* at org_claims, by role; one more in flat claims */
} AzOrgShape;

/* Who may act for others: anybody, unless it is limited. */
typedef struct AzActors
{
	bool		limited;
	AzNames		among;
} AzActors;

/*
 * One trusted issuer.  The caller that makes it fills the first part, options
 * fill the second; all memory is malloc'ed and goes with az_issuer_free(), the
 * keys included.
 */
typedef struct AzIssuer
{
	char	   *issuer;			/* exact "iss", or just a name when by_audience */
	size_t		issuer_len;
	uint64_t	version;		/* changes whenever the row did */
	uint64_t	content;		/* of its row, whichever transaction wrote it
								 * */
	bool		to_be_updated;	/* the update to 1.1 will write that content */
	bool		by_audience;	/* chosen by "aud", "iss" is not looked at (dbmi) */
	bool		any_audience;	/* "aud" is not checked (audience NULL) */
	AzNames		audience;		/* accepted values */
	AzKey	  **keys;
	size_t		nkeys;

	bool		unnamed;		/* its tokens have no "iss", and no others have none */
	AzPaths		audience_claims;	/* the first present is the audience */
	bool		audience_optional;	/* none of them need be there */
	AzAlgs		algorithms;
	int64_t		leeway_seconds; /* >= 0 */
	int64_t		skew_seconds;	/* of iat and nbf only; the greater one counts */
	int64_t		max_age_seconds;	/* from iat; 0: no limit */
	AzNames		required_claims;	/* "exp" is always required */
	AzDemands	claim_values;	/* beside those */
	AzNames		token_types;	/* accepted header typ; n == 0: any */
	bool		token_type_required;	/* absent is not allowed */
	bool		ignore_bound_tokens;	/* else a token with "cnf" is refused */
	AzOverage	groups_overage;
	bool		key_id_required;
	AzPaths		scope_claims;
	AzPaths		role_claims;
	AzPaths		permission_claims;
	AzPaths		group_claims;
	bool		merge_claims;	/* all locations of these four count, not the first */
	AzPaths		org_claims;
	AzOrgShape	org_shape;
	AzPaths		org_id_claim;	/* these four are not for PropelAuth's shape; n == 0:
								 * "org_id", or the key of the map */
	AzPaths		org_name_claim; /* of both the first that is present */
	AzPaths		org_role_claims;
	AzPaths		org_permission_claims;
	AzPath		owner_claim;
	AzPath		email_claim;
	AzPath		user_id_claim;
	AzPaths		client_id_claims;	/* the first that is a string */
	AzPath		session_claim;
	AzNames		admin_groups;
	AzNames		admin_permissions;
	AzActors	actors;
	bool		ceiling_required;	/* every actor must have a ceiling */
	char	   *client;			/* NULL: unset */
	char	   *jwks_uri;		/* NULL: unset; only shown to programs that fetch */
} AzIssuer;

/* Why options were refused.  name is the option, cut to fit, as given. */
typedef struct AzOptionError
{
	char		name[129];
	const char *why;			/* constant text, a full sentence ("Expected an array of
								 * strings."), NULL for an unrecognized name */
	bool		no_memory;		/* memory ran out; the option may be right */
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

/*
 * Add a key to those it has, in the order in which they are tried: the one
 * added last comes first; keys added at once are ordered by thumbprint and
 * kid.  The issuer owns it from here on, also when this fails.
 */
extern bool az_issuer_add_key(AzIssuer *issuer, AzKey *key);

/* Free one of its keys; the others keep their order. */
extern void az_issuer_drop_key(AzIssuer *issuer, AzKey *key);

/*
 * Apply one layer of options.  A JSON null leaves the field as the layer below
 * made it.  An option that replaces a claim removes that claim from those that
 * a layer below requires.  False: *error says which option and why; the issuer
 * is then fit for az_issuer_free() only.
 */
extern bool az_issuer_apply(AzIssuer *issuer, const AzJson *options, AzOptionError *error);

/*
 * Do the options fit one another, and how tokens choose the issuer?  For when
 * all layers are applied and by_audience is set; otherwise as above.
 */
extern bool az_issuer_check(const AzIssuer *issuer, AzOptionError *error);

/*
 * Are they one type?  They are compared as media types: case does not count,
 * and "application/" may be left out (RFC 7515, 4.1.9).  A type that is absent
 * has no bytes.
 */
extern bool az_is_type(const char *typ, size_t len, const char *expected,
					   size_t expected_len);

/* Is it one of the issuer's token_types? */
extern bool az_issuer_takes_type(const AzIssuer *issuer, const char *typ, size_t len);

/*
 * The first option that 1.0 does not have; NULL when there is none.  Borrowed
 * from the options.
 */
extern const char *az_new_option(const AzJson *options);

/* What a boolean option says there; "otherwise" where it is not given.  NULL: no options. */
extern bool az_option_is_on(const AzJson *options, const char *name, bool otherwise);

/* The names of the options that are recognized, from 0; NULL behind the last. */
extern const char *az_option_name(size_t i);

#endif							/* AZ_ISSUER_H */
