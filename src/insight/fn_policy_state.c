/*-------------------------------------------------------------------------
 *
 * fn_policy_state.c
 *	  policy_state(): what decides about a relation.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/relation.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "insight/state.h"
#include "server/setting.h"
#include "trust/admin.h"

/*
 * As which names and constants are printed, whatever the caller's are; and the many
 * small queries over catalogs neither compiled nor done by several processes.
 */
static const char *const settings[][2] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"quote_all_identifiers", "off"},
	{"standard_conforming_strings", "on"},
	{"DateStyle", "ISO, YMD"},
	{"IntervalStyle", "postgres"},
	{"TimeZone", "UTC"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"xmloption", "content"},
	{"lc_monetary", "C"},
	{"jit", "off"},
	{"max_parallel_workers_per_gather", "0"},
};

static void
have_settings(void)
{
	int			i;

	for (i = 0; i < (int) lengthof(settings); i++)
		az_set_within_level(settings[i][0], settings[i][1]);
}

/* 42P01 for what does not exist, 42809 for what has no rows. */
static void
check_relation(Oid rel)
{
	Relation	relation = try_relation_open(rel, AccessShareLock);
	char		kind;

	if (relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", rel)));
	kind = relation->rd_rel->relkind;
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_VIEW &&
		kind != RELKIND_MATVIEW && kind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is neither a table nor a view", RelationGetRelationName(relation))));
	relation_close(relation, NoLock);
}

static void
write_head(AzState *state, Oid rel)
{
	char	   *schema = get_namespace_name(get_rel_namespace(rel));

	appendStringInfo(&state->text, "{\"format\": %d,\n \"relation\": ", AZ_STATE_FORMAT);
	escape_json(&state->text, quote_qualified_identifier(schema, get_rel_name(rel)));
}

AZ_SQL(authz_policy_state)
{
	AzState		state = {0};
	AzCaller	caller;
	Oid			rel;

	az_check_owns_database("policy_state");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	rel = PG_GETARG_OID(0);
	check_relation(rel);
	initStringInfo(&state.text);
	az_begin_as_owner(&caller);
	have_settings();
	write_head(&state, rel);
	az_reach_state(&state, rel);
	az_state_tables(&state);
	az_state_code(&state);
	az_state_roles(&state);
	az_state_trust(&state);
	az_end_administering(&caller);
	appendStringInfoString(&state.text, "\n}");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(state.text.data, state.text.len));
}
