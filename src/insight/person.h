/*-------------------------------------------------------------------------
 *
 * person.h
 *	  The identity in force, in words.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PERSON_H
#define AZ_PERSON_H

#include "server/compat.h"

#include "token/identity.h"

/*
 * The identity in force, copied, because questions on the way may run other
 * SQL.
 */
typedef struct AzPerson
{
	const AzIdentity *id;		/* NULL: nobody */
	const AzIdentity *as_signed;	/* without the ceiling of who acts */
	bool		simulated;		/* nobody has signed the claims */
	bool		inactive;		/* nobody, because the subject is listed as inactive */
} AzPerson;

/* Find it; raises 28000 for an identity that has ended (R2). */
extern void az_find_person(AzPerson *person);

/* A name for them: "ann", "bot for ann"; NULL for nobody. */
extern char *az_person_name(const AzPerson *person);

/*
 * "subject ann of https://...", and who acts, "simulated" in front where nobody has
 * signed it; "nobody is logged in".
 */
extern char *az_person_text(const AzPerson *person);

/* Is there a claim? */
extern bool az_is_there(const AzNode *node);

/* A string or number; the first of several, between braces. */
extern char *az_node_words(const AzIdentity *id, const AzNode *node);
extern char *az_nodes_words(const AzIdentity *id, const AzNode *nodes, uint32 n);

/* Does somebody act who is within a ceiling?  Who? */
extern bool az_is_limited(const AzPerson *person);
extern char *az_actor_name(const AzPerson *person);

#endif							/* AZ_PERSON_H */
