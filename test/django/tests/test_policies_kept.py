"""Policies and Django's own operations on the columns and tables that they name (Q38, Q33)."""
import unittest

from django.db import (
    IntegrityError, NotSupportedError, ProgrammingError, connections, migrations, models,
    transaction,
)
from django.db.migrations.state import ProjectState
from django.test.utils import CaptureQueriesContext
from dbmi_authz_django.errors import RowsHidden
from dbmi_authz_django.operations import (
    CreateSet, EnableRowSecurity, Policy, Protect, ProtectChild,
)

from . import rows, token
from .base import Case, end_transactions
from .test_migrations import facts, row_security

IDS = {"id": models.BigAutoField(primary_key=True)}
POLICIES = """
SELECT c.relname, polname, polcmd::text, polpermissive, polroles::regrole[]::text[],
       pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid),
       obj_description(p.oid, 'pg_policy')
  FROM pg_policy p JOIN pg_class c ON c.oid = polrelid WHERE c.relname LIKE 'kept\\_%%' ORDER BY 1, 2"""
VIEWS = """
SELECT relname, pg_get_viewdef(oid), reloptions,
       ARRAY(SELECT a::text FROM aclexplode(coalesce(relacl, acldefault('r', relowner))) a ORDER BY 1),
       obj_description(oid, 'pg_class')
  FROM pg_class WHERE relname LIKE 'kept\\_%%' AND relkind = 'v' ORDER BY 1"""


def create(name, fields, **options):
    return migrations.CreateModel(name, [("id", models.BigAutoField(primary_key=True)), *fields],
                                  options=options)


class Kept(Case):
    """An application "kept", of which each test makes what it needs."""
    operations = ()

    def setUp(self):
        super().setUp()
        self.state = ProjectState(real_apps=ProjectState().real_apps)
        self.addCleanup(self.drop)
        self.drop()
        for operation in self.operations:
            self.apply(operation)

    def drop(self):
        with connections["root"].cursor() as cursor:
            cursor.execute("""DO $$ DECLARE r text; BEGIN
                FOR r IN SELECT format('DROP %s IF EXISTS %I CASCADE',
                                       CASE relkind WHEN 'v' THEN 'VIEW'
                                            WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
                                       relname) FROM pg_class
                          WHERE relname LIKE 'kept\\_%' AND relkind IN ('r', 'v', 'm')
                            AND relnamespace = 'public'::regnamespace
                LOOP EXECUTE r; END LOOP; END $$""")

    def apply(self, operation, backwards=False, collect=False, **options):
        """Forwards from the state, which goes on; or back to it."""
        after = self.state.clone()
        operation.state_forwards("kept", after)
        with connections["owner"].schema_editor(collect_sql=collect, **options) as editor:
            if backwards:
                operation.database_backwards("kept", editor, after, self.state)
            else:
                operation.database_forwards("kept", editor, self.state, after)
        if collect:
            return editor.collected_sql
        if not backwards:
            self.state = after

    def there_and_back(self, operation):
        before = self.state
        self.apply(operation)
        after, self.state = self.state, before
        yield
        self.apply(operation, backwards=True)
        yield

    def root(self, sql):
        with connections["root"].cursor() as cursor:
            cursor.execute(sql)

    def policies(self):
        return facts(POLICIES)


class ChangesOfType(Kept):
    """Q38, Q33: the type of a column that policies name."""
    operations = [
        create("Team", [("code", models.CharField(max_length=8, unique=True))]),
        create("Note", [("owner", models.CharField(max_length=20, db_index=True)),
                        ("size", models.IntegerField()), ("public", models.BooleanField())]),
        create("Share", [("note", models.ForeignKey("kept.Note", models.CASCADE)),
                         ("person", models.CharField(max_length=20))]),
        create("Comment", [("note", models.ForeignKey("kept.Note", models.CASCADE)),
                           ("author", models.TextField())]),
        EnableRowSecurity("Note"),
        Policy("Note", "own", using="authz.is_owner(owner)"),
        Policy("Note", "sma%ll", "update", using="size < 100", check="size < 100 AND public",
               roles=["clinic_app", "clinic_owner"], permissive=False),
        CreateSet("kept_my_notes", "SELECT note_id FROM kept_share WHERE person = authz.user_id()",
                  watch=["Share"]),
        Policy("Note", "shared", "select", using="authz.in_set('kept_my_notes', id)"),
        Protect("Comment", owner="author", set="kept_my_notes", set_column="note"),
        Policy("Comment", "small_too", "DELETE",
               using="EXISTS (SELECT FROM kept_note n WHERE n.id = note_id AND n.size < 10)"),
    ]

    def field(self, name, field, model="Note"):
        return migrations.AlterField(model, name, field)

    def rows(self):
        self.root("INSERT INTO kept_note (owner, size, public) VALUES ('ann', 5, true),"
                  " ('bob', 6, true), ('bob', 7, true);"
                  "INSERT INTO kept_share (note_id, person) VALUES (2, 'ann')")

    def seen(self, who="ann"):
        from dbmi_authz_django import authz
        with authz.as_token(token(who)), connections["default"].cursor() as cursor:
            cursor.execute("SELECT id FROM kept_note ORDER BY id")
            return [id for id, in cursor.fetchall()]

    def types(self, column):
        return [type for type, in facts(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute JOIN pg_class c"
            " ON c.oid = attrelid WHERE attname = %s AND relname LIKE 'kept\\_%%'"
            " AND relkind IN ('r', 'v') ORDER BY relname", column)]

    def test_of_the_table_itself(self):
        self.rows()
        before = self.policies()
        self.assertEqual(self.seen(), [1, 2])
        steps = self.there_and_back(self.field("owner", models.TextField(db_index=True)))
        next(steps)
        self.assertIn("text", self.types("owner"))
        # the text of the condition follows the type, what it says stays
        self.assertEqual(self.policies(), before)
        self.assertEqual(row_security("kept_note"), (True, True))
        self.assertEqual(self.seen(), [1, 2])
        next(steps)
        self.assertIn("character varying(20)", self.types("owner"))
        self.assertEqual(self.policies(), before)

    def test_of_another_table(self):
        """Of Comment, whose policy reads it in a sub-select."""
        before = self.policies()
        for _ in self.there_and_back(self.field("size", models.BigIntegerField())):
            self.assertEqual([row[:5] for row in self.policies()], [row[:5] for row in before])
            self.assertEqual([row[7] for row in self.policies()], [row[7] for row in before])
        self.assertEqual(self.policies(), before)

    def test_of_a_set(self):
        """The set reads the column, and policies of two tables ask the set."""
        self.rows()
        self.root("ALTER VIEW kept_my_notes SET (security_barrier = true);"
                  "COMMENT ON VIEW kept_my_notes IS 'it''s mine';"
                  "REVOKE ALL ON kept_my_notes FROM clinic_app;"
                  "GRANT SELECT ON kept_my_notes TO clinic_app WITH GRANT OPTION;"
                  "CREATE VIEW kept_more AS SELECT note_id FROM kept_my_notes;"
                  "ALTER VIEW kept_more OWNER TO clinic_owner;"
                  "ALTER TABLE kept_note ALTER public SET DEFAULT true")
        before, views = self.policies(), facts(VIEWS)
        self.assertEqual(len(views), 2)
        # nobody but the owner had it
        for _ in self.there_and_back(self.field("person", models.TextField(), "Share")):
            self.assertEqual(self.policies(), before)
            self.assertEqual([view[2:] for view in facts(VIEWS)], [view[2:] for view in views])
            self.assertEqual(self.seen(), [1, 2])
        self.assertEqual(facts(VIEWS), views)

    def test_of_a_key_that_others_reference(self):
        """note_id of Share and Comment change along, and with them set and policies."""
        self.rows()
        before = self.policies()
        self.assertEqual(self.types("note_id"), ["bigint"] * 3)      # and the view
        for _ in self.there_and_back(self.field("id", models.AutoField(primary_key=True))):
            self.assertEqual(self.policies(), before)
            self.assertEqual(self.seen(), [1, 2])
            self.assertEqual(len(set(self.types("note_id"))), 1)

    def test_foreign_key_of_rows_that_the_owner_does_not_see(self):
        self.rows()
        key = models.ForeignKey("kept.Note", models.CASCADE, null=True)
        for _ in self.there_and_back(self.field("note", key, "Share")):
            self.assertEqual(row_security("kept_note"), (True, True))
        self.apply(migrations.AddField("Share", "other", models.ForeignKey(
            "kept.Note", models.CASCADE, default=1, related_name="+")))
        self.assertEqual(row_security("kept_note"), (True, True))

    def test_column_and_type_at_once(self):
        self.rows()
        before = self.policies()
        steps = self.there_and_back(self.field(
            "owner", models.TextField(db_column="kept_by", db_index=True)))
        next(steps)
        self.assertIn(("kept_note", "own", "*", True, ["-"], "authz.is_owner(kept_by)", None, None),
                      self.policies())
        self.assertEqual(self.seen(), [1, 2])
        next(steps)
        self.assertEqual(self.policies(), before)

    def test_does_not_fit(self):
        before = self.policies()
        with self.assertRaisesRegex(ProgrammingError, r'policy "small_too" of public.kept_comment '
                                                      r'does not fit the new type of kept.Note.size'):
            self.apply(self.field("size", models.TextField()))
        self.assertEqual(self.policies(), before)

    def test_not_atomic(self):
        before = self.policies()
        with self.assertRaisesRegex(NotSupportedError, "atomic = False"):
            self.apply(self.field("owner", models.TextField()), atomic=False)
        self.assertEqual(self.policies(), before)
        # a column that no policy names is nobody's business
        self.apply(self.field("code", models.TextField(unique=True), "Team"), atomic=False)

    def test_locked_all_the_time(self):
        """Nobody gets at the table between the lock and the end."""
        with transaction.atomic("owner"):
            self.apply(self.field("owner", models.TextField(db_index=True)))
            self.assertEqual(facts(
                "SELECT relation::regclass::text FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
                " AND relation = 'kept_note'::regclass AND granted"), [("kept_note",)])
            transaction.set_rollback(True, "owner")
        self.assertIn("character varying(20)", self.types("owner"))

    def test_sqlmigrate(self):
        before = self.policies()
        lines = self.apply(self.field("owner", models.TextField(db_index=True)), collect=True)
        self.assertEqual(self.policies(), before)
        text = "\n".join(lines)
        order = [text.index(part) for part in (
            "LOCK TABLE public.kept_note IN ACCESS EXCLUSIVE MODE;",
            'DROP POLICY "own" ON public.kept_note;', 'ALTER COLUMN "owner" TYPE text',
            'CREATE POLICY "own" ON public.kept_note AS PERMISSIVE FOR ALL TO PUBLIC'
            ' USING (authz.is_owner(owner));')]
        self.assertEqual(order, sorted(order))
        (path,), = facts("SHOW search_path")
        self.assertIn("public", path)

    def test_sqlmigrate_of_what_is_removed_before(self):
        """What a statement above has dropped is neither dropped nor made again."""
        from dbmi_authz_django.operations import RemovePolicy
        state = self.state.clone()
        with connections["owner"].schema_editor(collect_sql=True, atomic=False) as editor:
            for operation in (RemovePolicy("Note", "own"),
                              self.field("owner", models.TextField(db_index=True)),
                              migrations.RemoveField("Note", "owner")):
                before = state.clone()
                operation.state_forwards("kept", state)
                operation.database_forwards("kept", editor, before, state)
        text = "\n".join(editor.collected_sql)
        self.assertEqual(text.count('DROP POLICY "own"'), 1, text)
        self.assertNotIn('CREATE POLICY "own"', text)
        self.assertIn('DROP COLUMN "owner" CASCADE', text)
        (path,), = facts("SHOW search_path")
        self.assertIn("public", path)

    def test_materialized_view(self):
        self.root("CREATE MATERIALIZED VIEW kept_all AS SELECT note_id, person FROM kept_share;"
                  "ALTER MATERIALIZED VIEW kept_all OWNER TO clinic_owner;"
                  "CREATE POLICY old ON kept_comment USING (note_id IN (SELECT note_id FROM kept_all))")
        with self.assertRaisesRegex(NotSupportedError, "materialized view public.kept_all"):
            self.apply(self.field("person", models.TextField(), "Share"))

    def test_search_path_is_as_before(self):
        with connections["owner"].cursor() as cursor:
            cursor.execute("SET search_path = public, authz")
            self.apply(self.field("owner", models.TextField(db_index=True)))
            cursor.execute("SHOW search_path")
            self.assertEqual(cursor.fetchone(), ("public, authz",))
            cursor.execute("RESET search_path")


class Keys(Kept):
    """Q37, Q38: what reads all rows while their owner is bound."""
    operations = [
        create("Note", [("owner", models.TextField(db_index=True))]),
        Protect("Note", owner="owner"),
    ]
    share = create("Share", [("note", models.ForeignKey("kept.Note", models.CASCADE)),
                             ("person", models.TextField(null=True))])
    force = EnableRowSecurity("Share")
    add = migrations.AddField("Share", "other", models.ForeignKey(
        "kept.Note", models.CASCADE, related_name="+", default=1))

    def fill(self, note_id, person="x"):
        return migrations.RunSQL([(
            "INSERT INTO kept_share (note_id, person) VALUES (%s, %s)", [note_id, person])])

    def setUp(self):
        super().setUp()
        self.root("INSERT INTO kept_note (owner) VALUES ('ann'), ('bob')")

    def together(self, *operations, **options):
        """In one migration."""
        state = self.state.clone()
        with connections["owner"].schema_editor(**options) as editor:
            for operation in operations:
                before = state.clone()
                operation.state_forwards("kept", state)
                operation.database_forwards("kept", editor, before, state)
        if options.get("collect_sql"):
            return editor.collected_sql
        self.state = state

    def nothing_left(self, table="kept_share"):
        self.assertEqual(row_security("kept_note"), (True, True))
        self.assertEqual(row_security(table), (True, True))

    def keys(self):
        return facts("SELECT conname ~ '^kept_share_note_id' AND convalidated FROM pg_constraint"
                     " WHERE conrelid = 'kept_share'::regclass AND contype = 'f'")

    def test_at_the_end(self):
        """Django leaves the keys of a new model for the end; both tables are bound then."""
        for fills in ([], [self.fill(1), self.fill(2)]):
            for atomic in (True, False):
                self.together(self.share, *fills, self.force, atomic=atomic)
                self.nothing_left()
                self.assertEqual(self.keys(), [(True,)])
                with transaction.atomic("root"), self.assertRaises(IntegrityError):
                    self.root("INSERT INTO kept_share (note_id) VALUES (99);"
                              "SET CONSTRAINTS ALL IMMEDIATE")
                    transaction.set_rollback(True, "root")
                self.drop()
                self.setUp()

    def test_rows_without(self):
        """They are found at the end, and nothing stays."""
        with self.assertRaisesRegex(IntegrityError, "note_id"):
            self.together(self.share, self.fill(1), self.fill(777), self.force)
        end_transactions()      # Django leaves it open
        self.assertEqual(facts("SELECT to_regclass('kept_share')::text"), [(None,)])
        self.assertEqual(row_security("kept_note"), (True, True))

    def test_protect(self):
        """As makemigrations and people write it, with a table between."""
        self.together(create("Tag", [("notes", models.ManyToManyField("kept.Note")),
                                     ("owner", models.TextField(db_index=True))]),
                      Protect("Tag", owner="owner"), ProtectChild("Tag.notes", parent="note"))
        self.nothing_left("kept_tag_notes")
        self.nothing_left("kept_tag")

    def test_of_rows_that_are_there(self):
        self.together(self.share, self.force)
        self.root("INSERT INTO kept_share (note_id) VALUES (1), (2)")
        for atomic in (True, False):
            before = self.state
            self.apply(self.add, atomic=atomic)
            self.nothing_left()
            after, self.state = self.state, before
            self.apply(self.add, backwards=True, atomic=atomic)

    def test_by_hand(self):
        """RunSQL: one statement.  Where others follow they are as ever."""
        self.together(self.share, self.force)
        self.root("INSERT INTO kept_share (note_id) VALUES (1)")
        key = "ALTER TABLE kept_share ADD COLUMN n int DEFAULT 1 REFERENCES kept_note"
        self.apply(migrations.RunSQL(key, "ALTER TABLE kept_share DROP COLUMN n"))
        self.nothing_left()
        self.root("ALTER TABLE kept_share DROP COLUMN n")
        with self.assertRaises(RowsHidden):
            self.apply(migrations.RunSQL(key + "; UPDATE kept_note SET owner = ''"))
        self.nothing_left()

    def test_default_where_there_is_none(self):
        """AlterField reads and fills the column; what was to come before is done."""
        self.together(self.share, self.force)
        self.root("INSERT INTO kept_share (note_id) VALUES (1), (2)")
        field = models.TextField(default="nobody")
        for atomic in (True, False):
            before = self.state
            self.apply(migrations.AlterField("Share", "person", field), atomic=atomic)
            self.nothing_left()
            self.assertEqual(facts("SELECT DISTINCT person FROM kept_share"), [("nobody",)])
            after, self.state = self.state, before
            self.apply(migrations.AlterField("Share", "person", field), backwards=True)
            self.root("UPDATE kept_share SET person = NULL")

    def test_checks_that_wait(self):
        """Rows of the same migration, whose keys PostgreSQL would look at in the end."""
        self.together(self.share, self.force, Policy("Share", "all", using="true"))
        self.together(migrations.RunSQL("SET LOCAL row_security = on"), self.fill(1), self.add)
        self.nothing_left()

    def test_who_is_not_bound(self):
        """A superuser has nothing to set aside, and locks nobody out."""
        self.together(self.share, self.force)
        with connections["root"].schema_editor() as editor, CaptureQueriesContext(
                connections["root"]) as captured:
            editor.execute("ALTER TABLE kept_share ADD COLUMN n int REFERENCES kept_note")
        self.assertNotIn("NO FORCE", str(captured.captured_queries))

    def test_sqlmigrate(self):
        lines = self.together(self.share, self.force, collect_sql=True, atomic=False)
        at = [n for n, line in enumerate(lines) if "FOREIGN KEY" in line][0]
        self.assertIn('ALTER TABLE "kept_share" FORCE ROW LEVEL SECURITY;', lines[:at - 2])
        for n, force in ((at - 2, "NO FORCE"), (at + 1, "FORCE")):
            self.assertEqual(lines[n:n + 2], [
                'ALTER TABLE "kept_share" %s ROW LEVEL SECURITY;' % force,
                "ALTER TABLE public.kept_note %s ROW LEVEL SECURITY;" % force])
        self.assertEqual(facts("SELECT to_regclass('kept_share')::text"), [(None,)])


class LeftOpen(Case):
    def test_transaction(self):
        """A test that leaves one, with its locks, is a failure, and breaks no other."""
        class Leaves(Case):
            def runTest(self):
                self.addCleanup(rows)       # which truncates
                transaction.atomic("owner").__enter__()
                with connections["owner"].cursor() as cursor:
                    cursor.execute("LOCK TABLE clinic_note")

        result = unittest.TestResult()
        with connections["root"].cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
            try:
                Leaves().run(result)
            finally:
                cursor.execute("RESET lock_timeout")
        self.assertEqual((len(result.failures), len(result.errors)), (1, 0), result.errors)
        self.assertEqual(end_transactions(), [])


class Renames(Kept):
    """PostgreSQL follows by itself."""
    operations = ChangesOfType.operations

    def test_field(self):
        before = self.policies()
        steps = self.there_and_back(migrations.RenameField("Note", "owner", "keeper"))
        next(steps)
        self.assertIn("authz.is_owner(keeper)", [row[5] for row in self.policies()])
        next(steps)
        self.assertEqual(self.policies(), before)

    def test_model(self):
        steps = self.there_and_back(migrations.RenameModel("Note", "Paper"))
        before = self.policies()
        next(steps)
        self.assertEqual([row[1] for row in self.policies() if row[0] == "kept_paper"],
                         ["own", "shared", "sma%ll"])
        next(steps)
        self.assertEqual(self.policies(), before)

    def test_table(self):
        before = self.policies()
        steps = self.there_and_back(migrations.AlterModelTable("Note", "kept_sheets"))
        next(steps)
        self.assertEqual(row_security("kept_sheets"), (True, True))
        next(steps)
        self.assertEqual(self.policies(), before)


class Removals(Kept):
    """CASCADE takes nothing along that nobody spoke of."""
    operations = ChangesOfType.operations

    def refused(self, operation, *names):
        before = self.policies()
        with self.assertRaises(NotSupportedError) as caught:
            self.apply(operation)
        for name in names:
            self.assertIn(name, str(caught.exception))
        self.assertEqual(self.policies(), before)

    def test_field(self):
        self.refused(migrations.RemoveField("Note", "owner"), 'policy "own" of public.kept_note',
                     'Column owner of "kept_note"')

    def test_field_that_another_table_asks(self):
        self.refused(migrations.RemoveField("Note", "size"), '"sma%ll" of public.kept_note',
                     '"small_too" of public.kept_comment')

    def test_field_of_a_set(self):
        self.refused(migrations.RemoveField("Share", "person"), '"shared" of public.kept_note')

    def test_model(self):
        self.refused(migrations.DeleteModel("Share"), '"shared" of public.kept_note')

    def test_what_no_policy_names_goes(self):
        self.apply(migrations.RemoveField("Team", "code"))
        # its own policies go with it
        self.apply(migrations.DeleteModel("Comment"))
        self.assertEqual(facts("SELECT to_regclass('kept_comment')::text"), [(None,)])
