/*-------------------------------------------------------------------------
 *
 * actor.c
 *	  Who acts for the subject of a token.
 *
 * RFC 8693, 4.1: the outermost act is the one who acts now.  Those inside it
 * acted before, and decide nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "token/actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
string_member(const AzJson *object, const char *name)
{
	size_t		len;

	return az_json_string(az_json_get_z(object, name), &len);
}

/*
 * No URI has a space, and it must be plain where the issuer's name ends:
 * otherwise "b c" of issuer "a" would read as "c" of issuer "a b".
 */
static bool
is_issuer(const char *iss)
{
	return iss != NULL && *iss != '\0' && strchr(iss, ' ') == NULL;
}

static bool
is_same(const char *iss, const char *own)
{
	return own != NULL && strcmp(iss, own) == 0;
}

static char *
make_name(const char *iss, const char *sub)
{
	size_t		size = (iss != NULL ? strlen(iss) + 1 : 0) + strlen(sub) + 1;
	char	   *name = malloc(size);

	if (name != NULL)
		snprintf(name, size, "%s%s%s", iss != NULL ? iss : "", iss != NULL ? " " : "", sub);
	return name;
}

/*
 * Would the name read as an actor of another issuer?  Then somebody who may
 * choose names at this issuer could pass as that actor.
 */
static bool
reads_as_foreign(const char *sub)
{
	const char *space = strchr(sub, ' ');
	const char *scheme = strstr(sub, "://");

	return space != NULL && scheme != NULL && scheme < space;
}

AzReason
az_read_actor(const AzJson *payload, char **actor)
{
	const AzJson *act = az_json_get_z(payload, "act");
	const char *sub = string_member(act, "sub");
	const char *iss = string_member(act, "iss");

	*actor = NULL;
	if (act == NULL)
		return AZ_OK;
	if (sub == NULL || *sub == '\0')
		return AZ_ACTOR_CLAIM;
	if (az_json_is_given(az_json_get_z(act, "iss")) && !is_issuer(iss))
		return AZ_ACTOR_CLAIM;
	if (iss != NULL && is_same(iss, string_member(payload, "iss")))
		iss = NULL;
	if (iss == NULL && reads_as_foreign(sub))
		return AZ_ACTOR_CLAIM;
	*actor = make_name(iss, sub);
	return *actor != NULL ? AZ_OK : AZ_NO_MEMORY;
}
