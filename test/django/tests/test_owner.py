"""Q37: the owner's work is never empty in silence, and as_owner() is how it is done."""
import io
import json
import os
import re
import tempfile
import threading
import time
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from unittest import mock

from clinic.models import Comment, Folder, Note, Page, Record
from dbmi_authz_django import authz
from dbmi_authz_django.ownership import owner as module, silence
from dbmi_authz_django.operations import AsOwner
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import (
    DatabaseError, IntegrityError, OperationalError, connection, connections, migrations, models,
    router, transaction,
)
from django.db.migrations.state import ModelState, ProjectState
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from . import TEST, atomic_requests, token
from .base import Case
from .test_vanishing import copied, raw_titles

TABLES = ("clinic_note", "clinic_comment", "clinic_record")


def forced(table="clinic_note", alias="root"):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
                       [table])
        return cursor.fetchone()[0]


def execute(sql, args=None, alias="root"):
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall() if cursor.description else None


def all_titles():
    return [title for title, in execute("SELECT title FROM clinic_note ORDER BY title")]


def anew(alias):
    """Of other settings: not one that a pool has kept."""
    connections[alias].close()
    if hasattr(connections[alias], "close_pool"):       # Django 5.1
        connections[alias].close_pool()


class Owner(Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.nothing_left)

    def nothing_left(self):
        """Neither NO FORCE nor a wrapper."""
        for table in TABLES:
            self.assertTrue(forced(table), table)
        self.assertEqual(execute("SHOW row_security", alias="default"), [("on",)])
        for alias in ("default", "owner", "root"):
            for wrapper in connections[alias].execute_wrappers:
                self.assertIn(type(wrapper).__name__, ("Handover", "Loud"))
                if alias == "default":
                    self.assertEqual(type(wrapper).__name__, "Handover")
        self.assertEqual(module._blocks.get(), ())

    def refused(self, words, error=authz.AsOwnerError):
        return self.assertRaisesRegex(error, words)

    @contextmanager
    def single_role(self):
        """The owner is the application: one alias, which carries tokens."""
        given = connections["default"].settings_dict
        anew("default")
        with mock.patch.dict(given, USER="clinic_owner"):
            try:
                yield
            finally:
                anew("default")


class Silence(Owner):
    """Without it: an error."""

    def hidden(self, words="clinic_note"):
        return self.refused(words, authz.RowsHidden)

    def test_queries(self):
        """Q37: of every kind, and nothing is done."""
        notes = Note.objects.using("owner")
        for work in (lambda: notes.update(words=1), notes.count, lambda: list(notes.all()),
                     lambda: notes.all().delete(), lambda: notes.create(owner="x", title="x"),
                     lambda: notes.filter(pk=1).exists(), lambda: list(notes.iterator()),
                     lambda: notes.bulk_create([Note(owner="x", title="x")]),
                     lambda: list(Comment.objects.using("owner").select_related("note")),
                     lambda: execute("SELECT count(*) FROM clinic_note", alias="owner"),
                     lambda: execute("DO $$BEGIN DELETE FROM clinic_note; END$$", alias="owner")):
            with self.hidden("clinic_(note|comment)"):
                work()
        self.assertEqual(len(all_titles()), 4)

    def test_past_us(self):
        """Q37: also what does not pass by Django's cursors, on a new connection too."""
        for close in (False, True):
            if close:
                connections["owner"].close()
            with self.refused("row-level security|violates|clinic_note", Exception):
                copied("owner")
            connections["owner"].rollback()
            if close:
                connections["owner"].close()
            with self.refused("clinic_note", Exception):
                raw_titles("owner")
            connections["owner"].rollback()

    def test_says_what_to_do(self):
        """Q37"""
        with self.hidden() as caught:
            Note.objects.using("owner").count()
        text = str(caught.exception)
        for words in ('as_owner(clinic.Note, using="owner")', 'AsOwner', 'authz_as_owner clinic.Note --"',
                      'database "owner"'):
            self.assertIn(words, text)
        self.assertNotIn("as_token", text)      # which this alias does not carry
        self.assertIsInstance(caught.exception, DatabaseError)

    def test_after_anything(self):
        """Q37: rollbacks, savepoints, RESET, other connections."""
        def rolls_back():
            try:
                with transaction.atomic("owner"):
                    execute("SELECT 1", alias="owner")
                    raise KeyError
            except KeyError:
                pass

        def savepoint():
            with transaction.atomic("owner"):
                try:
                    with transaction.atomic("owner"):
                        execute("SELECT 1", alias="owner")
                        raise KeyError
                except KeyError:
                    pass

        for pooled in (False, True):
            with mock.patch.dict(connections["owner"].settings_dict,
                                 DISABLE_SERVER_SIDE_CURSORS=pooled):
                anew("owner")
                for work in (rolls_back, savepoint,
                             lambda: execute("RESET ALL", alias="owner"),
                             lambda: execute("DISCARD ALL", alias="owner"),
                             lambda: connections["owner"].close(),
                             lambda: None):
                    work()
                    with self.subTest(pooled=pooled), self.hidden():
                        Note.objects.using("owner").count()
                    with self.hidden(), transaction.atomic("owner"):
                        work_in = "RESET ALL"
                        execute(work_in, alias="owner")
                        Note.objects.using("owner").count()
                    with transaction.atomic("owner"):
                        for _ in range(2):
                            with self.hidden(), transaction.atomic("owner"):
                                Note.objects.using("owner").count()
                if pooled:      # nothing stays in a session that is others' too
                    self.assertEqual(self.session("owner"), "on")
        anew("owner")

    def session(self, alias):
        with connections[alias].connection.cursor() as cursor:
            cursor.execute("SHOW row_security")
            return cursor.fetchone()[0]

    def test_other_work_of_the_owner(self):
        """Q37: is as before: other tables, our functions, keys, schema."""
        folder = Folder.objects.using("owner").create(name="x")
        self.assertEqual(Folder.objects.using("owner").count(), 1)
        with self.hidden("clinic_page"):        # whose rows Django wants to take along
            folder.delete()
        Folder.objects.using("owner").filter(pk=folder.pk)._raw_delete("owner")
        execute("GRANT clinic_app TO clinic_owner")
        self.addCleanup(execute, "REVOKE clinic_app FROM clinic_owner")
        for sql in ("SELECT * FROM authz.lint()", "SELECT * FROM authz.issuer",
                    "SELECT * FROM authz.issuer_key", "SELECT * FROM authz.item_permission",
                    "SELECT authz.explain_access('clinic_note')",
                    "SELECT authz.watch('clinic_note')", "SELECT authz.unwatch('clinic_note')",
                    "SELECT authz.audit('clinic_note')", "SELECT * FROM authz.audit_event",
                    "SELECT authz.unaudit('clinic_note')",
                    "SELECT authz.revoke_token('https://id.example', 'nobody''s')",
                    "CREATE FUNCTION public.own(pk bigint) RETURNS boolean LANGUAGE sql STABLE RETURN"
                    " EXISTS (SELECT FROM clinic_note WHERE id = pk AND authz.is_owner(owner))",
                    "SELECT authz.register_access('x.y', 'clinic_note', 'user', 'own(bigint)')",
                    "SELECT authz.accept_rules('clinic_note')",
                    "SELECT authz.unregister_access('x.y', 'clinic_note', 'user')",
                    "DROP FUNCTION own(bigint)",
                    "SELECT authz.policy_changes(authz.policy_state('clinic_note'),"
                    " authz.policy_state('clinic_note'))",
                    "CREATE VIEW my_notes AS SELECT id FROM clinic_note WHERE authz.is_owner(owner)",
                    "CREATE POLICY mine ON clinic_record USING (authz.in_set('my_notes', id))",
                    "SELECT * FROM authz.sets()", "DROP POLICY mine ON clinic_record",
                    "SELECT authz.protect('clinic_note', 'owner', set => 'my_notes',"
                    " set_column => 'id', dry_run => true)",
                    "DROP VIEW my_notes", "SELECT authz.unprotect('clinic_note')",
                    "SELECT * FROM authz.verify_audit()",
                    "SELECT * FROM authz.access_review('clinic_note',"
                    " ARRAY['{\"sub\": \"ann\"}'::json], 'clinic_app')",
                    "SELECT authz.export_trust()",
                    "ALTER TABLE clinic_note ADD CHECK (words >= 0)",
                    "ALTER TABLE clinic_note DROP CONSTRAINT clinic_note_words_check",
                    "ANALYZE clinic_note"):
            with self.subTest(sql):
                execute(sql, alias="owner")
        call_command("authz_status", database="owner", stdout=io.StringIO())
        call_command("check", databases=["owner"], stdout=io.StringIO(), stderr=io.StringIO())

    def test_definitions(self):
        """Q37: to create a function in SQL is no read, although PostgreSQL refuses it."""
        body = "SELECT count(*) FROM clinic_note"
        function = "CREATE OR REPLACE FUNCTION public.defined() RETURNS bigint LANGUAGE sql "
        written = (
            function + "AS '%s'" % body, function + "AS $body$ %s; $body$;" % body,
            function + "RETURN (%s)" % body, function + "BEGIN ATOMIC SELECT 1; %s; END" % body,
            "-- says ; how many\n/* and /* ; */ */" + function + "AS E'%s -- \\';'" % body,
            "CREATE OR REPLACE PROCEDURE public.undefined() LANGUAGE sql AS 'DELETE FROM clinic_note'",
            "DROP FUNCTION IF EXISTS defined(); %s AS '%s'; GRANT EXECUTE ON FUNCTION defined()"
            " TO clinic_app; COMMENT ON FUNCTION defined() IS 'it''s;'" % (function, body))
        others = ("CREATE VIEW seen AS SELECT * FROM clinic_note",
                  "CREATE OR REPLACE VIEW seen AS SELECT * FROM clinic_note WHERE id > 0",
                  "CREATE POLICY seen ON clinic_folder USING (EXISTS (SELECT FROM clinic_note))",
                  "ALTER POLICY seen ON clinic_folder USING (EXISTS (SELECT FROM clinic_note))",
                  "CREATE RULE seen AS ON DELETE TO clinic_folder DO ALSO SELECT * FROM clinic_note",
                  "CREATE FUNCTION public.pl() RETURNS void LANGUAGE plpgsql AS"
                  " 'BEGIN PERFORM FROM clinic_note; END'",
                  "CREATE MATERIALIZED VIEW seen_2 AS SELECT * FROM clinic_note WITH NO DATA")
        for pooled in (False, True):
            with mock.patch.dict(connections["owner"].settings_dict,
                                 DISABLE_SERVER_SIDE_CURSORS=pooled):
                connections["owner"].close()
                for within in (nullcontext, lambda: transaction.atomic("owner")):
                    for sql in written + others:
                        with self.subTest(sql, pooled=pooled), within():
                            execute(sql, alias="owner")
                            with self.hidden(), transaction.atomic("owner"):
                                Note.objects.using("owner").count()
                    with self.hidden():         # nor does it read for us
                        execute("SELECT defined()", alias="owner")
                    execute("DROP PROCEDURE undefined(); DROP FUNCTION defined(), pl();"
                            "DROP VIEW seen; DROP MATERIALIZED VIEW seen_2;"
                            "DROP POLICY seen ON clinic_folder; DROP RULE seen ON clinic_folder",
                            alias="owner")
        connections["owner"].close()

    def test_no_definitions(self):
        """Q37: what reads beside them, or instead, is an error as ever."""
        function = ("CREATE FUNCTION public.defined() RETURNS bigint LANGUAGE sql"
                    " AS 'SELECT count(*) FROM clinic_note'")
        execute("CREATE MATERIALIZED VIEW seen AS SELECT * FROM clinic_note WITH NO DATA",
                alias="owner")
        try:
            for sql in ("DO 'BEGIN PERFORM FROM clinic_note; END'",
                        "DO $do$ BEGIN %s; END $do$" % function,
                        "CREATE TABLE copy AS SELECT * FROM clinic_note",
                        "CREATE TEMP TABLE function AS SELECT * FROM clinic_note",
                        "SELECT * INTO procedure FROM clinic_note",
                        "CREATE MATERIALIZED VIEW function AS SELECT * FROM clinic_note",
                        "REFRESH MATERIALIZED VIEW seen", "PREPARE p AS DELETE FROM clinic_note",
                        function + "; UPDATE clinic_note SET words = 0",
                        function + "; CREATE TABLE copy AS SELECT * FROM clinic_note",
                        function.replace("AS '", "BEGIN ATOMIC ").replace("note'", "note; END")
                        + "; DELETE FROM clinic_note",
                        "/* '; */ DELETE FROM clinic_note; -- '\n" + function):
                with self.subTest(sql), self.hidden():
                    execute(sql, alias="owner")
                self.assertEqual(execute("SELECT to_regclass('copy'), to_regclass('function')"),
                                 [(None, None)])
        finally:
            execute("DROP MATERIALIZED VIEW seen", alias="owner")
        self.assertEqual(execute("SELECT count(*), min(words) FROM clinic_note"), [(4, 10)])

    def test_definition_that_fails(self):
        """Q37: is an error of its own, and nothing is read afterwards."""
        wrong = ("CREATE FUNCTION public.defined() RETURNS bigint LANGUAGE sql"
                 " AS 'SELECT nothing FROM clinic_note'")
        for _ in range(2):
            with self.refused("nothing", DatabaseError):
                execute(wrong, alias="owner")
            with self.hidden():
                Note.objects.using("owner").count()
            with transaction.atomic("owner"):
                with self.refused("nothing", DatabaseError), transaction.atomic("owner"):
                    execute(wrong, alias="owner")
                with self.hidden(), transaction.atomic("owner"):
                    Note.objects.using("owner").count()

    def test_role_setting_and_definitions(self):
        """Q37: also where the role has it from the server."""
        execute("ALTER ROLE clinic_owner SET row_security = off")
        try:
            anew("owner")
            execute("CREATE FUNCTION public.defined() RETURNS bigint LANGUAGE sql"
                    " AS 'SELECT count(*) FROM clinic_note'", alias="owner")
            execute("DROP FUNCTION defined()", alias="owner")
        finally:
            execute("ALTER ROLE clinic_owner RESET row_security")
            anew("owner")

    def test_keys(self):
        """Q37: checks of foreign keys and cascades read and change all rows."""
        execute("CREATE TABLE public.on_note (note bigint REFERENCES clinic_note"
                " ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)", alias="owner")
        try:
            execute("INSERT INTO on_note VALUES (1)", alias="owner")
            with self.assertRaises(IntegrityError):
                execute("INSERT INTO on_note VALUES (77)", alias="owner")
            with authz.as_owner(Note, Comment, using="owner"):
                Note.objects.filter(pk=1).delete()
            self.assertEqual(execute("SELECT count(*) FROM on_note", alias="owner"), [(0,)])
        finally:
            execute("DROP TABLE on_note", alias="owner")

    def test_who_is_not_bound(self):
        """Q37: a superuser sees all, with no statement more."""
        self.assertEqual(Note.objects.using("root").count(), 4)
        self.assertEqual(self.session("root"), "on")

    def test_others(self):
        """Q37: an alias without tokens whose role owns nothing sees what policies show."""
        with override_settings(DBMI_AUTHZ={"DATABASES": []}):
            connections["default"].execute_wrappers.clear()
            connections["default"].close()
            self.assertEqual(Note.objects.count(), 0)
            self.assertEqual(self.session("default"), "on")
            connections["default"].close()
            connections["default"].execute_wrappers.clear()

    def test_setting(self):
        """Q37: SILENT_DATABASES"""
        with override_settings(DBMI_AUTHZ={"SILENT_DATABASES": ["owner"]}):
            connections["owner"].close()
            self.assertEqual(Note.objects.using("owner").count(), 0)
        connections["owner"].close()
        with self.hidden():
            Note.objects.using("owner").count()

    def test_role_setting(self):
        """Q37: where the role has it from the server, also in psql."""
        execute("ALTER ROLE clinic_owner SET row_security = off")
        try:
            anew("owner")
            with self.hidden():
                Note.objects.using("owner").count()
        finally:
            execute("ALTER ROLE clinic_owner RESET row_security")
            anew("owner")

    def test_costs_nothing(self):
        """Q37: a request sends no statement more, and one to the owner's alias none but
        its own on a connection that is there."""
        self.get("/notes/", "ann")
        self.assertEqual(self.statements(lambda: self.get("/notes/", "ann")),
                         ["set_token", "query", "clear_token"])
        Folder.objects.using("owner").count()
        sent = []
        with mock.patch.object(silence.Loud, "send", lambda loud, sql: sent.append(sql)):
            for _ in range(3):
                Folder.objects.using("owner").count()
                with transaction.atomic("owner"):
                    Folder.objects.using("owner").count()
        self.assertEqual(sent, [])

    def test_asked_once(self):
        """Q37: whose alias it is, for all connections of a process."""
        silence._owners.clear()
        asked = []
        row = silence.drivers.row
        with mock.patch.object(silence.drivers, "row",
                               lambda *args: (asked.append(args[1]), row(*args))[1]):
            for _ in range(3):
                connections["owner"].close()
                Folder.objects.using("owner").count()
        # another test may have had tokens carried there
        self.assertEqual([sql for sql in asked if sql == silence.OWNS], [silence.OWNS])

    def test_in_a_request(self):
        """Q37: the mistake is ours, and no answer to the client."""
        def view(request):
            return HttpResponse(str(Note.objects.using("owner").count()))

        with override_settings(ROOT_URLCONF=(path("view/", view),)):
            for who in ("ann", None):
                self.assertEqual(self.get("/view/", who).status_code, 500)


class Commands(Owner):
    """Of Django's, on whatever alias they run."""

    def dumped(self, *args, **options):
        out = io.StringIO()
        call_command("dumpdata", *args, stdout=out, **options)
        return json.loads(out.getvalue())

    def fixture(self, *objects):
        f = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
        self.addCleanup(os.unlink, f.name)
        with f:
            json.dump([{"model": "clinic.note", "pk": pk, "fields": {
                "owner": "dora", "title": "Dora %d" % pk}} for pk in objects], f)
        return f.name

    def test_dumpdata(self):
        """Q37: as the owner, as the application, in one role: an error."""
        for alias in ("owner", "default"):
            with self.subTest(alias=alias), self.refused("as_owner", CommandError):
                self.dumped("clinic.Note", database=alias)
        with self.single_role():
            with self.refused("as_owner", CommandError):
                self.dumped("clinic.Note")
            self.assertEqual(Note.objects.count(), 0)       # and afterwards as before
        self.assertEqual(self.dumped("clinic.Folder", database="owner"), [])
        self.assertEqual(len(self.dumped("clinic.Note", database="root")), 4)

    def test_loaddata(self):
        """Q37"""
        name = self.fixture(11, 12)
        for alias in ("owner", "default"):
            with self.subTest(alias=alias), self.refused("as_owner", authz.RowsHidden):
                call_command("loaddata", name, database=alias, verbosity=0)
        with self.single_role(), self.refused("as_token", authz.RowsHidden):
            call_command("loaddata", name, verbosity=0)

    def test_as_somebody(self):
        """Q37: who has said whose work it is gets that one's rows."""
        for who, rows in (("ann", 2), (None, 0)):
            with authz.as_token(who and token(who)):
                self.assertEqual(len(self.dumped("clinic.Note")), rows)

    def test_in_a_transaction(self):
        """Q37: of a test case, which goes on."""
        with transaction.atomic():
            self.assertEqual(Note.objects.count(), 0)
            with self.refused("as_owner", CommandError), transaction.atomic():
                self.dumped("clinic.Note", database="default")
            self.assertEqual(Note.objects.count(), 0)
            with authz.as_token(token("ann")):
                self.assertEqual(Note.objects.count(), 2)

    def test_switches_to_and_fro(self):
        """Q37: within one command, for each query."""
        seen = []

        def count():
            try:
                with transaction.atomic():
                    return Note.objects.count()
            except authz.RowsHidden:
                return "hidden"

        class Command(BaseCommand):
            __module__ = "x.management.commands.dumpdata"
            requires_system_checks = []

            def handle(self, *args, **options):
                for atomic in (False, True):
                    with transaction.atomic() if atomic else open(os.devnull):
                        seen.append(count())
                        with authz.as_token(token("ann")):
                            seen.append(count())
                            with transaction.atomic():
                                seen.append(count())
                        with authz.as_token(None):
                            seen.append(count())
                        seen.append(count())

        for pooled in (False, True):
            seen.clear()
            connections["default"].close()
            with mock.patch.dict(connection.settings_dict, DISABLE_SERVER_SIDE_CURSORS=pooled):
                call_command(Command())
            self.assertEqual(seen, ["hidden", 2, 2, 0, "hidden"] * 2)
            self.assertEqual(Note.objects.count(), 0)

    def test_of_the_command_line(self):
        """Q37: others, where the role is the owner; not those that serve, nor call_command()."""
        seen = []

        def command(name):
            class Command(BaseCommand):
                __module__ = "x.management.commands." + name
                requires_system_checks = []

                def handle(self, *args, **options):
                    try:
                        seen.append(Note.objects.count())
                    except authz.RowsHidden:
                        seen.append("hidden")
            return Command()

        def run(name):
            with mock.patch("django.core.management.base.connections.close_all"):
                command(name).run_from_argv(["manage.py", name])
            return seen.pop()

        self.assertEqual(run("report"), 0)
        with self.single_role():
            self.assertEqual(run("report"), "hidden")
            for name in ("test", "runserver", "runserver_plus", "testserver"):
                self.assertEqual(run(name), 0)
            call_command(command("report"))
            self.assertEqual(seen.pop(), 0)
            self.assertEqual(self.get("/notes/", "ann").json()["notes"], ["Ann 1", "Ann 2"])
            self.assertEqual(Note.objects.count(), 0)

    def test_threads_of_a_command(self):
        """Q37: requests in other threads of its process are what they were."""
        found = []

        def work():
            try:
                found.append(self.get("/notes/").json()["notes"])
                found.append(Note.objects.count())
            finally:
                connection.close()

        with silence.never_silent(silence.EVERYBODY):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        self.assertEqual(found, [[], 0])

    def test_authz_as_owner(self):
        """Q37"""
        out = io.StringIO()
        call_command("authz_as_owner", "clinic.Note", "--database", "owner", "--", "dumpdata",
                     "clinic.Note", stdout=out)
        self.assertEqual(len(json.loads(out.getvalue())), 4)
        for args in (["clinic.Note"], ["--all"]):
            call_command("authz_as_owner", *args, "--database=owner", "--", "loaddata",
                         self.fixture(11, 12), "--verbosity=0")
        self.assertIn("Dora 12", all_titles())

    def test_authz_as_owner_of_the_command_line(self):
        """Q37"""
        from dbmi_authz_django.management.commands.authz_as_owner import Command
        out = io.StringIO()
        with mock.patch("django.core.management.base.connections.close_all"):
            Command(stdout=out).run_from_argv([
                "manage.py", "authz_as_owner", "clinic.Note", "clinic.Comment", "--database",
                "owner", "--", "dumpdata", "--indent", "1", "clinic.note"])
        self.assertEqual(len(json.loads(out.getvalue())), 4)

    def test_authz_as_owner_refuses(self):
        """Q37"""
        for args, words in (
                (("clinic.Note", "--", "dumpdata"), "owns"),       # the application's alias
                (("--database=owner", "--", "dumpdata"), "Name models"),
                (("clinic.Note", "--all", "--database=owner", "--", "dumpdata"), "Name models"),
                (("clinic.Note", "--database=owner"), "Which command"),
                (("clinic.Note", "--database=owner", "--"), "Which command"),
                (("clinic.Nothing", "--database=owner", "--", "dumpdata"), "Nothing"),
                (("Note", "--database=owner", "--", "dumpdata"), "."),
                (("clinic.Note", "--database=owner", "--", "nothing"), "no command")):
            with self.subTest(args=args), self.refused(words, CommandError):
                call_command("authz_as_owner", *args)

    def test_test_runner(self):
        """Q37: rows that it keeps and restores are all rows."""
        for alias in ("owner", "default"):
            with self.single_role():
                creation = connections[alias].creation
                with mock.patch("django.db.migrations.loader.MigrationLoader.migrated_apps",
                                {"clinic"}, create=True), mock.patch(
                        "django.db.migrations.loader.MigrationLoader.build_graph"):
                    kept = creation.serialize_db_to_string()
                self.assertEqual(sum(o["model"] == "clinic.note" for o in json.loads(kept)), 4)
                execute("TRUNCATE clinic_note, clinic_comment")
                creation.deserialize_db_from_string(kept)
                self.assertEqual(len(all_titles()), 4)


class AsOwnerBlock(Owner):
    """as_owner()"""

    def test_work(self):
        """Q37: by the alias, and by itself where nobody is logged in."""
        with authz.as_owner(Note, Comment, using="owner") as owner:
            self.assertEqual(owner, "owner")
            self.assertEqual(Note.objects.using(owner).count(), 4)
            self.assertEqual(Note.objects.update(words=7), 4)
            Note(owner="x", title="x").save()
            Note.objects.using(owner).get(title="x").delete()
            note = Note.objects.get(pk=1)
            note.title = "Ann one"
            note.save()
            with connections[owner].cursor() as cursor:
                cursor.execute("SELECT count(*) FROM clinic_note")
                self.assertEqual(cursor.fetchone(), (4,))
        self.assertEqual(all_titles(), ["Ann 2", "Ann one", "Bob 1", "Cleo 1"])
        self.assertEqual(execute("SELECT DISTINCT words FROM clinic_note"), [(7,)])
        with self.refused("clinic_note", authz.RowsHidden):
            Note.objects.using("owner").count()

    def test_only_the_models(self):
        """Q37: others are as before."""
        with authz.as_owner(Note, using="owner"):
            self.assertFalse(forced(alias="owner"))
            self.assertTrue(forced("clinic_comment", "owner"))
            with self.refused("clinic_comment", authz.RowsHidden), transaction.atomic("owner"):
                Comment.objects.count()

    def test_names(self):
        """Q37: classes, labels, parents, many-to-many tables."""
        from django.contrib.auth.models import Group, User
        self.assertEqual(list(module.tables_of("clinic.Note", False)), ['"clinic_note"'])
        self.assertEqual(set(module.tables_of(User, True)),
                         {'"auth_user"', '"auth_user_groups"', '"auth_user_user_permissions"'})
        self.assertEqual(list(module.tables_of(User.groups.through, False)),
                         ['"auth_user_groups"'])

        class Letter(Note):
            class Meta:
                app_label = "nowhere"

        class Proxy(Note):
            class Meta:
                app_label = "nowhere"
                proxy = True

        self.assertEqual(set(module.tables_of(Letter, False)),
                         {'"nowhere_letter"', '"clinic_note"'})
        self.assertEqual(set(module.tables_of(Proxy, False)), {'"clinic_note"'})
        with authz.as_owner("clinic.Note", Group, using="owner"):
            self.assertEqual(Note.objects.count(), 4)

    def test_refused(self):
        """Q37: who is not the owner; what is not there."""
        class Missing(models.Model):
            class Meta:
                app_label = "nowhere"

        for model, alias, words in ((Note, "default", '"clinic_owner", who owns clinic_note'),
                                    (Missing, "owner", 'no table "nowhere_missing"')):
            with self.refused(words), authz.as_owner(model, using=alias):
                self.fail()
        with self.refused("nothing", LookupError), authz.as_owner("clinic.nothing"):
            self.fail()
        for wrong in (lambda: authz.as_owner(), lambda: authz.as_owner(lambda: None)):
            self.assertRaises(TypeError, wrong)
        with mock.patch.object(connections["owner"], "vendor", "sqlite"), \
                self.refused("not PostgreSQL"), authz.as_owner(Note, using="owner"):
            self.fail()

    def test_member(self):
        """Q37: of the owner, with its rights, and not without."""
        try:
            execute("GRANT clinic_owner TO clinic_app")
            with authz.as_owner(Note):
                self.assertEqual(Note.objects.count(), 4)
            execute("ALTER ROLE clinic_app NOINHERIT; REVOKE clinic_owner FROM clinic_app;"
                    " GRANT clinic_owner TO clinic_app")
            with self.refused("does not have the rights"), authz.as_owner(Note):
                self.fail()
        finally:
            execute("REVOKE clinic_owner FROM clinic_app; ALTER ROLE clinic_app INHERIT")

    def test_role_of_the_application(self):
        """Q37: what it may say in SQL, and by Django, opens nothing."""
        for sql in ("ALTER TABLE clinic_note NO FORCE ROW LEVEL SECURITY",
                    "ALTER TABLE clinic_note DISABLE ROW LEVEL SECURITY",
                    "SET ROLE clinic_owner", "SET row_security = off; SELECT * FROM clinic_note",
                    "SET SESSION AUTHORIZATION clinic_owner",
                    "UPDATE pg_class SET relforcerowsecurity = false"):
            for who in (None, "ann"):
                with authz.as_token(who and token(who)), self.assertRaises(DatabaseError), \
                        transaction.atomic():
                    execute(sql, alias="default")

    def test_logged_in(self):
        """Q37: not on an alias that carries tokens, neither before nor within."""
        with self.single_role():
            for who in ("ann", None):
                with authz.as_token(who and token(who)), self.refused("carries tokens"), \
                        authz.as_owner(Note):
                    self.fail()
            with authz.as_owner(Note):
                self.assertEqual(Note.objects.count(), 4)
                for who in ("ann", None):
                    with authz.as_token(who and token(who)), self.refused("carries tokens"):
                        Note.objects.count()
            with authz.as_token(token("ann")):
                self.assertEqual(Note.objects.count(), 2)

    def test_in_a_request(self):
        """Q37: by name; what does not say so is the visitor's and would wait for itself."""
        def view(request):
            with authz.as_owner(Note, using="owner") as owner:
                counts = [Note.objects.using(owner).count()]
                try:
                    counts.append(Note.objects.count())
                except authz.AsOwnerError as error:
                    counts.append('using("owner")' in str(error))
            return HttpResponse(repr(counts + [Note.objects.count()]))

        with override_settings(ROOT_URLCONF=(path("view/", view),)):
            for atomic in (False, True):
                for who, mine in (("ann", 2), (None, 0)):
                    with atomic_requests(atomic):
                        self.assertEqual(self.get("/view/", who).content.decode(),
                                         repr([4, True, mine]))

    def test_waits_for_itself(self):
        """Q37: a transaction of this very thread has the table."""
        with transaction.atomic():
            Note.objects.count()
            with self.refused('this very thread: on "default"'), \
                    authz.as_owner(Note, using="owner", lock_timeout=0.1):
                self.fail()

    def test_lock_timeout(self):
        """Q37: for the lock only, and what it was afterwards."""
        for timeout in (0.1, timedelta(milliseconds=100)):
            with transaction.atomic("root"):
                execute("LOCK TABLE clinic_note IN ACCESS SHARE MODE")
                began = time.monotonic()
                with self.refused("in use"), authz.as_owner(Note, using="owner",
                                                            lock_timeout=timeout):
                    self.fail()
                self.assertLess(time.monotonic() - began, 3)
        for timeout in (3, None):
            with transaction.atomic("owner"):
                execute("SET LOCAL lock_timeout = '7s'", alias="owner")
                with authz.as_owner(Note, using="owner", lock_timeout=timeout):
                    self.assertEqual(execute("SHOW lock_timeout", alias="owner"), [("7s",)])

    def test_decorator(self):
        """Q37: of functions, again and again, in several threads; not of what goes on later."""
        @authz.as_owner(Note, using="owner")
        def count(more):
            return Note.objects.count() + more

        self.assertEqual([count(1), count(2)], [5, 6])
        decorator = authz.as_owner(Note, using="owner")

        async def later():
            pass

        def parts():
            yield

        async def aparts():
            yield
        for function in (later, parts, aparts):
            self.assertRaises(TypeError, decorator, function)
        with decorator, decorator:
            self.assertEqual(Note.objects.count(), 4)
        found = []

        def work():
            try:
                with decorator:
                    found.append(Note.objects.count())
            finally:
                connections["owner"].close()
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [4] * 3)

    def test_nested(self):
        """Q37: the outer one goes on, whatever becomes of the inner one."""
        for fails in (False, True):
            with authz.as_owner(Note, using="owner"):
                try:
                    with authz.as_owner(Note, Comment, using="owner"):
                        self.assertEqual((Note.objects.count(), Comment.objects.count()), (4, 3))
                        Note.objects.update(words=99)
                        if fails:
                            raise KeyError
                except KeyError:
                    pass
                self.assertFalse(forced(alias="owner"))
                self.assertTrue(forced("clinic_comment", "owner"))
                self.assertEqual(Note.objects.filter(words=99).count(), 0 if fails else 4)
            rows_of = execute("SELECT count(*) FROM clinic_note WHERE words = 99")
            self.assertEqual(rows_of, [(0 if fails else 4,)])
            execute("UPDATE clinic_note SET words = 1")

    def test_in_a_transaction(self):
        """Q37: which goes on with FORCE, and takes all back if it fails."""
        try:
            with transaction.atomic("owner"):
                with authz.as_owner(Note, Comment, using="owner"):
                    Comment.objects.create(note_id=1, author="x", text="x")
                self.assertTrue(forced(alias="owner"))
                with self.refused("clinic_note", authz.RowsHidden), transaction.atomic("owner"):
                    Note.objects.using("owner").count()
                with authz.as_owner(Note, Comment, using="owner"):
                    Comment.objects.create(note_id=1, author="x", text="x")
                    raise KeyError
        except KeyError:
            pass
        self.assertEqual(execute("SELECT count(*) FROM clinic_comment"), [(3,)])

    def test_pending_checks(self):
        """Q37: deferred foreign keys, which ALTER TABLE does not bear, are checked first."""
        with transaction.atomic("owner"):
            with authz.as_owner(Note, Comment, using="owner"):
                Comment.objects.create(note_id=1, author="x", text="x")
            with authz.as_owner(Comment, using="owner"):
                Comment.objects.create(note_id=2, author="x", text="x")
        with self.assertRaises(IntegrityError), authz.as_owner(Comment, using="owner"):
            Comment.objects.create(note_id=777, author="x", text="x")
        self.assertEqual(execute("SELECT count(*) FROM clinic_comment"), [(5,)])

    def test_exceptions(self):
        """Q37: take the work back, and NO FORCE."""
        class Odd(BaseException):
            pass

        for error in (KeyError, Odd, KeyboardInterrupt, SystemExit, GeneratorExit):
            with self.assertRaises(error), authz.as_owner(Note, Comment, using="owner"):
                Note.objects.all().delete()
                raise error
            self.nothing_left()
        with self.assertRaises(DatabaseError), authz.as_owner(Note, using="owner"):
            Note.objects.all()._raw_delete("owner")
            execute("SELECT nonsense", alias="owner")
        with authz.as_owner(Note, using="owner"):
            transaction.set_rollback(True, using="owner")       # to try it only
        self.assertEqual(len(all_titles()), 4)

    def test_connection_lost(self):
        """Q37: an error, nothing is kept, and NO FORCE neither."""
        with self.assertRaises((OperationalError, DatabaseError)), \
                authz.as_owner(Note, using="owner"):
            Note.objects.update(words=99)
            [[pid]] = execute("SELECT pg_backend_pid()", alias="owner")
            execute("SELECT pg_terminate_backend(%s)", [pid])
            time.sleep(0.1)
        connections["owner"].close()
        with self.refused("closed within"), authz.as_owner(Note, using="owner"):
            Note.objects.update(words=99)
            connections["owner"].close()
        connections["owner"].close()
        self.assertEqual(execute("SELECT count(*) FROM clinic_note WHERE words = 99"), [(0,)])

    def test_commit_within(self):
        """Q37: refused where it can be seen, and NO FORCE does not outlive it elsewhere."""
        for sql in ("COMMIT", " end work", "ROLLBACK", "abort", "PREPARE TRANSACTION 'x'"):
            with self.refused("no COMMIT"), authz.as_owner(Note, using="owner"):
                execute(sql, alias="owner")
            self.nothing_left()

        def past_us():
            connections["owner"].connection.commit()

        works = [past_us]
        if not hasattr(connection.Database, "pq"):
            works.append(lambda: execute("SELECT 1; COMMIT; SELECT 2", alias="owner"))
        for work in works:
            with self.refused("ended its transaction"), authz.as_owner(Note, using="owner"):
                work()
            self.nothing_left()
        with authz.as_owner(Note, using="owner"):
            with transaction.atomic("owner"):
                execute("SAVEPOINT mine; ROLLBACK TO SAVEPOINT mine", alias="owner")
            self.assertEqual(Note.objects.count(), 4)

    def test_others_see_nothing_of_it(self):
        """Q37: they wait, or see FORCE as it was; also the owner's other connections."""
        seen = []

        def look(alias):
            try:
                seen.append(forced(alias=alias))
                execute("SET lock_timeout = '100ms'", alias=alias)
                seen.append(Note.objects.using(alias).count())
            except OperationalError as error:
                seen.append("lock" in str(error))
            finally:
                connections[alias].close()

        with authz.as_owner(Note, using="owner"):
            for alias in ("default", "owner", "root"):
                thread = threading.Thread(target=look, args=(alias,))
                thread.start()
                thread.join()
        self.assertEqual(seen, [True, True] * 3)

    def test_other_threads(self):
        """Q37: with the context of the block are not led there."""
        import contextvars
        with authz.as_owner(Note, using="owner"):
            context = contextvars.copy_context()
            found = []
            thread = threading.Thread(
                target=context.run, args=(lambda: found.append(router.db_for_read(Note)),))
            thread.start()
            thread.join()
            self.assertEqual((found, router.db_for_read(Note)), (["default"], "owner"))

    def test_where_queries_go(self):
        """Q37: those of the same database with it; others stay, and routers are asked."""
        class Router:
            def db_for_read(self, model, **hints):
                return "bare" if model is Folder else None

        note = None
        with override_settings(DATABASE_ROUTERS=[Router()]):
            with authz.as_owner(Note, Page, using="owner"):
                self.assertEqual(router.db_for_read(Note), "owner")
                self.assertEqual(router.db_for_write(Note), "owner")
                self.assertEqual(router.db_for_read(Record), "owner")
                self.assertEqual(router.db_for_read(Folder), "bare")
            self.assertEqual(router.db_for_read(Note), "default")
        with authz.as_token(token("ann")):
            note = Note.objects.get(pk=1)
        self.assertEqual(note._state.db, "default")
        with authz.as_owner(Note, Comment, using="owner"):
            Comment.objects.create(note=note, author="x", text="of an object from elsewhere")
            note.words = 55
            note.save()
        self.assertEqual(execute("SELECT words FROM clinic_note WHERE id = 1"), [(55,)])

    def test_default_alias(self):
        """Q37: OWNER_DATABASE"""
        with override_settings(DBMI_AUTHZ={"OWNER_DATABASE": "owner"}):
            with authz.as_owner(Note) as alias:
                self.assertEqual((alias, Note.objects.count()), ("owner", 4))

    def test_superuser(self):
        """Q37: is bound by nothing, and locks nobody out."""
        with authz.as_owner(Note, using="root"):
            self.assertEqual(Note.objects.count(), 4)
            self.assertEqual(Note.objects.using("default").values("pk").none().count(), 0)
            self.assertTrue(forced())
            with authz.as_owner(Folder, using="owner", lock_timeout=1):
                pass

    def test_partitions(self):
        """Q37: and children, if they are forced."""
        execute("""CREATE TABLE part (id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
            CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
            CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
            INSERT INTO part VALUES (1), (11);
            ALTER TABLE part ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            ALTER TABLE part_1 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
                alias="owner")

        class Part(models.Model):
            class Meta:
                app_label = "nowhere"
                db_table = "part"
        try:
            for name, expected in (("part", 2), ("part_1", 1)):
                with self.refused('"%s"' % name, authz.RowsHidden):
                    execute("SELECT FROM " + name, alias="owner")
                with authz.as_owner(Part, using="owner"):
                    self.assertEqual(execute("SELECT count(*) FROM " + name, alias="owner"),
                                     [(expected,)])
                    execute("ALTER TABLE part_2 RENAME TO part_two", alias="owner")
                    execute("ALTER TABLE part_two RENAME TO part_2", alias="owner")
                self.assertTrue(forced("part") and forced("part_1"))
                self.assertFalse(forced("part_2"))
        finally:
            execute("DROP TABLE part", alias="owner")

    def test_log(self):
        """Q37: which tables, as whom, by what; no data."""
        with self.assertLogs("dbmi_authz_django", "INFO") as logged:
            with authz.as_owner(Note, using="owner"):
                Note.objects.filter(title="Ann 1").update(title="secret")
        begun, ended = logged.output
        for words in ("WARNING", "clinic_note", '"clinic_owner"', '(database "owner")',
                      "tests.test_owner.test_log"):
            self.assertIn(words, begun)
        self.assertIn("INFO:dbmi_authz_django:as_owner: row security of clinic_note is in force "
                      "again", ended)
        self.assertNotIn("secret", begun + ended)

        @authz.as_owner(Note, using="owner")
        def task():
            raise KeyError

        class Command(BaseCommand):
            __module__ = "x.management.commands.tidy"
            requires_system_checks = []

            def handle(self, *args, **options):
                task()

        with self.assertLogs("dbmi_authz_django", "INFO") as logged, self.assertRaises(KeyError):
            call_command(Command())
        self.assertIn("test_log.<locals>.task (command tidy)", logged.output[0])
        self.assertIn("by a rollback", logged.output[1])


class Migrations(Owner):
    """AsOwner(), of migrations."""

    def state(self):
        state = ProjectState()
        for model in (Note, Comment, Record):
            state.add_model(ModelState.from_model(model))
        return state

    def run_operation(self, operation, backwards=False, alias="owner", collect=False):
        editor = connections[alias].schema_editor(atomic=True, collect_sql=collect)
        state = self.state()
        after = state.clone()
        operation.state_forwards("clinic", after)
        with editor:
            if backwards:
                operation.database_backwards("clinic", editor, after, state)
            else:
                operation.database_forwards("clinic", editor, state, after)
        return editor

    def test_run_python(self):
        """Q37: by the router, and by the alias of the migration."""
        def fill(apps, schema_editor):
            model = apps.get_model("clinic", "Note")
            self.assertEqual(model.objects.update(words=70), 4)
            self.assertEqual(model.objects.using(schema_editor.connection.alias).count(), 4)

        def empty(apps, schema_editor):
            apps.get_model("clinic", "Note").objects.all().update(words=0)

        for models_ in ("Note", ["Note"], ["clinic.Note"]):
            operation = AsOwner(models_, [migrations.RunPython(fill, empty)])
            self.assertTrue(operation.reversible)
            self.assertFalse(operation.reduces_to_sql)
            self.run_operation(operation)
            self.assertEqual(execute("SELECT DISTINCT words FROM clinic_note"), [(70,)])
            self.run_operation(operation, backwards=True)
            self.assertEqual(execute("SELECT DISTINCT words FROM clinic_note"), [(0,)])
        self.assertFalse(AsOwner("Note", [migrations.RunPython(fill)]).reversible)

    def test_without(self):
        """Q37: an error, by whatever alias the work is done."""
        def by_default(apps, schema_editor):
            apps.get_model("clinic", "Note").objects.update(words=70)

        def by_alias(apps, schema_editor):
            alias = schema_editor.connection.alias
            apps.get_model("clinic", "Note").objects.using(alias).update(words=70)

        with silence.never_silent(silence.EVERYBODY):       # as "migrate"
            for work in (by_default, by_alias):
                with self.refused("AsOwner", authz.RowsHidden):
                    self.run_operation(migrations.RunPython(work))
            with self.refused("AsOwner", authz.RowsHidden):
                self.run_operation(migrations.RunSQL("UPDATE clinic_note SET words = 1"))

    def test_sql(self):
        """Q37: sqlmigrate shows it."""
        operation = AsOwner("Note", [migrations.RunSQL("UPDATE clinic_note SET words = 70", "")])
        self.assertTrue(operation.reduces_to_sql)
        shown = self.run_operation(operation, collect=True).collected_sql
        self.assertEqual([line for line in shown if not line.startswith("--")], [
            "ALTER TABLE clinic_note NO FORCE ROW LEVEL SECURITY;",
            "UPDATE clinic_note SET words = 70;",
            "ALTER TABLE clinic_note FORCE ROW LEVEL SECURITY;"])
        self.assertEqual(execute("SELECT count(*) FROM clinic_note WHERE words = 70"), [(0,)])
        self.run_operation(operation)
        self.assertEqual(execute("SELECT count(*) FROM clinic_note WHERE words = 70"), [(4,)])

    def test_keys_of_rows_that_are_there(self):
        """Q37, Q38: PostgreSQL checks them by a query, which sees all rows."""
        def add(default):
            return [migrations.AddField("Record", "note", models.ForeignKey(
                "clinic.Note", models.CASCADE, default=default, db_index=True))]

        for aside in (lambda operations: AsOwner(["Record", "Note"], operations),
                      lambda operations: operations[0]):
            with self.assertRaises(IntegrityError):
                self.run_operation(aside(add(777)))
            self.nothing_left()
            operation = aside(add(1))
            self.run_operation(operation)
            try:
                self.nothing_left()
                self.assertEqual(execute("SELECT DISTINCT note_id FROM clinic_record"), [(1,)])
            finally:
                self.run_operation(operation, backwards=True)

    def test_tables_that_change(self):
        """Q37: a table that is renamed meanwhile is forced again; one that is gone is not."""
        operation = AsOwner("Comment", [migrations.AlterModelTable("Comment", "reply"),
                                        migrations.AlterField("Comment", "text",
                                                              models.CharField(max_length=9))])
        self.run_operation(operation)
        self.assertTrue(forced("reply"))
        self.run_operation(operation, backwards=True)
        operation = AsOwner("Draft", [migrations.CreateModel("Draft", [
            ("id", models.AutoField(primary_key=True))])])
        self.run_operation(operation)
        self.run_operation(operation, backwards=True)
        with self.assertRaises(KeyError), transaction.atomic("owner"):
            with authz.as_owner(Comment, using="owner"):
                execute("DROP TABLE clinic_comment", alias="owner")
            raise KeyError

    def test_written_by_django(self):
        """Q37: squashmigrations and makemigrations --merge write it."""
        from django.db.migrations.writer import OperationWriter
        text, _ = OperationWriter(AsOwner(["Note"], [migrations.RunSQL("SELECT 1")],
                                          lock_timeout=3)).serialize()
        self.assertIn("AsOwner", text)
        self.assertIn("lock_timeout=3", text)
        operation = AsOwner(["Note", "other.Page"], [migrations.RunSQL("SELECT 1")])
        self.assertEqual(operation.migration_name_fragment, "as_owner_of_note_page")
        self.assertEqual(operation.describe(), "As the owner of Note, other.Page: "
                         "Raw SQL operation")

    def test_not_the_owner(self):
        """Q37"""
        with self.refused("owns"):
            self.run_operation(AsOwner("Note", [migrations.RunSQL("SELECT 1")]), alias="default")


class Page_(Owner):
    """doc/django/owner.md: its examples run."""

    def test_examples(self):
        """Q37"""
        with open(os.path.join(TEST, "..", "doc", "django", "owner.md"), encoding="utf-8") as f:
            blocks = re.findall(r"^```python\n(.*?)^```", f.read(), re.S | re.M)
        execute("UPDATE clinic_note SET title = '' WHERE id = 4")
        names = {"Note": Note, "Comment": Comment}
        exec("\n".join(blocks), names)
        self.assertIn("untitled", all_titles())
        names["forget"]("bob")
        self.assertNotIn("Bob 1", all_titles())
        names["make_notes"]()
        self.assertIn("mine", all_titles())
        operation, = names["Migration"].operations
        with connections["owner"].schema_editor() as editor:
            state = ProjectState()
            state.add_model(ModelState.from_model(Note))
            operation.database_forwards("clinic", editor, state, state)
