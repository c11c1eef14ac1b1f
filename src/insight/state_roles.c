/*-------------------------------------------------------------------------
 *
 * state_roles.c
 *	  Of a state: the roles concerned, and their members.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/state.h"

#define ROLE(oid)	"pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(" oid ")) COLLATE pg_catalog.\"C\""

/*
 * Whether a member has the rights without SET ROLE, and whether it may SET ROLE.
 * Before 16 the first goes by the member, and the second always holds; through
 * JSON, because the columns do not exist there.
 */
#define MEMBERS \
	"SELECT m.roleid, m.member," \
	" COALESCE((pg_catalog.to_jsonb(m) OPERATOR(pg_catalog.->>) 'inherit_option')::pg_catalog.bool, r.rolinherit) AS inherits," \
	" COALESCE((pg_catalog.to_jsonb(m) OPERATOR(pg_catalog.->>) 'set_option')::pg_catalog.bool, true) AS sets" \
	" FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) m.member" \
	" UNION ALL" \
	" SELECT o.oid, d.datdba, true, true FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles o ON o.rolname OPERATOR(pg_catalog.=) 'pg_database_owner'" \
	" WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"

static const AzStateSection sections[] = {
	{"roles",
	"SELECT " ROLE("r.oid") " AS name, r.rolsuper AS superuser, r.rolbypassrls AS bypasses_row_security,"
	" r.rolcanlogin AS may_log_in"
	" FROM pg_catalog.pg_roles r WHERE r.oid OPERATOR(pg_catalog.=) ANY ($9) ORDER BY 1"},
	{"members",
	"SELECT " ROLE("m.member") " AS member, " ROLE("m.roleid") " AS role,"
	" pg_catalog.bool_or(m.inherits) AS inherits, pg_catalog.bool_or(m.sets) AS may_set_role"
	" FROM (" MEMBERS ") m WHERE m.roleid OPERATOR(pg_catalog.=) ANY ($9)"
	" GROUP BY m.member, m.roleid ORDER BY 1, 2"},
};

void
az_state_roles(AzState *state)
{
	az_write_sections(state, sections, lengthof(sections));
}
