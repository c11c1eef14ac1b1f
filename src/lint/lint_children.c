/*-------------------------------------------------------------------------
 *
 * lint_children.c
 *	  Partitions and inheritance children of protected tables.
 *
 * A query that names the parent is bound by the parent's policies alone, one that
 * names the child by the child's.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"

#include "lint/lint_sql.h"
#include "lint/table_policies.h"
#include "server/spi.h"

/*
 * WITH RECURSIVE children, of any schema, each with the nearest of the protected
 * tables above it.
 */
#define CHILDREN \
	"below (oid, top, depth) AS (" \
	"SELECT i.inhrelid, t.oid, 1 FROM relations t" \
	" JOIN pg_catalog.pg_inherits i ON i.inhparent" AZ_EQ "t.oid WHERE t.is_protected" \
	" UNION SELECT i.inhrelid, b.top, b.depth OPERATOR(pg_catalog.+) 1 FROM below b" \
	" JOIN pg_catalog.pg_inherits i ON i.inhparent" AZ_EQ "b.oid" \
	"), nearest AS (" \
	"SELECT DISTINCT ON (b.oid) b.oid, b.top FROM below b ORDER BY b.oid, b.depth, b.top" \
	"), children AS MATERIALIZED (" \
	"SELECT c.oid, c.relkind AS kind, c.relrowsecurity AS is_protected, c.relowner AS owner, c.relacl AS acl," \
	" pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, t.name AS parent, t.oid AS parent_oid" \
	" FROM nearest b JOIN pg_catalog.pg_class c ON c.oid" AZ_EQ "b.oid" \
	" JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "c.relnamespace" \
	" JOIN relations t ON t.oid" AZ_EQ "b.top)"

/* WITH reached: those that others than the owner may read or change directly. */
#define REACHED \
	"granted AS (" \
	"SELECT c.oid, c.owner, a.grantee, a.privilege_type AS privilege" \
	" FROM children c CROSS JOIN LATERAL pg_catalog.aclexplode(c.acl) a" \
	" UNION ALL " \
	"SELECT c.oid, c.owner, a.grantee, a.privilege_type FROM children c" \
	" JOIN pg_catalog.pg_attribute k ON k.attrelid" AZ_EQ "c.oid" \
	" AND k.attacl IS NOT NULL AND NOT k.attisdropped" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(k.attacl) a" \
	"), pairs AS MATERIALIZED (" \
	"SELECT p.grantee, p.owner FROM (SELECT DISTINCT g.grantee, g.owner FROM granted g) p" \
	" WHERE p.grantee" AZ_EQ "0 OR NOT (p.grantee" AZ_EQ "p.owner OR " AZ_HAS_RIGHTS("p.grantee", "p.owner") ")" \
	"), reached AS MATERIALIZED (" \
	"SELECT g.oid, pg_catalog.string_agg(DISTINCT q.name, ', ' ORDER BY q.name) AS names" \
	" FROM granted g JOIN pairs p ON p.grantee" AZ_EQ "g.grantee AND p.owner" AZ_EQ "g.owner" \
	" LEFT JOIN pg_catalog.pg_roles r ON r.oid" AZ_EQ "g.grantee" \
	" CROSS JOIN LATERAL (SELECT CASE WHEN g.grantee" AZ_EQ "0 THEN 'PUBLIC'" \
	" ELSE pg_catalog.format('%I', r.rolname) END AS name) q" \
	" WHERE g.privilege" AZ_EQ "ANY (ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'])" \
	" GROUP BY g.oid)"

static const AzLintRule rules[] = {
	{"child_without_row_security", AZ_LEVEL_ERROR,
		"WITH RECURSIVE " AZ_RELATIONS ", " CHILDREN ", " REACHED
		" SELECT pg_catalog.format('table %s', c.name),"
		" pg_catalog.format('Policies of table %s do not bind a role that names this table, a part of it, and it has no row security: %s may do so.', c.parent, r.names),"
		" CASE WHEN c.kind" AZ_EQ "'f'"
		" THEN pg_catalog.format('REVOKE ALL ON %s FROM %s;', c.name, r.names)"
		" ELSE pg_catalog.format('REVOKE ALL ON %s FROM %s; -- or ENABLE ROW LEVEL SECURITY on it', c.name, r.names) END"
		" FROM children c JOIN reached r ON r.oid" AZ_EQ "c.oid WHERE NOT c.is_protected"},

	{"foreign_partition", AZ_LEVEL_ERROR,
		"WITH RECURSIVE " AZ_RELATIONS ", " CHILDREN
		" SELECT pg_catalog.format('foreign table %s', c.name),"
		" pg_catalog.format('It is a part of table %s, which has row security: PostgreSQL does not enforce WITH CHECK on rows that go there.', c.parent),"
		" pg_catalog.format('Detach it, or REVOKE INSERT, UPDATE ON %s from those whom policies bind.', c.parent)"
		" FROM children c WHERE c.kind" AZ_EQ "'f'"},
};

/* ----------------------------------------------------------------
 * Children with policies of their own
 * ----------------------------------------------------------------
 */

#define PROTECTED_CHILDREN \
	"WITH RECURSIVE " AZ_RELATIONS ", " CHILDREN ", " REACHED \
	" SELECT c.oid, c.name, c.parent_oid, c.parent" \
	" FROM children c JOIN reached r ON r.oid" AZ_EQ "c.oid WHERE c.is_protected"

typedef struct Child
{
	Oid			oid;
	const char *name;
	Oid			parent;
	const char *parent_name;
} Child;

static bool
is_same_expression(Node *mine, Node *others, const Child *child)
{
	return mine == NULL || others == NULL ? mine == others :
		equal(mine, az_move_to_table(others, child->parent, child->oid));
}

/* The policy of the child is that of the parent. */
static bool
is_same(const AzPolicyRead *mine, const AzPolicyRead *others, const Child *child)
{
	return mine->is_permissive == others->is_permissive &&
		mine->command == others->command &&
		az_binds_all_of(mine, others) && az_binds_all_of(others, mine) &&
		is_same_expression(mine->using_row, others->using_row, child) &&
		is_same_expression(mine->new_row, others->new_row, child);
}

static void
find_other_policy(AzLint *lint, const Child *child, const AzPolicyRead *policy)
{
	az_find(lint, "child_with_other_policies", AZ_LEVEL_WARNING,
			psprintf("table %s", child->name),
			psprintf(policy->is_permissive ?
					 "It is a part of table %s and can be named directly: that table does not have its permissive policy %s." :
					 "It is a part of table %s and can be named directly: the restrictive policy %s of that table is not among its own.",
					 child->parent_name, policy->name),
			psprintf("Give %s the policies of %s, or revoke what others hold on it.",
					 child->name, child->parent_name));
}

/* Where the child lets nothing through that the parent would not, all is well. */
static void
compare_policies(AzLint *lint, void *arg)
{
	const Child *child = arg;
	List	   *mine = az_read_policies_of(child->oid);
	List	   *others = az_read_policies_of(child->parent);
	ListCell   *m;
	ListCell   *o;

	foreach(m, mine)
	{
		const AzPolicyRead *policy = lfirst(m);
		bool		found = !policy->is_permissive;

		foreach(o, others)
			found = found || is_same(policy, lfirst(o), child);
		if (!found)
			find_other_policy(lint, child, policy);
	}
	foreach(o, others)
	{
		const AzPolicyRead *policy = lfirst(o);
		bool		found = policy->is_permissive || mine == NIL;

		foreach(m, mine)
			found = found || is_same(lfirst(m), policy, child);
		if (!found)
			find_other_policy(lint, child, policy);
	}
}

static void
look_at_children(AzLint *lint, void *arg)
{
	AzSpiParams	params = {0};
	SPITupleTable *children;
	uint64		n;
	uint64		i;

	az_spi_param(&params, OIDARRAYOID, lint->schemas);
	n = az_spi_run(PROTECTED_CHILDREN, &params);
	children = SPI_tuptable;
	for (i = 0; i < n; i++)
	{
		Child		child;

		child.oid = atooid(SPI_getvalue(children->vals[i], children->tupdesc, 1));
		child.name = SPI_getvalue(children->vals[i], children->tupdesc, 2);
		child.parent = atooid(SPI_getvalue(children->vals[i], children->tupdesc, 3));
		child.parent_name = SPI_getvalue(children->vals[i], children->tupdesc, 4);
		az_lint_attempt(lint, psprintf("table %s", child.name), compare_policies, &child);
	}
}

void
az_lint_children(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
	az_lint_attempt(lint, "rule child_with_other_policies", look_at_children, NULL);
}
