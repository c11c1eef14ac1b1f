"""Tokens are in no log, no debug page, no traceback and no report."""
import logging
import os
import sys
import traceback

from clinic.models import Note
from dbmi_authz_django import authz
from django.core.signals import got_request_exception
from django.db import connection, connections
from django.test import override_settings
from django.views.debug import ExceptionReporter

from . import atomic_requests, forged, mint, token
from .base import Case


class Records(logging.Handler):
    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        self.texts.append("%s %r %r" % (self.format(record), record.args, record.__dict__))


class Secrecy(Case):
    """Nowhere a token, good or bad."""

    def test_query_log(self):
        with override_settings(DEBUG=True):
            for atomic in (False, True):
                with atomic_requests(atomic):
                    self.get("/notes/", "ann")
                    shown = repr(connection.queries)
                    self.get("/notes/", forged("ann"))
                    shown += repr(connection.queries)
                self.assertIn("clinic_note", shown)
                self.assertNotIn("set_token", shown)
                self.hidden(shown)

    def hidden(self, text):
        for secret in (token("ann"), forged("ann")):
            for part in secret.split("."):
                self.assertNotIn(part[-40:], text)

    def test_debug_page(self):
        """Headers, cookies, settings, and local variables of every frame."""
        with override_settings(DEBUG=True):
            for path in ("/fails/", "/breaks/", "/no/such/path/"):
                for secret in (token("ann"), forged("ann")):
                    self.client.cookies["DBMI_JWT"] = secret
                    for headers in ({"HTTP_AUTHORIZATION": "Bearer " + secret}, {},
                                    {"HTTP_AUTHORIZATION": "Token " + secret},
                                    {"HTTP_AUTHORIZATION": secret}):
                        response = self.client.get(path, **headers)
                        self.assertIn(response.status_code, (401, 404, 500))
                        self.hidden(response.content.decode())

    def test_loggers(self):
        handler = Records()
        loggers = [logging.getLogger(name) for name in (None, "django", "django.db.backends")]
        old = [logger.level for logger in loggers]
        for logger in loggers:
            logger.addHandler(handler)
            logger.setLevel(logging.DEBUG)
        try:
            with override_settings(DEBUG=True):
                for path in ("/fails/", "/breaks/", "/notes/", "/other/down/"):
                    for secret in (token("ann"), forged("ann")):
                        self.get(path, secret)
        finally:
            for logger, level in zip(loggers, old):
                logger.removeHandler(handler)
                logger.setLevel(level)
        self.assertTrue(any("django.db.backends" in text for text in handler.texts))
        self.hidden("\n".join(handler.texts))

    def test_traceback_with_variables(self):
        """As reporters of errors make them: every frame, every cause, every variable."""
        for make in (lambda: forged("ann"), lambda: mint("ann", exp="-10")):
            boxed = [make()]
            text = "".join(self.failure(boxed).format())
            self.assertIn("handover.py", text)
            self.assertIn("login = ", text)
            self.assertNotIn(boxed[0][-40:], text)
            self.assertNotIn(boxed[0][:40], text)

    def failure(self, boxed):
        login = authz.as_token(boxed.pop())
        boxed.append(str(login.token))
        try:
            with login:
                return self.failing_query()
        except authz.Unauthorized as error:
            return traceback.TracebackException(type(error), error, error.__traceback__.tb_next,
                                                capture_locals=True)

    def failing_query(self):
        Note.objects.count()

    def test_reporter_of_django(self):
        """What mail to the administrators and Sentry-like reporters show."""
        seen = []

        def report(sender, request, **kwargs):
            for is_email in (False, True):
                reporter = ExceptionReporter(request, *sys.exc_info(), is_email=is_email)
                seen.append(reporter.get_traceback_html() + reporter.get_traceback_text())

        got_request_exception.connect(report)
        try:
            self.get("/fails/", "ann")
            self.get("/breaks/", "ann")
        finally:
            got_request_exception.disconnect(report)
        self.assertEqual(len(seen), 4)
        self.hidden("\n".join(seen))

    def test_parameter_of_the_server(self):
        """No statement has it, not where all statements are shown and logged."""
        from dbmi_authz_django.connection.handover import Handover
        from dbmi_authz_django.login import Login
        with connections["root"].cursor() as cursor:
            cursor.execute("ALTER ROLE clinic_app SET log_statement = 'all'")
            cursor.execute("ALTER ROLE clinic_app SET log_parameter_max_length = 0")
        connection.close()
        try:
            for atomic in (False, True):
                connection.ensure_connection()
                handover = next(w for w in connection.execute_wrappers if isinstance(w, Handover))
                connection.set_autocommit(not atomic)
                login = Login(token("ann"))
                handover.prepare(login, "SELECT 1")
                with connections["root"].cursor() as cursor:
                    cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s",
                                   [connection.connection.info.backend_pid])
                    query = cursor.fetchone()[0]
                self.assertEqual(query, "SELECT authz.set_token($1, $2)")
                if atomic:
                    connection.rollback()
                    connection.set_autocommit(True)
                login.finish()
            self.get("/notes/", "bob")
            self.get("/optional/", forged("ann"))
        finally:
            with connections["root"].cursor() as cursor:
                cursor.execute("ALTER ROLE clinic_app RESET ALL")
            connection.close()
        with open(os.environ["SERVER_LOG"], errors="replace") as f:
            log = f.read()
        self.assertIn("SELECT authz.set_token($1, $2)", log)
        self.hidden(log)

    def test_what_no_driver_can_send(self):
        for bad in ("a\0b", "\udc80", "é" * 10):
            with self.assertRaises((ValueError, authz.Unauthorized)) as caught:
                with authz.as_token(bad):
                    Note.objects.count()
            self.assertNotIn(bad, str(caught.exception))
            self.assertEqual(Note.objects.count(), 0)

    def test_log_of_the_server(self):
        self.get("/breaks/", "ann")
        for atomic in (False, True):
            with atomic_requests(atomic):
                for secret in (token("ann"), forged("ann"), "a" * 100000, "a.b.c" * 20):
                    self.get("/notes/", secret)
        with open(os.environ["SERVER_LOG"], errors="replace") as f:
            log = f.read()
        self.assertIn("nonsense", log)      # statements that fail are in it
        self.hidden(log)
        self.assertNotIn("a" * 1000, log)
        self.assertNotIn("a.b.c", log)
