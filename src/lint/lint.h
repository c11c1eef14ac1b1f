/*-------------------------------------------------------------------------
 *
 * lint.h
 *	  A run of the linter, and its subjects.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LINT_H
#define AZ_LINT_H

#include "lint/finding.h"

typedef struct AzLint
{
	AzFindings	findings;
	ArrayType  *schemas;		/* oid[]: what lies in these is looked at; never
								 * PostgreSQL's own, nor ours */
	MemoryContext context;		/* of what is found */
} AzLint;

/* Add a finding, whatever context is current. */
extern void az_find(AzLint *lint, const char *code, AzLevel level,
					const char *object, const char *detail, const char *hint);

/*
 * Look at something in a subtransaction: where that raises, also when it is tried
 * again, a finding "not_checked" says so, and the run goes on.  "what" names it, as
 * an object.
 * Cancelling the query is not caught.
 */
extern void az_lint_attempt(AzLint *lint, const char *what,
							void (*look) (AzLint *lint, void *arg), void *arg);

/* A subject: it adds what it finds.  Inside SPI_connect(). */
typedef void (*AzLintSubject) (AzLint *lint);

extern void az_lint_tables(AzLint *lint);
extern void az_lint_roles(AzLint *lint);
extern void az_lint_own(AzLint *lint);
extern void az_lint_settings(AzLint *lint);
extern void az_lint_cluster(AzLint *lint);
extern void az_lint_trust(AzLint *lint);
extern void az_lint_access(AzLint *lint);
extern void az_lint_sets(AzLint *lint);
extern void az_lint_conditions(AzLint *lint);
extern void az_lint_commands(AzLint *lint);
extern void az_lint_grants(AzLint *lint);
extern void az_lint_publications(AzLint *lint);
extern void az_lint_children(AzLint *lint);
extern void az_lint_views(AzLint *lint);
extern void az_lint_others(AzLint *lint);
extern void az_lint_indexes(AzLint *lint);
extern void az_lint_new_rows(AzLint *lint);

#endif							/* AZ_LINT_H */
