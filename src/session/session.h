/*-------------------------------------------------------------------------
 *
 * session.h
 *	  Who this session is, for all code that asks.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SESSION_H
#define AZ_SESSION_H

#include "server/asked.h"
#include "session/candidate.h"

/*
 * The identity that counts now, or NULL if there is none.  A subject that is
 * listed as inactive counts as nobody.  Raises 28000 when it has expired, was
 * revoked or is no longer trusted (R2), when the query was planned under
 * another one (R2b), and an error in a parallel worker, which has no identity.
 * Cheap enough for every row.  Borrowed: do not keep it across anything that
 * may run other SQL.
 */
extern const AzIdentity *az_in_force(void);

/*
 * The same for a function that was called from SQL, which must ask this and
 * not az_in_force().  Macros over fcinfo, as PG_GETARG_DATUM() is.
 *
 * A query that is not tied to an identity, because the planner did not meet
 * the call, is tied to this one from here on.
 */
#define az_current()	az_current_for(fcinfo)
extern const AzIdentity *az_current_for(FunctionCallInfo fcinfo);

/* The same, but 28000 instead of NULL: for the raising twins. */
#define az_current_required()	az_current_required_for(fcinfo)
extern const AzIdentity *az_current_required_for(FunctionCallInfo fcinfo);

/*
 * Is there nobody, or somebody whose identity has not ended, and whose groups
 * the token lists?  What a check means for them may go into a plan; az_current()
 * does not raise then.
 */
extern bool az_identity_foldable(void);

/* The same of a candidate that was looked at. */
extern bool az_may_fold(const AzAdoption *current, AzTokenState state);

/* How the session stands; never raises for R2. */
extern AzTokenState az_token_state(void);

/* Was the identity in force made by simulate()?  Never raises for R2. */
extern bool az_is_simulated(void);

/* Is there somebody in force?  A check like others, but never raises for R2. */
extern bool az_is_authenticated(FunctionCallInfo fcinfo);

/*
 * What the checks of a query are based on: one query sees one answer.
 */
typedef struct AzAnswer
{
	uint64		number;			/* the adoption that was found valid; 0: look
								 * again */
	bool		guarded;		/* the plan met a check: its serial must hold */
	uint32		serial;
	uint32		grants;			/* what is stored for the identity; 0: look
								 * again */
	uint32		login;			/* who was logged in */
	Snapshot	snapshot;		/* the query's, what is stored is asked under; NULL: none */
	uint64		settled;		/* how the adoption was settled under it */
	struct QueryDesc *query;	/* the one that runs; NULL: none does yet */
	uint64		part;			/* of its run; no two have the same */
	bool		untied;			/* no check has tied the query yet */
	int64		clock;			/* when that was looked at; 0: nobody was there */
	int64		until;			/* an answer that was given holds until then; 0: all do */
	bool		moved;			/* untied, and somebody else was logged in when it
								 * started */
} AzAnswer;

/*
 * The time that answers go by, in microseconds since 1970: that at which the
 * running query looked at clock and trust.
 */
extern int64 az_query_clock(void);

/* An answer that goes by it says until when it holds, that instant excluded. */
extern void az_holds_until(int64 instant);

/*
 * Questions in between are answered as of now, whatever query is running.  The
 * end tells until when the answers hold; AZ_FOREVER: they do not depend on the
 * time.
 */
#define AZ_FOREVER	PG_INT64_MAX
extern void az_answers_begin(void);
extern int64 az_answers_end(void);

/*
 * A part of a query runs: its checks are based on that answer.
 * az_query_leave() restores the state around it, and must be called also after
 * an error.  "answer" is then up to date: a check may have tied the query.
 */
typedef struct AzQueryPart
{
	AzAnswer	answer;
	AzAnswer	outer;
	int			outer_asking;
	AzAskedFor	outer_asked;
} AzQueryPart;

extern void az_query_enter(AzQueryPart *part, const AzAnswer *answer);
extern void az_query_leave(AzQueryPart *part);

/*
 * The same for the planner: its questions are not asked under the snapshot of
 * the running query.
 */
extern void az_planning_enter(AzQueryPart *part);
extern void az_planning_leave(AzQueryPart *part);

/*
 * The same for code that a check calls: it has the same answer as the check,
 * and the identity cannot change, also where no query is around the check.
 */
extern void az_question_enter(AzQueryPart *part);

/*
 * Does a query run that asked for the identity?  Then the identity cannot
 * change.
 */
extern bool az_query_asks(void);

/*
 * The part of the running query that runs, and the query, if the query itself
 * asks and not something that a function in it evaluates; otherwise 0.
 */
extern uint64 az_asking_part(void);
extern struct QueryDesc *az_asking_query(void);

/*
 * The grants that the running query found, if the query itself asks; 0: look
 * again.
 */
extern uint32 az_query_grants(void);
extern void az_note_query_grants(uint32 grants);

/*
 * Look up what is stored for the candidate, as az_settle_candidate(); the
 * running query need not look again, if it asks itself.
 */
extern AzTokenState az_settle_for_query(AzAdoption *current);

#endif							/* AZ_SESSION_H */
