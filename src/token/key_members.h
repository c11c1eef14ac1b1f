/*-------------------------------------------------------------------------
 *
 * key_members.h
 *	  The members of a JWK that public and private keys have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEY_MEMBERS_H
#define AZ_KEY_MEMBERS_H

#include "token/json.h"
#include "token/key_intern.h"

/* Is the text of a member exactly that? */
extern bool az_member_is(const char *text, size_t len, const char *expected);

/*
 * Do "use" and "key_ops" allow the operation that is needed, "verify" or "sign"?
 * Both may be absent.
 */
extern AzKeyStatus az_member_judge_use(const AzJson *jwk, const char *needed,
									   const char **why);

/* The bytes of a member in base64url.  The caller frees the part in any case. */
extern AzKeyStatus az_member_read_part(const AzJson *jwk, const char *name, AzBytes *part,
									   const char **why);

#endif							/* AZ_KEY_MEMBERS_H */
