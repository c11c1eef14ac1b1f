"""Conditions: as SQL, and worked out for a person and a row.

The worked-out value is True, False or None, as in SQL; where it is not known
(what a collation says, say) it is UNKNOWN, and so is all that holds it.
"""
from person import KINDS, equals

UNKNOWN = object()
ANY = object()
HELD = ["read", "write", "admin", "billing"]       # by many
WORDS = 3 * HELD + ["Read", "rea", "MANAGE", "admins"]
ITEMS = ["a", "a.b", "A.b.c", "ab", "é.x", "a.3", "app", "a.x@y", "a.x@y.z", "SciReg.a.profile",
         "SciReg.A.Profile.x.y@z", "SciReg.a.profile.x", "a.profile.x@y", "a.profile.x@y.z"]
CLAIMS = ["sub", "alt", "user_id", "email", "missing", "scope"]


def quote(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def ascii_upper(text):
    return None if text is None else "".join(
        chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text)


class Expr:
    """asks: what a ceiling may take from the answer, as pairs of a kind and a
    value of it, or ANY; for kind "claim" its path."""
    def __init__(self, sql, value=None, asks=()):
        self.sql = sql
        self.value = value or (lambda person, row: UNKNOWN)
        self.asks = list(asks)


def asks(kind, values):
    return [(kind, value) for value in values or () if kind in KINDS and value is not None]


class Arg:
    """What a check is asked about: SQL, how it compares, its value in a row."""
    def __init__(self, sql, kind, value):
        self.sql, self.kind, self.value = sql, kind, value

    def is_claim(self, row, claim):
        value = self.value(row)
        return value is not None and claim is not None and equals(self.kind, value, claim)


def combine(op, parts):
    """AND, OR and the rest over worked-out values."""
    def value(person, row):
        values = [part.value(person, row) for part in parts]
        if any(v is UNKNOWN for v in values):
            return UNKNOWN
        return op(values)
    return value


def v_and(values):
    return False if False in values else None if None in values else True


def v_or(values):
    return True if True in values else None if None in values else False


def v_not(values):
    return None if values[0] is None else not values[0]


def v_coalesce(values):
    return next((v for v in values if v is not None), None)


def v_case(values):
    return values[1] if values[0] else values[2]


def v_equal(values):
    return None if None in values else values[0] == values[1]


class Conditions:
    """Draws conditions over one table, seen under an alias."""

    def __init__(self, rng, table, alias="", world=None, collations=True):
        self.rng, self.table, self.world = rng, table, world
        self.dot = alias + "." if alias else ""
        self.collations = collations

    # ---- arguments ----

    def column(self, name):
        column = self.table.columns[name]
        return Arg(self.dot + name, column.kind, lambda row: row[name])

    def argument(self, name=None):
        """Mostly a plain column; also what cannot be folded, and NULL."""
        rng = self.rng
        arg = self.column(name or rng.choice(["owner", "owner", "org"]))
        how = rng.random()
        if how < 0.74:
            return arg
        if how < 0.80:
            return Arg(arg.sql + "::text", "text", arg.value)
        if how < 0.84 and arg.kind in ("text", "citext") and self.collations:
            return Arg("(%s COLLATE %s)" % (arg.sql, rng.choice(['"C"', "public.ci"])),
                       arg.kind, arg.value)
        if how < 0.88 and arg.kind == "text" and self.table.columns[name or "owner"].type != "name":
            return Arg("%s::public.citext" % arg.sql, "citext", arg.value) \
                if name else arg
        if how < 0.91:
            return Arg('upper(%s::text COLLATE "C")' % arg.sql, "text",
                       lambda row: ascii_upper(arg.value(row)))
        if how < 0.94:
            text = rng.choice(self.world.texts)
            return Arg("coalesce(%s::text, %s)" % (arg.sql, quote(text)), "text",
                       lambda row: text if arg.value(row) is None else arg.value(row))
        if how < 0.97:
            text = rng.choice(self.world.texts)
            return Arg(quote(text) + "::text", "text", lambda row: text)
        return Arg(rng.choice(["NULL", "NULL::uuid", "NULL::integer", "NULL::text"]), "text",
                   lambda row: None)

    def word(self):
        """A constant word, NULL, or a column with words; as asks has it, too."""
        rng = self.rng
        how = rng.random()
        if how < 0.88:
            word = rng.choice(WORDS)
            return quote(word), (lambda row: word), [word]
        if how < 0.95:
            return "NULL", (lambda row: None), []
        return self.dot + "word", (lambda row: row["word"]), [ANY]

    def word_list(self):
        """VARIADIC arguments and their value; a NULL element in a few."""
        rng = self.rng
        if rng.random() < 0.08:
            return "VARIADIC NULL::text[]", None
        words = [None if rng.random() < 0.06 else rng.choice(WORDS)
                 for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.3:
            return "VARIADIC ARRAY[%s]::text[]" % ", ".join(map(quote, words)), words
        return ", ".join(quote(w) + "::text" for w in words), words

    # ---- checks ----

    def check(self):
        rng = self.rng
        return rng.choices([self.set_check, self.owner_check, self.org_check, self.active_check,
                            self.claim_check, self.plain_check, self.accessor_check,
                            self.item_check],
                           [5, 7, 7, 2, 2, 2, 2, 3])[0]()

    def item_check(self):
        """A constant item, or one made of a column."""
        rng = self.rng
        if rng.random() < 0.25:
            sql, word, asked = self.word()
            return Expr("authz.has_app_permission(%s)" % sql, lambda p, row:
                        word(row) in p.permissions or p.holds_item(p.client, word(row)) if p.known else False,
                        asks("permissions", asked) + asks("item_permissions", asked))
        if rng.random() < 0.7:
            constant = rng.choice(ITEMS)
            item_sql, item = quote(constant), lambda row: constant
        else:
            item_sql = "concat('A.', coalesce(%sn, 3))" % self.dot
            item = lambda row: "A.%s" % (3 if row["n"] is None else row["n"])
        parents = rng.random() < 0.5
        flag = ", true" if parents else ""
        if rng.random() < 0.15:
            return Expr("authz.manages_item(%s%s)" % (item_sql, flag or ", false"),
                        lambda p, row: p.holds_item(item(row), "MANAGE", parents),
                        asks("item_permissions", ["MANAGE"]))
        if rng.random() < 0.6:
            sql, word, asked = self.word()
            return Expr("authz.has_item_permission(%s, %s%s)" % (item_sql, sql, flag),
                        lambda p, row: p.holds_item(item(row), word(row), parents),
                        asks("item_permissions", asked))
        words = [None if rng.random() < 0.06 else rng.choice(WORDS) for _ in range(rng.randint(1, 3))]
        return Expr("authz.has_any_item_permission(%s, ARRAY[%s]::text[]%s)"
                    % (item_sql, ", ".join(map(quote, words)), flag),
                    lambda p, row: any(p.holds_item(item(row), w, parents) for w in words),
                    asks("item_permissions", words))

    def set_check(self):
        if self.rng.random() < 0.15:
            return self.value_check()
        what = self.rng.choice(["scope", "role", "permission", "group", "amr"])
        held = what + "s"
        if self.rng.random() < 0.6:
            sql, word, asked = self.word()
            return Expr("authz.has_%s(%s)" % (what, sql),
                        lambda p, row: word(row) in getattr(p, held), asks(held, asked))
        sql, words = self.word_list()
        quantify = self.rng.choice([any, all])
        name = "has_any_" + what if quantify is any else "has_all_" + held
        return Expr("authz.%s(%s)" % (name, sql), lambda p, row: words is not None and
                    quantify(w in getattr(p, held) for w in words), asks(held, words))

    def value_check(self):
        """Of one value, and so there is no "all"."""
        what = self.rng.choice(["acr", "actor"])
        if self.rng.random() < 0.2:
            return Expr("authz.is_delegated()", lambda p, row: p.actor is not None)
        if self.rng.random() < 0.6:
            sql, word, _ = self.word()
            return Expr("authz.has_%s(%s)" % (what, sql), lambda p, row:
                        getattr(p, what) is not None and word(row) == getattr(p, what))
        sql, words = self.word_list()
        return Expr("authz.has_any_%s(%s)" % (what, sql), lambda p, row: words is not None and
                    getattr(p, what) is not None and getattr(p, what) in words)

    def owner_check(self):
        arg = self.argument()
        how = self.rng.random()
        if how < 0.55:
            return Expr("authz.is_owner(%s)" % arg.sql,
                        lambda p, row: arg.is_claim(row, p.owner))
        if how < 0.75:
            return Expr("authz.is_owner_or_admin(%s)" % arg.sql,
                        lambda p, row: p.admin or arg.is_claim(row, p.owner), [("admin", ANY)])
        claim = self.rng.choice(CLAIMS)
        if self.rng.random() < 0.15:
            claim = None
        return Expr("authz.is_owner(%s, %s)" % (arg.sql, quote(claim)), lambda p, row:
                    claim is not None and arg.is_claim(row, p.claim(claim) or None),
                    [("claim", [claim])])

    def org_check(self):
        arg = self.argument(self.rng.choice(["org", "org", "owner"]))
        how = self.rng.choice(["in_org", "has_org_role", "is_at_least_org_role",
                               "has_org_permission", "any", "all"])
        if how == "in_org":
            return self._org(how, arg, "", lambda org, row: True)
        if how in ("any", "all"):
            sql, words = self.word_list()
            quantify = any if how == "any" else all
            name = "has_any_org_permission" if how == "any" else "has_all_org_permissions"
            return self._org(name, arg, ", " + sql, lambda org, row: words is not None and
                             quantify(w in org.permissions for w in words),
                             asks("org_permissions", words))
        sql, word, asked = self.word()
        test = {"has_org_role": lambda org, row: org.has_role(word(row)),
                "is_at_least_org_role": lambda org, row: org.at_least(word(row)),
                "has_org_permission": lambda org, row: word(row) in org.permissions}[how]
        return self._org(how, arg, ", " + sql, test,
                         asks("org_permissions" if how == "has_org_permission" else "org_roles", asked))

    @staticmethod
    def _org(name, arg, more, test, asked=()):
        return Expr("authz.%s(%s%s)" % (name, arg.sql, more), lambda p, row:
                    any(arg.is_claim(row, org.id) and test(org, row) for org in p.orgs), asked)

    def active_check(self):
        how = self.rng.choice(["in_active_org", "has_active_org_role",
                               "has_active_org_permission"])
        if how == "in_active_org":
            arg = self.argument("org")
            return Expr("authz.in_active_org(%s)" % arg.sql, lambda p, row:
                        p.active is not None and arg.is_claim(row, p.active.id))
        sql, word, asked = self.word()
        if how == "has_active_org_role":
            return Expr("authz.has_active_org_role(%s)" % sql, lambda p, row:
                        p.active is not None and p.active.has_role(word(row)), asks("org_roles", asked))
        return Expr("authz.has_active_org_permission(%s)" % sql, lambda p, row:
                    p.active is not None and word(row) in p.active.permissions,
                    asks("org_permissions", asked))

    def claim_check(self):
        path = self.rng.choice([["alt"], ["roles"], ["scope"], ["ids", "uid"], ["a.b", "scopes"],
                                ["missing"], ["flag"]])
        array = "'{%s}'" % ",".join('"%s"' % name for name in path)
        how = self.rng.random()
        value = self.rng.choice(WORDS + ["true", "7", "ann"])
        if how < 0.2:
            return Expr("authz.claim_is(%s, %s)" % (array, quote(value)),
                        lambda p, row: p.claim_is(path, value), [("claim", path)])
        if how < 0.5:
            return Expr("authz.has_claim(%s, %s)" % (array, quote(value)),
                        lambda p, row: p.holds(path, value), [("claim", path)])
        sql, words = self.word_list()
        quantify = self.rng.choice([any, all])
        name = "has_any_claim" if quantify is any else "has_all_claims"
        return Expr("authz.%s(%s, %s)" % (name, array, sql), lambda p, row: words is not None and
                    quantify(w is not None and p.holds(path, w) for w in words), [("claim", path)])

    def plain_check(self):
        if self.rng.random() < 0.5:
            return Expr("authz.is_authenticated()", lambda p, row: p.known)
        return Expr("authz.is_admin()", lambda p, row: p.admin, [("admin", ANY)])

    def accessor_check(self):
        """An accessor compared with a column, in collation "C"."""
        name = self.rng.choice(["owner", "org"])
        column = '%s%s::text COLLATE "C"' % (self.dot, name)
        how = self.rng.random()
        if how < 0.5:
            accessor = self.rng.choice(["subject", "user_id", "email"])
            return Expr("%s = authz.%s()" % (column, accessor),
                        lambda p, row: v_equal([row[name], getattr(p, accessor)]))
        if how < 0.65:
            return Expr("authz.subject() IS NULL", lambda p, row: p.subject is None)
        permission = self.rng.choice([None, "read", "billing"])
        call = "org_ids()" if permission is None else "org_ids_with_permission('read')"
        if permission is not None:
            permission = "read"

        def value(p, row):
            ids = p.org_ids(permission)
            if ids is None:
                return None
            return False if not ids else None if row[name] is None else row[name] in ids
        return Expr("%s = ANY (authz.%s)" % (column, call), value,
                    [("org_permissions", permission)] if permission else [])

    def other(self):
        """A condition that asks nobody."""
        rng = self.rng
        how = rng.random()
        if how < 0.3:
            return Expr(self.dot + "flag", lambda p, row: row["flag"])
        if how < 0.6:
            n = rng.randint(0, 9)
            return Expr("%sn > %d" % (self.dot, n),
                        lambda p, row: None if row["n"] is None else int(row["n"]) > n)
        if how < 0.8:
            word = rng.choice(WORDS)
            return Expr("%sword = %s" % (self.dot, quote(word)),
                        lambda p, row: v_equal([row["word"], word]))
        value = rng.choice([True, False, None])
        return Expr({True: "true", False: "false", None: "NULL::boolean"}[value],
                    lambda p, row: value)

    def column_equals(self):
        """Leads to partition pruning and to the use of indexes."""
        name = self.rng.choice(["owner", "org"])
        column = self.table.columns[name]
        value = self.rng.choice(column.values)
        if not column.consistent:
            return Expr('%s%s::text COLLATE "C" = %s' % (self.dot, name, quote(value)))
        return Expr("%s%s = %s" % (self.dot, name, quote(value)))

    # ---- combinations ----

    def condition(self, depth=2, leaf=None):
        rng = self.rng
        if depth == 0 or rng.random() < 0.25:
            return (leaf or self.leaf)()
        a = self.condition(depth - 1, leaf)
        how = rng.choice(["and", "or", "or", "not", "coalesce", "case", "is", "equal", "distinct"])
        if how in ("and", "or"):
            b = self.condition(depth - 1, leaf)
            return Expr("(%s %s %s)" % (a.sql, how.upper(), b.sql),
                        combine(v_and if how == "and" else v_or, [a, b]))
        if how == "not":
            return Expr("NOT (%s)" % a.sql, combine(v_not, [a]))
        if how == "coalesce":
            b = self.other()
            return Expr("coalesce(%s, %s)" % (a.sql, b.sql), combine(v_coalesce, [a, b]))
        if how == "case":
            b, c = self.condition(depth - 1, leaf), self.other()
            return Expr("CASE WHEN %s THEN %s ELSE %s END" % (a.sql, b.sql, c.sql),
                        combine(v_case, [a, b, c]))
        if how == "is":
            test, value = rng.choice([
                ("IS NOT TRUE", lambda v: v[0] is not True), ("IS TRUE", lambda v: v[0] is True),
                ("IS NOT FALSE", lambda v: v[0] is not False), ("IS FALSE", lambda v: v[0] is False),
                ("IS NULL", lambda v: v[0] is None), ("IS NOT NULL", lambda v: v[0] is not None)])
            return Expr("((%s) %s)" % (a.sql, test), combine(value, [a]))
        b = self.leaf()
        if how == "equal":
            # Of "x = x" without columns in a policy the planner makes a condition
            # that it then cannot place: XX000, "variable-free clause".
            while b.sql in a.sql:
                b = self.leaf()
            return Expr("((%s) = (%s))" % (a.sql, b.sql), combine(v_equal, [a, b]))
        return Expr("((%s) IS DISTINCT FROM (%s))" % (a.sql, b.sql),
                    combine(lambda v: v[0] is not v[1], [a, b]))

    def policy(self, restrictive):
        """Not too strict: what nobody passes proves little."""
        rng = self.rng
        first = self.condition(rng.randint(0, 3))
        if rng.random() < (0.8 if restrictive else 0.5):
            second = self.condition(rng.randint(0, 2))
            return Expr("(%s OR %s)" % (first.sql, second.sql), combine(v_or, [first, second]))
        return first

    def leaf(self):
        return self.check() if self.rng.random() < 0.8 else self.other()
