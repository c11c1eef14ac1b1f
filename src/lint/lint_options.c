/*-------------------------------------------------------------------------
 *
 * lint_options.c
 *	  The options of an issuer: which tokens it takes that it should not.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_options.h"

#include "nodes/pg_list.h"
#include "lib/stringinfo.h"
#include "utils/rel.h"

#include "server/encoding.h"
#include "trust/trust_row.h"
#include "trust/trust_table.h"

#define HIGHEST_LEEWAY	300		/* seconds */

/* ----------------------------------------------------------------
 * Where it is
 * ----------------------------------------------------------------
 */

static bool
is_http(const char *uri)
{
	return pg_strncasecmp(uri, "http://", strlen("http://")) == 0;
}

static bool
ends_with(const char *text, size_t len, const char *end)
{
	return len >= strlen(end) && pg_strncasecmp(text + len - strlen(end), end, strlen(end)) == 0;
}

/* 127.0.0.0/8, and nothing that only begins so. */
static bool
is_loopback_number(const char *host, size_t len)
{
	size_t		i;

	if (len < 4 || strncmp(host, "127.", 4) != 0)
		return false;
	for (i = 0; i < len; i++)
	{
		if (host[i] != '.' && (host[i] < '0' || host[i] > '9'))
			return false;
	}
	return true;
}

/* Is the host of this address the machine itself?  What stands before an "@" is no host. */
static bool
is_loopback(const char *uri)
{
	const char *host = strstr(uri, "://") + strlen("://");
	size_t		len = strcspn(host, "/?#\\");
	const char *at;
	size_t		i;

	for (i = 0, at = host; i < len; i++)
	{
		if (host[i] == '@')
			at = host + i + 1;
	}
	len -= at - host;
	host = at;
	if (len >= 5 && strncmp(host, "[::1]", 5) == 0)
		return len == 5 || host[5] == ':';
	for (i = 0; i < len && host[i] != ':'; i++)
		;
	return (i == strlen("localhost") && pg_strncasecmp(host, "localhost", i) == 0) ||
		ends_with(host, i, ".localhost") || is_loopback_number(host, i);
}

/* A name may be any, where tokens do not choose by it. */
static void
judge_address(const AzLintIssuer *issuer)
{
	const char *uri = issuer->issuer->jwks_uri;

	if (!issuer->issuer->by_audience && !issuer->issuer->unnamed &&
		is_http(issuer->utf8) && !is_loopback(issuer->utf8))
		az_find_of_issuer(issuer, "plain_http", AZ_LEVEL_WARNING,
						  "Its name is an address of http: if its keys come from there, anybody on the way can put others in their place.",
						  "Have the issuer name itself by https, and add it by that name.");
	if (uri && is_http(uri) && !is_loopback(uri))
		az_find_of_issuer(issuer, "plain_http", AZ_LEVEL_WARNING,
						  "Its keys are fetched by http: anybody on the way can put others in their place.",
						  az_alter_issuer(issuer, "{\"jwks_uri\": \"https://...\"}"));
}

/* ----------------------------------------------------------------
 * Whose tokens it takes
 * ----------------------------------------------------------------
 */

/* Few know the key, so what is signed with it is mostly for us. */
static bool
has_secrets_alone(const AzLintIssuer *issuer)
{
	return issuer->nkeys > 0 && issuer->nsecrets == issuer->nkeys;
}

static bool
demands_a_value(const AzIssuer *issuer)
{
	size_t		i;

	for (i = 0; i < issuer->claim_values.n; i++)
	{
		if (issuer->claim_values.demand[i].kind == AZ_HAS_VALUE)
			return true;
	}
	return false;
}

/* PropelAuth's tokens have no audience: each of its issuers is one application's. */
static void
judge_audience(const AzLintIssuer *issuer)
{
	bool		usual = strcmp(issuer->profile, "propelauth") == 0 || has_secrets_alone(issuer);

	if (!issuer->issuer->any_audience || issuer->issuer->by_audience ||
		demands_a_value(issuer->issuer))
		return;
	az_find_of_issuer(issuer, "audience_unchecked", usual ? AZ_LEVEL_INFO : AZ_LEVEL_WARNING,
					  "No audience is asked of its tokens: those that it made for other applications are accepted.",
					  usual ? "See that the issuer makes tokens for this application alone." :
					  psprintf("SELECT authz.alter_issuer(%s, audience => '{...}');  -- or demand the claim that names the application, by the option claim_values",
							   issuer->literal));
}

/* Claims that an ID token has, too (OpenID Connect Core, 2 and 5.1). */
static bool
is_in_id_tokens(const AzName *claim)
{
	static const char *const claims[] = {
		"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "acr", "amr", "azp",
		"at_hash", "c_hash", "sid", "email", "email_verified", "name", "preferred_username",
		"given_name", "family_name", "picture"
	};
	int			i;

	for (i = 0; i < (int) lengthof(claims); i++)
	{
		if (strcmp(claim->data, claims[i]) == 0)
			return true;
	}
	return false;
}

/* Does anything keep ID tokens out whose audience is one of those? */
static bool
tells_kinds_apart(const AzIssuer *issuer)
{
	size_t		i;

	if (issuer->claim_values.n > 0 ||
		(issuer->token_type_required && issuer->token_types.n > 0))
		return true;
	for (i = 0; i < issuer->required_claims.n; i++)
	{
		if (!is_in_id_tokens(&issuer->required_claims.name[i]))
			return true;
	}
	for (i = 0; i < issuer->audience_claims.n; i++)
	{
		if (!is_in_id_tokens(&issuer->audience_claims.path[i].name[0]))
			return true;
	}
	return false;
}

/* Of these the ID token is what is meant. */
static bool
takes_id_tokens(const AzLintIssuer *issuer)
{
	static const char *const profiles[] = {"firebase", "google", "dbmi", "propelauth"};
	int			i;

	for (i = 0; i < (int) lengthof(profiles); i++)
	{
		if (strcmp(issuer->profile, profiles[i]) == 0)
			return true;
	}
	return false;
}

static void
judge_kind(const AzLintIssuer *issuer)
{
	if (takes_id_tokens(issuer) || tells_kinds_apart(issuer->issuer))
		return;
	az_find_of_issuer(issuer, "id_tokens_accepted", AZ_LEVEL_INFO,
					  "Nothing tells access tokens from ID tokens: if an audience of the issuer is also the client id of an application, that one's ID tokens are accepted.",
					  psprintf("Give the API an audience of its own.  Or, if its access tokens have that type: %s",
							   az_alter_issuer(issuer, "{\"token_types\": [\"at+jwt\"], \"token_type_required\": true}")));
}

/* Keycloak writes it into every token of the realm. */
static void
judge_common_audience(const AzLintIssuer *issuer)
{
	if (strcmp(issuer->profile, "keycloak") == 0 &&
		az_names_has(&issuer->issuer->audience, "account", strlen("account")))
		az_find_of_issuer(issuer, "audience_of_everybody", AZ_LEVEL_WARNING,
						  "Every token of a realm of Keycloak has the audience account, those of other applications too.",
						  psprintf("Add an audience mapper for the API, then SELECT authz.alter_issuer(%s, audience => '{...}');",
								   issuer->literal));
}

/* ----------------------------------------------------------------
 * How long, and what is let pass
 * ----------------------------------------------------------------
 */

static void
judge_leniency(const AzLintIssuer *issuer)
{
	if (issuer->issuer->leeway_seconds > HIGHEST_LEEWAY)
		az_find_of_issuer(issuer, "long_leeway", AZ_LEVEL_WARNING,
						  psprintf("Its tokens are accepted for %lld seconds after they have expired.",
								   (long long) issuer->issuer->leeway_seconds),
						  az_alter_issuer(issuer, "{\"leeway_seconds\": 60}"));
	if (issuer->issuer->ignore_bound_tokens)
		az_find_of_issuer(issuer, "bound_tokens_ignored", AZ_LEVEL_INFO,
						  "A token that is bound to a key of its client is accepted from anybody who has it.",
						  az_alter_issuer(issuer, "{\"bound_tokens\": \"refuse\"}"));
	if (issuer->issuer->groups_overage == AZ_OVERAGE_IGNORE)
		az_find_of_issuer(issuer, "groups_overage_ignored", AZ_LEVEL_INFO,
						  "A token that does not list the groups, because they are too many, counts as one without groups: NOT has_group('x') is true then.",
						  az_alter_issuer(issuer, "{\"groups_overage\": \"refuse\"}"));
}

/* ----------------------------------------------------------------
 * Who acts for others
 * ----------------------------------------------------------------
 */

/* The actors of the issuer that have a ceiling, in UTF-8. */
static List *
actors_with_ceilings(const AzLintIssuer *issuer)
{
	static const AttrNumber columns[] = {Ceiling_issuer};
	List	   *actors = NIL;
	AzRows		rows;
	HeapTuple	tuple;

	if (!az_has_ceilings())
		return NIL;
	(void) az_begin_rows(&rows, AZ_TABLE_CEILING, columns, &issuer->utf8, 1);
	while (HeapTupleIsValid(tuple = az_next_row(&rows)))
	{
		char	   *actor = az_row_utf8(tuple, Ceiling_actor, RelationGetDescr(rows.rel));

		if (actor)
			actors = lappend(actors, actor);
	}
	az_end_rows(&rows);
	return actors;
}

static bool
is_among(const List *actors, const char *actor)
{
	ListCell   *lc;

	foreach(lc, actors)
	{
		if (strcmp(lfirst(lc), actor) == 0)
			return true;
	}
	return false;
}

/* Those who may act and have none; NULL when nobody is named, or all have one. */
static char *
named_without_ceiling(const AzLintIssuer *issuer, const List *with)
{
	const AzNames *among = &issuer->issuer->actors.among;
	StringInfoData names;
	size_t		i;

	initStringInfo(&names);
	for (i = 0; i < among->n; i++)
	{
		char	   *name = is_among(with, among->name[i].data) ? NULL :
			az_from_utf8(among->name[i].data);

		if (name)
			appendStringInfo(&names, "%s\"%s\"", names.len ? ", " : "", name);
	}
	return names.len ? names.data : NULL;
}

/*
 * An administrator who names some actors, or gives some a ceiling, knows that
 * there are actors.
 */
static void
judge_actors(const AzLintIssuer *issuer)
{
	const AzActors *actors = &issuer->issuer->actors;
	List	   *with;
	char	   *without;

	if (issuer->issuer->ceiling_required || (actors->limited && actors->among.n == 0))
		return;
	with = actors_with_ceilings(issuer);
	without = named_without_ceiling(issuer, with);
	if (actors->limited && without == NULL)
		return;
	az_find_of_issuer(issuer, "delegation_without_ceiling",
					  actors->limited || with != NIL ? AZ_LEVEL_WARNING : AZ_LEVEL_INFO,
					  actors->limited ? psprintf("An actor who acts for others may do all that they may: %s.", without) :
					  "An actor that the issuer lets act for others may do all that these may, unless there is a ceiling.",
					  psprintf("%s  -- or, where nobody acts for others, give it the option \"actors\": []",
							   az_alter_issuer(issuer, "{\"ceiling_required\": true}")));
}

void
az_lint_options(const AzLintIssuer *issuer)
{
	judge_address(issuer);
	judge_audience(issuer);
	judge_kind(issuer);
	judge_common_audience(issuer);
	judge_leniency(issuer);
	judge_actors(issuer);
}
