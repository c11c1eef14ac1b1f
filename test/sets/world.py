"""Tables and sets over them, drawn from a seed.

A set is a view; beside each stands "ref_...", which reads it as its owner for
those who compare, and "cmp_...", which asks both for each row.
"""
from person import mint

ISSUER = "https://id.example"
PEOPLE = ["ann", "bob", "carl"]

# Types of keys: name, class, and the value of a small number.
INTS = ["smallint", "integer", "bigint", "public.d_int", "public.d_big"]
TEXTS = ["text", "varchar", "public.d_text", "public.d_varchar"]
UUIDS = ["uuid", "public.d_uuid"]
COLUMNS = {"smallint": "s", "integer": "i", "bigint": "b", "public.d_int": "di", "public.d_big": "db",
           "text": "t", "varchar": "v", "public.d_text": "dt", "public.d_varchar": "dv",
           "uuid": "u", "public.d_uuid": "du", "public.citext": "c"}
WORDS = ["", "a", "A", "a ", "ä", "1", "01", "null", "x" * 40, "a'b", "\\", "{a}", '"']
WIDE = {"smallint": [32767, -32768], "integer": [2147483647, 32768], "bigint": [2 ** 63 - 1, 2147483648, -32769],
        "public.d_int": [2147483646], "public.d_big": [-2 ** 63, 65536]}
LAST = 24               # small numbers are 0 to 23

SETUP = """
CREATE EXTENSION dbmi_authz;
CREATE EXTENSION citext SCHEMA public;
CREATE DOMAIN public.d_int AS integer;
CREATE DOMAIN public.d_big AS bigint CHECK (VALUE IS NOT NULL OR VALUE IS NULL);
CREATE DOMAIN public.d_text AS text;
CREATE DOMAIN public.d_varchar AS varchar(60);
CREATE DOMAIN public.d_uuid AS uuid;
"""


def family(key_type):
    for types in (INTS, TEXTS, UUIDS):
        if key_type in types:
            return types
    return [key_type]


def quote(value):
    return "NULL" if value is None else "E'%s'" % value.replace("\\", "\\\\").replace("'", "''")


def key(key_type, n):
    """A literal of that type."""
    if n is None:
        return "NULL::" + key_type
    if key_type in INTS:
        wide = WIDE[key_type]
        value = n if n < LAST - 1 else wide[n % len(wide)]
        return "'%d'::%s" % (value, key_type)
    if key_type in UUIDS:
        return "'00000000-0000-4000-8000-%012d'::%s" % (n, key_type)
    return "%s::%s" % (quote(WORDS[n] if n < len(WORDS) else "k%d" % n), key_type)


def token(name, **claims):
    payload = {"iss": ISSUER, "aud": "c", "sub": name, "exp": 4102444800, "scope": "a" if name != "carl" else "b",
               "roles": ["reader"] if name == "ann" else ["writer"], "permissions": ["p"],
               "org_id_to_org_member_info": {org: {
                   "org_id": org, "org_name": org, "user_role": "Member",
                   "inherited_user_roles_plus_current_role": ["Member"],
                   "user_permissions": []} for org in {"ann": ["o1", "o2"], "bob": ["o2"]}.get(name, [])}}
    payload.update(claims)
    return mint(payload)


class Set:
    """One view and how to read it by hand."""

    def __init__(self, world, name, key_type, body, column="k", timed=False, inner=False):
        self.world, self.name, self.type, self.body = world, "s." + name, key_type, body
        self.column, self.timed, self.inner = column, timed, inner
        self.ref, self.cmp, self.sum = "s.ref_" + name, "s.cmp_" + name, "s.sum_" + name
        self.owner = world.rng.choice(["sets_own", "sets_own", "sets_own", "sets_other"])
        # what is asked about: often a column of another type of the same family
        self.asked = world.rng.choice(family(key_type))
        self.col = COLUMNS[self.asked]

    def held(self, row="d"):
        return "authz.in_set('%s', %s.%s)" % (self.name, row, self.col)

    def found(self, row="d", correlated=False):
        """The same by a sub-select."""
        key_of_row = "%s.%s" % (row, self.col)
        if correlated:
            return ("(authz.is_authenticated() AND EXISTS (SELECT FROM %s r WHERE r.%s = %s))"
                    % (self.ref, self.column, key_of_row))
        return ("(authz.is_authenticated() AND coalesce(%s IN (SELECT %s FROM %s WHERE %s IS NOT NULL), false))"
                % (key_of_row, self.column, self.ref, self.column))

    def create(self):
        return "CREATE VIEW %s AS %s; ALTER VIEW %s OWNER TO %s;" % (self.name, self.body, self.name, self.owner)

    def beside(self):
        """What compares.  The functions are told at run time what they call."""
        names = {"name": self.name, "ref": self.ref, "cmp": self.cmp, "sum": self.sum, "col": self.column,
                 "until": " WHERE valid_until IS NULL OR valid_until > clock_timestamp()" if self.timed else "",
                 "owner": self.owner, "held": self.held(), "found": self.found(), "asked": self.asked,
                 "eq": self.found(correlated=True), "row": self.col, "plain": self.name[2:]}
        return BESIDE % names


BESIDE = """
CREATE VIEW %(ref)s AS SELECT %(col)s FROM %(name)s%(until)s; ALTER VIEW %(ref)s OWNER TO %(owner)s;
CREATE VIEW %(cmp)s AS SELECT d.id, %(held)s AS held, %(found)s AS found FROM s.doc d;
CREATE VIEW %(sum)s AS
	SELECT count(*) FILTER (WHERE held IS DISTINCT FROM found) AS wrong, count(*) FILTER (WHERE found) AS found FROM
		%(cmp)s;
CREATE FUNCTION s.vol_%(plain)s() RETURNS SETOF %(sum)s LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY TABLE %(sum)s; END $$;
CREATE FUNCTION s.sta_%(plain)s() RETURNS SETOF %(sum)s STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY TABLE %(sum)s;
	END $$;
CREATE FUNCTION s.sql_%(plain)s() RETURNS SETOF %(sum)s LANGUAGE sql AS $$ SELECT pg_sleep(0); TABLE %(sum)s $$;
CREATE FUNCTION s.inl_%(plain)s() RETURNS SETOF %(sum)s STABLE LANGUAGE sql AS $$ TABLE %(sum)s $$;
CREATE FUNCTION s.exe_%(plain)s() RETURNS SETOF %(sum)s LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'TABLE
	%(sum)s'; END $$;
CREATE FUNCTION s.one_%(plain)s(key %(asked)s) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN
	authz.in_set('%(name)s', key); END $$;
CREATE FUNCTION s.req_%(plain)s(key %(asked)s) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.require_in_set('%(name)s', key);
	RETURN true;
EXCEPTION WHEN insufficient_privilege OR invalid_authorization_specification THEN
	RETURN false;
END $$;
CREATE FUNCTION s.loop_%(plain)s(change text) RETURNS SETOF %(sum)s LANGUAGE plpgsql AS $$
DECLARE answer record; n bigint := 0; f bigint := 0;
BEGIN
	FOR answer IN SELECT d.id, %(held)s AS held, %(eq)s AS found FROM s.doc d LOOP
		IF answer.held IS DISTINCT FROM answer.found THEN n := n + 1; END IF;
		IF answer.found THEN f := f + 1; END IF;
		IF answer.id %% 20 = 3 THEN EXECUTE change; END IF;
		IF answer.id %% 30 = 4 THEN n := n + (SELECT wrong FROM s.vol_%(plain)s()) + (SELECT wrong FROM s.sta_%(plain)s());
			END IF;
	END LOOP;
	RETURN QUERY SELECT n, f;
END $$;
CREATE FUNCTION s.undo_%(plain)s(change text) RETURNS SETOF %(sum)s LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		EXECUTE change;
		RETURN QUERY TABLE %(sum)s;
		RAISE division_by_zero;
	EXCEPTION WHEN division_by_zero THEN
		RETURN QUERY TABLE %(sum)s;
	END;
END $$;
CREATE TABLE s.in_%(plain)s AS SELECT * FROM s.doc;
CREATE TABLE s.sub_%(plain)s AS SELECT * FROM s.doc;
CREATE INDEX ON s.in_%(plain)s (%(row)s);
CREATE INDEX ON s.sub_%(plain)s (%(row)s);
ALTER TABLE s.in_%(plain)s ENABLE ROW LEVEL SECURITY;
ALTER TABLE s.sub_%(plain)s ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON s.in_%(plain)s USING (authz.in_set('%(name)s', %(row)s));
CREATE POLICY p ON s.sub_%(plain)s USING (authz.is_authenticated() AND %(row)s IN (SELECT %(col)s FROM %(ref)s));
GRANT ALL ON s.in_%(plain)s, s.sub_%(plain)s TO sets_app, sets_own;
"""


class World:
    def __init__(self, rng):
        self.rng = rng
        self.type = rng.choice(["smallint", "integer", "integer", "bigint", "uuid", "text", "varchar", "public.citext",
                                "public.d_int", "public.d_text", "public.d_uuid", "public.d_varchar", "public.d_big"])
        self.shares = ["s.share%d" % n for n in range(3)]
        self.forms = [rng.choice(["plain", "plain", "list", "hash", "parent"]) for _ in self.shares]
        self.parts = []             # tables that belong to another
        self.sets = []
        self._draw_sets()

    # ---- values ----

    def number(self):
        return None if self.rng.random() < 0.04 else self.rng.randrange(LAST)

    def literal(self, key_type=None):
        return key(key_type or self.type, self.number())

    def share_row(self):
        rng = self.rng
        until = rng.choice(["NULL::timestamptz", "NULL::timestamptz", "now() + interval '1 h'",
                            "now() - interval '1 h'", "'infinity'::timestamptz", "'-infinity'::timestamptz"])
        return ("(%s, %s, %s, %d, %s, now() + interval '%d ms')"
                % (quote(rng.choice(PEOPLE)), self.literal(), until, rng.randrange(4),
                   quote(rng.choice(["o1", "o2", "o3"])), rng.randrange(1500)))

    # ---- tables ----

    def _share(self, name, form):
        columns = "(who text, k %s, until timestamptz, level integer, org text, soon timestamptz)" % self.type
        if form == "list":
            self.parts += [name + "_%d" % n for n in (1, 2, 3, 4)]
            return ("CREATE TABLE %(t)s %(c)s PARTITION BY LIST (level); CREATE TABLE %(t)s_1 PARTITION OF %(t)s FOR "
                    "VALUES IN (0);"
                    "CREATE TABLE %(t)s_2 PARTITION OF %(t)s FOR VALUES IN (1) PARTITION BY LIST (org);"
                    "CREATE TABLE %(t)s_3 PARTITION OF %(t)s_2 DEFAULT; CREATE TABLE %(t)s_4 PARTITION OF %(t)s "
                    "DEFAULT;"
                    % {"t": name, "c": columns})
        if form == "hash":
            self.parts += [name + "_1", name + "_2"]
            return ("CREATE TABLE %(t)s %(c)s PARTITION BY HASH (who); CREATE TABLE %(t)s_1 PARTITION OF %(t)s FOR "
                    "VALUES WITH (MODULUS 2, REMAINDER 0);"
                    "CREATE TABLE %(t)s_2 PARTITION OF %(t)s FOR VALUES WITH (MODULUS 2, REMAINDER 1);" % {"t": name,
                                                            "c": columns})
        if form == "parent":
            self.parts.append(name + "_1")
            return "CREATE TABLE %(t)s %(c)s; CREATE TABLE %(t)s_1 () INHERITS (%(t)s);" % {"t": name, "c": columns}
        return "CREATE TABLE %s %s; CREATE INDEX ON %s (who);" % (name, columns, name)

    def tables(self):
        rng = self.rng
        script = [self._share(name, form) for name, form in zip(self.shares, self.forms)]
        script.append("CREATE TABLE s.folder (id %s, parent %s);" % (self.type, self.type))
        script.append("CREATE TABLE s.team (member text, team text); CREATE TABLE s.catalogue (item text, k %s);"
                      % self.type)
        script.append("CREATE SEQUENCE s.seq;")
        script.append("CREATE TABLE s.doc (id integer, n integer DEFAULT 0, %s);" % ", ".join(
            "%s %s" % (column, key_type) for key_type, column in COLUMNS.items()))
        for i in range(60):
            n = None if i % 13 == 12 else i % LAST
            script.append("INSERT INTO s.doc VALUES (%d, 0, %s);"
            % (i, ", ".join(key(key_type, n) for key_type in COLUMNS)))
        script += ["CREATE INDEX ON s.doc (%s);" % column for column in COLUMNS.values()]
        for name in self.shares:
            for _ in range(rng.randrange(12)):
                script.append("INSERT INTO %s VALUES %s;" % (name, self.share_row()))
            if rng.random() < 0.25:
                script.append("ALTER TABLE %s ENABLE ROW LEVEL SECURITY; ALTER TABLE %s FORCE ROW LEVEL SECURITY;"
                              % (name, name))
                script.append("CREATE POLICY p ON %s TO sets_app USING (true) WITH CHECK (true);" % name)
                script.append("CREATE POLICY q ON %s FOR SELECT TO sets_own, sets_other USING (%s);"
                % (name, rng.choice([
                    "authz.is_owner(who)", "level < 2 OR authz.has_role('reader')",
                    "level > coalesce(nullif(current_setting('s.level', true), ''), '0')::int"])))
        script += ["INSERT INTO s.folder VALUES (%s, %s);" % (self.literal(), self.literal()) for _ in range(14)]
        script += ["INSERT INTO s.team VALUES ('%s', '%s');" % (who, team) for who, team in
                   (("ann", "t1"), ("bob", "t1"), ("t1", "t2"), ("carl", "t2"))]
        script += ["INSERT INTO s.catalogue VALUES ('i%d', %s);" % (n % 6, self.literal()) for n in range(12)]
        script.append("CREATE FUNCTION s.fixed(integer) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN $1 < 2;")
        script.append("CREATE FUNCTION s.fixed_plpgsql(integer) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN "
                      "RETURN $1 < 2; END $$;")
        # of a table without policies: a function has the rights of whoever calls it
        reads = "SELECT k FROM s.catalogue WHERE (item < 'i3') = (authz.user_id() = 'ann')"
        script.append("CREATE FUNCTION s.reads() RETURNS SETOF %s STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY %s; "
                      "END $$;" % (self.type, reads))
        script.append("CREATE FUNCTION s.reads_inlined() RETURNS SETOF %s STABLE LANGUAGE sql AS $$ %s $$;"
                      % (self.type, reads))
        script.append("CREATE MATERIALIZED VIEW s.kept AS SELECT who, k FROM %s;" % self.shares[2])
        script.append("CREATE VIEW s.over AS SELECT who, k, until FROM %s WHERE level <> 2;" % self.shares[1])
        owned = " ".join("ALTER TABLE %s OWNER TO sets_own;" % name for name in
                         self.shares + self.parts + ["s.folder", "s.team", "s.catalogue", "s.seq", "s.kept", "s.over"])
        names = ", ".join(self.shares + self.parts + ["s.folder", "s.team", "s.catalogue", "s.doc", "s.seq", "s.kept",
                                                      "s.over"])
        script.append(owned + " GRANT ALL ON %s TO sets_other, sets_app; GRANT ALL ON s.doc TO sets_own;" % names)
        script.append("GRANT SELECT ON %s TO sets_other; ANALYZE;" % names)
        return "\n".join(script)

    # ---- sets ----

    def bodies(self):
        """Ways to define a set, of keys of the world's type."""
        a, b = self.rng.sample(self.shares, 2)
        mine = "who = authz.user_id()"
        bodies = [
            "SELECT k FROM %s WHERE %s" % (a, mine),
            "SELECT k FROM %s WHERE who = authz.subject() AND level < 3 UNION SELECT k FROM %s WHERE %s" % (a, b, mine),
            "SELECT k FROM %s WHERE %s EXCEPT SELECT k FROM %s WHERE %s" % (a, mine, b, mine),
            "WITH RECURSIVE r(k) AS (SELECT k FROM %s WHERE %s UNION SELECT f.id FROM r JOIN s.folder f ON f.parent = "
            "r.k) SELECT k FROM r" % (a, mine),
            "WITH RECURSIVE r(k) AS (SELECT k FROM %s WHERE %s UNION SELECT f.id FROM r, LATERAL"
            " (SELECT id FROM s.folder WHERE parent = r.k OFFSET 0) f) SELECT k FROM r" % (a, mine),
            "WITH RECURSIVE m(who) AS (SELECT authz.user_id() UNION SELECT t.team FROM m JOIN s.team t ON t.member = "
            "m.who)"
            " SELECT k FROM %s WHERE who IN (TABLE m) OR level = 0" % a,
            "SELECT k FROM %s WHERE org = ANY (authz.org_ids())" % a,
            "SELECT k FROM %s WHERE authz.in_org(org) OR authz.has_role('reader') AND level = 1" % a,
            "SELECT k FROM s.catalogue WHERE authz.has_item_permission(item, 'view')",
            "SELECT c.k FROM s.catalogue c LEFT JOIN %s x ON x.k = c.k AND x.%s WHERE x.k IS NULL OR "
            "authz.has_scope('a')" % (a, mine),
            "SELECT k FROM %s WHERE %s GROUP BY k HAVING count(*) > 1" % (a, mine),
            "SELECT max(k::text)::%s AS k FROM %s WHERE %s" % (self.type, a, mine),
            "SELECT k FROM s.over WHERE %s" % mine,
            "SELECT k FROM %s WHERE %s AND soon > now()" % (a, mine),
            "SELECT k FROM %s WHERE until IS NULL OR soon > CURRENT_TIMESTAMP" % a,
            "SELECT k FROM %s WHERE %s AND extract(hour FROM until) < 12" % (a, mine),
            "SELECT k FROM %s WHERE %s AND until::text < current_date::text" % (a, mine),
            "SELECT k FROM %s WHERE level::text IS DISTINCT FROM current_setting('s.level', true)" % a,
            "SELECT k FROM %s WHERE s.fixed(level)" % a,
            "SELECT k FROM %s WHERE s.fixed_plpgsql(level)" % a,
            "SELECT k FROM s.reads() k",
            "SELECT k FROM s.reads_inlined() k",
            "SELECT k FROM s.kept WHERE %s" % mine,
            "SELECT k FROM %s, (SELECT last_value %% 3 AS n FROM s.seq) q WHERE level = n" % a,
            "SELECT k FROM %s WHERE level < (SELECT count(*) FROM pg_class WHERE relname LIKE 'mark_%%' AND "
            "relnamespace = 's'::regnamespace)" % a,
            "SELECT %s AS k WHERE authz.has_scope('b')" % key(self.type, 3),
            "SELECT k FROM %s WHERE false" % a,
            "SELECT k FROM ONLY %s WHERE %s" % (a, mine),
            "SELECT k FROM %s TABLESAMPLE BERNOULLI (100) REPEATABLE (1) WHERE %s" % (a, mine),
        ]
        if self.type != "public.citext":
            bodies.append("SELECT k FROM unnest(ARRAY[%s, %s, NULL]) k" % (key(self.type, 1), key(self.type, 2)))
        return bodies

    def timed_bodies(self):
        a = self.rng.choice(self.shares)
        return ["SELECT k, until AS valid_until FROM %s WHERE who = authz.user_id()" % a,
                "SELECT k, max(until) AS valid_until FROM %s WHERE who = authz.user_id() GROUP BY k" % a]

    def over_set(self, inner):
        """A set over another one; the types of both are the world's."""
        a = self.rng.choice(self.shares)
        keys = "authz.set_keys('%s', NULL::%s)" % (inner.name, self.type)
        return self.rng.choice([
            "SELECT f.id AS k FROM s.folder f WHERE f.parent = ANY (%s)" % keys,
            "SELECT f.id AS k FROM unnest(%s) r JOIN s.folder f ON f.parent = r" % keys,
            "SELECT k FROM unnest(%s) k" % keys,
            "SELECT k FROM %s WHERE authz.in_set('%s', k)" % (a, inner.name),
            "WITH RECURSIVE r(k) AS (SELECT k FROM unnest(%s) k UNION SELECT f.id FROM r JOIN s.folder f ON f.parent = "
            "r.k) SELECT k FROM r" % keys])

    def _draw_sets(self):
        rng = self.rng
        bodies = rng.sample(self.bodies(), 4)
        for n, body in enumerate(bodies):
            self.sets.append(Set(self, "set%d" % n, self.type, body))
        self.sets.append(Set(self, "set4", self.type, rng.choice(self.timed_bodies()), timed=True))
        first = rng.choice(self.sets)
        self.sets.append(Set(self, "set5", self.type, self.over_set(first), inner=True))
        self.sets.append(Set(self, "set6", self.type, self.over_set(self.sets[5]), inner=True))

    def views(self):
        return "\n".join(part for one in self.sets for part in (one.create(), one.beside()))

    def grants(self):
        return ("GRANT SELECT ON ALL TABLES IN SCHEMA s TO sets_app, sets_own, sets_other;"
                "GRANT ALL ON ALL SEQUENCES IN SCHEMA s TO sets_app;")
