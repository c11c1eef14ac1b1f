/*-------------------------------------------------------------------------
 *
 * actor.h
 *	  Who acts for the subject of a token.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ACTOR_H
#define AZ_ACTOR_H

#include "token/json.h"
#include "token/reason.h"

/*
 * The name of the outermost actor: its sub or, when it is of another issuer
 * than the token, "iss sub".  In UTF-8, terminated and owned by the caller;
 * NULL when nobody acts.  Returns AZ_OK, AZ_ACTOR_CLAIM or AZ_NO_MEMORY.
 */
extern AzReason az_read_actor(const AzJson *payload, char **actor);

#endif							/* AZ_ACTOR_H */
