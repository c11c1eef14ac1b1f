"""What the record of reads costs: a prepared query of 100 rows.

The client's statement is what is recorded, so each is a message of its own.  The
line goes to the server's log, a file.
"""
from compare import Variant, interleave, paired_row

TURNS = 25
CALLS = 200

SETUP = """
CREATE TABLE bench.read_note AS
    SELECT g AS id, (SELECT sub FROM bench.login WHERE id = g / 100 + 1) AS owner, repeat('x', 40) AS body FROM generate_series(0, 99999) g;
CREATE INDEX ON bench.read_note (owner);
VACUUM ANALYZE bench.read_note;
ALTER TABLE bench.read_note ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON bench.read_note TO PUBLIC;
GRANT USAGE ON SCHEMA bench TO PUBLIC;
"""

ROLE = "bench_reads"


def setup(server):
    server.once("logins.sql")
    server.psql(SETUP)
    server.policy(ROLE, "authz.is_owner(owner)", "bench.read_note")
    server.psql("GRANT SET ON PARAMETER dbmi_authz.log_reads TO %s;\n" % ROLE)


def run(server):
    sql = ";\n".join(["EXECUTE q"] * CALLS)
    variants = [Variant(setting, sql, CALLS, ROLE, "SET dbmi_authz.log_reads = %s" % setting)
                for setting in ("off", "protected")]
    times = interleave(server, variants, TURNS,
                       "SELECT authz.set_token(token) FROM bench.login WHERE id = 7;\n"
                       "PREPARE q AS SELECT id, body FROM bench.read_note;\n")
    return [paired_row("100 rows, prepared: recorded, against not recorded", times["protected"], times["off"], 1.15)]
