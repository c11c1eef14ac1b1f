/*-------------------------------------------------------------------------
 *
 * state_reach.c
 *	  Which objects and roles decide about a relation.
 *
 * Rows are reached by way of the relation, its partitions and children, what
 * these are children of, views over any of them, and functions that run with
 * their owner's rights.  From there it goes along what each depends on.  A body
 * that is text depends on nothing as far as PostgreSQL knows: whatever has a
 * name that occurs in it as a word may be meant.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/state.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"

/* Ways to the rows: below(rel), beside(rel). */
#define WAYS \
	"below(rel) AS (" \
	" SELECT $1 UNION" \
	" SELECT i.inhrelid FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent OPERATOR(pg_catalog.=) b.rel" \
	" ), beside(rel) AS (" \
	" SELECT b.rel FROM below b UNION" \
	" SELECT w.rel FROM beside b CROSS JOIN LATERAL (" \
	" SELECT i.inhparent AS rel FROM pg_catalog.pg_inherits i WHERE i.inhrelid OPERATOR(pg_catalog.=) b.rel" \
	" UNION ALL" \
	" SELECT r.ev_class FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid OPERATOR(pg_catalog.=) d.objid" \
	" WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass" \
	" AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid OPERATOR(pg_catalog.=) b.rel AND r.ev_class OPERATOR(pg_catalog.<>) b.rel) w" \
	" )"

/* What PostgreSQL knows that it needs.  Ours need nothing that others may change. */
#define NEEDS \
	"SELECT d.refclassid AS class, d.refobjid AS object FROM pg_catalog.pg_depend d" \
	" WHERE d.classid OPERATOR(pg_catalog.=) r.class AND d.objid OPERATOR(pg_catalog.=) r.object AND d.deptype OPERATOR(pg_catalog.<>) 'e'" \
	" AND d.refclassid OPERATOR(pg_catalog.=) ANY (ARRAY['pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass," \
	" 'pg_catalog.pg_operator'::pg_catalog.regclass, 'pg_catalog.pg_collation'::pg_catalog.regclass]::pg_catalog.oid[])" \
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend o JOIN pg_catalog.pg_extension x ON x.oid OPERATOR(pg_catalog.=) o.refobjid" \
	" WHERE o.classid OPERATOR(pg_catalog.=) r.class AND o.objid OPERATOR(pg_catalog.=) r.object AND o.deptype OPERATOR(pg_catalog.=) 'e' AND x.extname OPERATOR(pg_catalog.=) 'dbmi_authz')"

/* Of a foreign key: does what is done to the other table change rows, past all policies? */
#define CHANGES_ROWS(action) \
	action " OPERATOR(pg_catalog.=) ANY (ARRAY['c', 'n', 'd']::pg_catalog.\"char\"[])"

/* What hangs on a relation or a domain, and may call something or change rows. */
#define PARTS \
	"UNION ALL SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid FROM pg_catalog.pg_policy p" \
	" WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND p.polrelid OPERATOR(pg_catalog.=) r.object" \
	" UNION ALL SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, w.oid FROM pg_catalog.pg_rewrite w" \
	" WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND w.ev_class OPERATOR(pg_catalog.=) r.object" \
	" UNION ALL SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_trigger t" \
	" WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND t.tgrelid OPERATOR(pg_catalog.=) r.object AND " AZ_STATE_TRIGGER \
	" UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, a.oid FROM pg_catalog.pg_attrdef a" \
	" WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND a.adrelid OPERATOR(pg_catalog.=) r.object" \
	" UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_constraint c" \
	" WHERE c.contype OPERATOR(pg_catalog.=) 'c' AND r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND c.conrelid OPERATOR(pg_catalog.=) r.object" \
	" UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_constraint c" \
	" WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass AND c.contypid OPERATOR(pg_catalog.=) r.object" \
	" UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.confrelid FROM pg_catalog.pg_constraint c" \
	" WHERE c.contype OPERATOR(pg_catalog.=) 'f' AND r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND c.conrelid OPERATOR(pg_catalog.=) r.object" \
	" AND (" CHANGES_ROWS("c.confdeltype") " OR " CHANGES_ROWS("c.confupdtype") ")"

/* Of the function p: the words of its text, as they stand and as SQL reads them. */
#define WORDS \
	"ARRAY(SELECT s.word::pg_catalog.name" \
	" FROM pg_catalog.regexp_split_to_table(pg_catalog.concat(p.prosrc, ' ', pg_catalog.lower(p.prosrc)), '[^[:alnum:]_$]+') s(word))"

/*
 * The words of all bodies, once: bodies(function, word).  From these which function
 * may call which: calls(function, called); and who reads our relations, or calls
 * one that does: readers(function).
 */
#define READERS \
	"bodies(function, word) AS MATERIALIZED (" \
	" SELECT DISTINCT p.oid, w.word FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang" \
	" CROSS JOIN LATERAL pg_catalog.unnest(" WORDS ") w(word)" \
	" WHERE p.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid AND p.prosqlbody IS NULL AND l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['internal', 'c']::pg_catalog.name[])" \
	" ), calls(function, called) AS MATERIALIZED (" \
	" SELECT d.objid, d.refobjid FROM pg_catalog.pg_depend d WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass" \
	" AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass" \
	" UNION" \
	" SELECT b.function, q.oid FROM bodies b JOIN pg_catalog.pg_proc q ON q.proname OPERATOR(pg_catalog.=) b.word" \
	" WHERE q.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid" \
	" ), readers(function) AS (" \
	" (SELECT d.objid FROM beside b" \
	" JOIN pg_catalog.pg_depend d ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid OPERATOR(pg_catalog.=) b.rel" \
	" WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass" \
	" UNION" \
	" SELECT t.function FROM beside b JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) b.rel" \
	" JOIN bodies t ON t.word OPERATOR(pg_catalog.=) c.relname)" \
	" UNION" \
	" SELECT c.function FROM readers r JOIN calls c ON c.called OPERATOR(pg_catalog.=) r.function" \
	" )"

/* What a body names, whatever schema it may lie in. */
#define NAMED \
	"UNION ALL SELECT n.class, n.object FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang" \
	" CROSS JOIN LATERAL (SELECT " WORDS ") w(words)" \
	" CROSS JOIN LATERAL (" \
	" SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass AS class, q.oid AS object FROM pg_catalog.pg_proc q WHERE q.proname OPERATOR(pg_catalog.=) ANY (w.words)" \
	" UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_class c" \
	" WHERE c.relname OPERATOR(pg_catalog.=) ANY (w.words) AND " IS_READ " AND c.relnamespace OPERATOR(pg_catalog.<>) 'authz'::pg_catalog.regnamespace" \
	" UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_class c" \
	" WHERE c.relname OPERATOR(pg_catalog.~) '[^[:alnum:]_$]' AND pg_catalog.strpos(p.prosrc, c.relname) OPERATOR(pg_catalog.>) 0 AND " IS_READ \
	" UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, q.oid FROM pg_catalog.pg_proc q" \
	" WHERE q.proname OPERATOR(pg_catalog.~) '[^[:alnum:]_$]' AND pg_catalog.strpos(p.prosrc, q.proname) OPERATOR(pg_catalog.>) 0) n" \
	" WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid OPERATOR(pg_catalog.=) r.object AND p.prosqlbody IS NULL" \
	" AND l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['internal', 'c']::pg_catalog.name[])"

/* The rules of object permissions for a table. */
#define RULES \
	"UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid FROM authz.object_access a" \
	" JOIN pg_catalog.pg_proc p ON pg_catalog.strpos(a.rule, p.proname) OPERATOR(pg_catalog.>) 0 AND p.oid::pg_catalog.regprocedure::pg_catalog.text OPERATOR(pg_catalog.=) a.rule" \
	" WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND a.rel::pg_catalog.oid OPERATOR(pg_catalog.=) r.object"

#define IS_READ \
	"c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'v', 'm', 'f']::pg_catalog.\"char\"[])"

static const char objects_query[] =
	"WITH RECURSIVE " WAYS ", " READERS ", reach(class, object) AS ("
	" (SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, b.rel FROM beside b"
	" UNION"
	" SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, r.function FROM readers r"
	" JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) r.function AND p.prosecdef)"
	" UNION"
	" SELECT e.class, e.object FROM reach r CROSS JOIN LATERAL ("
	" " NEEDS
	" " PARTS
	" " NAMED
	" " RULES
	" ) e WHERE e.object OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid"
	" )"
	" SELECT ARRAY(SELECT b.rel FROM below b), ARRAY(SELECT b.rel FROM beside b),"
	" ARRAY(SELECT c.oid FROM reach r JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) r.object"
	" WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND " IS_READ "),"
	" ARRAY(SELECT r.object FROM reach r WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass),"
	" ARRAY(SELECT r.object FROM reach r WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass),"
	" ARRAY(SELECT r.object FROM reach r WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass),"
	" ARRAY(SELECT r.object FROM reach r WHERE r.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_collation'::pg_catalog.regclass)";

/* The roles that something names; PUBLIC is nobody in particular. */
#define NAMED_ROLES \
	"SELECT c.relowner AS role FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) ANY ($4)" \
	" UNION SELECT g.grantee FROM pg_catalog.pg_class c" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner))) g WHERE c.oid OPERATOR(pg_catalog.=) ANY ($4)" \
	" UNION SELECT g.grantee FROM pg_catalog.pg_attribute a" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) g WHERE a.attrelid OPERATOR(pg_catalog.=) ANY ($4)" \
	" UNION SELECT g.role FROM pg_catalog.pg_policy p" \
	" CROSS JOIN LATERAL pg_catalog.unnest(p.polroles) g(role) WHERE p.polrelid OPERATOR(pg_catalog.=) ANY ($4)" \
	" UNION SELECT p.proowner FROM pg_catalog.pg_proc p WHERE p.oid OPERATOR(pg_catalog.=) ANY ($5) AND p.prosecdef" \
	" UNION SELECT g.grantee FROM pg_catalog.pg_proc p" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(p.proacl) g" \
	" WHERE p.oid OPERATOR(pg_catalog.=) ANY ($5) AND g.grantee OPERATOR(pg_catalog.<>) p.proowner" \
	" UNION SELECT g.grantee FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) g" \
	" WHERE c.oid OPERATOR(pg_catalog.=) ANY ($4) AND g.grantee OPERATOR(pg_catalog.<>) n.nspowner" \
	" UNION SELECT s.role FROM pg_catalog.unnest(ARRAY['pg_read_all_data', 'pg_write_all_data']::pg_catalog.regrole[]) s(role)"

/* A right of everybody's is enough for these. */
#define IS_FOR_ALL \
	"EXISTS (SELECT FROM pg_catalog.pg_class c" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) g WHERE c.oid OPERATOR(pg_catalog.=) ANY ($3) AND g.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid)" \
	" OR EXISTS (SELECT FROM pg_catalog.pg_attribute a" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) g WHERE a.attrelid OPERATOR(pg_catalog.=) ANY ($3) AND g.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid)"

/* Members of members.  The owner of the database is one that no row tells of. */
static const char roles_query[] =
	"WITH RECURSIVE concerned(role) AS ("
	" (SELECT n.role FROM (" NAMED_ROLES ") n WHERE n.role OPERATOR(pg_catalog.<>) 0::pg_catalog.oid"
	" UNION SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper OR r.rolbypassrls AND (" IS_FOR_ALL "))"
	" UNION"
	" SELECT m.role FROM concerned c CROSS JOIN LATERAL ("
	" SELECT m.member AS role FROM pg_catalog.pg_auth_members m WHERE m.roleid OPERATOR(pg_catalog.=) c.role"
	" UNION ALL"
	" SELECT d.datdba FROM pg_catalog.pg_database d"
	" WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() AND c.role OPERATOR(pg_catalog.=) 'pg_database_owner'::pg_catalog.regrole) m"
	" )"
	" SELECT ARRAY(SELECT c.role FROM concerned c)";

/* The arrays of the only row, as parameters. */
static void
add_results(AzSpiParams *params)
{
	int			i;

	for (i = 1; i <= SPI_tuptable->tupdesc->natts; i++)
	{
		bool		isnull;
		Datum		array = SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, i, &isnull);

		az_spi_param(params, OIDARRAYOID, DatumGetArrayTypePCopy(array));
	}
}

void
az_reach_state(AzState *state, Oid rel)
{
	az_spi_param_oid(&state->reached, OIDOID, rel);
	az_spi_run(objects_query, &state->reached);
	add_results(&state->reached);
	az_spi_run(roles_query, &state->reached);
	add_results(&state->reached);
}
