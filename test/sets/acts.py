"""What a session may do next: statements that change something, and such that ask.

What asks returns rows of two numbers: how many answers were unequal, and how
many keys were found.
"""
from world import COLUMNS, PEOPLE, key, quote, token

LEVELS = ["READ COMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
SWITCHES = ["enable_seqscan", "enable_indexscan", "enable_bitmapscan", "enable_hashjoin", "enable_nestloop",
            "enable_mergejoin",
            "enable_material", "enable_hashagg", "enable_sort", "enable_memoize", "enable_indexonlyscan"]


class Acts:
    def __init__(self, rng, world, force_parallel):
        self.rng, self.world, self.force_parallel = rng, world, force_parallel
        self.marks = 0
        self.prepared = 0
        self.exported = []      # snapshots, while their transactions last
        self.pending = []       # prepared transactions
        self.tokens = [token(who) for who in PEOPLE] + [token("ann", jti="other")]
        self.tokens += [token("bob", roles=["reader"])]

    def any(self, *choices):
        return self.rng.choice(choices)

    # ---- changes that anybody may make ----

    def change(self):
        rng, world = self.rng, self.world
        table = rng.choice(world.shares)
        if rng.random() < 0.15 and world.parts:
            table = rng.choice(world.parts)
        row, where = world.share_row(), rng.choice(["who = '%s'" % rng.choice(PEOPLE), "k = %s" % world.literal(),
                                                    "level = %d" % rng.randrange(4)])
        return self.any(
            "INSERT INTO %s VALUES %s" % (table, row), "INSERT INTO %s VALUES %s" % (table, row),
            "INSERT INTO %s VALUES %s, %s, %s" % (table, row, world.share_row(), world.share_row()),
            "DELETE FROM %s WHERE %s" % (table, where),
            "UPDATE %s SET k = %s WHERE %s" % (table, world.literal(), where),
            "UPDATE %s SET who = '%s' WHERE %s" % (table, rng.choice(PEOPLE), where),
            "UPDATE %s SET level = %d WHERE %s" % (table, rng.randrange(4), where),
            "UPDATE %s SET until = %s WHERE %s"
            % (table, self.any("NULL", "now() + interval '1 h'", "now() - interval '1 h'"), where),
            "UPDATE s.folder SET parent = %s WHERE id = %s" % (world.literal(), world.literal()),
            "INSERT INTO s.folder VALUES (%s, %s)" % (world.literal(), world.literal()),
            "DELETE FROM s.folder WHERE parent = %s" % world.literal(),
            "DELETE FROM s.team WHERE team = 't%d'" % rng.randrange(1, 3),
            "INSERT INTO s.team VALUES ('%s', 't1')" % rng.choice(PEOPLE),
            "UPDATE s.catalogue SET k = %s WHERE item = 'i%d'" % (world.literal(), rng.randrange(6)),
            "MERGE INTO %s t USING (VALUES %s) v (who, k, until, level, org, soon) ON t.who = v.who AND t.k = v.k "
            "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.who, v.k, v.until, v.level, v.org, v.soon)"
            % (table, row),
            "WITH w AS (DELETE FROM %s WHERE %s RETURNING who, k, level) INSERT INTO %s (who, k, level) SELECT * FROM w"
            % (table, where, rng.choice(world.shares)),
            "SELECT nextval('s.seq')",
            "TRUNCATE %s" % table)

    # ---- changes that the tables' owner, or an administrator, makes ----

    def definition(self):
        rng, world = self.rng, self.world
        table = rng.choice(world.shares)
        any_table = rng.choice(world.shares + world.parts + ["s.folder", "s.team", "s.catalogue"])
        one = rng.choice(world.sets)
        form = world.forms[world.shares.index(table)]
        choices = [
            "SELECT authz.watch('%s')" % any_table, "SELECT authz.watch('%s')" % any_table,
            "SELECT authz.unwatch('%s')" % any_table,
            "ALTER TABLE %s DISABLE TRIGGER USER" % any_table, "ALTER TABLE %s ENABLE TRIGGER USER" % any_table,
            "SELECT s.triggers('%s', '%s')"
            % (any_table, self.any("ENABLE ALWAYS", "ENABLE ALWAYS", "ENABLE REPLICA", "ENABLE", "DISABLE")),
            "ALTER TABLE %s ADD COLUMN IF NOT EXISTS extra integer" % any_table, "VACUUM FULL %s" % any_table,
            "VACUUM %s" % any_table,
            "ANALYZE %s" % any_table, "TRUNCATE %s" % any_table, "REFRESH MATERIALIZED VIEW s.kept",
            "ALTER TABLE %s RENAME TO renamed; ALTER TABLE s.renamed RENAME TO %s" % (any_table, any_table[2:]),
            "ALTER TABLE %s SET (fillfactor = %d)" % (one.world.parts[0] if world.parts else "s.folder",
                                                      rng.randrange(50, 100)),
            "ALTER TABLE %s DISABLE ROW LEVEL SECURITY" % table, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY" % table,
            "DROP POLICY IF EXISTS q ON %s" % table,
            "CREATE POLICY q ON %s FOR SELECT TO sets_own, sets_other USING (%s)"
            % (table, self.any("level < 2", "authz.is_owner(who)",
                               "level > coalesce(nullif(current_setting('s.level', true), ''), '0')::int")),
            "CREATE OR REPLACE FUNCTION s.fixed(integer) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN $1 %s"
            % self.any("< 1", "> 1", "= 2"),
            "CREATE OR REPLACE FUNCTION s.fixed_plpgsql(integer) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ "
            "BEGIN RETURN $1 %s; END $$"
            % self.any("< 1", "> 1", "= 2"),
            "CREATE OR REPLACE VIEW s.over AS SELECT who, k, until FROM %s WHERE level <> %d"
            % (table, rng.randrange(4)),
            "CREATE TABLE s.mark_%d ()" % self.marks, "DROP TABLE IF EXISTS s.mark_%d" % rng.randrange(1 + self.marks),
            "ALTER VIEW %s SET (security_barrier = %s)" % (one.name, self.any("true", "false")),
            "ALTER VIEW %s RENAME TO renamed; ALTER VIEW s.renamed RENAME TO %s" % (one.name, one.name[2:]),
            "BEGIN; ALTER TABLE %s DISABLE TRIGGER USER; %s; SELECT s.triggers('%s', 'ENABLE ALWAYS'); COMMIT"
            % (table, self.change(), table),
            "SET session_replication_role = replica; %s; RESET session_replication_role" % self.change(),
            "BEGIN; ALTER TABLE %s RENAME TO replaced; CREATE TABLE %s (LIKE s.replaced); INSERT INTO %s SELECT * FROM "
            "s.replaced LIMIT 3; "
            "ALTER TABLE %s OWNER TO sets_own; GRANT ALL ON %s TO sets_app, sets_other; COMMIT" % ((table,) * 5)]
        self.marks += 1
        if not one.inner and not one.timed:
            body = rng.choice(world.bodies())
            choices += ["CREATE OR REPLACE VIEW %s AS %s" % (one.name, body)] * 6
        if form == "list":
            choices += ["ALTER TABLE %s DETACH PARTITION %s_1" % (table, table),
                        "ALTER TABLE %s ATTACH PARTITION %s_1 FOR VALUES IN (0)" % (table, table),
                        "ALTER TABLE %s DETACH PARTITION %s_4" % (table, table),
                        "ALTER TABLE %s ATTACH PARTITION %s_4 DEFAULT" % (table, table),
                        "ALTER TABLE %s_2 DETACH PARTITION %s_3; %s; ALTER TABLE %s_2 ATTACH PARTITION %s_3 DEFAULT"
                        % (table, table, self.change(), table, table)]
        if form == "hash":
            choices += ["ALTER TABLE %s DETACH PARTITION %s_1" % (table, table),
                        "ALTER TABLE %s ATTACH PARTITION %s_1 FOR VALUES WITH (MODULUS 2, REMAINDER 0)"
                        % (table, table)] * 2
        if form == "parent":
            choices += ["ALTER TABLE %s_1 NO INHERIT %s" % (table, table),
                        "ALTER TABLE %s_1 INHERIT %s" % (table, table)] * 2
        return rng.choice(choices)

    def administration(self):
        """By a superuser: what is stored for identities."""
        return self.any(
            "INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('%s', 'app', 'i%d', '%s')"
            % (self.any(*PEOPLE), self.rng.randrange(6), self.any("view", "edit")),
            "DELETE FROM authz.item_permission WHERE item = 'i%d'" % self.rng.randrange(6),
            "DELETE FROM authz.item_permission",
            "INSERT INTO authz.permission_implies VALUES ('app', 'edit', 'view') ON CONFLICT DO NOTHING",
            "DELETE FROM authz.permission_implies",
            "INSERT INTO authz.inactive_subject VALUES ('https://id.example', '%s') ON CONFLICT DO NOTHING"
            % self.any(*PEOPLE),
            "DELETE FROM authz.inactive_subject", "DELETE FROM authz.inactive_subject",
            "ALTER VIEW %s OWNER TO %s; GRANT SELECT ON ALL TABLES IN SCHEMA s TO sets_app, sets_own, sets_other"
            % (self.rng.choice(self.world.sets).name, self.any("sets_own", "sets_other")))

    # ---- who, and how it is planned ----

    def identity(self, in_transaction):
        which = self.rng.choice(self.tokens)
        choices = ["SELECT authz.set_token('%s')" % which, "SELECT authz.set_token('%s')" % which,
                   "SET dbmi_authz.token = '%s'" % which]
        if in_transaction:
            choices += ["SELECT authz.set_token('%s', true)" % which, "SET LOCAL dbmi_authz.token = '%s'" % which,
                        "SET LOCAL dbmi_authz.token = ''"]
        if self.rng.random() < 0.3:
            choices = ["SELECT authz.clear_token()", "RESET dbmi_authz.token", "SELECT authz.try_set_token('x')"]
        return self.rng.choice(choices)

    def setting(self):
        name = self.rng.choice(SWITCHES)
        return self.any(
            "SET plan_cache_mode = " + self.any("force_generic_plan", "force_custom_plan", "auto"),
            "SET %s = off" % name, "RESET %s" % name,
            "SET %s = off" % name, "RESET ALL", "SET dbmi_authz.plan_folding = " + self.any("on", "off"),
            "SET enable_seqscan = off",
            "SET %s = %s" % (self.force_parallel, self.any("on", "off")), "SET s.level = '%d'" % self.rng.randrange(3),
            "SET s.level = '1'",
            "SET TimeZone = " + self.any("'UTC'", "'Asia/Tokyo'", "'America/Lima'"),
            "SET search_path = " + self.any("s, public", "public"),
            "SET from_collapse_limit = 1", "SET work_mem = '64kB'", "DEALLOCATE ALL", "DISCARD PLANS",
            "DISCARD SEQUENCES")

    # ---- questions ----

    def compare(self, one):
        """Both for each row, in one statement."""
        rng = self.rng
        found = one.found("d", correlated=rng.random() < 0.5)
        where = self.any("", " WHERE d.id < %d" % rng.randrange(60), " WHERE d.id %% 2 = %d" % rng.randrange(2))
        return ("SELECT count(*) FILTER (WHERE h IS DISTINCT FROM f), count(*) FILTER (WHERE f) FROM (SELECT %s AS h, "
                "%s AS f FROM s.doc d%s%s) x"
                % (one.held(), found, where, self.any("", " OFFSET 0", " ORDER BY d.%s LIMIT 40" % one.col)))

    def rows(self, one):
        """Rows that are chosen by either, however that is planned."""
        rng = self.rng
        held, found = one.held(), one.found(correlated=rng.random() < 0.4)
        form = self.any(
            "SELECT id FROM s.doc d WHERE %s",
            "SELECT id FROM s.doc d WHERE %s AND d.id > 10",
            "SELECT id FROM s.doc d WHERE NOT %s",
            "SELECT id FROM s.doc d WHERE %s OR d.id = 7",
            "SELECT id FROM s.doc d WHERE d.n >= 0 AND %%s AND d.%s IS NOT NULL" % one.col,
            "(SELECT id FROM s.doc d WHERE %%s ORDER BY d.%s, id LIMIT 7)" % one.col,
            "(SELECT id FROM s.doc d WHERE %%s ORDER BY d.%s DESC, id OFFSET 3)" % one.col,
            "SELECT e.id + 1000 * coalesce(d.id, 99) FROM s.doc e LEFT JOIN s.doc d ON d.id = e.id + 1 AND %s",
            "SELECT e.id FROM s.doc e JOIN s.doc d ON d.id = e.id - 1 AND %s",
            "SELECT e.id FROM s.doc e WHERE EXISTS (SELECT FROM s.doc d WHERE %s AND d.id < e.id)",
            "SELECT e.id FROM s.doc e RIGHT JOIN s.doc d ON e.%s = d.%s AND %%s" % (one.col, one.col),
            "SELECT count(*) FILTER (WHERE %s) FROM s.doc d GROUP BY d.id %% 3",
            "SELECT sum(CASE WHEN %s THEN d.id END) OVER (ORDER BY d.id) FROM s.doc d",
            "SELECT x.id FROM s.doc e, LATERAL (SELECT d.id FROM s.doc d WHERE d.id = e.id AND %s) x",
            "SELECT max(d.id) FROM s.doc d GROUP BY d.id / 7 HAVING bool_or(%s)",
            "SELECT d.id FROM s.doc d WHERE %s UNION ALL SELECT -1",
            "SELECT d.id FROM s.doc d WHERE (SELECT %s)")
        a, b = (form.replace("%%", "%").replace("%s", which) for which in (held, found))
        return ("WITH a AS %s (%s), b AS %s (%s) SELECT (SELECT count(*) FROM (TABLE a EXCEPT ALL TABLE b) x) + "
                "(SELECT count(*) FROM (TABLE b EXCEPT ALL TABLE a) x), (SELECT count(*) FROM b)"
                % (self.any("MATERIALIZED", "NOT MATERIALIZED"), a, self.any("MATERIALIZED", "NOT MATERIALIZED"), b))

    def keys(self, one):
        """set_keys() has them sorted, each once, and those alone that the type can hold."""
        order = "ORDER BY %s%s" % (one.column, " COLLATE \"C\"" if one.world.type in ("text", "varchar",
                                                            "public.d_text", "public.d_varchar") else "")
        if one.type == "public.citext":
            lower = ('ARRAY(SELECT %s lower(key::text) COLLATE "C" FROM %s '
                     'WHERE key IS NOT NULL AND authz.is_authenticated() ORDER BY 1)')
            return ("SELECT (%s IS DISTINCT FROM %s)::int, (SELECT count(*) FROM %s)" % (
                lower % ("ALL", "unnest(authz.set_keys('%s', NULL::%s)) key" % (one.name, one.type)),
                lower % ("DISTINCT", "(SELECT %s AS key FROM %s) r" % (one.column, one.ref)), one.ref))
        return ("SELECT (authz.set_keys('%s', NULL::%s) IS DISTINCT FROM CASE WHEN authz.is_authenticated() THEN "
                "ARRAY(SELECT %s FROM (SELECT DISTINCT %s FROM %s "
                "WHERE %s IS NOT NULL) x %s)::%s[] ELSE '{}' END)::int, (SELECT count(*) FROM %s)"
                % (one.name, one.type, one.column, one.column, one.ref, one.column, order, one.type, one.ref))

    def changed(self, one, in_transaction):
        """A change and a question in one statement."""
        change, world = self.change(), self.world
        table = self.rng.choice(world.shares)
        write = "WITH w AS (%s RETURNING level) " % self.any(
            "INSERT INTO %s VALUES %s" % (table, world.share_row()), "DELETE FROM %s WHERE who = '%s'"
            % (table, self.any(*PEOPLE)),
            "UPDATE %s SET k = %s" % (table, world.literal()))
        name = one.name[2:]
        return self.any(
            write + "SELECT wrong + (SELECT count(level) FROM w WHERE level < 0), found FROM %s" % one.sum,
            write + self.compare(one),
            "SELECT * FROM s.loop_%s(%s)" % (name, quote(change)), "SELECT * FROM s.undo_%s(%s)"
            % (name, quote(change)),
            "SELECT a.wrong + b.wrong + v.wrong, a.found FROM %s a, s.undo_%s(%s) v, %s b"
            % (one.sum, name, quote(change), one.sum),
            "SELECT a.wrong + v.wrong, a.found FROM s.loop_%s(%s) v, %s a, s.change(%s) c"
            % (name, quote(change), one.sum, quote(self.change())))

    def question(self, one, prepared):
        name = one.name[2:]
        return self.any(
            "TABLE %s" % one.sum, self.compare(one), self.compare(one), self.rows(one), self.rows(one), self.rows(one),
            self.rows(one), self.keys(one),
            "SELECT * FROM s.%s_%s()" % (self.any("vol", "sta", "sql", "inl", "exe"), name),
            "SELECT * FROM s.%s_%s()" % (self.any("vol", "sta", "sql", "inl", "exe"), name),
            "SELECT a.wrong + b.wrong + c.wrong, a.found FROM s.sta_%s() a, s.vol_%s() b, %s c" % (name, name, one.sum),
            "SELECT count(*) FILTER (WHERE s.one_%s(d.%s) IS DISTINCT FROM %s), 1 FROM s.doc d"
            % (name, one.col, one.found()),
            "SELECT count(*) FILTER (WHERE s.req_%s(d.%s) IS DISTINCT FROM %s), 1 FROM s.doc d"
            % (name, one.col, one.found()),
            "WITH a AS (SELECT id FROM s.in_%s), b AS (SELECT id FROM s.sub_%s) SELECT (SELECT count(*) FROM (TABLE a "
            "EXCEPT TABLE b) x) + "
            "(SELECT count(*) FROM (TABLE b EXCEPT TABLE a) x), (SELECT count(*) FROM b)" % (name, name),
            "WITH a AS (UPDATE s.in_%s SET n = n + 1 RETURNING id), b AS (SELECT id FROM s.sub_%s) SELECT (SELECT "
            "count(*) FROM (TABLE a EXCEPT TABLE b) x) + "
            "(SELECT count(*) FROM (TABLE b EXCEPT TABLE a) x), (SELECT count(*) FROM b)" % (name, name),
            "SELECT 1, d.id FROM s.doc d WHERE %s IS DISTINCT FROM %s FOR %s"
            % (one.held(), one.found(), self.any("UPDATE", "SHARE", "KEY SHARE")),
            *["EXECUTE " + name for name in prepared[-2:]],
            "EXPLAIN (COSTS OFF) TABLE %s" % one.sum)

    def prepare(self, one):
        self.prepared += 1
        return ("PREPARE p%d AS %s"
                % (self.prepared, self.any(self.compare(one), self.rows(one), "TABLE %s" % one.sum, self.keys(one))))

    def cursor(self, one):
        n = self.rng.randrange(3)
        return self.any(
            "DECLARE c%d %s CURSOR %s FOR SELECT (held IS DISTINCT FROM found)::int, found::int FROM %s"
            % (n, self.any("", "NO SCROLL", "SCROLL", "INSENSITIVE"), self.any("", "WITH HOLD"), one.cmp),
            "DECLARE c%d CURSOR FOR SELECT 1, d.id FROM s.doc d WHERE %s IS DISTINCT FROM %s FOR UPDATE"
            % (n, one.held(), one.found()))

    def merge(self, one):
        """Answers that MERGE acts on, and those that it writes."""
        return ["CREATE TEMP TABLE merged (id integer, held boolean, found boolean)",
                "MERGE INTO merged m USING s.doc d ON m.id = d.id WHEN NOT MATCHED AND %s THEN INSERT VALUES (d.id, "
                "true, %s) "
                "WHEN NOT MATCHED THEN INSERT VALUES (d.id, false, %s)" % (one.held(), one.found(), one.found()),
                "SELECT count(*) FILTER (WHERE held IS DISTINCT FROM found), count(*) FILTER (WHERE found) FROM merged",
                "DROP TABLE merged"]

    def insert(self, one):
        """WITH CHECK: what may be added, as two answers."""
        row = "(%d, 0, %s)" % (self.rng.randrange(100), ", ".join(
            key(key_type, n) for n in [self.world.number()] for key_type in COLUMNS))
        return ["INSERT INTO s.%s_%s VALUES %s" % (which, one.name[2:], row) for which in ("in", "sub")]
