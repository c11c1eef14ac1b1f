/*-------------------------------------------------------------------------
 *
 * discretion.h
 *	  What a report must not carry along, and where a token shows.
 *
 * PostgreSQL adds to a report the statement that the client sent and the
 * contexts it was raised in, which quote statements and parameters too.  Any
 * of them may hold a token or a secret.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_DISCRETION_H
#define AZ_DISCRETION_H

#include "server/compat.h"

/*
 * Until az_discretion_end(), whatever is reported, by us or by anybody else, comes
 * without the statement and without the contexts around us.  An error ends it
 * by itself.
 */
typedef struct AzDiscretion
{
	ErrorContextCallback callback;
	ErrorContextCallback *outer;
} AzDiscretion;

extern void az_discretion_begin(AzDiscretion *discretion);
extern void az_discretion_end(const AzDiscretion *discretion);

/*
 * The same around every piece of code that is handed a token.  It also covers
 * the tokens in the statement as far as it is shown from now on: in
 * pg_stat_activity and in the reports of the rest of the statement.
 */
extern void az_take_token(AzDiscretion *discretion);

/* A parallel worker shows the text of its leader: cover what stands in there. */
extern void az_cover_worker(void);

/*
 * That token was taken: where the statement has put it together from pieces, which are
 * not to be recognized, nothing of the statement is shown from now on.
 */
extern void az_hide_pieces(const char *token, size_t len);

/*
 * A text for others to keep: itself, or a copy in which tokens are covered, which lives
 * as long as the portal.
 */
extern const char *az_without_token_text(const char *text);

/*
 * Cover what a report that is about to go to the log has of a token in its statement
 * and its context; and where it is no error, in what it says: how long a statement
 * took, its parameters, a plan with the query's text.  Raises nothing.
 */
extern void az_cover_report(ErrorData *report);

/* Do the bytes look like they held a token somewhere, or most of one? */
extern bool az_holds_token(const char *bytes, size_t len);

/* Does something begin in there as a token does, an object of JSON in base64url? */
extern bool az_begins_token(const char *bytes, size_t len);

/*
 * Might a token be in the statement that the client sent, or in the contexts
 * around us?  The answer is no only where nothing speaks for it.
 */
extern bool az_token_nearby(void);

#endif							/* AZ_DISCRETION_H */
