"""A policy that asks a set, against its keys written into the query by hand.

A million documents (bench/run --documents N) in folders, of which the readers
reach 10 to 54,957.  Beside the two what people write today: the sub-select in
the policy, a SECURITY DEFINER helper, a recursive check, each asked for every
row.  Whoever writes the keys by hand has asked for them before: that is left
out.

Each way has a session of its own, and they take turns.  A statement is sent as
text, so that it is planned each time, or is prepared.
"""
from compare import Row, Times, Variant, difference_row, interleave, paired_row, time_text
from connection import Asking, calls_of, on_one_processor
from customary import times_text
from policies import NO_INDEX

TURNS = 9
FEW_TURNS = 5        # of what nothing is promised about
SLOW_TURNS = 2
PROBE_TURNS = 9
PROBE_LIMIT = 30e-9
POINT_TURNS = 25
POINT_CALLS = 500
POINT_LIMIT = 0.95

# "%s" is the condition, for those who write it themselves.
QUERIES = (
    ("newest 50", "SELECT id, created FROM bench.document%s ORDER BY created DESC LIMIT 50", 1.2),
    ("count", "SELECT count(*) FROM bench.document%s", 1.35))
POINT = "SELECT body FROM bench.document WHERE id = $1"
ALL = "SELECT count(folder_id) FROM bench.document"


class Reader:
    """Who reads which set; a check that is asked for each row, and of how many
    rows it is asked in a moment."""

    def __init__(self, name, view, check, part):
        self.name = name
        self.ways = {
            "ours": "authz.in_set('bench.%s', folder_id)" % view,
            "select": "folder_id IN (SELECT folder_id FROM bench.%s)" % view,
            "check": "bench.%s(folder_id)" % check}
        self.view = view
        self.part = part
        self.shown = "helper" if check == "is_shared" else "recursive check"

    def load(self, server):
        """The token; the condition as it is written by hand."""
        self.token, self.sub = server.psql("SELECT token, sub FROM bench.reaching WHERE name = '%s';\n"
                                           % self.name)[0].split("|")
        self.log_in = "SELECT authz.set_token('%s');\n" % self.token
        self.keys = server.psql(self.log_in + "SELECT 'keys', string_agg(folder_id::text, ',' ORDER BY folder_id)"
                                " FROM bench.%s;\n" % self.view)[-1].split("|")[1]
        self.hand = "folder_id = ANY ('{%s}')" % self.keys


FLAT = [Reader(name, "my_roots", "is_shared", 20000)
        for name in ("10 keys", "1,000 keys", "10,000 keys", "50,000 keys")]
TREES = [Reader(name, "my_closure", "is_below_shared", 5000) for name in ("279 below one", "54,957 below one")]
WORKED_OUT = {"my_closure": "table of pairs", "my_recursive": "recursion", "my_lateral": "LATERAL",
              "my_nested": "of a set"}


def role(way):
    return "bench_hand" if way in ("hand", "none") else "bench_sets_" + way


def check_kept(server):
    """None is worked out for each query: that would be measured instead."""
    lines = server.psql(FLAT[0].log_in +
                        "".join("SELECT authz.set_keys('bench.%s', NULL::integer);\n" % view
                                for view in ("my_roots", *WORKED_OUT)) +
                        "SELECT authz.set_keys('bench.all_people', NULL::uuid) IS NULL;\n"
                        "SELECT 'set', view, kept, reason FROM authz.sets() WHERE view::text LIKE 'bench.%';\n")
    sets = [line for line in lines if line.startswith("set|")]
    if len(sets) != 2 + len(WORKED_OUT) or not all("|t|" in line for line in sets):
        raise RuntimeError("sets: not kept: %s" % sets)


def setup(server):
    server.once("sets.sql", documents=server.documents)
    for reader in FLAT + TREES:
        reader.load(server)
    check_kept(server)


def make_policies(server, conditions):
    for way, condition in conditions.items():
        server.policy(role(way), condition, "bench.document")


def check_rows(server, reader, conditions, hand):
    """All ways show the same; a helper is asked about the first rows only."""
    for ways, some in ((("ours", "select", "hand"), "true"), (conditions, "id <= %d" % reader.part)):
        script = reader.log_in
        for way in ways:
            script += ("SET ROLE %s;\nSELECT 'rows', count(*), sum(id), min(id), max(id) FROM bench.document"
                       " WHERE %s AND (%s);\n" % (role(way), some, hand if way == "hand" else "true"))
        answers = [line for line in server.psql(script) if line.startswith("rows|")]
        if len(answers) != len(ways) or len(set(answers)) != 1:
            raise RuntimeError("%s: not the same rows: %s" % (reader.name, dict(zip(ways, answers))))


def plan(server, reader, query):
    lines = server.psql(reader.log_in + "SET ROLE %s;\nEXPLAIN (COSTS OFF) %s;\n" % (role("ours"), query))
    return [line for line in lines if line]


def take_turns(sessions, turns=TURNS, calls=None):
    """Way -> Times, of sessions that are closed then."""
    calls = calls or calls_of(sessions.values())
    laps = {way: [] for way in sessions}
    with on_one_processor(sessions.values()):
        for _ in range(turns):
            for way, session in sessions.items():
                laps[way].append(session.turn(calls))
    for session in sessions.values():
        session.connection.close()
    return {way: Times(*zip(*spans)) for way, spans in laps.items()}


def others_row(what, shown, times):
    """What people write today, for which nothing is promised."""
    others = [times[way] for way in ("select", "check") if way in times]
    return Row("%s: %s" % (what, shown), time_text(times["ours"].median),
               " / ".join(time_text(other.median) for other in others),
               " / ".join(times_text(times["ours"].median / other.median) for other in others) + " ×", "", None,
               {way: some.summary() for way, some in times.items()})


def compare(server, reader, conditions, hand, name, query, limit):
    """Planned each time and prepared; the rest beside it where it is kept."""
    rows = []
    what = "%s, %s" % (name, reader.name + (" or owner" if hand != reader.hand else ""))

    def asking(way, prepared):
        if way == "check" and name == "count":
            return Asking(role(way), reader.token, query % (" WHERE id <= %d" % reader.part), prepared,
                          share=reader.part / server.documents)
        return Asking(role(way), reader.token, query % (" WHERE " + hand if way == "hand" else ""), prepared)

    for prepared, shown in ((False, "planned each time"), (True, "plan kept")):
        times = take_turns({way: asking(way, prepared) for way in ("ours", "hand")})
        rows.append(paired_row("%s; %s" % (what, shown), times["ours"], times["hand"], limit))
        rows[-1].detail["plan"] = plan(server, reader, query % "")
    # these read much, and are no company for what does not
    for way in conditions:
        if way != "ours":
            session = asking(way, True)
            times.update(take_turns({way: session}, SLOW_TURNS if session.slow else FEW_TURNS))
    return rows + [others_row(what, "sub-select" + (" / " + reader.shown if "check" in conditions else ""), times)]


def read(server, reader):
    """The policy alone, then beside the owner's."""
    for owner in (False, True):
        conditions, hand = dict(reader.ways), reader.hand
        if owner:
            conditions = {way: "authz.is_owner(owner) OR " + conditions[way] for way in ("ours", "select")}
            hand = "(owner = '%s' OR %s)" % (reader.sub, hand)
        make_policies(server, conditions)
        check_rows(server, reader, conditions, hand)
        for query in QUERIES:
            yield from compare(server, reader, conditions, hand, *query)
        server.drop_policies()


def probe(server, what, reader, condition, hand, column):
    """For each row of a sequential scan, above the same scan without."""
    query = "SELECT count(%s) FROM bench.document" % column
    variants = [Variant("ours", query + " WHERE " + condition, server.documents),
                Variant("none", query, server.documents)]
    if hand:
        variants.append(Variant("hand", query + " WHERE " + hand, server.documents))
    times = interleave(server, variants, PROBE_TURNS, reader.log_in + NO_INDEX + "SET ROLE bench_hand;\n")
    row = difference_row("a probe of " + what, times["ours"], times["none"], PROBE_LIMIT)
    if hand:
        row.reference += ", by hand " + time_text(times["hand"].median)
    return row


def probes(server):
    for reader in FLAT:
        yield probe(server, reader.name, reader, reader.ways["ours"], reader.hand, "folder_id")
    yield probe(server, "5,106 keys, uuid", FLAT[0], "authz.in_set('bench.all_people', owner)", "", "owner")


def point(server, reader):
    """By the primary key, of documents that who asks may see."""
    conditions = {"ours": reader.ways["ours"], "owner": "authz.is_owner(owner)"}
    make_policies(server, conditions)
    sessions = {}
    for way in ("ours", "owner", "none"):
        lines = server.psql(reader.log_in + "SET ROLE %s;\nSELECT id FROM bench.document ORDER BY id LIMIT 5;\n"
                            % role(way))
        ids = [line for line in lines if line]
        sessions[way] = Asking(role(way), reader.token, POINT, True, [(some,) for some in ids])
        if sessions[way].connection.run(POINT, ids[0]) is None:
            raise RuntimeError("%s: a document is not found" % reader.name)
    times = take_turns(sessions, POINT_TURNS, POINT_CALLS)
    server.drop_policies()
    ratio = times["owner"].ratio_to(times["ours"])
    return Row("point query, %s; plan kept; speed of is_owner" % reader.name, time_text(times["ours"].median),
               "%s, no policy %s" % tuple(time_text(times[way].median) for way in ("owner", "none")),
               "%.2f ×" % ratio, "≥ %g ×" % POINT_LIMIT, ratio >= POINT_LIMIT,
               {"ratio": ratio, **{way: some.summary() for way, some in times.items()}})


def work_out(server, reader):
    """The bare view, and what who asks first after a share to somebody else
    has to wait for."""
    change = ("DELETE FROM bench.folder_share WHERE user_id = bench.uuid('sub', 1001)::uuid"
              " AND folder_id = (SELECT folder_id FROM bench.folder_share"
              " WHERE user_id = bench.uuid('sub', 1001)::uuid LIMIT 1)")
    ask = "SELECT cardinality(authz.set_keys('bench.%s', NULL::integer))"
    variants = [Variant((view, "bare"), "EXECUTE %s" % view, 1) for view in WORKED_OUT]
    variants += [Variant((view, "kept"), ask % view, 1, before=ask % view) for view in WORKED_OUT]
    variants += [Variant((view, "anew"), ask % view, 1, before=change) for view in WORKED_OUT]
    prepare = "".join("PREPARE {0} AS SELECT count(*) FROM bench.{0};\nEXECUTE {0};\n".format(view)
                      for view in WORKED_OUT)
    times = interleave(server, variants, TURNS, reader.log_in + prepare)

    def three(which):
        return " / ".join(time_text(times[view, which].median) for view in WORKED_OUT)

    return [Row("a set worked out, %s: %s" % (reader.name, " / ".join(WORKED_OUT.values())),
                three("anew"), three("bare") + ", the bare view",
                " / ".join("%.2f" % times[view, "anew"].ratio_to(times[view, "bare"]) for view in WORKED_OUT) + " ×",
                "", None,
                {"%s, %s" % key: some.summary() for key, some in times.items()}),
            Row("the same, kept", three("kept"), "", "", "", None, {})]


def run(server):
    for reader in FLAT + TREES:
        yield from read(server, reader)
    yield from probes(server)
    for reader in FLAT:
        yield point(server, reader)
    for reader in TREES:
        yield from work_out(server, reader)
