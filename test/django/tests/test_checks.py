"""System checks: silent for the clinic, and each finding provoked once."""
import copy
import io
from contextlib import contextmanager
from unittest import mock

from dbmi_authz_django import checks
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

    def test_registered(self):
        with override_settings(DBMI_AUTHZ={"COOKY": "x"}):
            self.assertIn("E001", ids(e for e in run_checks() if e.id.startswith("dbmi_authz")))

    def test_names(self):
        self.assertEqual(self.settings(COOKY="x"), ["E001"])
        self.assertEqual(self.settings(DATABASES="default"), ["E002"])
        self.assertEqual(self.settings(DATABASES=["nowhere"]), ["E003"])

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


class Databases(Case):
    def found(self, alias="default", **values):
        with override_settings(DBMI_AUTHZ={"DATABASES": [alias]}), \
                mock.patch.dict(connections[alias].settings_dict, values):
            return ids(checks.check_databases(None, [alias]))

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
