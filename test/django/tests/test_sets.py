"""Sets: policies by them, InSet, and the operations that make them."""
from clinic.models import Folder, Note, Page, Remark
from dbmi_authz_django import authz
from dbmi_authz_django.checking import checks
from dbmi_authz_django.operations import CreateSet, CreateSetOf, Protect, Watch
from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.models import BooleanField, Case, Q, Value, When

from . import ORG1, token
from .base import Case as TestCase
from .test_checks import while_
from .test_migrations import facts, output_of, policies, shown

# Ann reaches folder 1, Bob both, Cleo none; Cleo's page is in folder 2, another in none.
ROWS = """
TRUNCATE clinic_folder, clinic_share, clinic_page, clinic_remark RESTART IDENTITY;
INSERT INTO clinic_folder (name) VALUES ('one'), ('two');
INSERT INTO clinic_share (folder_id, person) VALUES (1, 'ann'), (1, 'bob'), (2, 'bob');
INSERT INTO clinic_page (kept_in, owner, title) VALUES
    (1, 'bob', 'One'), (2, 'bob', 'Two'), (2, 'cleo', 'Cleo''s'), (NULL, 'cleo', 'Loose');
INSERT INTO clinic_remark (page_id, author) VALUES (1, 'bob'), (2, 'bob'), (3, 'cleo');
"""


def root(sql):
    with connections["root"].cursor() as cursor:
        cursor.execute(sql)


def watched(table):
    return [name for name, in facts("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass"
                                    " AND NOT tgisinternal ORDER BY 1", table)]


class Sets(TestCase):
    def setUp(self):
        super().setUp()
        root(ROWS)
        self.addCleanup(root, "TRUNCATE clinic_folder, clinic_share, clinic_page, clinic_remark")

    def as_(self, who, work):
        if who is None:
            return work()
        with authz.as_token(token(who)):
            return work()

    def ids(self, who, queryset):
        return self.as_(who, lambda: list(queryset.order_by("pk").values_list("pk", flat=True)))


class Policies(Sets):
    def test_what_a_set_reaches(self):
        for who, pages in (("ann", [1]), ("bob", [1, 2, 3]), ("cleo", [3, 4]), (None, [])):
            self.assertEqual(self.ids(who, Page.objects.all()), pages, who)

    def test_children_go_with_their_parents(self):
        for who, remarks in (("ann", [1]), ("bob", [1, 2, 3]), ("cleo", [3]), (None, [])):
            self.assertEqual(self.ids(who, Remark.objects.all()), remarks, who)
        root("DELETE FROM clinic_share WHERE person = 'ann'")
        self.assertEqual(self.ids("ann", Remark.objects.all()), [])

    def test_new_rows(self):
        for who, folder, allowed in (("ann", 1, True), ("ann", None, True), ("ann", 2, False),
                                     ("cleo", 1, False)):
            with self.subTest(who=who, folder=folder):
                def create():
                    Page.objects.create(owner=who, title="new", folder_id=folder)
                if allowed:
                    self.as_(who, create)
                else:
                    with self.assertRaises(authz.Forbidden):
                        self.as_(who, create)
        self.as_("ann", lambda: Remark.objects.create(page_id=1, author="ann"))
        for page, author in ((2, "ann"), (1, "bob")):
            with self.assertRaises(authz.Forbidden):
                self.as_("ann", lambda: Remark.objects.create(page_id=page, author=author))

    def test_nobody_writes_what_he_reads(self):
        self.assertEqual(self.as_("ann", lambda: Page.objects.update(title="x")), 0)
        self.assertEqual(self.as_("bob", lambda: Page.objects.update(title="x")), 2)


class InSet(Sets):
    """In querysets over folders, which no policy hides."""

    def test_filter(self):
        reached = Folder.objects.filter(authz.InSet("my_folders", "id"))
        for who, folders in (("ann", [1]), ("bob", [1, 2]), ("cleo", []), (None, [])):
            self.assertEqual(self.ids(who, reached), folders, who)
        excluded = Folder.objects.exclude(authz.InSet("my_folders", "id"))
        for who, folders in (("ann", [2]), ("bob", []), (None, [1, 2])):
            self.assertEqual(self.ids(who, excluded), folders, who)

    def test_other_rows_by_relations(self):
        # "folder" is a foreign key, whose column has another name
        self.assertEqual(self.ids("bob", Page.objects.filter(authz.InSet("my_folders", "folder"))),
                         [1, 2, 3])
        self.assertEqual(self.ids("cleo", Page.objects.filter(authz.InSet("my_folders", "folder"))),
                         [])
        self.assertEqual(self.ids("bob", Remark.objects.filter(
            authz.InSet("my_folders", "page__folder_id"))), [1, 2, 3])

    def test_annotate(self):
        folders = Folder.objects.annotate(mine=authz.InSet("my_folders", "pk")).order_by("pk")
        found = self.as_("ann", lambda: list(folders.values_list("pk", "mine")))
        self.assertEqual(found, [(1, True), (2, False)])
        self.assertEqual(self.as_("ann", lambda: folders.filter(mine=False).get().pk), 2)
        case = Case(When(authz.InSet("my_folders", "id"), then=Value(True)), default=Value(False),
                    output_field=BooleanField())
        self.assertEqual(self.as_("ann", lambda: list(Folder.objects.order_by("pk").annotate(
            mine=case).values_list("mine", flat=True))), [True, False])

    def test_composition(self):
        mine, one, two = authz.InSet("my_folders", "id"), Q(name="one"), Q(name="two")
        for condition, folders in (
                (mine & one, [1]), (one & mine, [1]), (mine & two, []), (mine | two, [1, 2]),
                (two | mine, [1, 2]), (~mine, [2]), (~mine | mine, [1, 2]),
                (mine & authz.HasScope("read"), [1]), (mine & ~authz.HasScope("read"), []),
                (~mine & authz.HasAnyScope("x", "read") & two, [2]),
                ((mine | authz.HasScope("x")) & authz.HasScope("y"), []),
                (authz.InSet("my_folders", 1) & two, [2]), (authz.InSet("my_folders", 2), [])):
            self.assertEqual(self.ids("ann", Folder.objects.filter(condition)), folders, condition)
        # "logged in, and not", not the bare negation
        self.assertEqual(self.ids(None, Folder.objects.filter(~mine)), [])

    def test_relatives(self):
        """Other requirements in querysets."""
        self.assertEqual(self.ids("root", Note.objects.filter(authz.IsOwner("owner"))), [])
        self.assertEqual(self.ids("bob", Note.objects.filter(authz.IsOwner("owner"))), [2])
        self.assertEqual(self.ids("ann", Folder.objects.filter(authz.InOrg(ORG1))), [1, 2])
        self.assertEqual(self.ids("ann", Folder.objects.filter(
            authz.HasAllOrgPermissions(ORG1, "records:write") & authz.IsAuthenticated())), [1, 2])
        self.assertEqual(self.ids("cleo", Folder.objects.filter(authz.IsAuthenticated())), [1, 2])
        self.assertEqual(self.ids(None, Folder.objects.filter(authz.IsAuthenticated())), [])
        for requirement in (authz.HasObjectPermission("a.b"), authz.StepUp(["gold"]),
                            authz.InSet("my_folders", authz.UrlKwarg("id"))):
            with self.assertRaisesRegex(TypeError, "queryset"):
                Folder.objects.filter(requirement)

    def test_sql(self):
        """The set is a constant, as in a policy."""
        sql = str(Page.objects.filter(authz.InSet("my_folders", "folder")).query)
        self.assertIn("""authz.in_set('"my_folders"'::regclass, "clinic_page"."kept_in")""", sql)
        odd = str(Page.objects.filter(authz.InSet("a%b.it's", "folder"), title="%").query)
        self.assertIn("""authz.in_set('"a%b"."it''s"'::regclass, """, odd % () if "%%" in odd
                      else odd)

    def test_requirement(self):
        def judged(key, **known):
            return authz.InSet("my_folders", key).judge(None, known.get("kwargs", {}),
                                                        known.get("obj"))

        with authz.as_token(token("ann")):
            self.assertEqual(judged(1), (True, True))
            self.assertEqual(judged(2), (True, False))
            self.assertEqual(judged(authz.UrlKwarg("id"), kwargs={"id": 1}), (True, True))
            self.assertEqual(judged(authz.UrlKwarg("id"), kwargs={"id": 2}), (True, False))
            self.assertEqual(judged("folder"), (True, True))     # not known yet
            self.assertEqual(judged("folder", obj=Page(folder_id=1)), (True, True))
            self.assertEqual(judged("folder", obj=Page(folder_id=2)), (True, False))
            self.assertEqual(judged("folder", obj=Page()), (True, False))
            self.assertEqual(judged("page__folder", obj=Remark(page=Page(folder_id=1))),
                             (True, True))
            self.assertEqual(judged(None), (True, False))
        self.assertEqual(judged(1), (False, False))
        # the folder itself is not asked for
        with authz.as_token(token("ann")):
            said = self.statements(lambda: judged("folder", obj=Page(folder_id=1)))
        self.assertEqual(said.count("query"), 1)


class Operations(Sets):
    def apply(self, operation, backwards=False):
        state = ProjectState.from_apps(apps)
        with connections["owner"].schema_editor() as editor:
            move = operation.database_backwards if backwards else operation.database_forwards
            move("clinic", editor, state, state)

    def test_sqlmigrate(self):
        sql = output_of("sqlmigrate", "clinic", "0004", database="owner")
        for statement in (
                'CREATE VIEW "my_folders" AS\n'
                "SELECT folder_id FROM clinic_share WHERE person = authz.user_id();\n",
                """SELECT authz.watch('"clinic_share"'::regclass);""",
                """SELECT authz.protect(rel => '"clinic_page"'::regclass, owner => 'owner', """
                """set => '"my_folders"'::regclass, set_column => 'kept_in');""",
                """CREATE VIEW "my_pages" AS\nSELECT "id" FROM "clinic_page" WHERE"""
                """ authz.is_owner("owner") OR"""
                """ authz.in_set('"my_folders"'::regclass, "kept_in");\n""",
                """SELECT authz.watch('"clinic_page"'::regclass);"""):
            self.assertIn(statement, sql)
        back = output_of("sqlmigrate", "clinic", "0004", database="owner", backwards=True)
        for statement in ('DROP VIEW "my_pages";', 'DROP VIEW "my_folders";',
                          """SELECT authz.unwatch('"clinic_share"'::regclass) WHERE NOT EXISTS"""):
            self.assertIn(statement, back)

    def test_there_and_back(self):
        triggers = watched("clinic_share")
        self.assertEqual(triggers, ["authz_watch", "authz_watch_truncate"])
        try:
            call_command("migrate", "clinic", "0003", database="owner", verbosity=0)
            self.assertEqual(facts("SELECT relname FROM pg_class WHERE relname LIKE 'my\\_%%'"), [])
            self.assertEqual(watched("clinic_share") + watched("clinic_page"), [])
            self.assertEqual(policies("clinic_page"), [])
        finally:
            call_command("migrate", "clinic", database="owner", verbosity=0)
        self.assertEqual(watched("clinic_page"), triggers)
        self.assertEqual(self.ids("ann", Page.objects.all()), [1])

    def test_another_schema(self):
        root("CREATE SCHEMA sharing AUTHORIZATION clinic_owner;"
             "GRANT USAGE ON SCHEMA sharing TO clinic_app")
        create = CreateSet("sharing.folders of 100%", "SELECT folder_id FROM clinic_share"
                           " WHERE person = authz.user_id() AND person NOT LIKE '%x';\n",
                           watch=["clinic.Share"])
        protect = Protect("Page", owner="owner", set="sharing.folders of 100%",
                          set_column="folder", write_set="sharing.folders of 100%")
        rows_of = CreateSetOf('"sharing"."rows"', "Page", "sharing.folders of 100%", "folder")
        try:
            for operation in (create, protect, rows_of):
                self.apply(operation)
            self.assertIn("in_set('sharing.\"folders of 100%\"'::regclass, kept_in)", str(facts(
                "SELECT qual FROM pg_policies WHERE tablename = 'clinic_page'")).replace("\\", ""))
            # bob, whose folder it is too, may write it now
            self.assertEqual(self.as_("ann", lambda: Page.objects.update(title="x")), 1)
            in_set = authz.InSet("sharing.folders of 100%", "id")
            self.assertEqual(self.ids("ann", Folder.objects.filter(in_set, name="one")), [1])
            in_set = authz.InSet('"sharing"."rows"', "id")
            self.assertEqual(self.ids("ann", Page.objects.filter(in_set)), [1])
            # one of two sets goes, and the table stays watched for the other
            self.apply(rows_of, backwards=True)
            self.assertEqual(len(watched("clinic_page")), 2)
        finally:
            call_command("migrate", "clinic", "0003", database="owner", verbosity=0)
            self.assertEqual(watched("clinic_page"), [])
            self.assertEqual(len(watched("clinic_share")), 2)
            self.apply(create, backwards=True)
            self.assertEqual(watched("clinic_share"), [])
            root("DROP SCHEMA sharing")
            call_command("migrate", "clinic", database="owner", verbosity=0)

    def test_watch(self):
        self.apply(Watch("Folder"))
        self.assertEqual(watched("clinic_folder"), watched("clinic_share"))
        self.apply(Watch("Folder"), backwards=True)
        self.assertEqual(watched("clinic_folder"), [])
        # of another app, which has to be there
        self.apply(CreateSet("others", "SELECT id FROM auth_user", watch=["auth.User"]))
        self.assertEqual(watched("auth_user"), watched("clinic_share"))
        self.apply(CreateSet("others", "SELECT 1", watch=["auth.User"]), backwards=True)
        self.assertEqual(watched("auth_user"), [])
        with self.assertRaises(LookupError):
            self.apply(CreateSet("others", "SELECT 1", watch=["Nothing"]))

    def test_routers(self):
        from unittest import mock
        state = ProjectState.from_apps(apps)
        editor = mock.Mock()
        editor.connection.vendor, editor.connection.alias = "postgresql", "owner"
        operations = (CreateSet("x", "SELECT 1"), Watch("Page"),
                      CreateSetOf("x", "Page", "my_folders", "folder"))
        with mock.patch("django.db.router.allow_migrate", return_value=False), \
                mock.patch("django.db.router.allow_migrate_model", return_value=False):
            for operation in operations:
                operation.database_forwards("clinic", editor, state, state)
                operation.database_backwards("clinic", editor, state, state)
        editor.execute.assert_not_called()
        for operation in operations:
            operation.database_forwards("clinic", editor, state, state)
        self.assertEqual(editor.execute.call_count, 4)

    def test_no_change_of_state_and_written_again(self):
        for operation in (CreateSet("a.b", "SELECT 1", watch=["Share"]), Watch("Share"),
                          CreateSetOf("a", "Page", set="b", set_column="folder", owner="owner"),
                          Protect("Page", set="a.b", set_column="folder", write_set="c")):
            state = ProjectState.from_apps(apps)
            operation.state_forwards("clinic", state)
            self.assertEqual(shown(state), shown(ProjectState.from_apps(apps)))
            self.assertTrue(operation.describe())
            text, imports = MigrationWriter.serialize(operation)
            names = {}
            exec("\n".join(imports), names)
            again = eval(text, names)
            state = [{k: v for k, v in vars(o).items() if k[0] != "_"} for o in (again, operation)]
            self.assertEqual(*state)
            self.assertRegex(operation.migration_name_fragment, r"\A\w+\Z")


class Checks(Sets):
    def found(self):
        return [e for e in checks.check_databases(None, ["default"])
                if e.id in ("dbmi_authz.W030", "dbmi_authz.W031")]

    def test_fine(self):
        self.assertEqual(self.found(), [])

    def test_unwatched(self):
        with while_("ALTER TABLE clinic_share DISABLE TRIGGER authz_watch",
                    "ALTER TABLE clinic_share ENABLE ALWAYS TRIGGER authz_watch"):
            found = self.found()
        # by way of the inner set, too
        self.assertEqual([e.id for e in found], ["dbmi_authz.W031"] * 2)
        self.assertIn("set my_folders is worked out for each query, because changes of"
                      " clinic_share are not told", found[0].msg)
        self.assertIn("set my_pages", found[1].msg)

    def test_partitions(self):
        with while_("CREATE TABLE part () INHERITS (clinic_share)", "DROP TABLE part"):
            self.assertEqual(len(self.found()), 2)

    def test_views_that_are_no_sets(self):
        with while_("CREATE VIEW plain AS SELECT id FROM clinic_folder;"
                    "CREATE POLICY more ON clinic_note USING (EXISTS (SELECT FROM plain))",
                    "DROP VIEW plain CASCADE"):
            self.assertEqual(self.found(), [])

    def test_index(self):
        name, = [name for name, in facts(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid ="
            " 'clinic_page'::regclass AND indkey[0] = (SELECT attnum FROM pg_attribute"
            " WHERE attrelid = 'clinic_page'::regclass AND attname = 'kept_in')")]
        with while_("UPDATE pg_index SET indisvalid = false WHERE indexrelid = '%s'::regclass"
                    % name, "UPDATE pg_index SET indisvalid = true WHERE indexrelid ="
                    " '%s'::regclass" % name):
            found = self.found()
        self.assertEqual([e.id for e in found], ["dbmi_authz.W030"])
        self.assertIn("'kept_in'", found[0].msg)
