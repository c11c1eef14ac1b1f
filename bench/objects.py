"""Object permissions: what a rule costs above the rule itself.

Promised: one internal subtransaction, at most 1.5 us, above what the rule
costs, and nothing where no rule is registered: there the permission as such is
asked for, and the key is read.
"""
from compare import Variant, difference_row, interleave

ROWS = 100000
TURNS = 11


def setup(server):
    server.file("objects.sql", rows=ROWS)


def run(server):
    def each(call):
        return "SELECT count(*) FROM bench.thing WHERE %s" % call

    def asked(perm):
        return each("authz.has_object_perm('%s', 'bench.thing', id::text)" % perm)

    before = "SELECT authz.set_token(token) FROM bench.holder;\n"
    times = interleave(server, [
        Variant("c", asked("bench.c"), ROWS),
        Variant("plain c", each("bench.rule(id)"), ROWS),
        Variant("subtransaction", each("bench.subtransaction(id)"), ROWS),
        Variant("plpgsql", asked("bench.plpgsql"), ROWS),
        Variant("plain plpgsql", each("bench.rule_plpgsql(id)"), ROWS),
        Variant("open", asked("bench.open"), ROWS),
        Variant("text", each("length(id::text) > 0"), ROWS),
    ], TURNS, before)
    return [
        difference_row("has_object_perm, a rule in C", times["c"], times["plain c"], 1.5e-6),
        difference_row("the same above a bare subtransaction", times["c"],
                       times["subtransaction"], 1.0e-6),
        difference_row("has_object_perm, a rule in PL/pgSQL", times["plpgsql"],
                       times["plain plpgsql"], 1.5e-6),
        difference_row("has_object_perm, no rule", times["open"], times["text"], 0.2e-6),
    ]
