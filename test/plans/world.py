"""People of many shapes, the tables that they see, and statements over these."""
import json
import os
import re
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../equivalence"))

from person import SECRET, mint                                 # noqa: E402

ISSUER, PATHS = "https://walk.example", "https://paths.example"
OPTIONS = {
    ISSUER: {"admin_groups": ["admins"], "admin_permissions": ["MANAGE"], "client": "App"},
    PATHS: {"owner_claim": ["ids", "uid"], "admin_permissions": ["MANAGE"], "client": "App"},
}
ROLES = ["walk_app", "walk_app", "walk_app", "walk_other", "none"]
PATHS_OF_SCHEMAS = ["s1, public", "s1, public", "s2, public"]
ORGS = 20
ITEMS = ["app.ward", "app.o1", "app.o3", "app"]


def _org(n, role="member", permissions=("view",)):
    return {"org_id": "o%d" % n, "org_name": "Org", "url_safe_org_name": "org", "org_metadata": {},
            "user_role": role, "inherited_user_roles_plus_current_role": [role, "member"],
            "user_permissions": list(permissions)}


def _orgs(numbers, **more):
    return {"org_id_to_org_member_info": {"o%d" % n: _org(n, **more) for n in numbers}}


# What their tokens say beside sub and email.
SHAPES = [
    {}, {"scope": "reader"},
    _orgs([1], role="editor", permissions=["edit"]), _orgs([1, 2, 3]), _orgs(range(8)), _orgs(range(9)),
    _orgs(range(12)),                       # more than eight values are no array to search
    {"groups": ["admins"]}, {"permissions": ["MANAGE"]},
    {"alt": "u4"},                          # an administrator while an item is granted
    dict(_orgs([4, 5], role="editor", permissions=["edit", "view"]), roles=["editor"]),
    {"scope": "k1 reader"}, {"scope": "admin"},
    {"iss": PATHS, "ids": {"uid": None}, "scope": "k1"},
    {"iss": PATHS, "ids": {"uid": "u3"}},
    {"org_member_info": _org(2, "editor", ["edit"])},
    dict(_orgs([]), alt="u5"),
    {"roles": ["editor"], "permissions": ["p"], "alt": None},
    dict(_orgs(range(12), role="editor"), groups=["admins"]),
]


class Person:
    def __init__(self, number, shape):
        self.number, self.issuer = number, shape.get("iss", ISSUER)
        self.sub, self.email, self.jti = "u%d" % number, "u%d@x" % number, "j%d" % number
        self.token = mint(dict({"iss": ISSUER, "aud": "walk", "sub": self.sub, "email": self.email,
                                "jti": self.jti, "exp": 4102444800}, **shape))


PEOPLE = [Person(n, shape) for n, shape in enumerate(SHAPES, 1)]        # and nobody

# ---- policies ----

CONDITIONS = [
    "authz.is_owner_or_admin(owner)",
    "authz.is_owner(owner) OR authz.in_org(org)",
    "authz.has_scope('admin') OR authz.is_owner(owner)",
    "authz.in_org(org) AND (authz.has_scope('reader') OR n < 5)",
    "(SELECT authz.has_scope('k1')) AND authz.is_owner(owner) OR authz.is_admin()",
    "owner = authz.subject() OR org = ANY (authz.org_ids())",
    "authz.has_item_permission('app.ward', 'VIEW') OR authz.is_owner(owner)",
    "authz.has_item_permission('app.' || org, 'VIEW', true) OR authz.is_owner(owner)",
    "authz.has_org_role(org, 'editor') OR authz.has_role('editor')",
    "NOT authz.is_owner(owner)",
    "coalesce(authz.is_owner(owner), true)",
    "k.asks_sql(owner) OR authz.has_any_scope('k1', 'reader')",
    "k.asks_plpgsql(owner)",
    "CASE WHEN authz.has_role('editor') THEN authz.in_org(org) ELSE authz.is_owner(owner) END",
    "authz.is_authenticated() AND n % 2 = 0",
    "authz.has_org_permission(org, 'edit') OR authz.is_owner(owner, 'alt')",
    "authz.has_perm('p') OR authz.in_active_org(org)",
    "authz.manages_item('app.o1') OR authz.org_role(org) = 'member'",
    "owner IN (SELECT f.owner FROM free f WHERE authz.is_owner(f.owner)) OR authz.has_group('admins')",
]
WRAPPED = ["authz.is_owner(x)", "authz.is_owner_or_admin(x)", "authz.has_scope('reader')", "x = authz.user_id()",
           "authz.in_org(replace(x, 'u', 'o'))"]
TABLES = ["s1.doc", "s2.doc", "part", "memo", "logged"]
# Who may execute these changes.
WITHHELD = ["is_owner(anycompatible)", "has_scope(text)", "in_org(anycompatible)", "is_owner_or_admin(anycompatible)",
            "subject()", "is_admin()"]


def wrappers(one, other):
    return ("CREATE OR REPLACE FUNCTION k.asks_sql(x text) RETURNS boolean STABLE LANGUAGE sql AS $f$ SELECT %s $f$;"
            "CREATE OR REPLACE FUNCTION k.asks_plpgsql(x text) RETURNS boolean STABLE LANGUAGE plpgsql AS"
            " $f$ BEGIN RETURN %s; END $f$" % (one, other))


# ---- statements ----

READS = [
    "SELECT id, owner::text COLLATE \"default\" AS owner FROM doc",
    "SELECT count(*) AS c, min(id) AS m FROM doc WHERE n <= $1::integer",
    "SELECT id FROM doc WHERE owner = $1::text",
    "SELECT a.id AS i, b.id AS j FROM doc a JOIN part b ON a.id = b.id WHERE a.n < 7",
    "SELECT f.id AS i, d.id AS j, authz.is_owner(d.owner) AS x FROM free f LEFT JOIN doc d ON f.id = d.id",
    "SELECT id FROM free WHERE authz.is_owner(owner)",
    "SELECT id FROM free WHERE NOT authz.is_owner(owner) OR authz.in_org(org)",
    "SELECT id, authz.is_owner(owner) AS o, authz.in_org(org) AS g, authz.has_scope('k1') AS s, authz.is_admin() AS a FROM free",
    "SELECT id FROM free WHERE coalesce(authz.is_owner_or_admin(owner), true)",
    "SELECT authz.subject() AS s, authz.org_ids() AS o, authz.email() AS e, authz.is_authenticated() AS a",
    "SELECT id FROM free WHERE org = ANY (authz.org_ids_with_permission('edit'))",
    "SELECT id FROM free WHERE authz.has_scope($1::text) OR authz.is_owner($2::text)",
    "SELECT id FROM free WHERE authz.has_item_permission('app.ward', 'VIEW') AND authz.is_owner(owner)",
    "SELECT id, authz.has_item_permission('app.' || org, 'VIEW') AS h FROM free WHERE authz.manages_item('app.ward') OR n < 5",
    "SELECT id FROM part WHERE owner IN ('u1', 'u3') OR authz.is_owner(owner)",
    "SELECT count(*) AS c FROM part WHERE authz.is_owner(owner)",
    "SELECT owner::text AS owner, count(*) AS c FROM part GROUP BY 1",
    "SELECT id FROM v_plain WHERE n < $1::integer",
    "SELECT id FROM v_barrier",
    "SELECT id, note_of FROM v_invoker WHERE n > 2",
    "SELECT id FROM doc WHERE EXISTS (SELECT 1 FROM part p WHERE p.id = doc.id AND authz.in_org(p.org))",
    "WITH m AS MATERIALIZED (SELECT * FROM doc WHERE authz.has_role('editor') OR n = 3) SELECT id FROM m",
    "SELECT id FROM doc UNION ALL SELECT id FROM part WHERE authz.is_admin()",
    "SELECT f.id AS i, l.id AS j FROM free f CROSS JOIN LATERAL (SELECT d.id FROM doc d WHERE d.org = f.org ORDER BY d.id LIMIT 1) l",
    "SELECT id, row_number() OVER (PARTITION BY authz.is_owner(owner) ORDER BY id) AS r FROM doc",
    "SELECT n::integer AS n, authz.has_scope('reader') AS k, count(*) AS c FROM doc GROUP BY GROUPING SETS ((1, 2), (2), ())",
    "SELECT id FROM doc ORDER BY id DESC LIMIT 5",
    "SELECT id, note FROM doc WHERE note > 'b'",
    "SELECT id FROM doc FOR UPDATE",
    "SELECT id FROM doc WHERE k.asks_sql(owner) AND k.asks_plpgsql(owner)",
    "SELECT min(id) AS a, max(id) AS b FROM doc WHERE (SELECT authz.has_scope('admin')) OR authz.is_owner(owner)",
    "SELECT id FROM big WHERE authz.is_owner(owner) OR authz.in_org(org)",
    "SELECT count(*) AS c, sum(b.id) AS s FROM big b JOIN doc d ON b.owner = d.owner",
    "SELECT id FROM free WHERE id = $1::integer AND CASE WHEN authz.has_group('admins') THEN true ELSE authz.is_owner(owner) END",
]
WRITES = [
    "INSERT INTO memo (id, owner, org) VALUES ($1::integer + 1000, $2::text, 'o3') RETURNING id, n",
    "INSERT INTO memo (id, owner, org) SELECT id + 5000, owner, org FROM memo WHERE n < $1::integer",
    "INSERT INTO memo (id, owner, org, n) VALUES (1, $1::text, 'o1', 1) ON CONFLICT (id) DO UPDATE SET n = memo.n + 1",
    "UPDATE memo SET n = n + 1 WHERE n <= $1::integer RETURNING id, authz.is_owner(owner) AS o",
    "UPDATE memo SET owner = $1::text WHERE authz.in_org(org)",
    "DELETE FROM memo WHERE NOT authz.in_org(org) RETURNING id",
    "DELETE FROM memo",
    "MERGE INTO memo t USING free f ON t.id = f.id WHEN MATCHED AND authz.is_owner(t.owner) THEN UPDATE SET n = t.n + 10"
    " WHEN MATCHED AND authz.has_scope('reader') THEN DELETE WHEN NOT MATCHED THEN DO NOTHING",
    "WITH d AS (DELETE FROM memo WHERE n < 5 RETURNING *), u AS (UPDATE part SET n = n + 1 RETURNING *)"
    " SELECT (SELECT count(*) FROM d) AS d, (SELECT count(*) FROM u) AS u",
    "INSERT INTO logged (id, owner, org, n) VALUES ($1::integer + 1000, 'u2', 'o1', 3)",
    "INSERT INTO logged SELECT id + 2000, owner, org, n FROM free WHERE authz.is_owner(owner)",
    "UPDATE logged SET n = n + 1",
    "UPDATE part SET n = n + 1 WHERE authz.is_owner_or_admin(owner) RETURNING id",
    "UPDATE v_invoker SET n = 9 WHERE n < 4 RETURNING id",
]
# Functions that keep the plan of a statement; "using" does not.
FUNCTIONS = {
    "query": "LANGUAGE plpgsql AS $f$ BEGIN RETURN QUERY SELECT q::text FROM ({}) q; END $f$",
    "for": "LANGUAGE plpgsql AS $f$ DECLARE r record; BEGIN"
           " FOR r IN SELECT q::text AS t FROM ({}) q LOOP RETURN NEXT r.t; END LOOP; END $f$",
    "cursor": "LANGUAGE plpgsql AS $f$ DECLARE c CURSOR FOR SELECT q::text FROM ({}) q; t text; BEGIN"
              " OPEN c; LOOP FETCH c INTO t; EXIT WHEN NOT FOUND; RETURN NEXT t; END LOOP; CLOSE c; END $f$",
    "block": "LANGUAGE plpgsql AS $f$ BEGIN"
             " BEGIN RETURN QUERY SELECT q::text FROM ({}) q; EXCEPTION WHEN division_by_zero THEN END; END $f$",
    "ctas": "LANGUAGE plpgsql AS $f$ BEGIN CREATE TEMP TABLE kept_rows AS SELECT q::text AS t FROM ({}) q;"
            " RETURN QUERY SELECT t FROM kept_rows; DROP TABLE kept_rows; END $f$",
    # somebody else in a block that is undone, by the same plan
    "undone": "LANGUAGE plpgsql AS $f$ DECLARE t text[]; BEGIN FOR i IN 1..2 LOOP BEGIN"
              " IF i = 1 AND k.other() <> '' THEN PERFORM authz.set_token(k.other(), true); END IF;"
              " t := ARRAY(SELECT q::text FROM ({}) q); IF i = 1 THEN RAISE division_by_zero; END IF;"
              " EXCEPTION WHEN division_by_zero THEN END; END LOOP; RETURN QUERY SELECT unnest(t); END $f$",
    "sql": "LANGUAGE sql SET work_mem = '4MB' AS $f$ SELECT q::text FROM ({}) q $f$",
    "inlined": "LANGUAGE sql STABLE AS $f$ SELECT q::text FROM ({}) q $f$",
    # a function in language SQL within an expression of PL/pgSQL
    "within": "LANGUAGE plpgsql AS $f$ DECLARE t text[]; BEGIN t := {within}; RETURN QUERY SELECT unnest(t); END $f$",
    "using": "LANGUAGE plpgsql AS $f$ BEGIN RETURN QUERY EXECUTE $q$ SELECT q::text FROM ({}) q $q${using}; END $f$",
}


class Statement:
    """With its parameters, each of which is cast where it stands."""

    def __init__(self, number, sql, reads):
        self.number, self.sql, self.reads = number, sql, reads
        found = dict(re.findall(r"\$(\d)::(\w+)", sql))
        self.types = [found[n] for n in sorted(found)]
        self.locks = " FOR UPDATE" in sql

    def values(self, dice):
        return [str(dice.randrange(10)) if kind == "integer" else dice.choice(
            ["u%d" % dice.randrange(8), "u3", "reader", "admin", "k1"]) for kind in self.types]

    def filled(self, values, sql=None):
        sql = sql or self.sql
        for n, value in enumerate(values, 1):
            sql = sql.replace("$%d::" % n, "'%s'::" % value)
        return sql

    def as_text(self, values):
        return "SELECT q::text FROM (%s) q" % self.filled(values)

    @property
    def silent(self):
        """Of what writes, without what it returns."""
        return re.sub(r" RETURNING (?!\*).*", "", self.sql)

    def function(self, kind):
        return "k.f%d_%s" % (self.number, kind)

    def functions(self):
        types = "(%s)" % ", ".join(self.types)
        if not self.reads:
            if not self.silent.startswith("WITH"):
                yield "CREATE FUNCTION %s%s RETURNS void LANGUAGE plpgsql AS $f$ BEGIN %s; END $f$" % (
                    self.function("write"), types, self.silent)
            return
        numbers = ["$%d" % n for n in range(1, len(self.types) + 1)]
        inner = self.function("inner")
        if not self.locks:
            yield "CREATE FUNCTION %s%s RETURNS text[] LANGUAGE sql SET work_mem = '4MB' AS $f$ SELECT ARRAY(SELECT q::text FROM (%s) q) $f$" % (
                inner, types, self.sql)
        for kind, body in FUNCTIONS.items():
            if self.locks and kind in ("inlined", "ctas", "within"):
                continue
            body = body.replace("{}", self.sql).replace("{within}", "%s(%s)" % (inner, ", ".join(numbers)))
            body = body.replace("{using}", " USING " + ", ".join(numbers) if numbers else "")
            yield "CREATE FUNCTION %s%s RETURNS SETOF text %s" % (self.function(kind), types, body)
        yield ("CREATE FUNCTION %s%s RETURNS refcursor LANGUAGE plpgsql AS $f$ DECLARE c refcursor := 'kept'; BEGIN"
               " OPEN c FOR SELECT q::text FROM (%s) q; RETURN c; END $f$" % (self.function("opens"), types, self.sql))

    def kinds(self):
        return [kind for kind in FUNCTIONS if not self.locks or kind not in ("inlined", "ctas", "within")]


STATEMENTS = [Statement(n, sql, n < len(READS)) for n, sql in enumerate(READS + WRITES)]


# ---- the database ----

def _rows(shift, count):
    return ("SELECT i + %d AS id, CASE WHEN i %% 11 > 0 THEN 'u' || i %% 13 END AS owner, CASE WHEN i %% 7 > 0 THEN 'o' || i %% %d END AS org,"
            " i %% 10 AS n" % (shift, ORGS)), "FROM generate_series(1, %d) i" % count


def setup():
    """Statements, for a superuser."""
    yield from ("CREATE ROLE %s" % role for role in ("walk_app", "walk_other", "walk_view"))
    yield "CREATE EXTENSION dbmi_authz"
    for issuer, options in OPTIONS.items():
        yield "SELECT authz.add_issuer('%s', '{walk}', 'generic', '%s'), authz.add_secret('%s', '\\x%s')" % (
            issuer, json.dumps(dict(options, algorithms=["HS256"], key_id_required=False)), issuer, SECRET.hex())
    yield "CREATE SCHEMA s1; CREATE SCHEMA s2; CREATE SCHEMA k"
    yield "SET search_path = public, s1; SET check_function_bodies = off"
    yield "CREATE FUNCTION k.other() RETURNS text STABLE LANGUAGE sql AS $$ SELECT coalesce(current_setting('walk.other', true), '') $$"
    yield ("CREATE FUNCTION k.stored() RETURNS text SECURITY DEFINER SET row_security = on LANGUAGE plpgsql AS $$ BEGIN RETURN concat_ws(' '"
           + "".join(", (SELECT md5(string_agg(r::text, ',' ORDER BY r::text)) FROM %s r)" % table for table in ("memo", "logged", "log", "part"))
           + "); END $$")
    yield wrappers("authz.is_owner(x)", "authz.is_owner_or_admin(x)")
    for schema, shift in (("s1", 0), ("s2", 10)):
        columns, source = _rows(shift, 400)
        yield "CREATE TABLE %s.doc AS %s, chr(97 + i %% 5) AS note %s" % (schema, columns, source)
        yield "ALTER TABLE %s.doc ADD PRIMARY KEY (id)" % schema
    columns, source = _rows(0, 200)
    yield "CREATE TABLE part (id int, owner text, org text, n int) PARTITION BY LIST (owner)"
    yield "CREATE TABLE part_a PARTITION OF part FOR VALUES IN ('u1', 'u2'); CREATE TABLE part_b PARTITION OF part FOR VALUES IN ('u3', 'u4', 'u5')"
    yield "CREATE TABLE part_d PARTITION OF part DEFAULT; INSERT INTO part %s %s" % (columns, source)
    yield "CREATE TABLE big AS %s %s" % (columns, source.replace("200", "3000"))
    columns, source = _rows(0, 60)
    yield "CREATE TABLE free AS %s %s" % (columns, source)
    for table in ("memo", "logged"):
        yield "CREATE TABLE %s (id int PRIMARY KEY, owner text, org text, n int DEFAULT 0); INSERT INTO %s %s %s" % (
            table, table, columns, source)
    yield "CREATE TABLE log (what text, id int); ALTER TABLE log ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON log USING (true) WITH CHECK (authz.is_authenticated())"
    yield "ALTER TABLE logged OWNER TO walk_view; GRANT ALL ON log TO walk_view"
    # as many queries as there are rules, in one source of plans
    questions = ["authz.has_scope('k1')", "authz.is_admin()", "authz.is_owner(NEW.owner)", "authz.in_org(NEW.org)", "authz.has_role('editor')",
                 "authz.subject() IS NOT NULL", "authz.has_scope('reader')", "authz.is_authenticated()", "authz.has_item_permission('app.ward', 'VIEW')"]
    for n, question in enumerate(questions):
        yield "CREATE RULE r%d AS ON INSERT TO logged DO ALSO INSERT INTO log SELECT 'r%d', NEW.id WHERE %s" % (n, n, question)
    yield "CREATE RULE u AS ON UPDATE TO logged DO ALSO INSERT INTO log SELECT 'u', NEW.id WHERE authz.is_owner(OLD.owner) OR authz.in_org(OLD.org)"
    for name, options in (("plain", ""), ("barrier", " WITH (security_barrier)"), ("invoker", " WITH (security_invoker)")):
        yield "CREATE VIEW v_%s%s AS SELECT id, owner, org, n, 'x' AS note_of FROM part WHERE n < 9; ALTER VIEW v_%s OWNER TO walk_view" % (
            name, options, name)
    for statement in STATEMENTS:
        yield from statement.functions()
    for table, condition in zip(TABLES, CONDITIONS):
        yield "ALTER TABLE %s ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON %s USING (%s)" % (table, table, condition)
    yield "GRANT pg_read_all_stats TO walk_app; GRANT USAGE ON SCHEMA s1, s2, k TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA s1, s2, public TO walk_app, walk_other, walk_view"
    yield "ANALYZE; RESET search_path"
