"""One check that the planner could not replace: per row, a million rows.

What is asked for comes out of a column, and folding is off, so the function is
called a million times; every second value is one that the identity has.
"""
from compare import Variant, difference_row, interleave

TURNS = 15
VALUES = 1000
ROUNDS = 1000
CALLS = VALUES * ROUNDS

TABLES = """
CREATE TABLE bench.asked (id integer, scope text, role text, owner text, org text, permission text);
INSERT INTO bench.asked
SELECT id,
	   CASE id %% 2 WHEN 0 THEN 'records:read' ELSE 'records:' || id END,
	   CASE id %% 2 WHEN 0 THEN 'reviewer' ELSE 'role-' || id END,
	   bench.uuid('sub', id %% 2),
	   bench.uuid('org', id %% 40),
	   'records:export'
  FROM generate_series(1, %d) id;
VACUUM ANALYZE bench.asked;

CREATE TABLE bench.person (name text PRIMARY KEY, token text);
INSERT INTO bench.person
	SELECT 'one', token FROM bench.mint('ES256', bench.claims(0, 10));
INSERT INTO bench.person
	SELECT 'member of 20', token FROM bench.mint('ES256', bench.org_claims(20));
"""

# The setting may be younger than the server that is measured.
NO_FOLDING = """
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'dbmi_authz.plan_folding';
"""

CHECKS = (
    ("has_scope(text)", "one", "scope", "empty"),
    ("has_role(text)", "one", "role", "empty"),
    ("is_owner(text)", "one", "owner", "empty_owner"),
    ("has_org_permission(text, text), 20 organisations", "member of 20",
     "org, permission", "empty_org"),
)


def setup(server):
    server.psql(TABLES % VALUES)


def one_check(server, what, person, arguments, empty):
    def million(function):
        return ("SELECT count(%s(%s)) FROM bench.asked, generate_series(1, %d)"
                % (function, arguments, ROUNDS))

    before = NO_FOLDING + (
        "SELECT authz.set_token(token) FROM bench.person WHERE name = '%s';\n" % person)
    times = interleave(server, [
        Variant("ours", million("authz." + what.split("(")[0]), CALLS),
        Variant("empty", million("bench." + empty), CALLS),
    ], TURNS, before)
    return difference_row("one check, not folded: " + what,
                          times["ours"], times["empty"], 40e-9)


def run(server):
    return [one_check(server, *check) for check in CHECKS]
