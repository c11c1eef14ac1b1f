"""The whole life of a policy in migrations: forwards, and back to what was before (Q38)."""
import io

from django.core.management import call_command
from django.db import connections, migrations, models
from django.db.migrations.exceptions import IrreversibleError
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.test import override_settings

from dbmi_authz_django import authz
from dbmi_authz_django.checking import policy_checks
from dbmi_authz_django.schema import pending
from dbmi_authz_django.operations import (
    AlterPolicy, CreateSet, DisableRowSecurity, EnableRowSecurity, Policy, Protect, ProtectChild,
    RemovePolicy, RenamePolicy, Unprotect, Watch,
)
from dbmi_authz_django.policies import CanSee, Policy as Declared, follow_parent

from . import token
from .test_migrations import facts, row_security
from .test_policies_kept import Kept, create


class Life(Kept):
    operations = [
        create("Note", [("owner", models.TextField(db_index=True, db_column="kept_by")),
                        ("title", models.TextField())]),
    ]

    def state_of(self, table="kept_note"):
        return self.policies(), row_security(table)

    def goes_back(self, *operations):
        """Each in its turn, then back in the other order; the states meet."""
        states = [(self.state, self.state_of())]
        for operation in operations:
            self.apply(operation)
            states.append((self.state, self.state_of()))
        for operation, (state, before) in reversed(list(zip(operations, states))):
            self.state = state
            self.apply(operation, backwards=True)
            self.assertEqual(self.state_of(), before, operation)
        return [state for _, state in states]

    def conditions(self, state):
        return {row[1]: (row[5], row[6]) for row in state[0]}

    def test_alter_rename_remove(self):
        _, _, first, altered, renamed, turned, removed = self.goes_back(
            EnableRowSecurity("Note"),
            Policy("Note", "own", using="authz.is_owner(kept_by)"),
            AlterPolicy("Note", Declared("own", using=authz.IsOwner("owner") | Q(title="it's 100%"))),
            RenamePolicy("Note", "own", 'my "own"'),
            AlterPolicy("Note", Declared('my "own"', "SELECT", using="true", permissive=False,
                                         roles=["clinic_app"])),
            RemovePolicy("Note", 'my "own"'))
        self.assertEqual(self.conditions(first), {"own": ("authz.is_owner(kept_by)", None)})
        self.assertEqual(self.conditions(altered), {
            "own": ("(authz.is_owner(kept_by) OR (title = 'it''s 100%'::text))", None)})
        self.assertEqual(list(self.conditions(renamed)), ['my "own"'])
        self.assertEqual(turned[0][0][2:6], ("r", False, ["clinic_app"], "true"))
        self.assertEqual(removed, ([], (True, True)))

    def test_protect_twice(self):
        """Q38: twice and back leaves the first, not none."""
        none, first, second, own, without, again = self.goes_back(
            Protect("Note", owner="owner"),
            Protect("Note", owner="owner", select_any_scopes=["read"]),
            Policy("Note", "more", using="title = 'x'"),
            Unprotect("Note"),
            Protect("Note", mode="read_only"))
        self.assertEqual(none, ([], (False, False)))
        self.assertIn("authz.is_owner(kept_by)", self.conditions(first)["authz_protect_select"])
        self.assertIn("read", str(self.conditions(second)["authz_protect_select"]))
        self.assertEqual(len(own[0]), 5)
        self.assertEqual(list(self.conditions(without)), ["more"])
        self.assertEqual(without[1], (True, True))      # closed, and not open
        self.assertEqual(list(self.conditions(again)), ["authz_protect_select", "more"])

    def test_row_security(self):
        states = self.goes_back(EnableRowSecurity("Note", force=False), EnableRowSecurity("Note"),
                                Policy("Note", "own", using="true"), DisableRowSecurity("Note"),
                                EnableRowSecurity("Note", force=False))
        self.assertEqual([flags for _, flags in states], [
            (False, False), (True, False), (True, True), (True, True), (False, False),
            (True, False)])

    def test_back_from_protect_opens_nothing_of_others(self):
        """A policy that RunSQL made still binds."""
        self.apply(protect := Protect("Note", owner="owner"))
        self.root("CREATE POLICY theirs ON kept_note USING (false)")
        after, self.state = self.state, self.before_last
        self.apply(protect, backwards=True)
        self.assertEqual([row[1] for row in self.policies()], ["theirs"])
        self.assertEqual(row_security("kept_note"), (True, False))

    def apply(self, operation, *args, **options):
        self.before_last = self.state
        return super().apply(operation, *args, **options)

    def test_what_is_not_known(self):
        """Forwards it goes; backwards only by what state_operations told."""
        made = "CREATE POLICY old ON kept_note USING (title = 'old')"
        self.root("ALTER TABLE kept_note ENABLE ROW LEVEL SECURITY; " + made)
        for operation in (AlterPolicy("Note", Declared("old", using="true")),
                          RemovePolicy("Note", "old")):
            before = self.state
            self.apply(operation)
            self.state = before
            with self.assertRaisesRegex(IrreversibleError, "state_operations"):
                self.apply(operation, backwards=True)
            self.root("DROP POLICY IF EXISTS old ON kept_note; " + made)
        # its name can always be changed
        before, rename = self.state, RenamePolicy("Note", "old", "new")
        self.apply(rename)
        self.assertEqual([row[1] for row in self.policies()], ["new"])
        self.state = before
        self.apply(rename, backwards=True)
        # told
        self.apply(migrations.RunSQL(
            "SELECT 1", "SELECT 1",
            state_operations=[Policy("Note", "old", using="title = 'old'")]))
        self.goes_back(AlterPolicy("Note", Declared("old", using="true")),
                       RemovePolicy("Note", "old"))

    def test_after_renames(self):
        """SQL is read under the names of its time, expressions go by those of now."""
        self.apply(EnableRowSecurity("Note"))
        self.apply(Policy("Note", "sql", using="authz.is_owner(kept_by) AND title <> 'title'"))
        self.apply(Policy("Note", "fields", using=authz.IsOwner("owner") & ~Q(title=F("owner"))
                          & Q(title=Lower("title"))))
        self.apply(Protect("Note", owner="owner"))
        for operation in (migrations.RenameField("Note", "title", "heading"),
                          migrations.AlterField("Note", "owner", models.TextField()),
                          migrations.RenameField("Note", "owner", "title"),
                          migrations.RenameModel("Note", "Paper")):
            self.apply(operation)
        self.root("INSERT INTO kept_paper (title, heading) VALUES ('ann', 'x')")
        self.goes_back_from = self.policies()
        for operation in (AlterPolicy("Paper", Declared("sql", using="true")),
                          RemovePolicy("Paper", "sql"), RemovePolicy("Paper", "fields"),
                          Protect("Paper", mode="read_only"), migrations.DeleteModel("Paper")):
            before = self.state
            self.apply(operation)
            after, self.state = self.state, before
            self.apply(operation, backwards=True)
            self.assertEqual(self.policies(), self.goes_back_from, operation)
            self.assertEqual(row_security("kept_paper"), (True, True))
        self.assertEqual(facts("SELECT attname FROM pg_attribute WHERE attnum > 0 AND"
                               " attrelid = 'kept_paper'::regclass ORDER BY 1"),
                         [("heading",), ("id",), ("title",)])

    def test_not_atomic(self):
        """All of the statements of an operation, or none."""
        with self.assertRaises(Exception):
            self.apply(Policy("Note", "x", using="nothing = 1"), atomic=False)
        self.apply(Policy("Note", "x", using="true"), atomic=False)
        before = self.policies()
        with self.assertRaises(Exception):
            # the old one is dropped first
            self.apply(AlterPolicy("Note", Declared("x", "SELECT", using="nothing = 1")),
                       atomic=False)
        self.assertEqual(self.policies(), before)

    def test_exists_already(self):
        self.apply(Policy("Note", "x", using="true"))
        with self.assertRaisesRegex(ValueError, "use AlterPolicy"):
            self.apply(Policy("Note", "x", using="true"))

    def test_conditions_that_are_none(self):
        for condition in (7, F("owner"), Lower("owner"), authz.StepUp(["gold"]),
                          authz.HasObjectPermission("x"), ~Q(authz.IsOwner("owner"))):
            with self.assertRaises((TypeError, ValueError)):
                Declared("x", using=condition)
        with self.assertRaises(TypeError):
            self.apply(Policy("Note", "x", using=authz.InOrg(authz.UrlKwarg("org"))))

    def test_values(self):
        """As literals, whatever they hold."""
        import datetime
        import uuid
        self.apply(EnableRowSecurity("Note"))
        for n, value in enumerate(("a'b\\c%s%%d\u00fc", datetime.date(2001, 2, 3), uuid.UUID(int=1), 7)):
            self.apply(Policy("Note", "p%d" % n, using=Q(title=value) | Q(title__in=[value, "{x}"])
                              | Q(title__startswith="100%")))
        self.apply(Policy("Note", "check", "INSERT", check=authz.ClaimIs("a'%", "b\\%s")
                          & authz.HasAnyRole("x'", "y%")))
        self.assertIn("'a''b\\c%s%%d\u00fc'", self.conditions(self.state_of())["p0"][0])


class Tables(Kept):
    """Child tables, many-to-many tables, and those of other applications."""
    operations = [
        create("Team", [("owner", models.TextField(db_index=True))]),
        create("Person", [("teams", models.ManyToManyField("kept.Team"))]),
        create("Task", [("team", models.ForeignKey("kept.Team", models.CASCADE, null=True)),
                        ("owner", models.TextField(db_index=True))]),
        Protect("Team", owner="owner"),
        Protect("Person", mode="read_only"),
    ]

    def rows(self):
        self.root("INSERT INTO kept_team (owner) VALUES ('ann'), ('bob');"
                  "INSERT INTO kept_person DEFAULT VALUES;"
                  "INSERT INTO kept_person_teams (person_id, team_id) VALUES (1, 1), (1, 2);"
                  "INSERT INTO kept_task (team_id, owner) VALUES (1, 'x'), (2, 'x'), (NULL, 'x')")

    def as_ann(self, sql):
        with authz.as_token(token("ann")), connections["default"].cursor() as cursor:
            cursor.execute(sql)
            return [row[0] for row in cursor.fetchall()]

    def test_many_to_many(self):
        """By the name of the field, and, as so far, by that of Django's model."""
        for name in ("Person.teams", "kept.Person.teams", "Person_teams", "person.teams"):
            steps = self.there_and_back(ProtectChild(name, parent="team", write=True))
            before = self.policies()
            next(steps)
            self.assertEqual(row_security("kept_person_teams"), (True, True))
            next(steps)
            self.assertEqual(self.policies(), before)
            self.assertEqual(row_security("kept_person_teams"), (False, False))
            self.drop()
            self.setUp()
        self.apply(ProtectChild("Person.teams", parent="team", write=True))
        self.rows()
        self.assertEqual(self.as_ann("SELECT team_id FROM kept_person_teams"), [1])
        for line, same in (("DELETE FROM kept_person_teams RETURNING team_id", [1]),
                           ("INSERT INTO kept_person_teams (person_id, team_id) VALUES (1, 1)"
                            " RETURNING team_id", [1])):
            self.assertEqual(self.as_ann(line), same)
        with self.assertRaises(authz.Forbidden):
            self.as_ann("INSERT INTO kept_person_teams (person_id, team_id) VALUES (1, 2)")
        # the field's name, and that of the model it points to, change
        self.apply(migrations.RenameField("Person", "teams", "crews"))
        self.apply(migrations.RenameModel("Team", "Crew"))
        self.assertEqual([row[:2] for row in self.policies() if row[0] == "kept_person_crews"],
                         [("kept_person_crews", "by_team")])
        before = self.policies()
        for _ in self.there_and_back(RemovePolicy("Person.crews", "by_team")):
            pass
        self.assertEqual(self.policies(), before)
        for _ in self.there_and_back(migrations.RemoveField("Person", "crews")):
            pass
        self.assertEqual(self.policies(), before)

    def test_child(self):
        self.rows()
        steps = self.there_and_back(ProtectChild("Task", parent="team", owner="owner"))
        next(steps)
        self.assertEqual(self.as_ann("SELECT team_id FROM kept_task"), [1])
        insert = "INSERT INTO kept_task (team_id, owner) VALUES (%s) RETURNING team_id"
        self.assertEqual(self.as_ann(insert % "1, 'ann'"), [1])
        for values in ("2, 'ann'", "1, 'bob'", "NULL, 'ann'"):
            with self.assertRaises(authz.Forbidden):
                self.as_ann(insert % values)
        self.assertEqual(self.as_ann("UPDATE kept_task SET owner = 'ann' WHERE owner = 'x'"
                                     " RETURNING 1"), [])
        next(steps)
        self.assertEqual(row_security("kept_task"), (False, False))
        # read only, unless something is said
        self.apply(ProtectChild("Task", parent="team"))
        with self.assertRaises(authz.Forbidden):
            self.as_ann(insert % "1, 'ann'")
        with self.assertRaises(ValueError):
            follow_parent("team", owner="owner", write=True)

    def test_parent_with_the_childs_columns(self):
        """A column of both is the child's outside, and the parent's inside."""
        self.rows()
        self.apply(EnableRowSecurity("Task"))
        self.apply(Policy("Task", "own_team", using=CanSee("team", authz.IsOwner("owner"))))
        self.assertEqual(self.as_ann("SELECT team_id FROM kept_task"), [1])
        # the parent's field gets another name, and the policy is known by it
        self.apply(migrations.RenameField("Team", "owner", "keeper"))
        before = self.policies()
        steps = self.there_and_back(AlterPolicy("Task", Declared("own_team", using=CanSee(
            "team", authz.IsOwner("keeper")) & authz.IsOwner("owner"))))
        next(steps)
        self.assertEqual(self.as_ann("SELECT team_id FROM kept_task"), [])
        next(steps)
        self.assertEqual(self.policies(), before)

    def test_not_where_a_row_is_asked_for(self):
        with self.assertRaises(TypeError):
            list(authz_note().objects.filter(CanSee("note")))

    def test_other_application(self):
        from django.contrib.auth.models import User
        from django.db.migrations.state import ModelState
        with self.assertRaisesRegex(LookupError, r"add one of its migrations to the dependencies:"
                                                 r" \('auth', \.\.\.\)"):
            self.apply(Protect("auth.User", mode="read_only"))
        for operation in (Watch("auth.Nobody"), CreateSet("kept_x", "SELECT 1", watch=["Nobody"]),
                          Protect("Person.id", mode="read_only")):
            with self.assertRaises(LookupError):
                self.apply(operation)
        for model in (User, User._meta.get_field("groups").related_model,
                      User._meta.get_field("user_permissions").related_model):
            self.state.add_model(ModelState.from_model(model))
        from django.contrib.contenttypes.models import ContentType
        self.state.add_model(ModelState.from_model(ContentType))
        for _ in self.there_and_back(Policy("auth.User", "x", using="false")):
            pass
        for _ in self.there_and_back(Protect("auth.User.groups", mode="read_only")):
            pass
        self.assertEqual(facts("SELECT count(*) FROM pg_policy p WHERE polrelid::regclass::text"
                               " LIKE 'auth\\_user%%'"), [(0,)])

    def test_proxy(self):
        self.apply(migrations.CreateModel("Seen", [], options={"proxy": True},
                                          bases=("kept.task",)))
        with self.assertRaisesRegex(ValueError, "is a proxy"):
            self.apply(Protect("Seen", mode="read_only"))


def authz_note():
    from clinic.models import Comment
    return Comment


class Dependencies(Kept):
    def test_missing(self):
        """E057: another application's model, and no migration of it before."""
        from unittest import mock
        from django.db.migrations.loader import MigrationLoader
        self.assertEqual(list(pending.missing_dependencies()), [])
        loader = MigrationLoader(None)
        migration = loader.graph.nodes["clinic", "0002_policies"]
        with mock.patch.object(migration, "operations", [
                *migration.operations, Policy("auth.User", "x", using="true"),
                CreateSet("y", "SELECT 1", watch=["auth.Group", "Note", "clinic.Note"])]), \
                mock.patch.object(pending, "MigrationLoader", return_value=loader):
            self.assertEqual(list(pending.missing_dependencies()), [
                ("clinic.0002_policies", "auth.User", "auth"),
                ("clinic.0002_policies", "auth.Group", "auth")])
            self.assertEqual([e.id for e in policy_checks.check_drift(None, ["bare"])],
                             ["dbmi_authz.E057"] * 2)
        self.assertEqual([e.id for e in policy_checks.check_drift(None, None)], [])


class Empty(Kept):
    """Q40: migrate on an empty database of one role."""

    def test_migrate(self):
        self.root("CREATE DATABASE lone OWNER clinic_owner")
        connections.databases["lone"] = {**connections.databases["owner"], "NAME": "lone"}
        try:
            with override_settings(DBMI_AUTHZ={"DATABASES": ["lone"]}):
                out = io.StringIO()
                call_command("check", databases=["lone"], stdout=out, stderr=out)
                self.assertIn("W058", out.getvalue())
                self.assertNotIn("E024", out.getvalue())
                call_command("migrate", database="lone", verbosity=0, skip_checks=False,
                             stdout=out, stderr=out)
                out = io.StringIO()
                call_command("check", databases=["lone"], stdout=out, stderr=out)
                self.assertNotIn("W058", out.getvalue())
            with connections["lone"].cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_policy WHERE polrelid ="
                               " 'clinic_note'::regclass")
                self.assertEqual(cursor.fetchone(), (1,))
        finally:
            connections["lone"].close()
            del connections["lone"]
            del connections.databases["lone"]
            self.root("DROP DATABASE lone")
