"""What a session pays for issuers that are not its own, and for a key.

Each number of issuers has a database of its own.  Sessions of each take turns:
in each the first login, then queries after changes of another issuer and after
lost messages.  Figures are processor time of the backend, as everywhere.
"""
import os
import statistics
import subprocess

from compare import HERE, Row, Times, ratio_row

TURNS = 25
REPEATS = 3         # of changes and of lost messages, a session
LIMIT = 1024 * 1024
KEY_SPEED = os.path.join(HERE, "key_speed")

WORLDS = (("generic", 1), ("generic", 1000), ("generic", 10000), ("dbmi", 1), ("dbmi", 1000))

STEPS = (("first set_token of a session", "login"), ("next query after a change of another issuer", "change"),
         ("next query after lost messages", "lost"))

LOGIN = "SELECT bench.clock() \\; SELECT authz.set_token('%s') \\; SELECT bench.clock();\n"

# The first query afterwards pays, also one that reads the clock: so it is read
# before something happens, and while the session waits it uses no processor.
QUERY = "SELECT authz.subject() \\; SELECT bench.clock();\n"
CHANGE = ("SELECT bench.clock();\n"
          "\\! psql -XqAt -d %s -c \"SELECT authz.add_issuer('other', '{other}'), authz.drop_issuer('other')\" >/dev/null\n"
          + QUERY)
LOSE = "SELECT bench.lose_messages(), bench.clock();\n" + QUERY


def database(profile, count):
    return "bench_%s_%d" % (profile, count)


def setup(server):
    with open(os.path.join(HERE, "issuers.sql"), encoding="utf-8") as f:
        script = f.read()
    public_key = "\n".join(server.psql("SELECT public_key FROM bench.key WHERE alg = 'RS256';\n"))
    for profile, count in WORLDS:
        server.psql("CREATE DATABASE %s;\n" % database(profile, count))
        server.psql(script, "-d", database(profile, count), "-v", "profile=" + profile, "-v", "count=%d" % count,
                    "-v", "public_key=" + public_key, "-v", "probe=" + os.path.join(HERE, "probe.so"))


def token_of(server, profile):
    """Of the first issuer, which stands anywhere in the table's index."""
    claims = ('{"iss":"https://t1.example","aud":"t1","sub":"ann","email":"ann@example.com",'
              '"exp":4102444800}')
    if profile == "dbmi":
        claims = claims.replace("https://t1.example", "https://idp.example")
    return server.value("SELECT (bench.mint('RS256', '%s')).token" % claims)


def session(server, profile, count, token):
    """(wall, cpu) of each step by name, and the memory at the end."""
    # the library is loaded and the clock warm, so that the login is what is measured
    script = "LOAD 'dbmi_authz';\nSELECT length(bench.clock());\n" + LOGIN % token
    script += REPEATS * (CHANGE % database(profile, count)) + REPEATS * LOSE
    script += "SELECT 'memory', bench.resident(), bench.allocated();\n"
    lines = server.psql(script, "-d", database(profile, count))
    clocks = [[int(n) for n in line.split("clock ")[1].split()] for line in lines if "clock " in line]
    spans = [tuple(1e-9 * (b - a) for a, b in zip(*pair)) for pair in zip(clocks[0::2], clocks[1::2])]
    if len(spans) != 1 + 2 * REPEATS or lines.count("ann") != 2 * REPEATS:
        raise RuntimeError("issuers: %s" % lines)

    def middle(some):
        return tuple(statistics.median(span[i] for span in some) for i in (0, 1))

    memory = next(line for line in lines if line.startswith("memory|"))
    return {"login": spans[0], "change": middle(spans[1:1 + REPEATS]), "lost": middle(spans[1 + REPEATS:]),
            "memory": [int(n) for n in memory.split("|")[1:]]}


def compare_sessions(server):
    tokens = {profile: token_of(server, profile) for profile, _ in WORLDS}
    seen = {world: [] for world in WORLDS}
    for turn in range(TURNS + 1):
        for world in WORLDS:
            steps = session(server, *world, tokens[world[0]])
            if turn > 0:
                seen[world].append(steps)

    def times(world, step):
        return Times(*zip(*(steps[step] for steps in seen[world])))

    return seen, times


def memory_row(seen):
    few, many = ([statistics.median(steps["memory"][i] for steps in seen["generic", count]) for i in (0, 1)]
                 for count in (1, 10000))
    grown = max(b - a for a, b in zip(few, many))
    return Row("memory of a backend, 10,000 issuers against 1", "%d kB" % (many[0] / 1024), "%d kB" % (few[0] / 1024),
               "%+d kB" % (grown / 1024), "≤ 1 MB", grown <= LIMIT,
               {"resident": [few[0], many[0]], "allocated": [few[1], many[1]]})


def key_row():
    what = "loading an RSA key of 2048 bits, against OpenSSL's import and context"
    if not os.path.exists(KEY_SPEED):
        return Row(what, "", "", "not measured: make bench builds bench/key_speed", "≤ 1.3 ×", None, {})
    lines = subprocess.run([KEY_SPEED, str(TURNS)], check=True, stdout=subprocess.PIPE, text=True).stdout
    ours, both, alone = (Times(column, column) for column in
                         zip(*([1e-9 * float(n) for n in line.split()] for line in lines.splitlines())))
    row = ratio_row(what, ours, both, 1.3)
    row.reference += ", import alone %.3g µs" % (1e6 * alone.median)
    row.detail["import"] = alone.summary()
    return row


def run(server):
    seen, times = compare_sessions(server)
    rows = [ratio_row(what + ", 1,000 issuers against 1", times(("generic", 1000), step), times(("generic", 1), step), 1.5)
            for what, step in STEPS]
    # nothing is promised of these; plots.py draws how it grows
    for what, step in STEPS:
        rows.append(ratio_row(what + ", 10,000 issuers against 1", times(("generic", 10000), step), times(("generic", 1), step), 1.5))
        rows[-1].target, rows[-1].reached = "", None
    rows.append(memory_row(seen))
    for what, step in (("first set_token of a session", "login"), ("next query after a change", "change")):
        rows.append(ratio_row("by audience: %s, 1,000 issuers against 1" % what,
                              times(("dbmi", 1000), step), times(("dbmi", 1), step), 1.5))
        rows[-1].target, rows[-1].reached = "", None
    return rows + [key_row()]
