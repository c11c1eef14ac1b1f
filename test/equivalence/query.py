"""Queries over the tables and views of a world."""
from expr import Conditions, Expr, UNKNOWN, WORDS, quote

PARAM = "\x01%d\x01"
JOINS = ["JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]


class Query:
    """One statement: as it stands, and with parameters."""

    def __init__(self, sql, params, reads, target=None, expected=None):
        used = [i for i in range(len(params)) if PARAM % i in sql]
        for new, old in enumerate(used):
            sql = sql.replace(PARAM % old, PARAM % new)
        self._sql, self.params = sql, [params[i] for i in used]
        self.reads = reads          # SELECT
        self.target = target        # of what writes
        self.expected = expected    # person -> rows or UNKNOWN
        self.function = None
        self.locks = " FOR UPDATE" in sql or " FOR SHARE" in sql

    def _filled(self, fill):
        sql = self._sql
        for i, (declared, value) in enumerate(self.params):
            sql = sql.replace(PARAM % i, fill(i, declared, value))
        return sql

    @property
    def sql(self):
        return self._filled(lambda i, declared, value: "%s::%s" % (quote(value), declared))

    @property
    def parameterized(self):
        return self._filled(lambda i, declared, value: "$%d" % (i + 1))

    def prepare(self, name):
        types = ", ".join(declared for declared, _ in self.params)
        return "PREPARE %s%s AS %s" % (name, "(%s)" % types if types else "", self.parameterized)

    def execute(self, name):
        values = ", ".join(quote(value) for _, value in self.params)
        return "EXECUTE %s%s" % (name, "(%s)" % values if values else "")


class Queries:
    def __init__(self, rng, world):
        self.rng, self.world = rng, world
        self.params = []

    def draw(self):
        self.params = []
        make = self.rng.choices(
            [self.simple, self.join, self.subselect, self.cte, self.union, self.grouped,
             self.sets, self.window, self.distinct, self.lateral, self.limited, self.locked,
             self.insert, self.update, self.delete, self.conflict, self.merge],
            [8, 7, 5, 3, 3, 4, 4, 2, 2, 3, 2, 1, 4, 4, 3, 2, 2])[0]
        query = make()
        if query.reads and not self.params and self.rng.random() < 0.25:
            self._wrap(query)
        return query

    # ---- parts ----

    def relation(self):
        """A table, or a view of one: (what to read, the table)."""
        if self.rng.random() < 0.25:
            return self.rng.choice(self.world.views)
        table = self.rng.choice(self.world.tables)
        if table.form == "inherit" and self.rng.random() < 0.15:
            return "ONLY " + table.name, table
        return table.name, table

    def param(self, declared, value):
        self.params.append((declared, value))
        return PARAM % (len(self.params) - 1)

    def conditions(self, table, alias):
        return Conditions(self.rng, table, alias, self.world)

    def where(self, table, alias, weight=0.7):
        """A condition of a query: also what only a collation can answer, and
        parameters."""
        rng = self.rng
        conditions = self.conditions(table, alias)
        if rng.random() > weight:
            return Expr("true", lambda person, row: True)
        how = rng.random()
        if how < 0.55:
            return conditions.condition(rng.choice([0, 1, 1, 2]))
        if how < 0.75:
            extra = conditions.column_equals()
            return Expr("(%s AND %s)" % (extra.sql, conditions.condition(1).sql)) \
                if rng.random() < 0.6 else extra
        if how < 0.85:
            return Expr("%s.n <= %s" % (alias, self.param("integer", str(rng.randint(0, 9)))))
        if how < 0.93:
            return Expr("authz.has_%s(%s)" % (rng.choice(["scope", "role", "permission"]),
                                              self.param("text", rng.choice(WORDS))))
        column = table.columns["owner"]
        if not column.consistent:
            return conditions.column_equals()
        return Expr("%s.owner = %s" % (alias, self.param(column.base, rng.choice(column.values))))

    def columns(self, table, alias):
        """Some columns and conditions to look at, as SQL."""
        conditions = self.conditions(table, alias)
        shown = ["%s.id" % alias]
        for name in ("owner", "org", "n"):
            if self.rng.random() < 0.3:
                shown.append("%s.%s" % (alias, name))
        for _ in range(self.rng.choice([0, 1, 1, 2])):
            shown.append(conditions.condition(self.rng.choice([0, 0, 1])).sql)
        return ", ".join("%s AS c%d" % (sql, i) for i, sql in enumerate(shown))

    def two(self):
        a, ta = self.relation()
        b, tb = self.relation()
        return a, ta, b, tb, self.rng.choice(["a.n = b.n", "a.n = b.n", "a.id = b.id",
                                              'a.org::text COLLATE "C" = b.org::text COLLATE "C"'])

    def _wrap(self, query):
        """The same by way of a function."""
        query._sql = "SELECT q::text FROM (%s) q" % query._sql
        query.expected = None
        query.function = self.rng.choice([
            "LANGUAGE plpgsql AS $f$ BEGIN RETURN QUERY %s; END $f$",
            "LANGUAGE plpgsql STABLE AS $f$ BEGIN RETURN QUERY %s; END $f$",
            "LANGUAGE sql STABLE AS $f$ %s $f$",
            "LANGUAGE sql VOLATILE SET work_mem = '4MB' AS $f$ %s $f$"]) % query._sql
        if query.locks:
            query.function = query.function.replace(" STABLE", "")

    def select(self, sql, expected=None):
        return Query(sql, self.params, True, expected=expected)

    # ---- reading ----

    def simple(self):
        """One that can be worked out without the server, mostly."""
        table = self.rng.choice(self.world.tables)
        conditions = self.conditions(table, "a")
        where = self.where(table, "a")
        shown = conditions.condition(self.rng.choice([0, 1, 2]))
        sql = "SELECT a.id, %s AS b FROM %s a WHERE %s" % (shown.sql, table.name, where.sql)

        def expected(person):
            lines = []
            for row in table.rows:
                values = [table.visible(person, row), where.value(person, row),
                          shown.value(person, row)]
                if any(v is UNKNOWN for v in values):
                    return UNKNOWN
                if values[0] and values[1]:
                    b = {True: "'t'", False: "'f'", None: "NULL"}[values[2]]
                    lines.append("'%s', %s" % (row["id"], b))
            return sorted(lines)
        return self.select(sql, expected)

    def join(self):
        a, ta, b, tb, on = self.two()
        kind = self.rng.choice(JOINS)
        if kind == "FULL JOIN":
            on = "a.n = b.n"
        elif self.rng.random() < 0.5:
            on += " AND " + self.where(*self.rng.choice([(ta, "a"), (tb, "b")]), 1).sql
        check = self.conditions(tb, "b").condition(self.rng.choice([0, 1]))
        shown = self.conditions(ta, "a").condition(0)
        where = self.where(*self.rng.choice([(ta, "a"), (tb, "b")]), 0.6)
        return self.select("SELECT a.id AS i, b.id AS j, %s AS x, %s AS y FROM %s a %s %s b ON %s WHERE %s"
                           % (check.sql, shown.sql, a, kind, b, on, where.sql))

    def subselect(self):
        a, ta, b, tb, on = self.two()
        inner = self.where(tb, "b").sql
        test = self.rng.choice([
            "EXISTS (SELECT 1 FROM {b} b WHERE {on} AND {inner})",
            "NOT EXISTS (SELECT 1 FROM {b} b WHERE {on} AND {inner})",
            "a.n IN (SELECT b.n FROM {b} b WHERE {inner})",
            "a.n NOT IN (SELECT b.n FROM {b} b WHERE b.n IS NOT NULL AND {inner})",
            "a.n > (SELECT avg(b.n) FROM {b} b WHERE {inner})",
            "a.id = ANY (SELECT b.id FROM {b} b WHERE {inner})",
            "(SELECT bool_or({inner}) FROM {b} b WHERE {on})"]).format(b=b, on=on, inner=inner)
        shown = self.rng.choice(["a.n", "(SELECT count(*) FROM %s b WHERE %s)" % (b, on),
                                 self.conditions(ta, "a").check().sql])
        op = self.rng.choice(["AND", "AND", "OR"])
        return self.select("SELECT a.id, %s AS x FROM %s a WHERE (%s) %s (%s)"
                           % (shown, a, self.where(ta, "a").sql, op, test))

    def cte(self):
        a, ta, b, tb, on = self.two()
        kept = self.rng.choice(["", "MATERIALIZED ", "NOT MATERIALIZED "])
        return self.select("WITH a AS %s(SELECT * FROM %s a WHERE %s) SELECT a.id AS i, b.id AS j, %s AS x "
                           "FROM a LEFT JOIN %s b ON %s WHERE %s"
                           % (kept, a, self.where(ta, "a").sql,
                              self.conditions(tb, "b").check().sql, b, on,
                              self.where(ta, "a", 0.4).sql))

    def union(self):
        a, ta, b, tb, _ = self.two()
        op = self.rng.choice(["UNION ALL", "UNION ALL", "UNION", "INTERSECT", "EXCEPT"])
        sql = "SELECT a.id, %s AS x FROM %s a WHERE %s %s SELECT b.id, %s FROM %s b WHERE %s" % (
            self.conditions(ta, "a").check().sql, a, self.where(ta, "a").sql, op,
            self.conditions(tb, "b").check().sql, b, self.where(tb, "b").sql)
        if self.rng.random() < 0.4:
            sql = "SELECT u.id, count(*), bool_or(u.x) FROM (%s) u GROUP BY u.id HAVING bool_and(u.x) IS NOT NULL" % sql
        return self.select(sql)

    def grouped(self):
        a, ta = self.relation()
        check = self.conditions(ta, "a").condition(self.rng.choice([0, 1])).sql
        key = self.rng.choice(["a.n", 'a.owner::text COLLATE "C"', check])
        having = self.rng.choice(["true", "count(*) > 1", "bool_or(%s)" % check, "NOT bool_and(%s)" % check,
                                  "authz.has_scope('read')", "sum(a.id) > 20"])
        return self.select("SELECT %s AS k, count(*) AS c, sum(a.id) AS s, bool_or(%s) AS o, "
                           "count(*) FILTER (WHERE %s) AS f FROM %s a WHERE %s GROUP BY 1 HAVING %s"
                           % (key, check, self.conditions(ta, "a").check().sql, a,
                              self.where(ta, "a", 0.4).sql, having))

    def sets(self):
        a, ta = self.relation()
        check = self.conditions(ta, "a").check().sql
        by = self.rng.choice(["ROLLUP (%s, a.n)", "CUBE (a.n, (%s))", "GROUPING SETS ((%s), (a.n), ())"]) % check
        # not NOT: core negates an operator in it, and no longer finds the
        # expression that was grouped by
        having = self.rng.choice(["true", check, check, "(%s) IS FALSE" % check, "count(*) > 2",
                                  "authz.has_scope('admin')"])
        return self.select("SELECT %s AS k, a.n, count(*) AS c, sum(a.id) AS s FROM %s a GROUP BY %s HAVING %s"
                           % (check, a, by, having))

    def window(self):
        a, ta = self.relation()
        check = self.conditions(ta, "a").check().sql
        return self.select("SELECT a.id, row_number() OVER (PARTITION BY %s ORDER BY a.id) AS r, "
                           "sum(a.id) OVER (PARTITION BY a.n) AS s, %s AS x FROM %s a WHERE %s"
                           % (check, check, a, self.where(ta, "a").sql))

    def distinct(self):
        a, ta = self.relation()
        return self.select('SELECT DISTINCT a.n, a.owner::text COLLATE "C" AS o, %s AS x FROM %s a WHERE %s'
                           % (self.conditions(ta, "a").condition(1).sql, a, self.where(ta, "a").sql))

    def lateral(self):
        a, ta, b, tb, on = self.two()
        outer = self.where(ta, "a", 0.8).sql
        return self.select("SELECT a.id AS i, l.* FROM %s a %s LATERAL (SELECT b.id AS j, %s AS x FROM %s b "
                           "WHERE %s AND %s ORDER BY b.id LIMIT 2) l ON true WHERE %s"
                           % (a, self.rng.choice(["JOIN", "LEFT JOIN"]),
                              self.conditions(ta, "a").check().sql, b, on, outer,
                              self.where(ta, "a", 0.4).sql))

    def limited(self):
        a, ta = self.relation()
        return self.select("SELECT %s FROM %s a WHERE %s ORDER BY a.id %s LIMIT %d" % (
            self.columns(ta, "a"), a, self.where(ta, "a").sql, self.rng.choice(["", "DESC"]),
            self.rng.choice([1, 3, 10])))

    def locked(self):
        a, ta = self.relation()
        return self.select("SELECT %s FROM %s a WHERE %s FOR %s" % (
            self.columns(ta, "a"), a, self.where(ta, "a").sql, self.rng.choice(["UPDATE", "SHARE"])))

    # ---- writing ----

    def write(self, sql, table, expected=None):
        return Query(sql, self.params, False, "w." + table.name, expected)

    def returning(self, table, alias):
        if self.rng.random() < 0.4:
            return ""
        return " RETURNING %s.id, %s" % (alias, self.conditions(table, alias).condition(
            self.rng.choice([0, 1])).sql)

    def insert(self):
        table = self.rng.choice(self.world.tables)
        if self.rng.random() < 0.35:
            a, ta = self.relation()
            same = table.columns["owner"].base
            source = ("SELECT a.id + 1000, a.owner::text::%s, NULL::text::%s, a.word, a.n, %s FROM %s a WHERE %s"
                      % (same, table.columns["org"].base, self.conditions(ta, "a").check().sql, a,
                         self.where(ta, "a").sql))
            if ta.columns["owner"].kind != table.columns["owner"].kind or "org" in table.not_null:
                source = "SELECT a.id + 1000, a.owner, a.org, a.word, a.n, a.flag FROM %s a WHERE %s" % (
                    table.name, self.where(table, "a").sql)
            return self.write("INSERT INTO %s AS t %s%s" % (table.name, source, self.returning(table, "t")), table)
        return self.write("INSERT INTO %s AS t VALUES %s%s" % (table.name, table.row(1001),
                                                              self.returning(table, "t")), table)

    def update(self):
        table = self.rng.choice(self.world.tables)
        name = self.rng.choice(["owner", "org"])
        change = self.rng.choice([
            "n = t.n + 1", "n = t.n + 1", "flag = %s" % self.conditions(table, "t").check().sql,
            "%s = %s" % (name, quote(self.rng.choice(table.columns[name].values)))])
        where = self.where(table, "t").sql
        if self.rng.random() < 0.3:
            b, tb = self.relation()
            return self.write("UPDATE %s t SET %s FROM %s b WHERE b.id = t.id AND %s AND %s%s" % (
                table.name, change, b, where, self.where(tb, "b", 0.5).sql, self.returning(table, "t")), table)
        return self.write("UPDATE %s t SET %s WHERE %s%s" % (
            table.name, change, where, self.returning(table, "t")), table)

    def delete(self):
        table = self.rng.choice(self.world.tables)
        where = self.where(table, "t").sql
        using = ""
        if self.rng.random() < 0.3:
            b, tb = self.relation()
            using = " USING %s b" % b
            where = "b.id = t.id AND %s AND %s" % (self.where(tb, "b", 0.5).sql, where)
        return self.write("DELETE FROM %s t%s WHERE %s%s" % (
            table.name, using, where, self.returning(table, "t")), table)

    def conflict(self):
        unique = [table for table in self.world.tables if table.unique]
        if not unique:
            return self.update()
        table = self.rng.choice(unique)
        action = "DO NOTHING"
        if self.rng.random() < 0.7:
            action = "DO UPDATE SET n = t.n + 1 WHERE %s" % self.where(table, "t", 0.5).sql
        return self.write("INSERT INTO %s AS t VALUES %s ON CONFLICT (id) %s%s" % (
            table.name, table.row(self.rng.choice([1, 2, 3, 1001])), action,
            self.returning(table, "t")), table)

    def merge(self):
        table = self.rng.choice(self.world.tables)
        b, tb = self.relation()
        matched = self.rng.choice(["UPDATE SET n = t.n + 1", "DELETE", "DO NOTHING"])
        check = self.conditions(table, "t").check().sql
        return self.write("MERGE INTO %s t USING (SELECT * FROM %s b WHERE %s) b ON b.id = t.id "
                          "WHEN MATCHED AND %s THEN %s WHEN MATCHED THEN DO NOTHING"
                          % (table.name, b, self.where(tb, "b", 0.5).sql, check, matched), table)
