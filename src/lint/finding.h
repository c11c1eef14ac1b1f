/*-------------------------------------------------------------------------
 *
 * finding.h
 *	  What the linter finds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_FINDING_H
#define AZ_FINDING_H

#include "server/compat.h"
#include "nodes/pg_list.h"
#include "utils/array.h"

typedef enum AzLevel
{
	AZ_LEVEL_ERROR,				/* somebody may see or do something that nobody
								 * meant */
	AZ_LEVEL_WARNING,			/* it is one step from there, or slow */
	AZ_LEVEL_INFO				/* worth knowing */
} AzLevel;

/*
 * The names are those that SQL takes: quoted where they must be, with their
 * schema.  code and object together name a finding, in this database and in
 * one that was restored from it; the rest may say more.
 */
typedef struct AzFinding
{
	const char *code;			/* what is wrong: words with "_" between */
	AzLevel		level;
	const char *object;			/* its kind and name: "table public.notes" */
	const char *detail;			/* a sentence: what is the case */
	const char *hint;			/* what to do: a sentence; or statements of SQL, and
								 * what else there is to say as a comment.  After
								 * "--" no name may stand: one with a newline would
								 * go on as SQL */
	char	   *fingerprint;	/* set by az_add_finding() */
} AzFinding;

/* Bytes of a fingerprint, in hexadecimal digits. */
#define AZ_FINGERPRINT_BYTES	8

typedef struct AzFindings
{
	List	   *list;			/* of AzFinding */
	List	   *ignored;		/* codes and fingerprints, char * */
} AzFindings;

/* Add one, copied to the current context, unless it is ignored. */
extern void az_add_finding(AzFindings *findings, const AzFinding *finding);

/* The worst first, then by code and object; each once. */
extern void az_sort_findings(AzFindings *findings);

/* "error", "warning", "info". */
extern const char *az_level_name(AzLevel level);

#endif							/* AZ_FINDING_H */
