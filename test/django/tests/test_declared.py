"""Policies that models declare: makemigrations finds them, and nothing else (Q38)."""
import importlib
import io
import os
import re
import shutil
import sys
import tempfile
import textwrap
from unittest import mock

from dbmi_authz_django import authz
from django.apps import apps
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.test import override_settings

from . import TEST, token
from .base import Case
from .test_migrations import facts, row_security

HEAD = """
from django.db import models
from django.db.models import F, Q
from dbmi_authz_django.authz import HasAnyScope, HasScope, InOrg, IsAdmin, IsOwner
from dbmi_authz_django.policies import CanSee, Policy, Protect, follow_parent

"""
NOTE = """
class Note(models.Model):
    owner = models.TextField(db_index=True)
    public = models.BooleanField(default=False)

    class Authz:
        policies = [
            Policy("own", using=IsOwner("owner")),
            Policy("readers", "SELECT", using=HasScope("read") & IsOwner("owner") | Q(public=True)),
        ]
"""


class App(Case):
    """An application in a directory of its own, whose models a test writes anew."""
    name = "declaring"

    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = os.path.join(self.directory, self.name)
        os.makedirs(os.path.join(self.path, "migrations"))
        for name in ("", "migrations"):
            open(os.path.join(self.path, name, "__init__.py"), "w").close()
        sys.path.insert(0, self.directory)
        self.addCleanup(sys.path.remove, self.directory)
        self.addCleanup(self.forget)
        self.addCleanup(self.drop)

    def drop(self):
        with connections["root"].cursor() as cursor:
            cursor.execute("""DO $$ DECLARE r text; BEGIN
                FOR r IN SELECT relname FROM pg_class WHERE relname ~ '^(declaring|notes)_'
                            AND relkind = 'r' AND relnamespace = 'public'::regnamespace
                LOOP EXECUTE format('DROP TABLE %I CASCADE', r); END LOOP; END $$""")
            cursor.execute("DELETE FROM django_migrations WHERE app = %s", [self.name])
            # of migrate's signal
            cursor.execute("DELETE FROM auth_permission p USING django_content_type c"
                           " WHERE c.id = content_type_id AND app_label = %s", [self.name])
            cursor.execute("DELETE FROM django_content_type WHERE app_label = %s", [self.name])

    def forget(self):
        for name in [n for n in sys.modules if n.split(".")[0] == self.name]:
            del sys.modules[name]
        apps.all_models.pop(self.name, None)
        importlib.invalidate_caches()
        apps.clear_cache()

    def models(self, text):
        """The models are these from now on."""
        with open(os.path.join(self.path, "models.py"), "w") as file:
            file.write(HEAD + textwrap.dedent(text))
        # as a new process finds them
        shutil.rmtree(os.path.join(self.path, "__pycache__"), ignore_errors=True)

    def run_(self, *command, **options):
        """In a process of its own's stead: the application is loaded anew."""
        self.forget()
        out = io.StringIO()
        from django.conf import settings
        with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, self.name]):
            try:
                call_command(*command, stdout=out, stderr=out, **options)
            except SystemExit as error:
                out.write("exit %s" % error.code)
        self.forget()
        return out.getvalue()

    def make(self, *names, **options):
        """makemigrations, and its file's text; a second run finds nothing."""
        before = set(self.files())
        out = self.run_("makemigrations", self.name, interactive=False, **options)
        text = ""
        for name in sorted(set(self.files()) - before):
            with open(os.path.join(self.path, "migrations", name)) as file:
                text += file.read()
        again = self.run_("makemigrations", self.name, interactive=False, check=True, dry_run=True)
        self.assertIn("No changes detected", again, out + text + again)
        return text

    def files(self):
        return [name for name in os.listdir(os.path.join(self.path, "migrations"))
                if name[0].isdigit()]

    def migrate(self, *target):
        # which makes permissions and content types of all applications
        with mock.patch("django.core.management.commands.migrate.emit_post_migrate_signal"):
            return self.run_("migrate", self.name, *target, database="owner", verbosity=0)

    def policies(self, table="declaring_note"):
        return dict(facts("SELECT policyname, concat_ws(' / ', cmd, qual, with_check)"
                          " FROM pg_policies WHERE tablename = %s ORDER BY 1", table))


class Made(App):
    def test_from_nothing(self):
        self.models(NOTE)
        text = self.make()
        for part in ("dbmi_authz_django.operations.AlterRowSecurity(",
                     "dbmi_authz_django.operations.AddPolicy(",
                     "policy=dbmi_authz_django.policies.Policy('own', using=",
                     "('clinic', '0002_policies')"):
            self.assertIn(part, text)
        self.migrate()
        self.assertEqual(self.policies(), {
            "own": "ALL / authz.is_owner(owner)",
            "readers": "SELECT / ((authz.has_scope('read'::text) AND authz.is_owner(owner))"
                       " OR public)"})
        self.assertEqual(row_security("declaring_note"), (True, True))
        with authz.as_token(token("ann")), connections["default"].cursor() as cursor:
            cursor.execute("INSERT INTO declaring_note (owner, public) VALUES ('ann', false)")
            cursor.execute("SELECT count(*) FROM declaring_note")
            self.assertEqual(cursor.fetchone(), (1,))
        self.migrate("zero")
        self.assertEqual(facts("SELECT to_regclass('declaring_note')::text"), [(None,)])

    def test_nothing_declared_is_nobodys_business(self):
        self.models(NOTE.partition("    class Authz")[0])
        self.assertNotIn("dbmi_authz", self.make())
        # what a migration of one's own makes stays, too
        with open(os.path.join(self.path, "migrations", "0002_own.py"), "w") as file:
            file.write("from django.db import migrations\n"
                       "from dbmi_authz_django.operations import Policy, Protect\n"
                       "class Migration(migrations.Migration):\n"
                       "    dependencies = [('declaring', '0001_initial'),"
                       " ('clinic', '0002_policies')]\n"
                       "    operations = [Protect('Note', owner='owner'),"
                       " Policy('Note', 'all', 'SELECT', using='public')]\n")
        self.assertEqual(self.make(), "")
        # and is taken over where the model declares the same
        self.models(NOTE.partition("    class Authz")[0] + '''
    class Authz:
        protect = Protect(owner="owner")
        policies = [Policy("all", "SELECT", using="public")]
''')
        self.assertEqual(self.make(), "")

    def test_changes(self):
        self.models(NOTE)
        self.make()
        self.migrate()
        before = self.policies()
        self.models(NOTE.replace('HasScope("read")', 'HasAnyScope("read", "write")').replace(
            'Policy("own", using=IsOwner("owner"))',
            'Policy("own", "UPDATE", using=IsOwner("owner"), permissive=False)'))
        text = self.make()
        self.assertEqual(text.count("AlterPolicy("), 2, text)
        self.migrate()
        self.assertEqual(self.policies(), {
            "own": "UPDATE / authz.is_owner(owner)",
            "readers": "SELECT / ((authz.has_any_scope(VARIADIC ARRAY['read'::text, 'write'::text])"
                       " AND authz.is_owner(owner)) OR public)"})
        self.migrate("0001")
        self.assertEqual(self.policies(), before)

    def test_renamed_and_removed(self):
        self.models(NOTE)
        self.make()
        self.migrate()
        self.models(NOTE.replace('"readers"', '"who reads"').replace(
            'Policy("own", using=IsOwner("owner")),', ""))
        text = self.make()
        self.assertIn("RenamePolicy(", text)
        self.assertIn("RemovePolicy(", text)
        before = self.policies()
        self.migrate()
        self.assertEqual(list(self.policies()), ["who reads"])
        self.migrate("0001")
        self.assertEqual(self.policies(), before)

    def test_protect(self):
        protected = NOTE.partition("        policies")[0] + "        protect = Protect(%s)\n"
        self.models(protected % 'owner="owner"')
        self.assertIn("AlterProtection(", self.make())
        self.migrate()
        first = self.policies()
        self.assertEqual(len(first), 4)
        self.models(protected % 'owner="owner", select_any_scopes=["read"]')
        self.assertIn("AlterProtection(", self.make())
        self.migrate()
        self.assertIn("read", self.policies()["authz_protect_select"])
        self.migrate("0001")
        self.assertEqual(self.policies(), first)
        self.models(NOTE.partition("        policies")[0] + "        force = False\n")
        text = self.make()
        self.assertIn("AlterRowSecurity(", text)
        self.migrate()
        self.assertEqual((self.policies(), row_security("declaring_note")), ({}, (True, False)))

    def test_class_goes(self):
        """What was declared goes, and the table is closed, and not open."""
        self.models(NOTE)
        self.make()
        self.migrate()
        self.models(NOTE.partition("    class Authz")[0])
        self.assertEqual(self.make().count("RemovePolicy("), 2)
        self.migrate()
        self.assertEqual((self.policies(), row_security("declaring_note")), ({}, (True, True)))

    def test_field_goes_and_comes(self):
        """The policy after the new field, the old field after the policy."""
        self.models(NOTE)
        self.make()
        self.migrate()
        before = self.policies()
        self.models(NOTE.replace('owner = models.TextField(db_index=True)',
                                 'org = models.UUIDField(null=True)')
                    .replace('IsOwner("owner")', 'InOrg(Org)')
                    .replace("class Note", "from dbmi_authz_django.requirements import Field\n"
                                           "Org = Field('org')\nclass Note"))
        text = self.make()
        order = [text.index(part) for part in ("AddField(", "AlterPolicy(", "RemoveField(")]
        self.assertEqual(order, sorted(order), text)
        self.migrate()
        self.assertEqual(self.policies()["own"], "ALL / authz.in_org(org)")
        # back again the owner's column is not NULL, and there are no rows
        self.migrate("0001")
        self.assertEqual(self.policies(), before)

    def test_type_changes_with_the_policy(self):
        sized = NOTE.replace("public = models.BooleanField(default=False)",
                             "public = models.IntegerField(default=0)").replace(
                                 "Q(public=True)", "Q(public__gt=3)")
        self.models(sized)
        self.make()
        self.migrate()
        before = self.policies()
        self.models(sized.replace("models.IntegerField(default=0)", "models.TextField(default='')")
                    .replace("Q(public__gt=3)", "Q(public='100%')"))
        text = self.make()
        order = [text.index(part) for part in ("RemovePolicy(", "AlterField(", "AddPolicy(")]
        self.assertEqual(order, sorted(order), text)
        self.migrate()
        self.assertIn("(public = '100%'::text)", self.policies()["readers"])
        self.migrate("0001")
        self.assertEqual(self.policies(), before)

    def test_renames_of_field_and_model(self):
        """The database follows by itself, and there is nothing to do for the policies."""
        self.models(NOTE)
        self.make()
        self.migrate()
        before = self.policies()
        with mock.patch("django.db.migrations.questioner.MigrationQuestioner.ask_rename",
                        return_value=True), \
                mock.patch("django.db.migrations.questioner.MigrationQuestioner.ask_rename_model",
                           return_value=True):
            self.models(NOTE.replace("owner", "keeper"))
            text = self.make()
            self.assertIn("RenameField(", text)
            self.assertNotIn("dbmi_authz", text)
            self.models(NOTE.replace("owner", "keeper").replace("class Note", "class Paper"))
            text = self.make()
            self.assertIn("RenameModel(", text)
            self.assertNotIn("dbmi_authz", text)
            # a change after it, and all the way back
            self.models(NOTE.replace("owner", "keeper").replace("class Note", "class Paper")
                        .replace('HasScope("read")', 'HasScope("all")'))
            self.assertEqual(self.make().count("AlterPolicy("), 1)
        self.migrate()
        self.assertEqual(self.policies("declaring_paper")["own"], "ALL / authz.is_owner(keeper)")
        self.migrate("0003")
        self.assertIn("'read'", self.policies("declaring_paper")["readers"])
        self.migrate("0001")
        self.assertEqual(self.policies(), before)

    def test_abstract_and_inherited(self):
        self.models('''
class Owned(models.Model):
    owner = models.TextField(db_index=True)

    class Meta:
        abstract = True

    class Authz:
        policies = [Policy("%(app_label)s_%(class)s_own", using=IsOwner("owner"))]

class Note(Owned):
    pass

class Letter(Owned):
    class Authz(Owned.Authz):
        policies = Owned.Authz.policies + [Policy("admins", using=IsAdmin())]

class Free(Owned):
    Authz = None

class Stamped(Letter):      # a table of its own, without the owner
    stamp = models.TextField()

class Seen(Letter):
    class Meta:
        proxy = True

class Elsewhere(Owned):
    class Meta:
        managed = False
''')
        text = self.make()
        self.assertEqual(text.count("AddPolicy("), 3, text)
        for name in ("'declaring_note_own'", "'declaring_letter_own'", "'admins'"):
            self.assertEqual(text.count(name), 1, text)
        self.migrate()
        self.assertEqual(list(self.policies()), ["declaring_note_own"])
        self.assertEqual(list(self.policies("declaring_stamped")), [])

    def test_child_and_many_to_many(self):
        self.models(NOTE + '''
class Remark(models.Model):
    note = models.ForeignKey(Note, models.CASCADE)
    author = models.TextField(db_index=True)

    class Authz:
        policies = follow_parent("note", owner="author")

class Team(models.Model):
    owner = models.TextField(db_index=True)
    members = models.ManyToManyField(Note)

    class Authz:
        protect = Protect(owner="owner", mode="owner_or_read")
        through = {"members": follow_parent("team", write=IsOwner("owner"))}
''')
        text = self.make()
        self.assertIn("model_name='team.members'", text)
        self.migrate()
        self.assertEqual(list(self.policies("declaring_remark")),
                         ["by_note", "by_note_delete", "by_note_insert", "by_note_update"])
        self.assertEqual(row_security("declaring_team_members"), (True, True))
        with connections["root"].cursor() as cursor:
            cursor.execute("INSERT INTO declaring_note (owner, public) VALUES ('ann', false),"
                           " ('bob', false), ('bob', true)")
            cursor.execute("INSERT INTO declaring_remark (note_id, author)"
                           " VALUES (1, 'x'), (2, 'x'), (3, 'x')")
            cursor.execute("INSERT INTO declaring_team (owner) VALUES ('ann'), ('bob')")

        def asked(sql):
            with authz.as_token(token("ann")), connections["default"].cursor() as cursor:
                cursor.execute(sql)
                return [id for id, in cursor.fetchall()]

        def refused(sql):
            with self.assertRaises(authz.Forbidden):
                asked(sql)

        self.assertEqual(asked("SELECT note_id FROM declaring_remark ORDER BY 1"), [1, 3])
        insert = "INSERT INTO declaring_remark (note_id, author) VALUES (%s) RETURNING note_id"
        self.assertEqual(asked(insert % "3, 'ann'"), [3])
        refused(insert % "2, 'ann'")        # a note that she does not see
        refused(insert % "3, 'bob'")        # in his name
        self.assertEqual(asked("DELETE FROM declaring_remark WHERE author = 'x' RETURNING 1"), [])
        insert = "INSERT INTO declaring_team_members (team_id, note_id) VALUES (%s) RETURNING 1"
        self.assertEqual(asked(insert % "1, 1"), [1])
        refused(insert % "2, 1")            # a team that she sees, and does not own
        self.assertEqual(asked("DELETE FROM declaring_team_members RETURNING team_id"), [1])
        # all of it goes, and comes back
        before = {table: (self.policies(table), row_security(table)) for table in (
            "declaring_note", "declaring_remark", "declaring_team", "declaring_team_members")}
        self.models("")
        self.make()
        self.migrate()
        self.assertEqual(self.policies(), {})
        self.migrate("0001")
        self.assertEqual({table: (self.policies(table), row_security(table)) for table in before},
                         before)

    def test_squashed(self):
        self.models(NOTE)
        self.make()
        self.models(NOTE.replace('HasScope("read")', 'HasScope("all")'))
        self.make()
        self.models(NOTE.replace('HasScope("read")', 'HasScope("all")').replace(
            'Policy("own", using=IsOwner("owner")),', ""))
        self.make()
        self.run_("squashmigrations", self.name, "0003", interactive=False, verbosity=0,
                  squashed_name="all")
        names = [name for name in self.files() if name == "0001_all.py"]
        with open(os.path.join(self.path, "migrations", names[0])) as file:
            text = file.read()
        self.assertEqual((text.count("AddPolicy("), text.count("RemovePolicy("),
                          text.count("AlterPolicy(")), (1, 0, 0), text)
        for name in self.files():
            if name not in names:
                os.remove(os.path.join(self.path, "migrations", name))
        self.assertEqual(self.make(), "")
        self.migrate()
        self.assertEqual(list(self.policies()), ["readers"])

    def test_commands(self):
        self.models(NOTE)
        self.assertIn("exit 1", self.run_("makemigrations", self.name, interactive=False,
                                          check=True, dry_run=True))
        self.make()
        sql = self.run_("sqlmigrate", self.name, "0001", database="owner")
        self.assertIn('CREATE POLICY "own" ON "declaring_note" AS PERMISSIVE FOR ALL TO PUBLIC'
                      ' USING (authz.is_owner("owner"));', sql)
        self.assertIn("DROP POLICY", self.run_("sqlmigrate", self.name, "0001", database="owner",
                                               backwards=True))
        self.assertIn("Creates policy own on note",
                      self.run_("migrate", self.name, plan=True, database="owner"))
        self.run_("migrate", self.name, fake=True, database="owner", verbosity=0)
        self.assertEqual(self.policies(), {})
        self.run_("migrate", self.name, "zero", fake=True, database="owner", verbosity=0)
        self.migrate()
        self.assertEqual(len(self.policies()), 2)

    def test_without_migrations(self):
        shutil.rmtree(os.path.join(self.path, "migrations"))
        self.models(NOTE)
        self.run_("migrate", run_syncdb=True, database="owner", verbosity=0)
        self.assertEqual(list(self.policies()), ["own", "readers"])
        self.assertEqual(row_security("declaring_note"), (True, True))
        # a second time there is nothing to do
        self.run_("migrate", run_syncdb=True, database="owner", verbosity=0)


class Loaded(App):
    def test_from_the_files(self):
        """What is read from the files is what was declared."""
        self.models(NOTE)
        self.make()
        from django.conf import settings
        with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, self.name]):
            from dbmi_authz_django.schema.declared import declared
            from dbmi_authz_django.schema.state import Place, known
            loader = MigrationLoader(None)
            table = known(Place(self.name, "note"), loader.project_state())
            self.assertEqual(table, declared(apps.get_model(self.name, "Note"))[""])


class Page(App):
    """doc/django/migrations.md: its files, in their order, are an application."""
    name = "notes"
    LATER = """
class Sheet(models.Model):
    owner = models.TextField()

class Folder(models.Model):
    owner = models.TextField(db_index=True)
    sheets = models.ManyToManyField(Sheet)

class Share(models.Model):
    folder = models.ForeignKey(Folder, models.CASCADE)
    person = models.TextField(db_index=True)

class Page(models.Model):
    folder = models.ForeignKey(Folder, models.CASCADE)
    owner = models.TextField(db_index=True)

class Remark(models.Model):
    page = models.ForeignKey(Page, models.CASCADE)
    author = models.TextField(db_index=True)
"""

    def test_files(self):
        with open(os.path.join(TEST, "..", "doc", "django", "migrations.md"),
                  encoding="utf-8") as file:
            blocks = re.findall(r"^```python\n# notes/(\S+)\n(.*?)^```", file.read(), re.S | re.M)
        self.assertEqual([path for path, _ in blocks], [
            "models.py", "models.py", "migrations/0100_by_hand.py", "migrations/0101_by_sql.py",
            "migrations/0102_sets.py"])
        for path, text in blocks:
            if path == "models.py":
                self.models(text)
                last = self.make()
                self.migrate()
        self.assertIn("RemovePolicy(", last)
        self.models(self.LATER)
        self.make(name="models")
        os.rename(os.path.join(self.path, "migrations", "0003_models.py"),
                  os.path.join(self.path, "migrations", "0099_models.py"))
        for path, text in blocks[2:]:
            with open(os.path.join(self.path, path), "w") as file:
                file.write(text)
        self.migrate()
        self.assertIn("authz_protect_select", self.policies("notes_remark"))
        self.assertEqual(self.policies("notes_sheet"), {})
        self.migrate("zero")


class Drift(App):
    """The database is as declared, or "check --database" says what is not."""
    DECLARED = NOTE.replace("        policies", '        protect = Protect(owner="owner")\n        policies') + """
class Remark(models.Model):
    note = models.ForeignKey(Note, models.CASCADE)

    class Authz:
        policies = follow_parent("note")
        through = {}
"""

    def found(self, alias="owner"):
        from dbmi_authz_django.checking import policy_checks
        self.forget()
        from django.conf import settings
        with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, self.name]):
            found = policy_checks.check_drift(None, [alias])
        self.forget()
        return [(error.id.partition(".")[2], error.msg) for error in found]

    def ids(self, sql=None, **options):
        with connections["root"].cursor() as cursor:
            cursor.execute(sql)
        found = self.found(**options)
        with connections["root"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't'")
            self.assertEqual(cursor.fetchone(), (0,))
        return sorted({id for id, _ in found}), " ".join(msg for _, msg in found)

    def test_drift(self):
        self.models(self.DECLARED)
        self.make()
        # not migrated: nothing to say
        self.assertEqual(self.found(), [])
        self.migrate()
        for alias in ("owner", "default", "root"):
            self.assertEqual(self.found(alias), [])
        note = "ON declaring_note"
        for there, back, id, text in (
                ("DROP POLICY by_note ON declaring_remark",
                 "CREATE POLICY by_note ON declaring_remark FOR SELECT USING (EXISTS (SELECT FROM"
                 " declaring_note dbmi_authz_parent WHERE dbmi_authz_parent.id ="
                 " declaring_remark.note_id))", "E054", "policy 'by_note' is declared"),
                ("ALTER POLICY own %s USING (true)" % note,
                 "ALTER POLICY own %s USING (authz.is_owner(owner))" % note, "E055",
                 "using is true, and declared as authz.is_owner(owner)"),
                ("ALTER POLICY own %s TO clinic_app" % note, "ALTER POLICY own %s TO PUBLIC" % note,
                 "E055", "roles is ['clinic_app'], and declared as ['PUBLIC']"),
                ("ALTER POLICY authz_protect_delete %s USING (true)" % note,
                 "ALTER POLICY authz_protect_delete %s USING (authz.is_owner(owner))" % note,
                 "E055", "authz_protect_delete"),
                ("CREATE POLICY more %s USING (true)" % note, "DROP POLICY more %s" % note,
                 "W056", "policy 'more' is there"),
                ("ALTER TABLE declaring_note DISABLE ROW LEVEL SECURITY",
                 "ALTER TABLE declaring_note ENABLE ROW LEVEL SECURITY", "E053", "not enabled"),
                ("ALTER TABLE declaring_note NO FORCE ROW LEVEL SECURITY",
                 "ALTER TABLE declaring_note FORCE ROW LEVEL SECURITY", "E053", "not forced")):
            with self.subTest(there):
                ids, said = self.ids(there)
                self.assertEqual(ids, [id], said)
                self.assertIn(text, said)
                self.assertEqual(self.ids(back)[0], [])
        # a role that can make no copy compares what it sees
        self.ids("REVOKE TEMPORARY ON DATABASE clinic FROM PUBLIC")
        try:
            self.assertEqual(self.ids("ALTER POLICY own %s USING (true)" % note, alias="default")[0],
                             [])
            self.assertEqual(self.ids("ALTER POLICY own %s TO clinic_app" % note,
                                      alias="default")[0], ["E055"])
        finally:
            self.ids("GRANT TEMPORARY ON DATABASE clinic TO PUBLIC")
        # while a migration waits that mends it
        self.models(self.DECLARED.replace('Policy("own",', 'Policy("mine",'))
        self.assertEqual(self.ids("SELECT 1")[0], ["E054", "W056"])
        self.make()
        self.assertEqual(self.ids("SELECT 1")[0], [])

    def test_declarations(self):
        from dbmi_authz_django.checking import policy_checks

        def of(body, head=NOTE.partition("    class Authz")[0]):
            self.models(head + textwrap.indent(textwrap.dedent(body), "    "))
            self.forget()
            from django.conf import settings
            with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, self.name]):
                found = policy_checks.check_declarations([apps.get_app_config(self.name)])
            self.forget()
            return " ".join("%s %s" % (e.id.partition(".")[2], e.msg) for e in found)

        for body, said in (
                ("class Authz:\n    policies = [Policy('x', using=IsOwner('owner'))]", ""),
                ("Authz = None", ""),
                ("class Authz:\n    police = []", "no attribute 'police'"),
                ("class Authz:\n    protect = 'owner'", "protect is a Protect"),
                ("class Authz:\n    policies = ['x']", "has 'x' among its policies"),
                ("class Authz:\n    policies = 2 * [Policy('x', using='true')]",
                 "two policies 'x'"),
                ("class Authz:\n    policies = [Policy('x', using=IsOwner('keeper'))]",
                 "no field named 'keeper'"),
                ("class Authz:\n    policies = [Policy('x', using=Q(owner__y__z=1))]",
                 "Unsupported lookup"),
                ("class Authz:\n    protect = Protect(owner='keeper')", "no field named 'keeper'"),
                ("class Authz:\n    policies = [Policy('x', using=CanSee('owner'))]",
                 "CanSee needs a foreign key"),
                ("other = models.ForeignKey('self', models.CASCADE)\n"
                 "class Authz:\n    policies = [Policy('x', using=CanSee('other'))]",
                 "its own policies without end"),
                ("other = models.ForeignKey('clinic.Note', models.CASCADE)\n"
                 "class Authz:\n    policies = [Policy('x', using=Q(other__owner='x'))]",
                 "Joined field references are not permitted"),
                ("class Authz:\n    policies = [Policy('x' * 64, using='true')]",
                 "longer than 63 bytes"),
                ("class Authz:\n    through = {'owner': []}", "not a many-to-many field"),
                ("class Meta:\n    managed = False\n"
                 "class Authz:\n    policies = []", "W052"),
        ):
            with self.subTest(body):
                found = of(body)
                self.assertIn(said, found)
                self.assertEqual(not said, not found, found)
        self.assertIn("E051", of("class Meta:\n    proxy = True\nclass Authz:\n    policies = []",
                                 NOTE + "\nclass Seen(Note):\n"))
