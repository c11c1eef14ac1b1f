"""A query under a policy, against the same policy with the value written in.

One table; each way to write the policy is a policy for a role of its own, so
that all of them read the same pages.  Before anything is measured all ways
must show the same rows, and the plan must be what the line claims: of the same
shape as the literal's, through an index or not.
"""
import re

from compare import Variant, interleave, ratio_row

ROWS = 1000000
TURNS = 25
KEPT_LIMIT = 1.03   # of an indexed query whose plan is kept for one user

# What bench.claims() and bench.org_claims() hold, out of a setting.
CLAIMS = "current_setting('app.claims')::jsonb"
SUB = "(%s ->> 'sub')" % CLAIMS
SCOPES = "string_to_array(%s ->> 'scope', ' ')" % CLAIMS
ORGS = CLAIMS + " -> 'org_id_to_org_member_info'"

HOLDS = ("EXISTS (SELECT FROM bench.item_grant g WHERE g.email = %s ->> 'email'" % CLAIMS +
         " AND g.item = '%s' AND g.permission = '%s')")

ADMIN = "'records:admin' = ANY (%s)" % SCOPES
READ = "'records:read' = ANY (%s)" % SCOPES

# Beside ours what people do today: unsigned claims in a setting, looked at by
# the policy itself, by a sub-select as vendors advise, by a function.
POLICIES = {
    "owner": {
        "ours": "authz.is_owner(owner)",
        "setting": "owner = %s::uuid" % SUB,
        "select": "owner = (SELECT %s::uuid)" % SUB,
        "helper": "bench.owns(owner)"},
    "owner_text": {
        "ours": "authz.is_owner(owner_text)",
        "setting": "owner_text = " + SUB,
        "select": "owner_text = (SELECT %s)" % SUB,
        "helper": "bench.owns(owner_text)"},
    "admin": {
        "ours": "authz.has_scope('records:admin') OR authz.is_owner(owner)",
        "setting": "%s OR owner = %s::uuid" % (ADMIN, SUB),
        "select": "(SELECT %s) OR owner = (SELECT %s::uuid)" % (ADMIN, SUB),
        "helper": "bench.may('records:admin') OR bench.owns(owner)"},
    "scope": {
        "ours": "authz.has_scope('records:read')",
        "setting": READ,
        "select": "(SELECT %s)" % READ,
        "helper": "bench.may('records:read')"},
    "org": {
        "ours": "authz.has_org_permission(org, 'records:read')",
        "setting": "%s -> org::text -> 'user_permissions' ? 'records:read'" % ORGS,
        "select": "org = ANY (ARRAY(SELECT o.key::uuid FROM jsonb_each((SELECT %s)) o"
                  " WHERE o.value -> 'user_permissions' ? 'records:read'))" % ORGS,
        "helper": "bench.may_in(org, 'records:read')"},
    "item": {
        "ours": "authz.has_item_permission('wards.7.beds', 'view', true)",
        "setting": HOLDS % ("wards.7", "view"),
        "select": "(SELECT %s)" % HOLDS % ("wards.7", "view"),
        "helper": "bench.holds('wards.7', 'view')"},
    "item_or_owner": {
        "ours": "authz.has_item_permission('wards.7', 'edit') OR authz.is_owner(owner)",
        "setting": "%s OR owner = %s::uuid" % (HOLDS % ("wards.7", "edit"), SUB),
        "select": "(SELECT %s) OR owner = (SELECT %s::uuid)" % (HOLDS % ("wards.7", "edit"), SUB),
        "helper": "bench.holds('wards.7', 'edit') OR bench.owns(owner)"},
}

# The same conditions for one reader, with his values: SQL that writes SQL.
IS_SUB = "format('owner = %L::uuid', bench.uuid('sub', 0))"
IS_SUB_TEXT = "format('owner_text = %L', bench.uuid('sub', 0))"
IS_ORG = ("format('org = ANY (%%L::uuid[])', array_agg(bench.uuid('org', i)))"
          " FROM generate_series(1, %d) i")
ALWAYS = "'true'"

INDEXED = "SELECT count(body) FROM bench.note"
ONE_ROW = "SELECT count(body) FROM bench.note WHERE id = 4711"
ALL = "SELECT count(*) FROM bench.note"

NO_INDEX = ("SET enable_indexscan = off;\nSET enable_indexonlyscan = off;\n"
            "SET enable_bitmapscan = off;\n")


class Case:
    """Who reads under which policy.  "literal" makes the same condition for
    this reader, without calls; "part" is as many rows as a customary policy
    can judge in a moment; "limit" is for a sequential query, "planned_limit"
    for an indexed one that is planned each time, of which "calls" are a turn."""

    def __init__(self, name, policy, reader, literal, part, indexed, limit, planned_limit, calls=1000):
        self.name = name
        self.policy = policy
        self.reader = reader
        self.literal = literal
        self.part = part
        self.indexed = indexed
        self.limit = limit
        self.planned_limit = planned_limit
        self.calls = calls

    def role(self, way):
        return "bench_%s_%s" % (self.policy, way)


CASES = (
    Case("owner", "owner", "user", IS_SUB, 20000, INDEXED, 1.05, 1.04),
    Case("owner, a text", "owner_text", "user", IS_SUB_TEXT,
         20000, INDEXED, 1.05, 1.04),
    Case("admin or owner, who is no admin", "admin", "user", IS_SUB, 10000, INDEXED, 1.1, 1.08),
    Case("admin or owner, who is admin", "admin", "admin", ALWAYS, 10000, ONE_ROW, 1.05, 1.08),
    Case("scope alone", "scope", "user", ALWAYS, 20000, ONE_ROW, 1.05, 1.05),
    Case("item permission, held", "item", "user", ALWAYS, 20000, ONE_ROW, 1.1, 1.1),
    Case("item permission or owner, not held", "item_or_owner", "user", IS_SUB, 10000, INDEXED, 1.1, 1.08),
    Case("permission, 1 organisation", "org", "member of 1", IS_ORG % 1,
         10000, INDEXED, 1.1, 1.1),
    Case("permission, 20 organisations", "org", "member of 20", IS_ORG % 20,
         1000, INDEXED, 1.1, 1.1, 200),
    Case("permission, 1,000 organisations", "org", "member of 1000", IS_ORG % 1000,
         20, INDEXED, 1.1, 1.1, 5),
)


def setup(server):
    if not server.is_first("policies"):
        return
    server.once("notes.sql", rows=ROWS)
    server.once("readers.sql")
    server.once("grants.sql")
    server.file("policies.sql")
    for case in CASES:
        case.literal = server.value("SELECT " + case.literal)


def make_policies(server, case):
    """Those of a case alone."""
    for way, condition in POLICIES[case.policy].items():
        server.policy(case.role(way), condition)
    server.policy(case.role("literal"), case.literal)


def check_rows(server, case):
    """All ways show what the condition says."""
    looks = [("bench_none", case.literal)]
    looks += [(case.role(way), "true") for way in ("ours", "literal", "select")]
    for part in (ROWS, case.part):
        script = server.log_in(case.reader)
        for role, condition in looks:
            script += ("SET ROLE %s;\n"
                       "SELECT 'rows', count(*), sum(id), min(id), max(id) FROM bench.note"
                       " WHERE id <= %d AND (%s);\n" % (role, part, condition))
        answers = [line for line in server.psql(script) if line.startswith("rows|")]
        if len(answers) != len(looks) or len(set(answers)) != 1:
            raise RuntimeError("%s: not the same rows: %s" % (
                case.name, dict(zip([role for role, _ in looks], answers))))
        # these need their time for all rows
        looks += [(case.role(way), "true") for way in ("setting", "helper")]


def plan(server, case, role, before, query):
    lines = server.psql(server.log_in(case.reader) + before + "SET ROLE %s;\n" % role +
                        "EXPLAIN (COSTS OFF) %s;\n" % query)
    return [line for line in lines if not line.startswith("|")]


def shape(lines):
    """The nodes of a plan, without their conditions."""
    return [line.replace("->", "  ").split() for line in lines
            if re.search(r"Scan|Result|Append|Aggregate|BitmapOr", line)]


def compared_plans(server, case, before, query, expected):
    """Ours and the literal's, and whether ours is as it must be."""
    ours, literal = (plan(server, case, case.role(way), before, query)
                     for way in ("ours", "literal"))
    good = shape(ours) == shape(literal) and expected in "\n".join(ours)
    return {"ours": ours, "literal": literal}, good


def case_row(case, what, times, limit, plans, good):
    """Where all rows are visible, it is compared with what no policy costs."""
    reference = "none" if case.literal == "true" else "literal"
    row = ratio_row(what, times["ours"], times[reference], limit)
    if reference == "none":
        row.reference += ", no policy"
    row.detail.update({"literal": times["literal"].summary(),
                       "no policy": times["none"].summary(), "plans": plans})
    if not good:
        row.figure += ", another plan"
        row.reached = False
    return row


def through_index(server, case):
    plans, good = compared_plans(server, case, "", case.indexed,
                                 "note_pkey" if case.indexed == ONE_ROW else "_idx")
    # without a policy, but for the condition the same
    bare = "" if case.literal == "true" else " WHERE " + case.literal
    rows = []
    for planned, shown, limit in (("true", "plan kept", KEPT_LIMIT),
                                  ("false", "planned each time", case.planned_limit)):
        def repeat(query):
            return "SELECT bench.repeat(%s, %d, %s)" % (
                "$q$" + query + "$q$", case.calls, planned)

        times = interleave(server, [
            Variant("ours", repeat(case.indexed), case.calls, case.role("ours")),
            Variant("literal", repeat(case.indexed), case.calls, case.role("literal")),
            Variant("none", repeat(case.indexed + bare), case.calls, "bench_none"),
        ], TURNS, server.log_in(case.reader))
        rows.append(case_row(case, "%s; indexed, %s" % (case.name, shown), times, limit, plans, good))
    return rows


def sequential(server, case):
    plans, good = compared_plans(server, case, NO_INDEX, ALL, "Seq Scan")
    bare = "" if case.literal == "true" else " WHERE " + case.literal
    times = interleave(server, [
        Variant("ours", ALL, 1, case.role("ours")),
        Variant("literal", ALL, 1, case.role("literal")),
        Variant("none", ALL + bare, 1, "bench_none"),
    ], TURNS, server.log_in(case.reader) + NO_INDEX)
    return case_row(case, case.name + "; sequential", times, case.limit, plans, good)


def run(server):
    rows = []
    for case in CASES:
        make_policies(server, case)
        check_rows(server, case)
        rows += through_index(server, case)
        rows.append(sequential(server, case))
        server.drop_policies()
    return rows
