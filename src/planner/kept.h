/*-------------------------------------------------------------------------
 *
 * kept.h
 *	  Plans that outlive an identity, as long as core's plan cache keeps them.
 *
 * Core keeps one generic plan for a source, which we know by the text that it
 * hands to the planner.  To one that is for all identities of a shape belongs
 * our root: with it we remember the shape, and the query, so that others, with
 * other answers, can be planned as alternates when they come.  Alternates are
 * cached plans too.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEPT_H
#define AZ_KEPT_H

#include "server/compat.h"
#include "nodes/plannodes.h"

#include "planner/alternate.h"

/* Is that the text of a message, which core plans once?  Cheap. */
extern bool az_is_message(const char *text);

/*
 * Is that the text of a plan that core is going to keep?  The answer holds
 * until something runs that could drop the source.
 */
extern bool az_is_kept(const char *text);

/*
 * Is it time to try a plan for all, of one that is kept?  Plans for one identity
 * come first, and more of them after each refusal.
 */
extern bool az_may_share(const char *text);
extern void az_note_plan_for_one(const char *text);
extern void az_note_refusal(const char *text);

/*
 * Keep what belongs to the plan that core is going to keep; the shape is ours
 * from here on.
 */
extern void az_keep_root(const char *text, AzPlanShape *shape, Query *query,
						 int options, bool compare);

/*
 * The root with that number of its shape, for a plan that is about to start;
 * NULL: it is gone.
 */
extern AzRoot *az_find_root(uint32 id, const PlannedStmt *plan);

/* The text of the statement whose cached plan that is. */
extern const char *az_text_of(const PlannedStmt *plan);

/*
 * A pinned root is not freed, whatever runs meanwhile.  Unpin it also after an
 * error.
 */
extern void az_pin_root(AzRoot *root);
extern void az_unpin_root(AzRoot *root);

#endif							/* AZ_KEPT_H */
