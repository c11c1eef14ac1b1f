"""What folding adds to the planning of a query."""
from compare import Variant, difference_row, interleave

ROWS = 1000000
TURNS = 25
CALLS = 500
QUERY = "SELECT count(body) FROM bench.note"

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


def setup(server):
    server.once("notes.sql", rows=ROWS)
    server.once("readers.sql")
    values = {
        "sub": server.value("SELECT quote_literal(bench.uuid('sub', 0)) || '::uuid'"),
        "orgs": server.value("SELECT quote_literal(array_agg(bench.uuid('org', i)::uuid))"
                             " || '::uuid[]' FROM generate_series(1, 20) i")}
    for i, (_, _, ours, literal) in enumerate(POLICIES):
        server.policy("bench_planning_%d_ours" % i, ours)
        server.policy("bench_planning_%d_literal" % i, literal.format(**values))


def run(server):
    rows = []
    for i, (shown, reader, _, _) in enumerate(POLICIES):
        times = interleave(server, [
            Variant(way, "SELECT bench.plan('%s', %d)" % (QUERY, CALLS), CALLS,
                    "bench_planning_%d_%s" % (i, way)) for way in ("ours", "literal")],
            TURNS, server.log_in(reader))
        rows.append(difference_row("planning, " + shown, times["ours"], times["literal"], 50e-6))
    return rows
