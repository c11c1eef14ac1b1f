/*-------------------------------------------------------------------------
 *
 * facts.h
 *	  What the answer of a check depends on, in words.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_FACTS_H
#define AZ_FACTS_H

#include "server/compat.h"
#include "nodes/primnodes.h"

#include "insight/person.h"
#include "planner/checks.h"

/*
 * What a check depends on:  "the token has scopes {read}"; NULL: nothing in
 * the token.  call: whose arguments, where they are constants, name a claim.
 */
extern char *az_fact(const AzPerson *person, const AzCheck *check, const FuncExpr *call);

#endif							/* AZ_FACTS_H */
