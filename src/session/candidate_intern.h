/*-------------------------------------------------------------------------
 *
 * candidate_intern.h
 *	  Between candidate.c and judged.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CANDIDATE_INTERN_H
#define AZ_CANDIDATE_INTERN_H

#include "session/candidate.h"

/*
 * The candidate of a token that nobody has judged: itself, or NULL.  The statement
 * that asks may be the one that has set it, too.
 */
extern AzAdoption *az_judge_candidate(AzAdoption *current);

/*
 * To be called after whatever may have changed the effective identity.  Also
 * runs while a transaction aborts: no catalog access here.
 */
extern void az_identity_changed(void);

/* It was judged, and is somebody; if it is the candidate, the login has succeeded. */
extern void az_note_accepted(const AzAdoption *judged);

/* The login of the connection was judged, and is nobody. */
extern void az_note_refused_login(AzReason reason);

#endif							/* AZ_CANDIDATE_INTERN_H */
