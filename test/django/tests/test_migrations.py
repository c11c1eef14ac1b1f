"""Operations of migrations, forwards, backwards and as SQL."""
import io

from clinic.models import Note
from dbmi_authz_django import authz
from dbmi_authz_django.operations import (
    AddIssuer, EnableRowSecurity, InstallExtension, Policy, Protect,
)
from dbmi_authz_django.schema.state import KEY
from django.apps import apps
from django.core.management import call_command
from django.db import connections, migrations, models
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter

from . import token, trust
from .base import Case


def output_of(*args, **options):
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def facts(sql, *params):
    with connections["root"].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def policies(table):
    return [row[0] for row in facts("SELECT policyname FROM pg_policies WHERE tablename = %s"
                                    " ORDER BY 1", table)]


def row_security(table):
    return facts("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s",
                 table)[0]


class Commands(Case):
    def test_makemigrations_is_quiet(self):
        self.assertIn("No changes detected", output_of("makemigrations", dry_run=True, check=True))

    def test_sqlmigrate(self):
        sql = output_of("sqlmigrate", "clinic", "0002", database="owner")
        for statement in (
                "CREATE EXTENSION IF NOT EXISTS dbmi_authz;",
                "SELECT authz.add_issuer('https://id.example', ARRAY['clinic']::text[], 'generic',",
                'ALTER TABLE "clinic_note" ENABLE ROW LEVEL SECURITY;',
                'ALTER TABLE "clinic_note" FORCE ROW LEVEL SECURITY;',
                'CREATE POLICY "own" ON "clinic_note" AS PERMISSIVE FOR ALL TO PUBLIC'
                ' USING (authz.is_owner_or_admin(owner));',
                "WITH CHECK (authz.is_owner(written_by) AND authz.has_scope('comments'))"):
            self.assertIn(statement, sql)
        back = output_of("sqlmigrate", "clinic", "0002", database="owner", backwards=True)
        for statement in ('DROP POLICY "own" ON "clinic_note";', "NO FORCE ROW LEVEL SECURITY;",
                          'ALTER TABLE "clinic_note" DISABLE ROW LEVEL SECURITY;',
                          "SELECT authz.drop_issuer('https://id.example');",
                          "DROP EXTENSION IF EXISTS dbmi_authz;"):
            self.assertIn(statement, back)

    def test_there_and_back(self):
        connections["default"].close()
        try:
            call_command("migrate", "clinic", "0001", database="owner", verbosity=0)
            self.assertEqual(policies("clinic_note"), [])
            self.assertEqual(row_security("clinic_note"), (False, False))
            self.assertEqual(facts("SELECT count(*) FROM pg_extension"
                                   " WHERE extname = 'dbmi_authz'"), [(0,)])
        finally:
            for alias in ("default", "owner"):
                connections[alias].close()      # they know functions that are gone
            call_command("migrate", "clinic", database="owner", verbosity=0)
            trust()
        self.assertEqual(policies("clinic_note"), ["own"])
        self.assertEqual(row_security("clinic_note"), (True, True))
        self.assertEqual(self.json("/notes/", "ann")["notes"], ["Ann 1", "Ann 2"])


class Operations(Case):
    def state(self):
        return ProjectState.from_apps(apps)

    def apply(self, operation, backwards=False):
        state = self.state()
        with connections["owner"].schema_editor() as editor:
            move = operation.database_backwards if backwards else operation.database_forwards
            move("clinic", editor, state, state)

    def test_policy(self):
        operation = Policy("Note", 'odd "name"', "select", using="title = '100%'", roles=[
            "clinic_app", "public"], permissive=False)
        self.apply(operation)
        self.assertEqual(facts("SELECT permissive, cmd, qual, roles::text FROM pg_policies"
                               " WHERE policyname = 'odd \"name\"'"),
                         [("RESTRICTIVE", "SELECT", "((title)::text = '100%'::text)", "{public}")])
        with authz.as_token(token("ann")):
            self.assertEqual(Note.objects.count(), 0)
        self.apply(operation, backwards=True)
        self.assertEqual(policies("clinic_note"), ["own"])

    def test_protect(self):
        before = facts("SELECT relrowsecurity, relforcerowsecurity FROM pg_class"
                       " WHERE relname = 'clinic_ward'")
        self.assertEqual(before, [])
        model = models_state()
        state = self.state()
        state.add_model(model)
        create = migrations.CreateModel("Ward", model.fields.items())
        protect = Protect("Ward", owner="keeper", select_any_scopes=["wards"])
        with connections["owner"].schema_editor() as editor:
            create.database_forwards("clinic", editor, self.state(), state)
            protect.database_forwards("clinic", editor, state, state)
        try:
            self.assertEqual(row_security("clinic_ward"), (True, True))
            self.assertTrue(policies("clinic_ward"))
            self.assertIn("kept_by", str(facts(
                "SELECT qual FROM pg_policies WHERE tablename = 'clinic_ward'")))
            with connections["owner"].schema_editor() as editor:
                protect.database_backwards("clinic", editor, state, state)
            self.assertEqual(policies("clinic_ward"), [])
        finally:
            with connections["owner"].schema_editor() as editor:
                create.database_backwards("clinic", editor, state, self.state())

    def test_issuer(self):
        operation = AddIssuer("https://o'other.example", ["a", "b"], "auth0",
                              {"jwks_uri": "https://o'other.example/\\jwks"})
        self.apply(operation)
        self.assertEqual(facts("SELECT profile, options ->> 'jwks_uri' FROM authz.issuer"
                               " WHERE issuer = %s", "https://o'other.example"),
                         [("auth0", "https://o'other.example/\\jwks")])
        self.apply(operation, backwards=True)
        self.assertEqual(facts("SELECT count(*) FROM authz.issuer"), [(1,)])

    def test_not_for_other_databases(self):
        from unittest import mock
        editor = mock.Mock()
        editor.connection.vendor = "sqlite"
        for operation in (InstallExtension(), EnableRowSecurity("Note")):
            operation.database_forwards("clinic", editor, self.state(), self.state())
        editor.execute.assert_not_called()

    def test_router(self):
        from unittest import mock
        editor = mock.Mock()
        editor.connection.vendor, editor.connection.alias = "postgresql", "owner"
        with mock.patch("django.db.router.allow_migrate", return_value=False), \
                mock.patch("django.db.router.allow_migrate_model", return_value=False):
            for operation in (InstallExtension(), EnableRowSecurity("Note")):
                operation.database_forwards("clinic", editor, self.state(), self.state())
        editor.execute.assert_not_called()

    def test_mistakes(self):
        for arguments in ({"command": "TRUNCATE", "using": "true"}, {},
                          {"command": "INSERT", "using": "true"},
                          {"command": "SELECT", "check": "true"}):
            with self.assertRaises(ValueError):
                Policy("Note", "x", **arguments)

    def test_no_change_of_state_and_written_again(self):
        """As squashmigrations and makemigrations see them."""
        for operation in (InstallExtension(), AddIssuer("https://x.example", ["a"]),
                          EnableRowSecurity("Note", force=False),
                          Policy("Note", "p", using="true"),
                          Protect("Note", owner="owner", update_any_roles=["editor"])):
            state = self.state()
            operation.state_forwards("clinic", state)
            self.assertEqual(shown(state), shown(self.state()))
            self.assertTrue(operation.describe())
            text, imports = MigrationWriter.serialize(operation)
            names = {}
            exec("\n".join(imports), names)
            again = eval(text, names)
            state = [{k: v for k, v in vars(o).items() if k[0] != "_"} for o in (again, operation)]
            self.assertEqual(*state)
            self.assertTrue(operation.migration_name_fragment)


def shown(state):
    """Without what we keep in it, and nobody else sees."""
    for model in state.models.values():
        model.options.pop(KEY, None)
    return state


def models_state():
    from django.db.migrations.state import ModelState
    return ModelState("clinic", "Ward", [
        ("id", models.BigAutoField(primary_key=True)),
        ("keeper", models.TextField(db_column="kept_by", db_index=True))])
