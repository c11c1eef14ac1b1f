/*-------------------------------------------------------------------------
 *
 * state_text.h
 *	  An expression or a query of the catalogs as text that a restored database
 *	  gives, too.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_STATE_TEXT_H
#define AZ_STATE_TEXT_H

#include "server/compat.h"

/*
 * The text of a pg_node_tree: an expression over the columns of rel (invalid: over
 * none), the actions of a rule of rel, or the body of a function.  Names are
 * qualified as search_path has it, and nothing is evaluated.
 */
extern char *az_state_text(const char *tree, Oid rel);

/* The same of an expression over the row before (OLD) and the row after (NEW). */
extern char *az_state_text_of_rows(const char *tree, Oid rel);

#endif							/* AZ_STATE_TEXT_H */
