/*-------------------------------------------------------------------------
 *
 * statement.h
 *	  What a statement is about to do, as far as it tells before it runs.
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

/* Does it give dbmi_authz.token a value, be it in a catalog? */
extern bool az_sets_token(const Node *statement);

/*
 * Is the text of such a statement for nothing but to be shown?  What it does stands in its
 * tree, but extensions that have other servers do the same may send them the text.
 */
extern bool az_is_text_shown_only(const Node *statement);

/* Does the plan write or lock rows?  Functions in it start queries of their own. */
extern bool az_plan_may_write(const PlannedStmt *plan);

/*
 * What core refuses in a read-only transaction, and asks for when it starts: does
 * the plan do so with a table that is not temporary?  Does the utility statement
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
 * Does REFRESH WITH NO DATA throw the cluster keys away, which nobody has asked for by
 * allow_system_table_mods?
 */
extern bool az_empties_cluster_keys(const Node *statement);

/* Does EXPLAIN ANALYZE run what makes a table?  Core does not look. */
extern bool az_explains_ddl(Node *statement);

/*
 * Does the plan hand an identity over, and nothing else?  That is written as an UPDATE
 * of a view (authz.hand_over), and writes nothing.
 */
extern bool az_plan_hands_over(const PlannedStmt *plan);

/* Is it one of core's own functions that ask on their own? */
extern bool az_function_writes(Oid function);

#endif							/* AZ_STATEMENT_H */
