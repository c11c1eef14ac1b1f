/*-------------------------------------------------------------------------
 *
 * statement.h
 *	  What a statement is about to do, as far as its tree shows that before it
 *	  runs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_STATEMENT_H
#define AZ_STATEMENT_H

#include "server/compat.h"
#include "nodes/plannodes.h"

/* Does a utility statement put dbmi_authz.token back to its default? */
extern bool az_resets_token(const Node *statement);

/* The same for the transaction alone, by which another server says that nobody is in force. */
extern bool az_resets_token_locally(const Node *statement);

/* Does it give dbmi_authz.token a value, even in a catalog? */
extern bool az_sets_token(const Node *statement);

/*
 * Is the text of such a statement for nothing but to be shown?  What it does stands in its
 * tree, but extensions that have other servers do the same may send them the text.
 */
extern bool az_is_text_shown_only(const Node *statement);

/* Does the plan write or lock rows?  Functions in it start queries of their own. */
extern bool az_plan_may_write(const PlannedStmt *plan);

/*
 * What core refuses in a read-only transaction, and checks at the start: does
 * the plan write to a table that is not temporary?  Does the utility statement
 * write?
 */
extern bool az_plan_writes(const PlannedStmt *plan);
extern bool az_statement_writes(Node *statement);

/*
 * Does it change what tables, views and functions are that others may use?  What
 * makes a temporary table does not.
 */
extern bool az_defines(Node *statement);

/* The table that COPY FROM writes to; InvalidOid: it is another statement. */
extern Oid	az_copied_into(Node *statement);

/*
 * Is it REFRESH of the cluster keys?  WITH NO DATA would remove them; a
 * superuser who wants that sets allow_system_table_mods.
 */
extern bool az_refreshes_cluster_keys(const Node *statement);

/*
 * Does EXPLAIN ANALYZE run a statement that makes a table?  Core does not
 * check that.
 */
extern bool az_explains_ddl(Node *statement);

/*
 * Does the plan hand an identity over, and nothing else?  That is written as an UPDATE
 * of a view (authz.hand_over), and writes nothing.
 */
extern bool az_plan_hands_over(const PlannedStmt *plan);

/*
 * Is it one of core's functions that check by themselves whether they may
 * write?
 */
extern bool az_function_writes(Oid function);

#endif							/* AZ_STATEMENT_H */
