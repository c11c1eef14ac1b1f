/*-------------------------------------------------------------------------
 *
 * meaning.h
 *	  What a policy's condition means for the identity in force.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_MEANING_H
#define AZ_MEANING_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/*
 * The condition of the table (varno 1) as az_condition_for_one() folds it, and
 * tidy: is_authenticated() is answered, though it stays in plans, and nothing stands
 * there twice or in vain.  NULL and false are the same.  somebody: is there an
 * identity in force?
 */
extern Node *az_condition_means(Oid rel, Node *condition, bool somebody);

/* Whether a condition is one of these, NULL being false. */
extern bool az_is_true(const Node *condition);
extern bool az_is_false(const Node *condition);

#endif							/* AZ_MEANING_H */
