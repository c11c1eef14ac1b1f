/*-------------------------------------------------------------------------
 *
 * lint_trust.c
 *	  Whom the database believes: issuers, and what stands in the other tables
 *	  of the trust.
 *
 * Issuers and keys are read by the readers of the trust, which run no code of the
 * owner's, each issuer in an attempt of its own: one that is broken is a finding,
 * and the next one is looked at.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_keys.h"
#include "lint/lint_login.h"
#include "lint/lint_options.h"
#include "lint/lint_rule.h"

#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "server/encoding.h"
#include "trust/admin.h"
#include "trust/issuer_read.h"
#include "trust/trust_row.h"
#include "trust/trust_table.h"

/* ----------------------------------------------------------------
 * Rows that say nothing, or too little
 * ----------------------------------------------------------------
 */

#define SHOWN(column)	"COALESCE(" column ", 'NULL')"
#define IS_PAST(column)	column " OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp()"
#define NO_ISSUER(column) \
	"NOT EXISTS (SELECT FROM authz.issuer i WHERE i.issuer OPERATOR(pg_catalog.=) " column ")"

static const AzLintRule rules[] = {
	{"bad_issuer", AZ_LEVEL_WARNING,
		"SELECT 'table authz.issuer', 'It has a row without a name, which counts as absent.',"
		" 'DELETE FROM authz.issuer WHERE issuer IS NULL;'"
		" FROM authz.issuer WHERE issuer IS NULL LIMIT 1"},
	{"bad_profile", AZ_LEVEL_WARNING,
		"SELECT pg_catalog.concat('profile ', " SHOWN("profile") "),"
		" 'Its row makes no sense, so no issuer of this profile is believed.',"
		" 'Correct the row of authz.profile, or remove it; a new version of the extension brings its own.'"
		" FROM authz.profile WHERE profile IS NULL OR audience_required IS NULL"
		" OR (chosen_by OPERATOR(pg_catalog.=) ANY (ARRAY['iss', 'aud'])) IS NOT TRUE"
		" OR (pg_catalog.json_typeof(options) OPERATOR(pg_catalog.=) 'object') IS NOT TRUE"},
	{"audience_ambiguous", AZ_LEVEL_WARNING,
		"SELECT pg_catalog.concat('audience ', a.audience),"
		" pg_catalog.concat('Several issuers whose tokens are told by their audience have this one, so its tokens are refused: ',"
		"  pg_catalog.string_agg(DISTINCT i.issuer, ', ' ORDER BY i.issuer), '.'),"
		" 'Leave it to one of them: SELECT authz.alter_issuer(..., audience => ''{...}'');'"
		" FROM authz.issuer i JOIN authz.profile p ON p.profile OPERATOR(pg_catalog.=) i.profile"
		"  AND p.chosen_by OPERATOR(pg_catalog.=) 'aud'"
		" CROSS JOIN LATERAL pg_catalog.unnest(i.audience) AS a (audience)"
		" GROUP BY a.audience HAVING pg_catalog.count(DISTINCT i.issuer) OPERATOR(pg_catalog.>) 1"},
	{"key_without_issuer", AZ_LEVEL_INFO,
		"SELECT DISTINCT pg_catalog.concat('issuer ', " SHOWN("k.issuer") "),"
		" 'There are keys of this name, and no issuer: nobody looks at them.',"
		" CASE WHEN k.issuer IS NULL THEN 'DELETE FROM authz.issuer_key WHERE issuer IS NULL;'"
		"  ELSE pg_catalog.format('DELETE FROM authz.issuer_key WHERE issuer = %L;', k.issuer) END"
		" FROM authz.issuer_key k WHERE " NO_ISSUER("k.issuer")},
	{"bad_revocation", AZ_LEVEL_ERROR,
		"SELECT pg_catalog.concat('revocation of ', " SHOWN("kind") ", ' ', " SHOWN("value") ", ' of issuer ', " SHOWN("issuer") "),"
		" 'The row revokes nothing: its issuer or value is missing, or its kind is none.',"
		" 'Remove the row, and call revoke_token, revoke_subject, revoke_session or revoke_actor.'"
		" FROM authz.revocation WHERE issuer IS NULL OR value IS NULL"
		" OR (kind OPERATOR(pg_catalog.=) ANY (ARRAY['token', 'subject', 'session', 'actor'])) IS NOT TRUE LIMIT 100"},
	{"revocations_to_prune", AZ_LEVEL_INFO,
		"SELECT 'table authz.revocation',"
		" pg_catalog.format('%s of its rows are about tokens that have expired.', pg_catalog.count(*)),"
		" 'SELECT authz.prune_revocations();'"
		" FROM authz.revocation WHERE " IS_PAST("until") " HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0"},
	{"bad_inactive_subject", AZ_LEVEL_ERROR,
		"SELECT pg_catalog.concat('inactive subject ', " SHOWN("subject") ", ' of issuer ', " SHOWN("issuer") "),"
		" 'The row makes nobody inactive: its issuer or subject is missing.', 'Correct the row of authz.inactive_subject, or remove it.'"
		" FROM authz.inactive_subject WHERE issuer IS NULL OR subject IS NULL LIMIT 100"},
	{"bad_ceiling", AZ_LEVEL_ERROR,
		"SELECT pg_catalog.concat('ceiling of ', " SHOWN("actor") ", ' of issuer ', " SHOWN("issuer") "),"
		" 'The row limits nobody: its issuer or actor is missing.', 'Remove it, and call authz.set_actor_ceiling().'"
		" FROM authz.actor_ceiling WHERE issuer IS NULL OR actor IS NULL LIMIT 100"},
	{"ceiling_without_issuer", AZ_LEVEL_INFO,
		"SELECT pg_catalog.concat('ceiling of ', c.actor, ' of issuer ', c.issuer),"
		" 'There is no such issuer.', pg_catalog.format('SELECT authz.drop_actor_ceiling(%L, %L);', c.issuer, c.actor)"
		" FROM authz.actor_ceiling c WHERE c.issuer IS NOT NULL AND c.actor IS NOT NULL AND " NO_ISSUER("c.issuer")},
	{"bad_item_permission", AZ_LEVEL_WARNING,
		"SELECT pg_catalog.concat('permission ', " SHOWN("permission") ", ' on item ', " SHOWN("item") ", ' for ', " SHOWN("email") "),"
		" 'The row grants nothing: one of its values is missing.', 'Correct the row of authz.item_permission, or remove it.'"
		" FROM authz.item_permission WHERE email IS NULL OR client IS NULL OR item IS NULL OR permission IS NULL"
		" OR email OPERATOR(pg_catalog.=) '' OR permission OPERATOR(pg_catalog.=) '' LIMIT 100"},
};

static void
look_at_rows(AzLint *lint)
{
	AzCaller	caller;

	az_begin_as_owner(&caller);
	az_lint_by_rules(lint, rules, lengthof(rules));
	az_end_administering(&caller);
}

/* ----------------------------------------------------------------
 * Issuers
 * ----------------------------------------------------------------
 */

/* With name, literal and profile; rows without a name are the rule's. */
static List *
read_issuers(AzLint *lint)
{
	List	   *issuers = NIL;
	AzRows		rows;
	HeapTuple	tuple;

	(void) az_begin_rows(&rows, AZ_TABLE_ISSUER, NULL, NULL, 0);
	while (HeapTupleIsValid(tuple = az_next_row(&rows)))
	{
		AzLintIssuer *issuer = palloc0(sizeof(AzLintIssuer));
		char	   *profile = az_row_utf8(tuple, Issuer_profile, RelationGetDescr(rows.rel));

		issuer->lint = lint;
		issuer->utf8 = az_row_utf8(tuple, Issuer_issuer, RelationGetDescr(rows.rel));
		if (issuer->utf8 == NULL)
			continue;
		issuer->name = az_from_utf8(issuer->utf8);
		issuer->literal = quote_literal_cstr(issuer->name);
		issuer->profile = profile ? profile : "";
		issuers = lappend(issuers, issuer);
	}
	az_end_rows(&rows);
	return issuers;
}

static void
look_at_issuer(AzLint *lint, void *arg)
{
	AzLintIssuer *issuer = arg;
	const char *why;

	issuer->issuer = az_judge_issuer(issuer->utf8, CurrentMemoryContext, &why);
	if (issuer->issuer == NULL)
	{
		if (why)
			az_find_of_issuer(issuer, "bad_issuer", AZ_LEVEL_WARNING,
							  psprintf("It counts as absent: none of its tokens is accepted.  %s", why),
							  psprintf("Correct its row of authz.issuer, or SELECT authz.drop_issuer(%s);", issuer->literal));
		return;
	}
	az_lint_keys(issuer);
	az_lint_options(issuer);
}

/* What one takes is given back before the next one is read: there may be thousands. */
static void
look_at_issuers(AzLint *lint)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz lint",
												  ALLOCSET_DEFAULT_SIZES);
	List	   *issuers = read_issuers(lint);
	ListCell   *lc;

	foreach(lc, issuers)
	{
		AzLintIssuer *issuer = lfirst(lc);
		MemoryContext old = MemoryContextSwitchTo(context);

		az_lint_attempt(lint, psprintf("issuer %s", issuer->name), look_at_issuer, issuer);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
}

static void
look_for_unnamed(AzLint *lint, void *arg)
{
	List	   *unnamed = az_read_unnamed();
	ListCell   *lc;

	if (list_length(unnamed) < 2)
		return;
	foreach(lc, unnamed)
	{
		char	   *name = lfirst(lc) ? az_from_utf8(lfirst(lc)) : NULL;

		if (name)
			az_find(lint, "several_unnamed", AZ_LEVEL_WARNING, psprintf("issuer %s", name),
					"Several issuers have the option unnamed, so no token without iss is accepted.",
					psprintf("Leave it to one of them: SELECT authz.alter_issuer(%s, '{\"unnamed\": false}');",
							 quote_literal_cstr(name)));
	}
}

/*
 * Reading a table that was altered gives a warning; lint_own.c already has a
 * finding for it.
 */
static bool
are_unaltered(void)
{
	bool		unaltered = az_tables_found();
	const char *name;
	const char *remedy;
	int			i;

	for (i = 0; unaltered && i < AZ_N_TABLES; i++)
		unaltered = az_fault_of_table(i, &name, &remedy) == NULL;
	return unaltered;
}

void
az_lint_trust(AzLint *lint)
{
	if (!are_unaltered())
		return;
	look_at_rows(lint);
	az_lint_attempt(lint, "table authz.issuer", look_for_unnamed, NULL);
	look_at_issuers(lint);
	az_lint_attempt(lint, "file of trust", az_lint_login, NULL);
}
