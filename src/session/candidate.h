/*-------------------------------------------------------------------------
 *
 * candidate.h
 *	  Who is logged in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CANDIDATE_H
#define AZ_CANDIDATE_H

#include "session/adoption.h"
#include "session/only_reads.h"

typedef enum AzTokenState
{
	AZ_STATE_NONE,
	AZ_STATE_VALID,
	AZ_STATE_EXPIRED,
	AZ_STATE_REVOKED,
	AZ_STATE_REJECTED
} AzTokenState;

/*
 * The adoption that counts, or NULL.  Of a token that nobody has judged yet,
 * too, but az_judged_candidate() judges that first, as every question does.
 */
extern AzAdoption *az_candidate(void);
extern AzAdoption *az_judged_candidate(void);

/*
 * Its identity as the token has it, also where it has ended; NULL: nobody, or
 * somebody who was simulated.
 */
extern const AzIdentity *az_logged_in(void);

/* Who is in force: nobody while the subject is listed as inactive. */
static inline AzAdoption *
az_unless_inactive(AzAdoption *current)
{
	return current != NULL && current->inactive ? NULL : current;
}

/* How it stood when it was last looked at. */
static inline AzTokenState
az_state_of(const AzAdoption *current)
{
	if (current->ended == AZ_OK)
		return AZ_STATE_VALID;
	if (current->refused)
		return AZ_STATE_REJECTED;
	return current->ended == AZ_EXPIRED ? AZ_STATE_EXPIRED : AZ_STATE_REVOKED;
}

/* Does the token hold at that instant?  Looks at the trust if it has changed. */
extern AzTokenState az_look(AzAdoption *current, int64 now);

/* Look up what is stored for the identity, as az_settle(). */
extern AzTokenState az_settle_candidate(AzAdoption *current);

/*
 * If it is an actor who only reads, make the transaction read-only to its end.
 * This applies also if the identity has ended since, or its subject is
 * inactive; NULL: nobody.
 */
static inline void
az_note_read_only(const AzAdoption *current)
{
	if (current != NULL && current->read_only)
		az_only_read();
}

/*
 * The number of the identity that counts now, 0 for nobody.  One number
 * never stands for two identities in a backend.
 */
extern uint32 az_identity_serial(void);

/* The same as the token has it, whatever is stored for its identity. */
extern uint32 az_login_serial(void);

/* Did the last login fail? */
extern bool az_was_rejected(void);

/* Would a reset change anything? */
extern bool az_may_be_reset(void);

/* A reset or a logout ends the state "rejected" and forgets the last failure. */
extern void az_forget_rejection(void);

/*
 * A reset also makes the login of the connection count again after a failed
 * login, unless the subtransaction is rolled back.
 */
extern void az_bring_login_back(void);

/*
 * Judge now what was set before the library was loaded, as every question
 * does first.
 */
extern void az_judge_early(void);

/*
 * Judge the login of the connection if az_may_log_in() is going to ask for it,
 * also while another identity is in force.
 */
extern void az_judge_login(void);

/* Is the candidate a token that nobody has asked about yet? */
extern bool az_is_unjudged(void);

/*
 * The setting has another value now; NULL: that of nobody.  An adoption that
 * comes for the first time gets its number here, not when core checks the
 * value.
 */
extern void az_adopt(AzAdoption *adoption);

/* R8: a failed login.  No identity adopted up to now counts again. */
extern void az_reject(int sqlstate, const char *error, const char *description);
extern void az_reject_reason(AzReason reason);

/*
 * The same for a refused assertion: until another one is handed over, or the
 * transaction ends, the candidate is one that is "refused".
 */
extern void az_reject_handed(AzReason reason);

/*
 * Set the listener that is told of the candidate, or of NULL, after every
 * change that may affect who that is or its state; also while a transaction
 * aborts.  The listener raises nothing.
 */
extern void az_tell_who(void (*listener) (const AzAdoption *current));

/* May be called again when it raised. */
extern void az_candidate_init(void);

#endif							/* AZ_CANDIDATE_H */
