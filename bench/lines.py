"""What the lines of the server's log cost: logins, and who is logged in.

Each login is a message of its own, and its line goes to the server's log, a file.
"""
from compare import Variant, interleave, paired_row

TURNS = 25
CALLS = 200

BEFORE = """
CREATE FUNCTION pg_temp.note() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE LOG 'a note'; END $$;
PREPARE known(integer) AS SELECT authz.set_token(token) FROM bench.login WHERE id = $1;
PREPARE altered AS SELECT authz.try_set_token(left(token, -8) || 'AAAAAAAA') FROM bench.login WHERE id = 1;
PREPARE junk AS SELECT authz.try_set_token('no.token.atall');
PREPARE note AS SELECT pg_temp.note();
EXECUTE known(7);
SET dbmi_authz.log_rate = 0;
"""


def setup(server):
    server.once("logins.sql")


def settings(name, *values):
    return [(value, "SET dbmi_authz.%s = %s" % (name, value)) for value in values]


def compared(server, what, calls, off, on):
    """The same statements with the setting off, and on."""
    sql = " \\; ".join(calls)
    times = interleave(server, [Variant(name, sql, len(calls), before=before) for name, before in (off, on)],
                       TURNS, BEFORE)
    return paired_row(what, times[on[0]], times[off[0]])


def run(server):
    logins = settings("log_logins", "off", "'all'")
    failures = settings("log_logins", "off", "failures")
    identity = settings("log_identity", "off", "'all'")
    return [
        compared(server, "a login, ten known tokens in turn, with its line",
                 ["EXECUTE known(%d)" % (1 + i % 10) for i in range(CALLS)], *logins),
        compared(server, "a login that is refused for its signature, with its line", ["EXECUTE altered"] * CALLS, *failures),
        compared(server, "a login of what is no token, with its line", ["EXECUTE junk"] * CALLS, *failures),
        compared(server, "a line of the log, with the identity behind it", ["EXECUTE note"] * CALLS, *identity)]
