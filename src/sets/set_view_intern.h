/*-------------------------------------------------------------------------
 *
 * set_view_intern.h
 *	  The inside of views that are sets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SET_VIEW_INTERN_H
#define AZ_SET_VIEW_INTERN_H

#include "sets/set_view.h"

/* How many messages about relations have come. */
extern uint64 az_relation_messages(void);

/* The function that knows the kinds of functions that a set calls. */
extern AzKindOfCall az_set_call_kind(void);

/* Does each session tell by itself of definitions that it changes? */
extern bool az_all_sessions_tell(void);

/* What the view depends on, by its plan.  Raises for what a set may not do. */
extern void az_find_set_dependencies(AzSetView *view);

#endif							/* AZ_SET_VIEW_INTERN_H */
