"""System checks: silent for the clinic, and each finding provoked once."""
import copy
import io
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

from dbmi_authz_django.checking import checks
from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.db import connections
from django.test import override_settings

from .base import Case


def root(*statements):
    with connections["root"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def while_(there, and_back):
    """Something in the database that is undone afterwards."""
    root(there)
    try:
        yield
    finally:
        root(and_back)


def ids(found):
    return sorted(error.id.partition(".")[2] for error in found)


class Settings(Case):
    def settings(self, **values):
        with override_settings(DBMI_AUTHZ=values):
            return ids(checks.check_settings(None))

    def test_fine(self):
        self.assertEqual(ids(checks.check_settings(None)), [])
        self.assertEqual(ids(checks.check_middleware(None)), [])
        self.assertEqual(ids(checks.check_exceptions(None)), [])
        self.assertEqual(ids(checks.check_reports(None)), [])

    def test_registered(self):
        with override_settings(DBMI_AUTHZ={"COOKY": "x"}):
            self.assertIn("E001", ids(e for e in run_checks() if e.id.startswith("dbmi_authz")))

    def test_names(self):
        self.assertEqual(self.settings(COOKY="x"), ["E001"])
        self.assertEqual(self.settings(DATABASES="default"), ["E002"])
        self.assertEqual(self.settings(DATABASES=["nowhere"]), ["E003"])

    def test_header_without_scheme(self):
        """Q47"""
        self.assertEqual(self.settings(SCHEMES=[]), ["E092"])
        self.assertEqual(self.settings(SCHEMES=[], HEADER="X-Token"), [])
        self.assertEqual(self.settings(UNPROTECTED="clinic.Folder"), ["E002"])

    def test_exceptions_of_nothing(self):
        with override_settings(DBMI_AUTHZ={"UNPROTECTED": [
                "clinic", "auth.*", "clinic.Note", "CLINIC.note", "auth.User_groups", "clinic.Nota", "klinik.*"]}):
            found = checks.check_exceptions(None)
        self.assertEqual(ids(found), ["W093", "W093"])
        self.assertIn("'clinic.Nota'", found[0].msg)

    def test_other_vendor(self):
        with mock.patch.object(type(connections["bare"]), "vendor", "sqlite"):
            self.assertEqual(self.settings(), ["E004"])

    def middleware(self, *names):
        paths = {"ours": "dbmi_authz_django.middleware.TokenMiddleware",
                 "auth": "django.contrib.auth.middleware.AuthenticationMiddleware",
                 "cache": "django.middleware.cache.UpdateCacheMiddleware"}
        with override_settings(MIDDLEWARE=[paths[name] for name in names]):
            return ids(checks.check_middleware(None))

    def test_middleware(self):
        self.assertEqual(self.middleware("auth"), ["W010"])
        self.assertEqual(self.middleware("ours", "ours", "auth"), ["E011"])
        self.assertEqual(self.middleware("ours", "cache"), ["E012"])
        self.assertEqual(self.middleware("auth", "ours"), ["W013"])
        self.assertEqual(self.middleware("cache", "ours", "auth"), [])


class Reads:
    """A router that reads from somewhere else."""
    def __init__(self, alias):
        self.alias = alias

    def db_for_read(self, model, **hints):
        if model._meta.app_label == "auth":
            raise KeyError("wants an instance")
        return self.alias


class Replicas(Case):
    """Q47: an alias that reads the same rows without the token."""

    def found(self, databases, routers=(), **values):
        from dbmi_authz_django.checking import unprotected
        with override_settings(DBMI_AUTHZ=values), \
                mock.patch.object(unprotected, "settings", SimpleNamespace(DATABASES=databases)), \
                mock.patch.object(unprotected.router, "routers", list(routers)):
            return {found.msg.split("'")[1]: found.msg for found in checks.check_replicas(None)}

    def databases(self, *aliases):
        return {alias: settings.DATABASES[alias] for alias in aliases}

    def test_none(self):
        self.assertEqual(self.found(self.databases("default", "owner", "root", "bare")), {})
        self.assertEqual(self.found(self.databases("default", "down"), DATABASES=["default", "down"]), {})

    def test_same_database_by_the_same_role(self):
        found = self.found(self.databases("default", "owner", "down"))
        self.assertEqual(list(found), ["down"])
        self.assertIn("the database of 'default'", found["down"])

    def test_mirror(self):
        with mock.patch.dict(connections["bare"].settings_dict, TEST={"MIRROR": "default"}):
            self.assertIn("mirror of 'default'", self.found(self.databases("default", "bare"))["bare"])

    def test_router(self):
        databases = self.databases("default", "bare")
        self.assertIn("routers read", self.found(databases, [Reads("bare")])["bare"])
        self.assertEqual(self.found(databases, [Reads("default")]), {})
        self.assertEqual(self.found(databases, [Reads("bare")], DATABASES=["bare"]), {})
        elsewhere = Reads("bare")
        elsewhere.db_for_write = elsewhere.db_for_read      # nothing of it is ours
        self.assertEqual(self.found(databases, [elsewhere]), {})


class Models(Case):
    """Q41: tables without row security."""

    def found(self, *names, alias="default", djangos="django.contrib."):
        with override_settings(DBMI_AUTHZ={"DATABASES": [alias], "UNPROTECTED": names}), \
                mock.patch("dbmi_authz_django.checking.unprotected.DJANGO", djangos):
            return {found.obj._meta.label for found in checks.check_databases(None, [alias])
                    if found.id == "dbmi_authz.W090"}

    def test_of_the_project(self):
        found = self.found()
        self.assertLessEqual({"clinic.Folder", "clinic.Share"}, found)
        self.assertFalse(found & {"clinic.Note", "clinic.Comment", "clinic.Record", "clinic.Page"})
        self.assertFalse([label for label in found if label.split(".")[0] in ("auth", "admin", "sessions")])
        self.assertEqual(found - self.found("clinic.Folder"), {"clinic.Folder"})
        for name in ("clinic", "clinic.*", "Clinic.*"):
            self.assertFalse([label for label in self.found(name) if label.startswith("clinic.")])

    def test_tables_between_many_and_many(self):
        found = self.found(djangos="no such.")
        self.assertLessEqual({"auth.User", "auth.User_groups", "auth.Group_permissions", "sessions.Session"}, found)
        self.assertIn("auth.User_groups", self.found("auth.User", djangos="no such."))
        self.assertNotIn("auth.User_groups", self.found("auth", djangos="no such."))

    def test_tables_that_are_not_there(self):
        self.assertEqual(self.found(alias="bare"), set())

    def test_row_security_without_policies_is_closed(self):
        with while_("ALTER TABLE clinic_folder ENABLE ROW LEVEL SECURITY",
                    "ALTER TABLE clinic_folder DISABLE ROW LEVEL SECURITY"):
            self.assertNotIn("clinic.Folder", self.found())
        with while_("ALTER TABLE clinic_note DISABLE ROW LEVEL SECURITY",
                    "ALTER TABLE clinic_note ENABLE ROW LEVEL SECURITY"):
            self.assertNotIn("clinic.Note", self.found())       # that is E028

    def test_unmanaged(self):
        """Migrations do not make the table, and the project has no say in it."""
        folder = apps.get_model("clinic.Folder")
        with mock.patch.object(folder._meta, "managed", False):
            self.assertEqual(self.found() & {"clinic.Folder", "clinic.Share"}, {"clinic.Share"})

    def test_routers(self):
        with mock.patch("dbmi_authz_django.checking.unprotected.router.allow_migrate_model",
                        lambda alias, model: model._meta.model_name != "folder"):
            self.assertNotIn("clinic.Folder", self.found())


class Databases(Case):
    def found(self, alias="default", **values):
        with override_settings(DBMI_AUTHZ={"DATABASES": [alias]}), \
                mock.patch.dict(connections[alias].settings_dict, values):
            # the models of other tests need no policies
            return [id for id in ids(checks.check_databases(None, [alias])) if id != "W090"]

    def test_fine(self):
        self.assertEqual(self.found(CONN_MAX_AGE=0), [])
        self.assertEqual(self.found(ATOMIC_REQUESTS=True, CONN_MAX_AGE=600), [])

    def test_through_the_command(self):
        from django.core.management import call_command
        err = io.StringIO()
        call_command("check", databases=["default"], fail_level="ERROR", stderr=err)
        self.assertIn("W027", err.getvalue())

    def test_only_ours(self):
        self.assertEqual(ids(checks.check_databases(None, ["bare", "root", "down"])), [])
        self.assertEqual(ids(checks.check_databases(None, None)), [])

    def test_down(self):
        self.assertEqual(self.found("down"), ["E020"])

    def test_role(self):
        self.assertEqual(self.found("root", CONN_MAX_AGE=0), ["E021"])
        with while_("ALTER ROLE clinic_app BYPASSRLS", "ALTER ROLE clinic_app NOBYPASSRLS"):
            self.assertEqual(self.found(CONN_MAX_AGE=0), ["E022"])
        self.assertEqual(self.found("owner", CONN_MAX_AGE=0), ["W023"])

    def test_what_the_role_may_become(self):
        """Q47: assume_role, which is SET ROLE after the login."""
        connection = connections["root"]
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE clinic_app")
        try:
            with override_settings(DBMI_AUTHZ={"DATABASES": ["root"]}):
                found = [each for each in checks.check_databases(None, ["root"]) if each.id == "dbmi_authz.E094"]
            self.assertEqual(self.found("root", CONN_MAX_AGE=0), ["E094"])
        finally:
            connection.close()
        self.assertIn("policies bind role 'clinic_app', but anyone who can run SQL can become 'postgres'", found[0].msg)
        with while_("GRANT postgres TO clinic_app", "REVOKE postgres FROM clinic_app"):
            self.assertIn("E094", self.found(CONN_MAX_AGE=0))
        with while_("ALTER ROLE clinic_app NOINHERIT; GRANT clinic_owner TO clinic_app",
                    "REVOKE clinic_owner FROM clinic_app; ALTER ROLE clinic_app INHERIT"):
            self.assertEqual(self.found(CONN_MAX_AGE=0), ["W095"])

    def test_extension(self):
        self.assertEqual(self.found("bare", CONN_MAX_AGE=0), ["E024"])
        with mock.patch.object(checks.status, "server", wraps=checks.status.server) as server:
            real = checks.status.rows(connections["default"], checks.status.SERVER)[0]
            server.side_effect = lambda connection: real._replace(installed="0.9")
            self.assertEqual(self.found(CONN_MAX_AGE=0), ["W025"])

    def test_pools(self):
        self.assertEqual(self.found(CONN_MAX_AGE=600), ["W027"])
        self.assertEqual(self.found(CONN_MAX_AGE=None), ["W027"])
        self.assertEqual(self.found(CONN_MAX_AGE=0, DISABLE_SERVER_SIDE_CURSORS=True), ["E026"])
        options = {**copy.deepcopy(settings.DATABASES["default"].get("OPTIONS") or {}), "pool": True}
        with mock.patch.object(checks.status, "tables", return_value=[]), \
                mock.patch.object(checks.status, "server", return_value=checks.status.server(
                    connections["default"])):
            self.assertEqual(self.found(CONN_MAX_AGE=0, OPTIONS=options), ["W027"])
        connections["default"].close()
        with while_("ALTER DATABASE clinic SET dbmi_authz.token_scope = 'transaction'",
                    "ALTER DATABASE clinic RESET dbmi_authz.token_scope"):
            self.assertEqual(self.found(CONN_MAX_AGE=600, DISABLE_SERVER_SIDE_CURSORS=True), [])
            connections["default"].close()

    def test_tables(self):
        with while_("ALTER TABLE clinic_note DISABLE ROW LEVEL SECURITY",
                    "ALTER TABLE clinic_note ENABLE ROW LEVEL SECURITY"):
            self.assertEqual(self.found(CONN_MAX_AGE=0), ["E028"])
        with while_("ALTER TABLE clinic_note NO FORCE ROW LEVEL SECURITY",
                    "ALTER TABLE clinic_note FORCE ROW LEVEL SECURITY"):
            self.assertEqual(self.found(CONN_MAX_AGE=0), [])    # not its owner
            self.assertEqual(self.found("owner", CONN_MAX_AGE=0), ["E029", "W023"])

    def test_index(self):
        with while_("CREATE POLICY more ON clinic_note USING (authz.is_owner(title))",
                    "DROP POLICY more ON clinic_note"):
            self.assertEqual(self.found(CONN_MAX_AGE=0), ["W030"])
        with while_("CREATE POLICY more ON clinic_note USING (words = 0)",
                    "DROP POLICY more ON clinic_note"):
            self.assertEqual(self.found(CONN_MAX_AGE=0), [])
