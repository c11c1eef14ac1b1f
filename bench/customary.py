"""A query under a policy, against what people write today.

The cases of policies.py, and three policies over unsigned claims in a setting:
it is looked at by the policy itself, by a sub-select as vendors advise, by a
function in PL/pgSQL.  Nothing is promised.
"""
import policies
from compare import Row, Variant, interleave, time_text
from policies import ALL, CASES, INDEXED, NO_INDEX, ROWS, make_policies, plan

TURNS = 15
FEW_TURNS = 3       # for what is slower by orders of magnitude

WAYS = ("setting", "select", "helper")
SHOWN = "setting / (SELECT …) / PL/pgSQL"


def setup(server):
    policies.setup(server)


def first_pages(server, part):
    """A condition that holds for about so many rows, and for how many."""
    pages = 1 + part * int(server.value(
        "SELECT relpages FROM pg_class WHERE oid = 'bench.note'::regclass")) // ROWS
    condition = "ctid < '(%d,0)'" % pages
    return condition, int(server.value("SELECT count(*) FROM bench.note WHERE " + condition))


def measure(server, case, way, before, query):
    """What one way takes.  What calls something for each row is measured over
    the first pages of the table.  A helper keeps us from the index anyway, and
    may use one for what it looks up itself."""
    role = case.role(way)
    session = server.log_in(case.reader)
    if "_idx" in "".join(plan(server, case, role, before, query)):
        variant = Variant(way, "SELECT bench.repeat('%s', %d, true)" % (query, case.calls), case.calls, role)
    elif way in ("ours", "select"):
        session += before
        variant = Variant(way, query, 1, role)
    else:
        condition, part = first_pages(server, case.part)
        session += NO_INDEX if way == "setting" else ""
        variant = Variant(way, "%s WHERE %s" % (query, condition), part / ROWS, role)
    return interleave(server, [variant], TURNS if way == "ours" else FEW_TURNS, session)[way]


def times_text(ratio):
    if ratio >= 0.1:
        return "%.2g" % ratio
    return "1/{:,.0f}".format(float("%.2g" % (1 / ratio)))


def compare(server, case, shown, before, query):
    ours = measure(server, case, "ours", before, query)
    times = [measure(server, case, way, before, query) for way in WAYS]
    return Row("%s; %s: %s" % (case.name, shown, SHOWN), time_text(ours.median),
               " / ".join(time_text(t.median) for t in times),
               " / ".join(times_text(ours.median / t.median) for t in times) + " ×", "", None,
               {"ours": ours.summary(),
                **{way: t.summary() for way, t in zip(WAYS, times)}})


def run(server):
    rows = []
    for case in CASES:
        make_policies(server, case)
        if case.indexed == INDEXED:
            rows.append(compare(server, case, "indexed", "", INDEXED))
        rows.append(compare(server, case, "sequential", NO_INDEX, ALL))
        server.drop_policies()
    return rows
