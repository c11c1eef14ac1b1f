"""Pictures of plans: folding, and what becomes of a plan when the identity changes."""
from shapes import Picture


def folding(root):
    p = Picture("folding", "Folding, before and after",
                """A policy says: has_scope('admin') or is_owner(owner). Without folding both are called for each row
                of a sequential scan. Folded for an administrator the condition is true and disappears. For Ann it
                is a comparison of the column, which the index on owner serves.""")
    policy = p.box(16, 16, 448, ["**policy on letters", "`USING (authz.has_scope('admin')`",
                                 "`OR authz.is_owner(owner))`"], "trust")
    before = p.box(16, policy.end + 30, 448, ["**not folded", "`Seq Scan on letters`",
                                             "`Filter: (authz.has_scope(...) OR ...)`",
                                              "~two calls for each row"], "bad")
    p.down(policy, before, "~dbmi_authz.plan_folding = off", x=140)
    y = before.end + 34
    p.line(16, y + 3, "**folded, for who is in force")
    y += 16
    left = p.box(16, y, 216, ["**an administrator", "~holds the scope admin"], "other")
    right = p.box(248, y, 216, ["**Ann", "~does not hold it"], "who")
    left2 = p.box(16, left.end + 28, 216, ["`true OR ...`", "is `true`"], "other")
    right2 = p.box(248, right.end + 28, 216, ["`false OR`", "`owner = 'ann'`"], "who")
    left3 = p.box(16, left2.end + 28, 216, ["no condition", "is left"], "other")
    right3 = p.box(248, right2.end + 28, 216, ["one comparison", "`owner = 'ann'`"], "who")
    left4 = p.box(16, left3.end + 28, 216, ["`Seq Scan`", "`on letters`", "~all rows, no filter"], "good")
    right4 = p.box(248, right3.end + 28, 216, ["`Index Scan`", "`letters_owner_idx`", "~only rows of Ann"], "good")
    for column in ((left, left2, left3, left4), (right, right2, right3, right4)):
        for upper, lower in zip(column, column[1:]):
            p.down(upper, lower)
    return p


def life(root):
    p = Picture("life-of-a-plan", "The life of a plan, and of a shape",
                """A prepared statement is planned for Ann, with her values as constants and a guard item that names
                her serial. When Bob logs in, cached plans that met a check are thrown away and the next execution
                plans again. A plan that stayed, of an open cursor, is refused with 28000. The sixth plan of a
                statement is tried for all identities with the same answers, its shape: ExecutorStart asks the
                recorded questions again and sets the values; with other answers an alternate is used.""")
    p.line(16, 31, "**plans 1 to 5: for one identity")
    first = p.box(16, 44, 448, ["planned while Ann is in force, serial 7", "`owner = 'ann'`", "guard item: serial 7"],
                  "who")
    change = p.box(16, first.end + 28, 448, ["Bob logs in, serial 8", "~the sentinel counts as changed"], "other")
    p.down(first, change)
    again = p.box(16, change.end + 48, 212, ["**a cached plan", "is thrown away;", "the next EXECUTE",
                                             "plans for Bob"], "good")
    stays = p.box(252, change.end + 48, 212, ["**an open cursor", "keeps its plan; the", "executor compares",
                                              "7 with 8: `28000`"], "bad")
    p.arrow((122, change.end), (122, again.y))
    p.arrow((358, change.end), (358, stays.y))
    y = again.end + 34
    p.arrow((16, y - 10), (464, y - 10), dash=True, head=False)
    p.line(16, y + 15, "**the sixth: tried for all of one shape")
    shape = p.box(16, y + 28, 448, ["**shape", "recorded answer: `has_scope('admin')` is false",
                                    "parameter: `owner = $1`"])
    start = p.box(16, shape.end + 28, 448, ["**ExecutorStart, for who is in force",
                                            "Does the identity hold? Ask the questions again,",
                                           "unless just asked for the same identity."])
    p.down(shape, start)
    same = p.box(16, start.end + 48, 212, ["**same answers", "`$1` is set to 'ann'", "or to 'bob', and",
                                           "the plan runs"], "good")
    other = p.box(252, start.end + 48, 212, ["**other answers", "an alternate plan", "runs instead, made",
                                             "when first needed"], "other")
    p.arrow((122, start.end), (122, same.y), kind="good")
    p.arrow((358, start.end), (358, other.y), kind="other")
    p.line(130, start.end + 29, "Ann, Bob")
    p.line(350, start.end + 29, "an administrator", "end")
    p.text(16, same.end + 14, 448, "If nobody set the parameters, they are NULL, and there is no row.")
    return p
