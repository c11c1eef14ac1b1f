"""Pictures of what happens between sessions and servers: trust, pools, clusters, rooms, rules."""
import facts
from shapes import Picture, length

# What suits which pool: the mode, its verdict, what to set, and the steps of two users over one connection.  A step is
# (who, what is sent, who is in force after it): A and B are users, P is the pool itself, - is nobody.
POOLS = [
    ("pool_mode = session", "good", "server_reset_query = DISCARD ALL",
     [("A", "set_token", "A"), ("A", "queries", "A"), ("P", "DISCARD ALL", "-"),
      ("B", "set_token", "B"), ("B", "queries", "B")]),
    ("pool_mode = transaction", "good", "dbmi_authz.token_scope = transaction",
     [("A", "BEGIN, set_token", "A"), ("A", "queries", "A"), ("A", "COMMIT", "-"),
      ("B", "BEGIN, set_token", "B"), ("B", "queries", "B"), ("B", "COMMIT", "-")]),
    ("pool_mode = statement", "bad", "cannot be used",
     [("A", "BEGIN", "x"), ("B", "BEGIN", "x")])]


def rooms(root):
    p = Picture("rooms", "The rooms of the source, and their levels",
                "Each room of src stands above all rooms that it includes. Lines lead to the rooms below that it"
                " includes and does not"
                " reach through another one.")
    level, edges = facts.rooms(root)
    p.desc += " " + "; ".join("%s includes %s" % (room or "dbmi_authz.c", ", ".join(there for above, there in edges
                                                                                    if above == room))
                              for room in level if any(above == room for above, _ in edges)) + "."
    # A line that passes a level gets a place of its own there.
    chains, rows = [], {n: [] for n in range(max(level.values()) + 1)}
    for room, n in level.items():
        rows[n].append(room)
    for above, there in edges:
        chain = [above]
        for n in range(level[above] - 1, level[there], -1):
            chain.append((above, there, n))
            rows[n].append(chain[-1])
        chains.append(chain + [there])
    near = {}
    for chain in chains:
        for one, two in zip(chain, chain[1:]):
            near.setdefault(one, []).append(two)
            near.setdefault(two, []).append(one)
    order = {n: sorted(row, key=str) for n, row in rows.items()}
    at = {}

    def wide(one):
        return max(80, length("**" + one, True) + 8) if isinstance(one, str) else 26

    def middle(one):
        others = near.get(one, [one])
        return round(sum(at[other] for other in others) / len(others), 3), str(one)

    def spread(n):
        widths = [wide(one) for one in order[n]]
        free = (448 - sum(widths)) / (len(widths) + 1.0)
        x = 16 + free
        for one, width in zip(order[n], widths):
            at[one] = x + width / 2
            x += width + free

    for n in order:
        spread(n)
    for turn in range(24):
        for n in (sorted(order) if turn % 2 else sorted(order, reverse=True)):
            order[n].sort(key=middle)
            spread(n)
    top, step = 16, 76
    y = {n: top + step * (max(order) - n) for n in order}
    for chain in chains:
        points = []
        for one in chain:
            n = level[one] if isinstance(one, str) else one[2]
            if isinstance(one, str):
                points.append((at[one], y[n] + (38 if not points else 0)))
            else:
                points += [(at[one], y[n] - 6), (at[one], y[n] + 44)]
        p.arrow(*points)
    for room, n in level.items():
        kind = "who" if room == "token" else "trust" if room == "trust" else "plain"
        width = wide(room or "dbmi_authz.c")
        p.box(at[room] - width / 2, y[n], width, "**" + (room or "dbmi_authz.c"), kind, h=38)
    p.text(16, y[0] + 52, 448, ["`token` is plain C, without PostgreSQL. It alone includes OpenSSL and jansson."])
    return p


def trust_change(root):
    p = Picture("change-of-trust", "A change of the trust, across sessions",
                """In one session a key is dropped: a trigger sends a relcache invalidation for the table. At commit
                the message reaches every session, on standbys as well. Its callback only counts: one epoch for the
                table and one for all tables of the trust. At the next query the identity in force is looked at
                again, and a remembered token is judged again at its next login.""")
    left, right, wide = 16, 248, 216
    p.box(left, 16, wide, "**session of the owner", "trust", h=38)
    p.box(right, 16, wide, "**every other session", "who", h=38)
    p.arrow((124, 54), (124, 76), dash=True, head=False)
    p.arrow((356, 54), (356, 76), dash=True, head=False)
    drop = p.box(left, 76, wide, ["`drop_key(...)`", "writes the table", "`authz.issuer_key`"], "trust")
    before = p.box(right, 76, wide, ["goes on as before"])
    trigger = p.box(left, drop.end + 24, wide, ["**trigger, each row", "relcache message", "for this table"])
    p.down(drop, trigger)
    commit = p.box(left, trigger.end + 24, wide, "`COMMIT`", h=38)
    p.down(trigger, commit)
    callback = p.box(right, commit.end + 26, wide, ["**callback only counts", "epoch of the table,",
                                                    "epoch of the trust"])
    p.arrow((124, commit.end), (124, callback.left[1]), callback.left)
    p.line(134, callback.left[1] - 8, "~the message,")
    p.line(134, callback.left[1] + 19, "~standbys, too")
    p.arrow(before.bottom, callback.top, dash=True, head=False)
    who = p.box(16, callback.end + 44, 448, ["**next query: does the identity still hold?",
                                             "Is its issuer's row the same version, is its key there,",
                                            "is it revoked? Only these rows are read."], "who")
    p.arrow((356, callback.end), (356, who.y))
    p.line(348, callback.end + 27, "only if the epoch of the trust has moved", "end")
    yes = p.box(16, who.end + 40, 216, ["it goes on"], "good")
    no = p.box(248, who.end + 40, 216, ["`28000` until a login", "or `clear_token()`"], "bad")
    p.arrow((124, who.end), (124, yes.y), kind="good")
    p.arrow((356, who.end), (356, no.y), kind="bad")
    p.line(132, who.end + 25, "yes", kind="good")
    p.line(364, who.end + 25, "no", kind="bad")
    p.text(16, no.end + 14, 448,
           ["A remembered token is judged again at its next login: all checks, but for the signature if issuer and key"
                                  " are the same."])
    return p


def object_permission(root):
    p = Picture("object-permission", "How an object permission is decided",
                """Nobody holds anything. An administrator is granted at once unless universal_olp is on. Who does not
                hold the permission itself is denied. A permission that has rules on other tables only is denied
                with a warning. Then the user rule and the group rule are asked; the first true grants. If one was
                asked and none said true, denied. Without rules dbmi_authz.olp_default decides.""")
    steps = [(["Is nobody in force?"], "yes", "denied", "bad"),
             (["An administrator, and", "`universal_olp` is off?"], "yes", "granted", "good"),
             (["Is the permission held", "at all (`has_perm`)?"], "no", "denied", "bad"),
             (["Has it rules on other", "tables only?"], "yes", "denied", "bad"),
             (["Does the `user` rule", "say true?"], "yes", "granted", "good"),
             (["Does the `group` rule", "say true?"], "yes", "granted", "good"),
             (["Was a rule asked?"], "yes", "denied", "bad"),
             (["`olp_default`?"], "closed", "denied", "bad")]
    y, last = 16, None
    for lines, word, answer, kind in steps:
        box = p.box(16, y, 236, lines, "plain")
        if last:
            p.down(last, box, {"no": "yes", "yes": "no"}[said])
        pill = p.box(366, box.left[1] - 18, 98, "**" + answer, kind, h=36, pill=True)
        p.arrow(box.right, pill.left, kind=kind)
        p.line(262, box.left[1] - 7, word)
        last, said, y = box, word, box.end + 28
    end = p.box(85, last.end + 30, 98, "**granted", "good", h=36, pill=True)
    p.down(last, end, "open")
    p.text(200, end.y - 4, 264, ["~if the key is one of the table's", "~type, whether or not the row exists"])
    p.text(16, end.end + 36, 448,
           ["A rule that is missing is passed over. The permission of an administrator ends at the ceiling of the"
                                   " actor who acts for them."])
    return p


def pools(root):
    p = Picture("pools", "What suits which pool",
                "Two users over one connection of a pool, from top to bottom. " + " ".join(
                    "%s: %s." % (mode, ", ".join("%s %s, then %s in force" % (
                        {"A": "Ann", "B": "Bob", "P": "the pool"}[who], what,
                        {"A": "Ann is", "B": "Bob is", "-": "nobody is", "x": "PgBouncer refuses it, nobody is"}[then])
                        for who, what, then in steps)) for mode, _, _, steps in POOLS))
    y = 16
    for mode, verdict, setting, steps in POOLS:
        p.line(16, y + 15, "**" + mode)
        p.line(16, y + 37, "`%s`" % setting if " = " in setting else setting, kind=verdict)
        y += 50
        p.line(80, y + 13, "~Ann", "middle")
        p.line(240, y + 13, "~in force", "middle")
        p.line(400, y + 13, "~Bob", "middle")
        y += 22
        start = y
        for who, what, then in steps:
            kind = {"A": "who", "B": "other", "-": "plain", "x": "bad"}[then]
            middle = p.rect(200, y, 80, 34, kind, "", 0)
            p.line(240, y + 22, {"A": "Ann", "B": "Bob", "-": "nobody", "x": "refused"}[then], "middle")
            text = what.replace("set_token", "`set_token`")
            sender = {"A": "who", "B": "other", "P": "plain"}[who]
            if who == "B":
                p.line(300, y + 22, text)
                p.arrow((298, y + 17), (281, y + 17), kind=sender)
            else:
                p.line(180, y + 22, text if who == "A" else "pool: " + text, "end")
                p.arrow((182, y + 17), (199, y + 17), kind=sender)
            y = middle.end
        y += 22
    p.text(16, y - 4, 448,
           ["In statement mode each statement is a transaction of its own, and PgBouncer refuses blocks."])
    return p


def hand_over(root):
    p = Picture("hand-over", "An identity is handed over in a cluster",
                """Ann logs in on the coordinator within a transaction. When a query reaches a node, the coordinator
                signs an assertion with its cluster key: the claims, for one destination and one occasion, for at
                most 60 seconds. The node takes it on a connection of the cluster role alone, verifies it with the
                public cluster key and by its own rows of the trust, and answers for Ann until the transaction ends.
                The provider's token never leaves the coordinator.""")
    left, right, wide = 16, 264, 200
    p.box(left, 16, wide, ["**coordinator", "~private cluster key"], "trust")
    last = p.box(right, 16, wide, ["**node", "~public cluster key"], "trust")
    login = p.box(left, last.end + 26, wide, ["`BEGIN`, `set_token`", "Ann is in force"], "who")
    sign = p.box(left, login.end + 26, wide, ["**a query for the node", "First an assertion is", "signed: claims,",
                                              "destination, occasion,",
                                             "at most 60 s"])
    p.down(login, sign)
    take = p.box(right, sign.end + 50, wide, ["**takes it, if", "the connection is of", "`cluster_role`; key,",
                                              "destination and times",
                                             "are right; this use is", "new; its own trust", "has the issuer"])
    p.arrow((116, sign.end), (116, take.y + 40), (take.x, take.y + 40), kind="who")
    p.line(124, sign.end + 20, "the assertion, then the query,", kind="who")
    p.line(124, sign.end + 40, "in one transaction", kind="who")
    rows = p.box(right, take.end + 26, wide, ["Ann is in force here:", "policies ask her"], "who")
    p.down(take, rows, kind="who")
    back = p.box(left, rows.y, wide, ["rows of Ann"], "good", h=rows.h)
    p.arrow(rows.left, back.right, kind="good")
    commit = p.box(left, back.end + 26, wide, "`COMMIT`", h=38)
    p.down(back, commit)
    nobody = p.box(right, rows.end + 26, wide, "nobody", "plain", h=38)
    p.down(rows, nobody)
    p.arrow(commit.right, nobody.left)
    refused = p.box(left, take.end - 96, 168, ["otherwise an error,", "and nobody is", "in force there"], "bad")
    p.arrow((take.x, refused.left[1]), refused.right, kind="bad")
    p.text(16, commit.end + 14, 448,
           ["The provider's token stays on the coordinator. Between servers of `postgres_fdw` it is the same: the"
                                      " occasion is a challenge of the session that takes it."])
    return p


# Between whom, and what is said: of a query that reaches nodes of Citus.
LIVES = ("session", "hand_over.c", "Citus", "node")
SAID = [(0, 1, ["ExecutorStart of a plan with a Citus scan"]),
        (1, 1, ["told already, in a subtransaction that is still", "open, and not half old?"]),
        (1, 2, ["`SET TRANSACTION` (no mode), whose text is", "`SET LOCAL dbmi_authz.token = 'assertion'`"]),
        (2, 3, ["the text, to who takes part in the transaction"]),
        (0, 2, ["the scan"]),
        (2, 3, ["`BEGIN`, all texts so far, the query"])]


def nodes_told(root):
    p = Picture("nodes-told", "How nodes of Citus are told who is in force",
                "In order: " + "; ".join("%s to %s: %s" % (LIVES[one], LIVES[two], " ".join(lines).replace("`", ""))
                                         for one, two, lines in SAID) + ".")
    at = [62, 181, 300, 419]
    for x, name in zip(at, LIVES):
        p.box(x - 56, 16, 112, name, "trust" if name == "node" else "plain", h=38)
    y = 64
    for one, two, lines in SAID:
        y = p.text(16, y, 448, lines) + 10
        for x in at:
            p.arrow((x, y - 8), (x, y + 22), dash=True, head=False)
        if one == two:
            p.arrow((at[one], y), (at[one] + 40, y), (at[one] + 40, y + 14), (at[one] + 1, y + 14))
        else:
            p.arrow((at[one], y + 6), (at[two], y + 6), kind="who" if two == 3 else "plain")
        y += 28
    return p
