"""What folding adds to the planning of a query, and to a query under many policies."""
import re

from compare import Variant, difference_row, interleave, ratio_row

ROWS = 1000000
TURNS = 25
CALLS = 500
QUERY = "SELECT count(body) FROM bench.note"
MANY = 100          # policies on one table, for one role
MANY_CALLS = 20

# How it is shown, who reads, the policy, the same without calls.
POLICIES = (
    ("one check", "user", "authz.is_owner(owner)", "owner = {sub}"),
    ("three checks, one remains", "user",
     "authz.has_scope('records:admin') OR authz.has_role('auditor') OR authz.is_owner(owner)",
     "owner = {sub}"),
    ("three checks, 20 organisations", "member of 20",
     "authz.has_scope('records:admin') OR authz.is_owner(owner)"
     " OR authz.has_org_permission(org, 'records:read')",
     "owner = {sub} OR org = ANY ({orgs})"),
)

# The same for a hundred policies, {i} is their number.  Nothing in the literals
# is plainly false: what the user holds is written in, and core has to look.
SCOPES = ("records:read", "records:write", "labs:read", "messages:read")
MANY_POLICIES = (
    ("that compare a column", "authz.is_owner(owner) AND id % 100 = {i}", "owner = {sub} AND id % 100 = {i}"),
    ("that ask for a scope, 4 of them held", "authz.has_scope({scope}) AND org = {org}",
     "{scope} = ANY ({scopes}) AND org = {org}"),
)


def many(server, role, condition, values):
    """A hundred policies for a role."""
    orgs = server.psql("SELECT bench.uuid('org', i) FROM generate_series(0, %d) i;\n" % (MANY - 1))
    scopes = SCOPES + tuple("area-%d:read" % i for i in range(MANY - len(SCOPES)))
    script = "CREATE ROLE %s;\n" % role
    for i, (scope, org) in enumerate(zip(scopes, orgs)):
        meant = condition.format(i=i, scope="'%s'" % scope, org="'%s'" % org, **values)
        script += "CREATE POLICY %s_%d ON bench.note TO %s USING (%s);\n" % (role, i, role, meant)
    server.psql(script)


def setup(server):
    server.once("notes.sql", rows=ROWS)
    server.once("readers.sql")
    values = {
        "scopes": "'{openid,profile,email,%s}'::text[]" % ",".join(SCOPES),
        "sub": server.value("SELECT quote_literal(bench.uuid('sub', 0)) || '::uuid'"),
        "orgs": server.value("SELECT quote_literal(array_agg(bench.uuid('org', i)::uuid))"
                             " || '::uuid[]' FROM generate_series(1, 20) i")}
    for i, (_, _, ours, literal) in enumerate(POLICIES):
        server.policy("bench_planning_%d_ours" % i, ours)
        server.policy("bench_planning_%d_literal" % i, literal.format(**values))
    for i, (_, ours, literal) in enumerate(MANY_POLICIES):
        many(server, "bench_many_%d_ours" % i, ours, values)
        many(server, "bench_many_%d_literal" % i, literal, values)


def check(server, roles):
    """Both show the same rows, some, by the same index."""
    looks = []
    for role in roles:
        lines = server.psql(server.log_in("user") + "SET ROLE %s;\n" % role +
                            "EXPLAIN (COSTS OFF) %s;\nSELECT count(*), sum(id) FROM bench.note;\n" % QUERY)
        looks.append((re.findall(r"\w+_idx", "".join(lines)), lines[-1]))
    if looks[0] != looks[1] or not looks[0][0] or looks[0][1].startswith("0|"):
        raise RuntimeError("planning: not the same rows by the same index: %s" % looks)


def many_row(server, i, shown):
    roles = {way: "bench_many_%d_%s" % (i, way) for way in ("ours", "literal")}
    check(server, roles.values())
    times = interleave(server, [
        Variant(way, "SELECT bench.repeat('%s', %d, false)" % (QUERY, MANY_CALLS), MANY_CALLS, role)
        for way, role in roles.items()], TURNS, server.log_in("user"))
    return ratio_row("%d policies %s; planned each time" % (MANY, shown), times["ours"], times["literal"], 1.15)


def run(server):
    rows = []
    for i, (shown, reader, _, _) in enumerate(POLICIES):
        times = interleave(server, [
            Variant(way, "SELECT bench.plan('%s', %d)" % (QUERY, CALLS), CALLS,
                    "bench_planning_%d_%s" % (i, way)) for way in ("ours", "literal")],
            TURNS, server.log_in(reader))
        rows.append(difference_row("planning, " + shown, times["ours"], times["literal"], 50e-6))
    return rows + [many_row(server, i, shown) for i, (shown, _, _) in enumerate(MANY_POLICIES)]
