/*-------------------------------------------------------------------------
 *
 * hint.c
 *	  What to do about a refusal, in a sentence that names what is configured.
 *
 *-------------------------------------------------------------------------
 */
#include "token/hint.h"

#include <stdio.h>
#include <string.h>

/* ---- building a text ---- */

void
az_hint_clear(AzHint *hint)
{
	hint->len = 0;
	hint->text[0] = '\0';
}

/* A name longer than that is cut; many of them still fit. */
#define MAX_NAME	120

/* As much of the bytes as fits, cut in front of a character of UTF-8. */
static size_t
cut(const char *bytes, size_t len, size_t room)
{
	if (len <= room)
		return len;
	len = room;
	while (len > 0 && ((unsigned char) bytes[len] & 0xC0) == 0x80)
		len--;
	return len;
}

static void
put_bytes(AzHint *hint, const char *bytes, size_t len)
{
	len = cut(bytes, len, sizeof(hint->text) - 1 - hint->len);
	memcpy(hint->text + hint->len, bytes, len);
	hint->len += len;
	hint->text[hint->len] = '\0';
}

static void
put(AzHint *hint, const char *text)
{
	put_bytes(hint, text, strlen(text));
}

static void
put_name(AzHint *hint, const char *name, size_t len)
{
	put(hint, "\"");
	put_bytes(hint, name, cut(name, len, MAX_NAME));
	put(hint, "\"");
}

static void
put_path(AzHint *hint, const AzPath *path)
{
	size_t		i;

	for (i = 0; i < path->n; i++)
	{
		if (i > 0)
			put(hint, ".");
		put_name(hint, path->name[i].data, path->name[i].len);
	}
}

/* What comes between this name of a list and the one before. */
static const char *
separator(size_t i, size_t n)
{
	if (i == 0)
		return "";
	return i + 1 < n ? ", " : " or ";
}

static void
put_names(AzHint *hint, const AzNames *names)
{
	size_t		i;
	char		more[60];

	for (i = 0; i < names->n && i < AZ_HINT_NAMES; i++)
	{
		put(hint, separator(i, names->n));
		put_name(hint, names->name[i].data, names->name[i].len);
	}
	if (i == names->n)
		return;
	snprintf(more, sizeof(more), " or one of %zu others", names->n - i);
	put(hint, more);
}

/* ---- the sentences ---- */

void
az_hint_unnamed(AzHint *hint)
{
	az_hint_clear(hint);
	put(hint, "The token has no claim \"iss\"; such tokens belong to an issuer with option \"unnamed\".");
}

void
az_hint_trust_differs(AzHint *hint)
{
	az_hint_clear(hint);
	put(hint, "The server that hands over the identity trusts this issuer: give this one the same trust, with spread_trust or import_trust.");
}

void
az_hint_algorithms(AzHint *hint, const AzIssuer *issuer)
{
	size_t		n = 0;
	int			i;

	az_hint_clear(hint);
	put(hint, "The issuer's option \"algorithms\" lists what it may sign with: ");
	for (i = 0; i < AZ_N_ALGS; i++)
	{
		if ((issuer->algorithms & AZ_ALG_BIT(i)) == 0)
			continue;
		put(hint, n++ > 0 ? ", " : "");
		put(hint, az_alg_info((AzAlg) i)->name);
	}
	put(hint, ".");
}

void
az_hint_fetching(AzHint *hint)
{
	az_hint_clear(hint);
	put(hint, "The key is being fetched; try again in a second.");
}

void
az_hint_age(AzHint *hint, const AzIssuer *issuer)
{
	char		seconds[30];

	az_hint_clear(hint);
	snprintf(seconds, sizeof(seconds), "%lld", (long long) issuer->max_age_seconds);
	put(hint, "Get a new token.  By the claim \"iat\" this one is older than the issuer's option \"max_age_seconds\" allows: ");
	put(hint, seconds);
	put(hint, ".");
}

void
az_hint_type(AzHint *hint, const AzIssuer *issuer, bool missing)
{
	az_hint_clear(hint);
	put(hint, missing ? "The issuer's option \"token_type_required\" demands the header parameter typ." :
		"The header parameter typ must be ");
	if (missing)
		return;
	put_names(hint, &issuer->token_types);
	put(hint, ", as the issuer's option \"token_types\" lists.");
}

void
az_hint_audience(AzHint *hint, const AzIssuer *issuer)
{
	size_t		i;

	az_hint_clear(hint);
	put(hint, "The claim ");
	for (i = 0; i < issuer->audience_claims.n; i++)
	{
		put(hint, separator(i, issuer->audience_claims.n));
		put_path(hint, &issuer->audience_claims.path[i]);
	}
	put(hint, " must name ");
	put_names(hint, &issuer->audience);
	put(hint, ", the audience of the issuer; alter_issuer changes that.");
}

void
az_hint_required(AzHint *hint, const char *option, const char *claim)
{
	az_hint_clear(hint);
	put(hint, "The issuer's option ");
	put_name(hint, option, strlen(option));
	put(hint, " demands the claim ");
	put_name(hint, claim, strlen(claim));
	put(hint, ", and of a type that is fit for its use.");
}

void
az_hint_string(AzHint *hint, const char *claim)
{
	az_hint_clear(hint);
	put(hint, "Have the issuer write the claim ");
	put_name(hint, claim, strlen(claim));
	put(hint, " as a string, or leave it out.");
}

static void
put_demand(AzHint *hint, const AzDemand *demand)
{
	put(hint, demand->claim.keys ? "the object " : "the claim ");
	put_path(hint, &demand->claim);
	if (demand->kind != AZ_HAS_VALUE)
		put(hint, demand->kind == AZ_ABSENT ? " is absent" : " is present");
	else
	{
		put(hint, demand->claim.keys ? " has the key " : " is ");
		put_names(hint, &demand->values);
	}
}

void
az_hint_demand(AzHint *hint, const AzDemand *demand)
{
	size_t		i;

	az_hint_clear(hint);
	put(hint, "The issuer's option \"claim_values\" demands that ");
	for (i = 0; i <= demand->others; i++)
	{
		put(hint, i > 0 ? ", or that " : "");
		put_demand(hint, &demand[i]);
	}
	put(hint, "; tokens of another kind, or for another application, may differ in that.");
}
