"""Pictures of who is in force: way of a token, states, savepoints, the block, the idea."""
import facts
from shapes import LINE, Picture, length

ABOUT_PARAGRAPHS = {       # the first member of a paragraph of AzIdentity: what the paragraph is about
    "size": "**the whole block",
    "expires": "**times, in microseconds",
    "issuer_version": "**what to look at again when the trust changes",
    "claims": "**the payload, as a tree",
    "issuer": "**who it is, and for whom",
    "audience": "**sets that checks search",
    "norgs": "**memberships in organisations",
    "nlocations": "**where the sets come from",
    "needs_ceiling": "**how it came to be",
    "limited": "**what an actor may not go beyond"}


def idea(root):
    """For the README."""
    p = Picture("idea", "The idea of dbmi_authz in one look",
                """An identity provider signs a token for Ann. Her application hands it to its PostgreSQL session. The
                extension verifies it inside the server, and policies ask the identity that it stands for. Of a
                table with rows of Ann and of Bob the query returns those of Ann, and nobody can forge that on the
                connection.""")
    provider = p.box(16, 16, 196, ["**Identity provider", "~signs a token for Ann"], "trust")
    app = p.box(268, 16, 196, ["**Your application", "~serves Ann now"])
    p.arrow(provider.right, app.left, kind="who")
    p.line(240, 38, "token", "middle", "who")
    server = p.rect(16, 132, 448, 0, "plain", "off", 10)
    p.arrow((400, app.end), (400, 176), kind="who")
    p.line(388, 108, "`SELECT authz.set_token($1)`", "end")
    p.line(32, 158, "**PostgreSQL")
    verify = p.box(32, 176, 416, ["**dbmi_authz verifies the token", "signature, issuer, audience, times"], "who")
    policy = p.box(32, verify.end + 30, 416, ["**Your policy asks who it is", "`USING (authz.is_owner(owner))`"],
                   "plain")
    p.down(verify, policy, kind="who")
    y = policy.end + 30
    p.down(policy, type(policy)(32, y, 416, 0), kind="who")
    for owner, body, kind in (("ann", "Ann was here", "good"), ("bob", "Bob was here", "plain")):
        seen = kind == "good"
        p.rect(32, y, 416, 28, kind, "" if seen else "off dash", 4)
        p.line(44, y + 19, owner if seen else "~" + owner)
        p.line(110, y + 19, body if seen else "~" + body)
        p.line(436, y + 19, "Ann sees it" if seen else "~filtered", "end", "good" if seen else "")
        y += 34
    p.stretch(server, y + 10)
    return p


def way_of_a_token(root):
    p = Picture("way-of-a-token", "The way of a token",
                """A client presents a token. If this backend has verified the same bytes under the current trust, it
                reuses the identity after a look at the clock. Otherwise the token goes through the checks of
                verify.c in their order; the first no ends it with one reason. From the claims an identity is built,
                which hangs on the setting dbmi_authz.token. The planner folds checks for this identity, and the
                executor compares plan and identity.""")
    client = p.box(16, 16, 448, ["**Client", "`SELECT authz.set_token($1)`", "or `SET LOCAL dbmi_authz.token = '...'`"])
    cache = p.box(16, client.end + 26, 448, ["**Has this backend verified these bytes?",
                                             "~cache.c, by SHA-256; then a look at the clock"], "who")
    p.down(client, cache, kind="who")
    groups = facts.checks(root)
    y = cache.end + 30
    checks = p.rect(16, y, 402, 62 + LINE * max(len(names) for _, names in groups))
    p.arrow((140, cache.end), (140, y), kind="who")
    p.line(148, y - 10, "no, or the trust has changed")
    p.line(28, y + 24, '**Checks of verify.c: the first "no" ends it')
    n, x = 0, 28
    for heading, names in groups:
        p.line(x, y + 48, "~" + heading)
        for i, name in enumerate(names):
            n += 1
            p.line(x + 20, y + 70 + LINE * i, str(n), "end")
            p.line(x + 28, y + 70 + LINE * i, name)
        x += 200
    p.arrow((216, y + 36), (216, checks.end - 10), head=False)
    p.line(447, cache.end + 20, "yes", kind="who")
    refused = p.box(16, checks.end + 28, 196, ["**refused", "`28000`, one reason,", "nobody is in force"], "bad")
    p.arrow((114, checks.end), (114, refused.y), kind="bad")
    p.line(122, checks.end + 18, "no", kind="bad")
    built = p.box(232, checks.end + 28, 186, ["**identity", "made of the claims,", "one flat block"], "who")
    p.arrow((325, checks.end), (325, built.y), kind="who")
    p.line(333, checks.end + 18, "yes", kind="who")
    setting = p.box(16, built.end + 28, 448, ["**setting `dbmi_authz.token`",
                                              "shows a label; the identity hangs on it"], "who")
    p.arrow((325, built.end), (325, setting.y), kind="who")
    p.arrow((440, cache.end), (440, setting.y), kind="who")
    planner = p.box(16, setting.end + 26, 448, ["**planner", "folds the checks of a query for this identity,",
                                               "and ties the plan to it"])
    p.down(setting, planner)
    executor = p.box(16, planner.end + 26, 448, ["**executor", "Is the plan for who is in force? Has the identity",
                                                "ended? Then rows, or `28000`."])
    p.down(planner, executor)
    return p


def states(root):
    p = Picture("states-of-a-session", "The states of a session",
                """token_state() returns one of five words. A login that is accepted leads from any state to valid; one
                that is refused leads from any state to rejected; clear_token, RESET and DISCARD ALL lead to none. A
                valid identity becomes expired by the clock and revoked by a change of the trust; then checks raise
                28000 until the next login or clear_token.""")
    known = facts.states(root)
    if set(known) != {"none", "valid", "expired", "revoked", "rejected"}:
        raise LookupError("states: token_state() has other values: %s" % known)
    about = [
        ("none", "plain", ["`clear_token()`, `RESET`, `DISCARD ALL`,", "the end of a login for one transaction"],
         ["~checks are false; what requires", "~somebody raises 28000"]),
        ("valid", "good", ["a login is accepted"], ["~checks answer for the identity"]),
        ("rejected", "bad", ["a login is refused"], ["~checks are false; what requires", "~somebody raises 28000"]),
        ("expired", "bad", ["the clock passes `exp` and the leeway"], ["~checks raise 28000, until another",
                                                                       "~login, or `clear_token()`"]),
        ("revoked", "bad", ["the token is revoked; its key or", "issuer is gone, or was altered"],
         ["~checks raise 28000, until another", "~login, or `clear_token()`"])]
    p.line(16, 31, "**from any state")
    y = 44
    for state, kind, how, do in about:
        if state == "expired":
            p.line(16, y + 15, "**from valid")
            y += 28
        pill = p.box(368, y, 96, "**" + state, kind, h=38, pill=True)
        bottom = p.text(28, y + 9 - LINE * (len(how) - 1) / 2.0, 330, how)
        at = 28 + max(length(line) for line in how) + 8
        if at < 352:
            p.arrow((at, y + 19), pill.left, kind=kind)
        y = p.text(28, bottom + 2, 330, do) + 18
    p.arrow((16, y - 6), (464, y - 6), dash=True, head=False)
    p.text(16, y + 2, 448,
           ["A rollback restores the state that was, as with any setting. Only a refused login stays: no rollback"
                            " brings back who was there before it. Where a token opened the connection, `RESET` and"
                            " `DISCARD ALL` lead back to that login."])
    return p


def savepoints(root):
    p = Picture("savepoints", "Who is in force over savepoints",
                """Twice the same transaction. In the first, Ann logs in, then Bob after a savepoint; ROLLBACK TO
                brings Ann back. In the second, a login fails before the ROLLBACK TO. It raises the floor above both
                adoptions, so ROLLBACK TO brings back a setting of Ann that does not count, and nobody is in force
                until somebody logs in.""")
    lanes = (186, 332)
    wide = 132
    p.line(16, 31, "**statement")
    p.line(lanes[0] + wide / 2, 31, "**no login fails", "middle")
    p.line(lanes[1] + wide / 2, 31, "**one login fails", "middle")
    rows = [("`BEGIN`", "nobody", "nobody"),
            ("log in as Ann", "Ann, 1", "Ann, 1"),
            ("`SAVEPOINT s`", "Ann, 1", "Ann, 1"),
            ("log in as Bob", "Bob, 2", "Bob, 2"),
            ("a forged token", "", "nobody"),
            ("`ROLLBACK TO s`", "Ann, 1", "nobody"),
            ("log in as Ann", "Ann, 3", "Ann, 4"),
            ("`COMMIT`", "Ann, 3", "Ann, 4")]
    kinds = {"A": "who", "B": "other", "n": "plain"}
    top, step = 48, 52
    for lane in (0, 1):
        at = 0
        while at < len(rows):
            what = rows[at][1 + lane] or rows[at - 1][1 + lane]
            until = at + 1
            while until < len(rows) and (rows[until][1 + lane] or what) == what:
                until += 1
            kind = "bad" if what == "nobody" and at > 0 else kinds[what[0]]
            p.rect(lanes[lane], top + step * at + 3, wide, step * (until - at) - 6, kind)
            name, _, count = what.partition(", ")
            middle = top + step * (at + until) / 2
            p.line(lanes[lane] + wide / 2, middle + (5 if not count else -3), "**" + name, "middle")
            if count:
                p.line(lanes[lane] + wide / 2, middle + 16, "~number " + count, "middle")
            at = until
    for i, (statement, _, _) in enumerate(rows):
        p.line(16, top + step * i + 31, statement)
        p.arrow((16, top + step * i), (178, top + step * i), dash=True, head=False)
    y = top + step * len(rows) + 8
    p.text(16, y, 448,
           ["Each login has a number. The forged token gets 3 and makes it the floor, outside of the transaction:"
                        " what has a number at or below the floor does not count, whatever a rollback brings back."])
    return p


def block(root):
    p = Picture("identity-block", "An identity is one flat block",
                """The block begins with a fixed part, the struct AzIdentity, whose members are listed by paragraph.
                Behind it stand the payload as a tree, the items and sorted indexes of the sets, the memberships,
                and the strings. All are reached by offsets from the start of the block, so it is copied with memcpy
                and freed as one piece.""")
    y = 16
    p.line(16, y + 15, "offset 0")
    y += 26
    fixed = p.rect(16, y, 448, 0)
    y += 8
    for members in facts.identity(root):
        first = members[0][1]
        if first not in ABOUT_PARAGRAPHS:
            raise LookupError("identity.h: the paragraph that begins with %s has no words in of_identity.py" % first)
        y = p.text(28, y, 424, [ABOUT_PARAGRAPHS[first], ", ".join("`%s`" % name for _, name in members)]) + 7
    p.stretch(fixed, y)
    p.line(452, fixed.y + 23, "`AzIdentity`", "end")
    y = fixed.end
    for lines in (["**trees, sets, memberships",
                   "nodes and members sorted by name; of each set its items and their order; one"
                                             " `AzOrg` for each membership"],
                  ["**strings",
                   "each stored once, in the database's encoding; what revocations"
                     " are compared with as it was signed"]):
        part = p.box(16, y + 6, 448, lines, "who", "start")
        y = part.end
    p.line(16, y + 20, "offset `size`")
    p.text(16, y + 32, 448,
           "All references are offsets from 0: copied by memcpy, freed as one piece, searched without allocating.")
    return p
