"""One check that the planner could not replace: per row, a million rows.

What is asked for comes out of a column, and folding is off, so the function is
called a million times; every second value, in no order, is one that the
identity has.
"""
from compare import Variant, difference_row, interleave

TURNS = 15
VALUES = 1000
ROUNDS = 1000
CALLS = VALUES * ROUNDS

# The setting may be younger than the extension that is measured.
NO_FOLDING = """
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'dbmi_authz.plan_folding';
"""

# Whose session, the call, how it is shown; in schema "bench" there is an
# empty function of the same name and signature.
CHECKS = (
    ("one", "has_scope(scope)", "has_scope(text)"),
    ("one", "has_role(role)", "has_role(text)"),
    ("one", "has_group(member_of)", "has_group(text), 14 groups that begin alike"),
    ("one", "has_any_scope(VARIADIC scopes)", "has_any_scope(VARIADIC text[]), two of them"),
    ("one", "has_claim('{email}', email)", "has_claim('{email}', text)"),
    ("one", "is_owner(owner)", "is_owner(text)"),
    ("one", "is_owner(owner_uuid)", "is_owner(uuid)"),
    ("one", "has_item_permission(item, 'view')", "has_item_permission(text, text), 20 grants"),
    ("one", "has_item_permission(item, 'view', true)",
     "has_item_permission(text, text, true), 20 grants"),
    ("member", "in_org(org)", "in_org(text), 20 organisations"),
    ("member", "in_org(org_uuid)", "in_org(uuid), 20 organisations"),
    ("member", "has_org_permission(org, permission)",
     "has_org_permission(text, text), 20 organisations"),
    ("member", "has_org_permission(org_uuid, permission)",
     "has_org_permission(uuid, text), 20 organisations"),
)


def setup(server):
    server.file("checks.sql", count=VALUES)


def one_check(server, person, call, shown):
    def million(schema):
        return ("SELECT count(%s.%s) FROM bench.asked, generate_series(1, %d)"
                % (schema, call, ROUNDS))

    before = NO_FOLDING + (
        "SELECT authz.set_token(token) FROM bench.person WHERE name = '%s';\n" % person)
    times = interleave(server, [
        Variant("ours", million("authz"), CALLS),
        Variant("empty", million("bench"), CALLS),
    ], TURNS, before)
    return difference_row("not folded: " + shown,
                          times["ours"], times["empty"], 40e-9)


def run(server):
    return [one_check(server, *check) for check in CHECKS]
