/*-------------------------------------------------------------------------
 *
 * candidate_intern.h
 *	  What candidate.c and judged.c share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CANDIDATE_INTERN_H
#define AZ_CANDIDATE_INTERN_H

#include "session/candidate.h"

/*
 * Judge a candidate that nobody has judged; returns it, or NULL.  The
 * statement that asks may also be the one that has set it.
 */
extern AzAdoption *az_judge_candidate(AzAdoption *current);

/*
 * To be called after whatever may have changed the effective identity.  Also
 * runs while a transaction aborts: no catalog access here.
 */
extern void az_identity_changed(void);

/*
 * It was judged and accepted; if it is the candidate, the login has succeeded.
 */
extern void az_note_accepted(const AzAdoption *judged);

/* The login of the connection was judged and refused. */
extern void az_note_refused_login(AzReason reason);

#endif							/* AZ_CANDIDATE_INTERN_H */
