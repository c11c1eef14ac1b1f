"""Tables, policies and people, drawn from a seed."""
import json

import libpq
from expr import Conditions, HELD, ITEMS, UNKNOWN, WORDS, ascii_upper, quote, v_and, v_or
from person import CEILINGS, ISSUERS, KINDS, SECRET, Nobody, Person, ascii_lower

LONG = "n" * 63
NEAR = ["emil", "émil", "Emil", "ann", "Ann"]         # some are equal to some collation
TEXTS = NEAR + ["bob", "ann ", "042", "42", "a b", "7", "", LONG]
UUIDS = ["6f1c2d3e-4a5b-4c6d-8e7f-a0b1c2d3e4f5", "6f1c2d3e-4a5b-4c6d-8e7f-a0b1c2d3e4f6",
         "00000000-0000-0000-0000-000000000000"]
INTS = ["42", "7", "-1", "0", "10"]

# What a column may be declared as: type, kind, the values of its own.
TYPES = [
    ("text", "text", TEXTS), ('text COLLATE "C"', "text", TEXTS),
    ("text COLLATE public.ci", "text", TEXTS), ("text COLLATE public.ci", "text", TEXTS),
    ("varchar", "text", TEXTS), ("varchar(6)", "text", TEXTS), ("public.citext", "citext", TEXTS),
    ("public.citext COLLATE public.ci", "citext", TEXTS), ("name", "text", TEXTS), ("name", "text", TEXTS),
    ("uuid", "uuid", UUIDS), ("uuid", "uuid", UUIDS),
    ("smallint", "int", INTS + ["32767"]), ("integer", "int", INTS + ["2147483647"]),
    ("bigint", "int", INTS + ["9223372036854775807", "-9223372036854775808"]),
    ("public.d_text", "text", TEXTS), ("public.d_varchar", "text", TEXTS),
    ("public.d_ci", "text", TEXTS), ("public.d_citext", "citext", TEXTS),
    ("public.d_uuid", "uuid", UUIDS), ("public.dd_integer", "int", INTS),
]
TEXTUAL = ("text", "citext")

# Once in a database.
SETUP = """
CREATE EXTENSION dbmi_authz;
CREATE EXTENSION citext SCHEMA public;
CREATE COLLATION public.ci (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE DOMAIN public.d_text AS text;
CREATE DOMAIN public.d_varchar AS varchar(6);
CREATE DOMAIN public.d_ci AS text COLLATE public.ci;
CREATE DOMAIN public.d_citext AS public.citext;
CREATE DOMAIN public.d_uuid AS uuid;
CREATE DOMAIN public.d_integer AS integer;
CREATE DOMAIN public.dd_integer AS public.d_integer CHECK (VALUE > -100);
CREATE SCHEMA eq;
CREATE FUNCTION eq.peek(rel regclass) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
AS $$ BEGIN RETURN QUERY EXECUTE format('SELECT r::text FROM %s r', rel); END $$;
GRANT USAGE ON SCHEMA eq TO PUBLIC;
"""


def make_database(name):
    """That trusts the issuers; a superuser's connection."""
    admin = libpq.Connection("dbname=postgres")
    for role in ("eq_app", "eq_view", "eq_may"):
        admin.answer("CREATE ROLE %s LOGIN NOINHERIT" % role)
    admin.do("CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'" % name)
    admin.close()
    admin = libpq.Connection("dbname=" + name)
    admin.do("SET client_min_messages = error")
    admin.do(SETUP)
    for issuer, how in ISSUERS.items():
        options = dict(how["options"], algorithms=["HS256"], key_id_required=False)
        audience = "ARRAY[%s]" % quote(how["audience"]) if how["audience"] else "NULL"
        admin.do("SELECT authz.add_issuer(%s, %s, %s, %s); SELECT authz.add_secret(%s, decode('%s', 'hex'))"
                 % (quote(issuer), audience, quote(how["profile"]), quote(json.dumps(options)),
                    quote(issuer), SECRET.hex()))
    return admin


def store_grants(rows, implied):
    """Statements: these, of World.draw_grants(), and no others."""
    return (["DELETE FROM authz.item_permission", "DELETE FROM authz.permission_implies"]
            + ["INSERT INTO authz.item_permission (client, email, item, permission) VALUES (%s)"
               % ", ".join(map(quote, row)) for row in rows.values()]
            + ["INSERT INTO authz.permission_implies VALUES (%s)" % ", ".join(map(quote, row))
               for row in implied.values()])


class Column:
    """Few values, so that many are equal, or nearly."""
    def __init__(self, rng, declared, kind, values):
        self.type, self.kind = declared, kind
        if "(6)" in declared or "d_varchar" in declared:
            values = [value for value in values if len(value) <= 6]
        self.values = rng.sample(values, min(len(values), 5))
        if declared == "name":
            self.values[0] = LONG
        elif values[:5] == NEAR and rng.random() < 0.4:
            self.values = list(NEAR)

    @property
    def consistent(self):
        """citext and a nondeterministic collation: its indexes go by another
        equality than "=" does, so that even core's rows depend on the plan."""
        return self.type != "public.citext COLLATE public.ci"

    @property
    def base(self):
        return self.type.split(" COLLATE")[0]


def fold(text):
    """Equal when the collation "ci" has it so."""
    return text.lower().replace("é", "e")


class Policy:
    COMMANDS = ["ALL", "ALL", "ALL", "SELECT", "INSERT", "UPDATE", "DELETE"]

    def __init__(self, rng, name, conditions, restrictive, command=None):
        self.name, self.restrictive = name, restrictive
        self.command = command or rng.choice(self.COMMANDS)
        self.using = self.check = None
        if self.command != "INSERT":
            self.using = conditions.policy(restrictive)
        if self.command == "INSERT" or (self.command in ("ALL", "UPDATE") and rng.random() < 0.4):
            self.check = conditions.policy(restrictive)

    def sql(self, table):
        parts = ["CREATE POLICY %s ON %s AS %s FOR %s" % (
            self.name, table, "RESTRICTIVE" if self.restrictive else "PERMISSIVE", self.command)]
        if self.using:
            parts.append("USING (%s)" % self.using.sql)
        if self.check:
            parts.append("WITH CHECK (%s)" % self.check.sql)
        return " ".join(parts) + ";"


class Table:
    """Columns id, owner, org, word, n and flag; where it stands, and its policies."""

    def __init__(self, world, name):
        rng = self.rng = world.rng
        self.world, self.name = world, name
        self.columns = {"owner": Column(rng, *rng.choice(TYPES)),
                        "org": Column(rng, *rng.choice(TYPES))}
        self.key = rng.choice(["owner", "owner", "org"])
        self.form = rng.choices(["plain", "list", "hash", "range", "inherit"], [5, 2, 1, 1, 2])[0]
        self.rows = []          # read back from the server
        self.parts = []
        self.policies = []
        self.constraints = []
        self.not_null = {c for c in ("owner", "org") if rng.random() < 0.3}

    def script(self):
        return (self._create() + self._constraints() + self._indexes() +
                self._inserts() + self._policies())

    def _create(self):
        lines = ["id integer"]
        for name in ("owner", "org"):
            lines.append("%s %s%s" % (name, self.columns[name].type,
                                      " NOT NULL" if name in self.not_null else ""))
        lines += ["word text", "n integer", "flag boolean"]
        if self.form == "plain" and self.rng.random() < 0.7:
            lines[0] += " PRIMARY KEY"
        self.unique = "KEY" in lines[0]
        sql = "CREATE TABLE %s (%s)" % (self.name, ", ".join(lines))
        if self.form in ("list", "hash", "range"):
            sql += " PARTITION BY %s (%s)" % (self.form.upper(), self.key)
        return [sql + ";"] + self._children()

    def _children(self):
        values = list(self.columns[self.key].values)
        self.rng.shuffle(values)
        part = "CREATE TABLE %s_%%d PARTITION OF %s " % (self.name, self.name)
        if self.form == "list":
            # what is equal to a collation must be in one partition
            first = [v for v in values if fold(v) == fold(values[0])]
            other = [v for v in values if fold(v) == fold(values[-1])] \
                if fold(values[0]) != fold(values[-1]) else []
            bounds = ["FOR VALUES IN (%s)" % ", ".join(map(quote, some))
                      for some in (first[:1], other[:1]) if some] + ["DEFAULT"]
        elif self.form == "hash":
            bounds = ["FOR VALUES WITH (MODULUS 3, REMAINDER %d)" % i for i in range(3)]
        elif self.form == "range":
            bounds = ["FOR VALUES FROM (MINVALUE) TO (%s)" % quote(values[0]),
                      "FOR VALUES FROM (%s) TO (MAXVALUE)" % quote(values[0]), "DEFAULT"]
        elif self.form == "inherit":
            part = "CREATE TABLE %s_%%d () INHERITS (%s)" % (self.name, self.name)
            bounds = ["", ""]
        else:
            bounds = []
        self.parts = ["%s_%d" % (self.name, i) for i in range(len(bounds))]
        return [part % i + bound + ";" for i, bound in enumerate(bounds)]

    def _constraints(self):
        """Checks in CHECK constraints, such as hold for nobody: the rows are
        brought in by nobody."""
        if self.rng.random() > 0.5:
            return []
        conditions = Conditions(self.rng, self, world=self.world)
        check = self.rng.choice([conditions.owner_check, conditions.owner_check,
                                 conditions.check])()
        sql = self.rng.choice([
            "NOT %s", "%s OR NOT authz.is_authenticated()", "%s IS NOT TRUE"]) % ("(%s)" % check.sql)
        if "subject() IS NULL" in sql:
            return []
        self.constraints = [sql]
        return ["ALTER TABLE %s ADD CONSTRAINT asks CHECK (%s);"
                % (self.rng.choice(self.parts + [self.name]), sql)]

    def _indexes(self):
        return ["CREATE INDEX ON %s (%s);" % (self.name, columns)
                for columns in ("owner", "org", "owner, org", "n")
                if self.rng.random() < 0.45]

    def row(self, ident):
        rng = self.rng
        values = [str(ident)]
        for name in ("owner", "org"):
            null = name not in self.not_null and rng.random() < 0.15
            values.append("NULL" if null else quote(rng.choice(self.columns[name].values)))
        values.append("NULL" if rng.random() < 0.1 else quote(rng.choice(
            ["read", "write", "admin", "Read", "billing"])))
        values.append("NULL" if rng.random() < 0.1 else str(rng.randint(0, 9)))
        values.append(rng.choice(["true", "false", "NULL"]))
        return "(%s)" % ", ".join(values)

    def _inserts(self):
        homes = self.parts + [self.name] if self.form == "inherit" else [self.name]
        lines = []
        ident = 0
        for home in homes:
            rows = []
            for _ in range(self.rng.randint(8, 40) if len(homes) == 1 else 9):
                ident += 1
                rows.append(self.row(ident))
            lines.append("INSERT INTO %s VALUES %s;" % (home, ", ".join(rows)))
        if self.rng.random() < 0.5:
            lines.append("ANALYZE %s;" % self.name)
        return lines

    def _policies(self):
        rng = self.rng
        conditions = Conditions(rng, self, world=self.world)
        self.policies = [Policy(rng, "p0", conditions, False, rng.choice(["ALL", "ALL", "SELECT"]))]
        for i in range(rng.choice([0, 0, 1, 2])):
            self.policies.append(Policy(rng, "p%d" % (i + 1), conditions, False))
        if rng.random() < 0.25:
            self.policies.append(Policy(rng, "r0", conditions, True))
        lines = ["ALTER TABLE %s ENABLE ROW LEVEL SECURITY;" % self.name]
        for policy in self.policies:
            lines.append(policy.sql(self.name))
        return lines

    # ---- the second opinion ----

    def read(self, connection):
        names = ("id", "owner", "org", "word", "n", "flag")
        self.rows = []
        for values in connection.table("SELECT id, owner::text, org::text, word, n, flag FROM w."
                                       + self.name):
            row = dict(zip(names, values))
            row["flag"] = {"t": True, "f": False, None: None}[row["flag"]]
            self.rows.append(row)

    def _verdict(self, person, row, command, condition):
        permitted, restricted = [], []
        for policy in self.policies:
            if policy.command in ("ALL", command):
                value = condition(policy).value(person, row)
                if value is UNKNOWN:
                    return UNKNOWN
                (restricted if policy.restrictive else permitted).append(value)
        return v_or(permitted or [False]) is True and v_and(restricted or [True]) is True

    def visible(self, person, row):
        return self._verdict(person, row, "SELECT", lambda policy: policy.using)

    def insertable(self, person, row):
        return self._verdict(person, row, "INSERT", lambda policy: policy.check or policy.using)


# Mistakes in a policy: what they are answered with, whoever asks.
MISTAKES = [
    ("char(8)", "authz.is_owner(a)", "42804"), ("char(8)", "authz.is_owner_or_admin(a)", "42804"),
    ("char(8)", "authz.is_owner(a, 'alt')", "42804"), ("numeric", "authz.in_org(a)", "42804"),
    ("bytea", "authz.has_org_permission(a, 'read')", "42804"),
    ("boolean", "authz.in_active_org(a)", "42804"), ("json", "authz.has_org_role(a, NULL)", "42804"),
    ("text", "authz.has_any_scope(VARIADIC '{}')", "22023"),
    ("text", "authz.has_all_org_permissions(a, VARIADIC '{}')", "22023"),
    ("text", "NOT authz.has_all_claims('{sub}', VARIADIC ARRAY[]::text[])", "22023"),
]


# Functions that eq_app may not execute, and eq_may may.
WITHHELD = ["authz.has_scope(text)", "authz.has_role(text)", "authz.has_permission(text)", "authz.has_any_scope(text[])",
            "authz.is_owner(anycompatible)", "authz.is_owner(anycompatible)", "authz.is_owner(anycompatible, text)",
            "authz.is_owner_or_admin(anycompatible)", "authz.in_org(anycompatible)", "authz.has_org_role(anycompatible, text)",
            "authz.has_org_permission(anycompatible, text)", "authz.in_active_org(anycompatible)", "authz.subject()",
            "authz.org_ids()", "authz.is_admin()", "authz.is_authenticated()", "authz.has_claim(text[], text)",
            "authz.has_item_permission(text, text, boolean)"]


class World:
    def __init__(self, rng, tables=2, people=5):
        self.rng = rng
        self.texts = TEXTS[:8] + UUIDS[:1] + ["42", ""]
        self.tables = [Table(self, "t%d" % i) for i in range(tables)]
        self.script = ["CREATE SCHEMA w; GRANT USAGE ON SCHEMA w TO PUBLIC; SET search_path = w, public;"]
        for table in self.tables:
            self.script += table.script()
        self.script += self._views()
        self.mistake = rng.choice(MISTAKES)
        self.script += [
            "CREATE TABLE m (id integer, a %s); INSERT INTO m VALUES (1, NULL);" % self.mistake[0],
            "ALTER TABLE m ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON m USING (%s);"
            % self.mistake[1]]
        self.script += ["GRANT ALL ON ALL TABLES IN SCHEMA w TO eq_app, eq_may, eq_view;"]
        self.withheld = rng.sample(WITHHELD, rng.choice([1, 1, 2, 3])) if rng.random() < 0.35 else []
        self._ceilings()
        self.people = [Nobody()] + [self._person() for _ in range(people)]

    def _views(self):
        """A view whose owner the policies hold for, one that keeps functions
        out, one that asks as whoever reads it; and a table without policies,
        whose plans are the same for all roles."""
        self.views = []
        lines = []
        for kind in ("plain", "barrier", "invoker"):
            table = self.rng.choice(self.tables)
            conditions = Conditions(self.rng, table, world=self)
            options = {"plain": "", "barrier": " WITH (security_barrier)",
                       "invoker": " WITH (security_invoker)"}[kind]
            where = conditions.condition(1).sql if self.rng.random() < 0.5 else "true"
            lines += ["CREATE VIEW v_%s%s AS SELECT * FROM %s WHERE %s;"
                      % (kind, options, table.name, where),
                      "ALTER VIEW v_%s OWNER TO eq_view;" % kind]
            self.views.append(("v_" + kind, table))
        table = self.rng.choice(self.tables)
        lines.append("CREATE TABLE c AS TABLE %s;" % table.name)
        self.views.append(("c", table))
        return lines

    # ---- people ----

    def _own_value(self):
        """A value of some column, and how a token might spell it."""
        rng = self.rng
        table = rng.choice(self.tables)
        column = table.columns[rng.choice(["owner", "owner", "org"])]
        value = rng.choice(column.values)
        how = rng.random()
        if how < 0.6:
            return value, column.kind
        if column.kind == "int":
            return rng.choice(["0" + value, "0" + value, "+" + value, value + " ", " " + value,
                               value + ".0", "-0", str(int(value) + 2 ** 16), str(int(value) + 2 ** 32),
                               "9223372036854775808", "9" * 25]), "odd"
        if column.kind == "uuid":
            return rng.choice([value.upper(), "{%s}" % value, value.replace("-", ""), value[:-1],
                               "{" + value, value.replace("-", "").upper(),
                               "6f1c-2d3e-4a5b-4c6d-8e7f-a0b1-c2d3-e4f5"]), "odd"
        if value == LONG:
            return LONG + "x", "odd"        # "name" would cut it off
        return rng.choice([value.swapcase(), value.upper(), value + " ", value + "x", " " + value,
                           "ÉMIL", ""]), "odd"

    def _owner(self):
        value, kind = self._own_value()
        if kind == "int" and self.rng.random() < 0.5:
            return int(value)
        return value

    def _words(self):
        """A list claim, right or odd."""
        rng = self.rng
        some = [w for w in HELD if rng.random() < 0.5]
        how = rng.random()
        if how < 0.5:
            return some
        if how < 0.8:
            return rng.choice([" ", "\t", "  "]).join(some)
        if how < 0.9:
            return some + [" ".join(some), 7, None, True, {"read": 1}]
        return rng.choice([None, 5, True, {"read": True}, "", [], "readwrite"])

    def _org(self, ident):
        rng = self.rng
        org = {"org_id": ident, "org_name": "Org " + ident, "url_safe_org_name": "org",
               "org_metadata": {}, "user_role": rng.choice(["admin", "read", "write", None]),
               "inherited_user_roles_plus_current_role": self._words(),
               "additional_roles": self._words(), "user_permissions": self._words()}
        structure = rng.choice([None, "multi_role", "multi_role", "single_role_in_hierarchy"])
        if structure:
            org["org_role_structure"] = structure
        if rng.random() < 0.8 and org["user_role"] is None:
            org["user_role"] = "read"
        if rng.random() < 0.1:
            del org["user_role"]
        return org

    def _orgs(self, claims):
        rng = self.rng
        how = rng.random()
        if how < 0.15:
            return
        if how < 0.35:
            claims["org_member_info"] = self._org(self._own_value()[0])
            if how > 0.20:
                return
        elif how < 0.45:
            claims["org_member_info"] = rng.choice([{}, None, [], "x"])
        members = {}
        for _ in range(rng.choice([1, 2, 3, 6])):
            ident = self._own_value()[0]
            members[ident] = rng.choice([None, 7]) if rng.random() < 0.05 else self._org(ident)
        claims["org_id_to_org_member_info"] = members

    def _ceilings(self):
        """What some actors may not go beyond.  They may write, as persons do."""
        rng = self.rng
        CEILINGS.clear()
        self.script.append("DELETE FROM authz.actor_ceiling;")
        for issuer in ISSUERS:
            for actor in HELD + ["https://agents.example " + word for word in HELD]:
                if rng.random() < 0.2:
                    continue
                ceiling = {kind: None if rng.random() < 0.4 else
                           [w for w in WORDS[-8:] if rng.random() < 0.4] for kind in KINDS}
                ceiling["keep"] = [w for w in HELD if rng.random() < 0.1]
                ceiling["admin"] = rng.random() < 0.3
                CEILINGS[issuer, actor] = ceiling
                lists = ["NULL" if ceiling[kind] is None else
                         "ARRAY[%s]::text[]" % ", ".join(map(quote, ceiling[kind]))
                         for kind in KINDS + ["keep"]]
                self.script.append("SELECT authz.set_actor_ceiling(%s, %s, %s, %s, false);" % (
                    quote(issuer), quote(actor), ", ".join(lists), ceiling["admin"]))

    def _person(self):
        rng = self.rng
        issuer = rng.choice(["https://plain.example", "https://plain.example",
                             "https://propel.example", "https://paths.example"])
        claims = {"sub": str(self._owner()) or "x", "alt": self._owner()}
        if issuer.startswith("https://propel"):
            claims["user_id"] = self._owner() or "x"
        if issuer.startswith("https://paths"):
            claims["ids"] = rng.choice([{"uid": self._owner(), "mail": "ann"}] * 6 + [
                {"uid": None}, {"uid": True}, {"uid": [1]}, {"uid": 1.5}, "x", {}])
            claims["a.b"] = {"scopes": self._words(), "roles": self._words()}
        if rng.random() < 0.15:
            claims["alt"] = rng.choice([None, True, ["ann"], {"a": 1}, 0.5, "", "read write"])
        for name in ("scope", "scp", "roles", "permissions", "groups", "amr"):
            if rng.random() < 0.6:
                claims[name] = self._words()
        if rng.random() < 0.7:
            claims["email"] = self._owner()
        if rng.random() < 0.15:
            claims["groups"] = ["admins", "read"]
        if rng.random() < 0.1:
            claims["permissions"] = "MANAGE"
        if rng.random() < 0.2:
            claims["flag"] = True
        if rng.random() < 0.5:
            claims["acr"] = rng.choice(WORDS + ["", 1, ["read"]])
        if rng.random() < 0.5:
            claims["act"] = {"sub": rng.choice(WORDS), "act": {"sub": rng.choice(WORDS)}}
            if rng.random() < 0.4:
                claims["act"]["iss"] = rng.choice([issuer, "https://agents.example"])
        self._orgs(claims)
        return Person(issuer, claims)

    # ---- what is stored ----

    def draw_grants(self):
        """Rows for authz.item_permission and authz.permission_implies."""
        rng = self.rng
        addresses = 2 * [p.email for p in self.people if p.can_hold()] + ["somebody"]
        rows = {}
        for _ in range(rng.choice([0, 6, 24, 60])):
            row = (rng.choice(["App", "app"]), rng.choice(addresses), rng.choice(ITEMS), rng.choice(WORDS))
            row = tuple(rng.choice([text, ascii_upper(text)]) if i else text for i, text in enumerate(row))
            rows[(row[0],) + tuple(map(ascii_lower, row[1:]))] = row
        implied = {}
        for _ in range(rng.choice([0, 0, 1, 3])):
            row = (rng.choice(["App", "app"]), rng.choice(WORDS), rng.choice(WORDS))
            implied[(row[0],) + tuple(map(ascii_lower, row[1:]))] = row
        return rows, implied
