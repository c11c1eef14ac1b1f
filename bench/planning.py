"""What folding adds to the planning of a query, and to a query under many policies."""
import re

from compare import Variant, difference_row, interleave, ratio_row

ROWS = 1000000
TURNS = 25
CALLS = 500
QUERY = "SELECT count(body) FROM bench.note"
MANY = 100          # policies on one table
MANY_ROWS = 20000
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


def many(server, name, condition, values):
    """A table with a hundred policies, and nothing else on it."""
    orgs = server.psql("SELECT bench.uuid('org', i) FROM generate_series(0, %d) i;\n" % (MANY - 1))
    scopes = SCOPES + tuple("area-%d:read" % i for i in range(MANY - len(SCOPES)))
    script = ("CREATE TABLE bench.{0} (LIKE bench.note INCLUDING ALL);\n"
              "INSERT INTO bench.{0} SELECT * FROM bench.note WHERE id <= {1};\n"
              "ALTER TABLE bench.{0} ENABLE ROW LEVEL SECURITY;\n"
              "CREATE ROLE {0};\nGRANT SELECT ON bench.{0} TO {0};\n".format(name, MANY_ROWS))
    for i, (scope, org) in enumerate(zip(scopes, orgs)):
        meant = condition.format(i=i, scope="'%s'" % scope, org="'%s'" % org, **values)
        script += "CREATE POLICY p%d ON bench.%s TO %s USING (%s);\n" % (i, name, name, meant)
    server.psql(script + "VACUUM ANALYZE bench.%s;\n" % name)


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


def many_query(name):
    return "SELECT count(body) FROM bench." + name


def check(server, names):
    """Both show as many rows, some, by the same index."""
    looks = []
    for name in names:
        lines = server.psql(server.log_in("user") + "SET ROLE {0};\nEXPLAIN (COSTS OFF) {1};\n{1};\n".format(
            name, many_query(name)))
        looks.append((re.findall("(owner|org)_idx", "".join(lines)), lines[-1]))
    if looks[0] != looks[1] or not looks[0][0] or looks[0][1] == "0":
        raise RuntimeError("planning: not the same rows by the same index: %s" % looks)


def many_row(server, i, shown):
    names = {way: "bench_many_%d_%s" % (i, way) for way in ("ours", "literal")}
    check(server, names.values())
    times = interleave(server, [
        Variant(way, "SELECT bench.repeat('%s', %d, false)" % (many_query(name), MANY_CALLS), MANY_CALLS, name)
        for way, name in names.items()], TURNS, server.log_in("user"))
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
