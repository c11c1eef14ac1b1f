/*-------------------------------------------------------------------------
 *
 * discretion.h
 *	  What a report must not contain, and where a token is visible.
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
 * Until az_discretion_end(), every report, ours or not, comes without the
 * statement and without the contexts around us.  An error ends it by itself.
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
 * A text for other extensions to keep: the same text, or a copy in which
 * tokens are covered, which lives as long as the portal.
 */
extern const char *az_without_token_text(const char *text);

/*
 * In a report that is about to go to the log, cover tokens in its statement
 * and its context.  Where it is not an error, cover them in its message and
 * detail, too: how long a statement took, its parameters, a plan with the
 * query's text.  Raises nothing.
 */
extern void az_cover_report(ErrorData *report);

/* Do the bytes look as if they held a token, or most of one? */
extern bool az_holds_token(const char *bytes, size_t len);

/*
 * Does anything in there begin like a token, that is, like a JSON object in
 * base64url?
 */
extern bool az_begins_token(const char *bytes, size_t len);

/*
 * Might a token be in the statement that the client sent, or in the contexts
 * around us?  The answer is no only where nothing suggests it.
 */
extern bool az_token_nearby(void);

#endif							/* AZ_DISCRETION_H */
