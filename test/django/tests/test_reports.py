"""Q44: whatever looks like a token shows stars, in debug pages, mails to ADMINS and logs."""
import io
import json
import logging
import socket
import sys
from base64 import urlsafe_b64encode
from contextlib import redirect_stderr

from clinic.models import Note
from dbmi_authz_django import authz, reports
from dbmi_authz_django.checking import checks
from django.core import mail
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter

from . import forged, mint, token
from .base import Case

LOGGING_FILTER = {"version": 1, "filters": {"stars": {"()": "dbmi_authz_django.reports.TokenFilter"}},
                  "handlers": {"mail": {"class": "logging.NullHandler", "filters": ["stars"]}}}


class Odd:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return "<Odd %s>" % self.text


class Worse:
    def __repr__(self):
        raise ValueError("no")


def fails(request):
    """Everything that a view may make of a token."""
    raw = (request.headers.get("Authorization") or request.GET["token"]).split()[-1]
    derived = str(raw)[:]
    parts = derived.split(".")
    octets = derived.encode()
    nested = {"deep": [{"x": (derived, octets)}], derived: 1}
    longer = "x" * 4000 + " " + derived
    half = derived[:len(derived) // 2]
    odd, worse = Odd(derived), Worse()
    dumped = json.dumps({"token": derived})
    kept = {octets, derived}
    list(Note.objects.all())
    try:
        raise KeyError(octets)
    except KeyError as error:
        raise ValueError("refused: " + derived, nested) from error
    finally:
        del parts, longer, half, odd, worse, dumped, kept


def keeps(request):
    """The same, with the variables still there."""
    derived = str(request.headers.get("Authorization") or request.GET["token"]).split()[-1][:]
    parts, octets, odd, worse = derived.split("."), derived.encode(), Odd(derived), Worse()
    longer, half = "x" * 4000 + " " + derived, derived[:len(derived) // 2]
    nested = {"deep": [{"x": (derived, octets)}], derived: 1}
    raise ValueError("refused: " + derived, nested, parts, octets, odd, longer, half)


def alone(request):
    """Only the signature, which looks like nothing."""
    signature = request.META["HTTP_AUTHORIZATION"].split(".")[-1]
    raise ValueError(signature)


def says(request):
    logging.getLogger("clinic.says").warning("got %s and %r", request.GET["token"], [request.GET["token"].encode()])
    return HttpResponse()


urlpatterns = [path("fails/", fails), path("keeps/", keeps), path("says/", says), path("alone/", alone)]


class Shape(Case):
    def test_star(self):
        secret = token("ann")
        header, payload, signature = secret.split(".")
        encrypted = ".".join([header, "", payload, payload, signature])
        spaced = ".".join(urlsafe_b64encode(text.encode()).decode().rstrip("=")
                          for text in (' {\n  "alg": "RS256"}', '{"sub": "ann"}', "not a signature"))
        for text in (secret, encrypted, spaced, header + "." + payload + ".", header, payload, forged("bob")):
            for around in ("%s", "Bearer %s", "x=%s&y=1", "'%s'", "b'%s'", "(%s)", "https://x/?t=%s#a", "\n%s\n"):
                shown = reports.star(around % text)
                self.assertEqual(shown, around % reports.STARS)
                self.assertEqual(reports.star((around % text).encode()), shown.encode())

    def test_others_stay(self):
        for text in ("dbmi_authz_django.rest_framework.TokenAuthentication", "1.2.3", "www.example.com",
                     "eyeglass_prescription_id", "a.b.c", "eyewitness.accounts.table_of_them", "", "é.ü.ö",
                     "10.11.12.13", "ewogeneral", "https://a.very-long-host-name.example.com/x"):
            self.assertIs(reports.star(text), text)
        for value in (None, 1, 2.5, b"abc", Odd("x"), logging):
            self.assertIs(reports.star(value), value)

    def test_nested(self):
        secret = token("ann")
        self.assertEqual(reports.star({"a": [secret, (secret.encode(), {secret})], secret: 1}),
                         {"a": [reports.STARS, (reports.STARS.encode(), {reports.STARS})], reports.STARS: 1})

    def test_parts_in_a_list(self):
        parts = token("ann").split(".")
        for shown in (repr(parts), repr(tuple(parts)), ", ".join(parts), "\n".join(parts), repr([p.encode() for p in parts])):
            for part in parts:
                self.assertNotIn(part, reports.star(shown))
        self.assertIs(reports.star("one.two three, four"), "one.two three, four")

    def test_parts_of_the_token_in_force(self):
        signature = token("ann").split(".")[2]
        self.assertEqual(reports.star("sig " + signature), "sig " + signature)
        with authz.as_token(token("ann")):
            self.assertEqual(reports.star("sig " + signature), "sig " + reports.STARS)

    def test_long_text_is_quick(self):
        import time
        began = time.perf_counter()
        for text in ("a" * 10 ** 6, "eyJ" * 300000, "a." * 300000, "aaaaaaaaa." * 100000, "." * 10 ** 6):
            reports.star(text)
        self.assertLess(time.perf_counter() - began, 5)


class Reports(Case):
    def setUp(self):
        super().setUp()
        urls = override_settings(ROOT_URLCONF=__name__)
        urls.enable()
        self.addCleanup(urls.disable)

    def hidden(self, text):
        for secret in (token("ann"), forged("ann")):
            for part in secret.split("."):
                for start in range(0, len(part) - 30, 30):
                    self.assertNotIn(part[start:start + 30], text)

    def requests(self):
        for secret in (token("ann"), forged("ann")):
            yield {"HTTP_AUTHORIZATION": "Bearer " + secret}, ""
            yield {"HTTP_AUTHORIZATION": "Token " + secret}, ""
            yield {}, "?token=" + secret
            yield {"HTTP_X_FORWARDED_TOKEN": secret, "HTTP_AUTHORIZATION": "Bearer " + secret}, ""

    def test_debug_pages(self):
        """Q44"""
        with override_settings(DEBUG=True, SOME_LIST=[token("ann")], SOME=token("ann").encode()):
            self.client.cookies["other"] = token("ann")
            for view, accept in (("/keeps/", "text/html"), ("/keeps/", "text/plain"), ("/fails/", "text/plain")):
                for headers, query in self.requests():
                    response = self.client.get(view + query, HTTP_ACCEPT=accept, **headers)
                    self.assertIn(response.status_code, (401, 500))
                    self.hidden(response.content.decode())
                    if response.status_code == 500:
                        self.assertIn("refused: " + reports.STARS, response.content.decode())

    def test_signature_alone(self):
        with override_settings(DEBUG=True):
            for scheme in ("Bearer", "Token"):
                response = self.client.get("/alone/", HTTP_AUTHORIZATION="%s %s" % (scheme, forged("ann")))
                self.hidden(response.content.decode())
                self.assertIn("ValueError", response.content.decode())

    def test_the_filter_by_itself(self):
        """Where a project has a reporter of its own."""
        secret = forged("ann")
        request = RequestFactory().post("/", {"t": ["Bearer " + secret]}, HTTP_AUTHORIZATION="Token " + secret)
        filter = reports.SafeExceptionReporterFilter()
        self.assertEqual(filter.get_post_parameters(request).getlist("t"), ["Bearer " + reports.STARS])
        self.assertEqual(filter.get_post_parameters(None), {})
        signature = secret.split(".")[2]

        def frame():
            inner = [signature]
            return inner and sys._getframe()
        shown = dict(filter.get_traceback_frame_variables(request, frame()))
        self.assertEqual((repr(shown["inner"]), shown["signature"]), ("['%s']" % reports.STARS, reports.STARS))

    def test_mails_to_the_administrators(self):
        # as LOGGING makes it, before applications are ready
        handler = AdminEmailHandler(include_html=True, reporter_class="django.views.debug.ExceptionReporter")
        logger = logging.getLogger("django.request")
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        reports.install()
        with override_settings(ADMINS=[("a", "a@example.com")],
                               EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
            mail.outbox = []
            for headers, query in self.requests():
                self.client.post("/keeps/" + query, {"t": token("ann")}, **headers)
            self.client.get("/%s/" % token("ann"))
        self.assertGreaterEqual(len(mail.outbox), 8)
        for message in mail.outbox:
            html = message.alternatives[0]
            self.hidden(message.subject + message.body + str(html[0]))
        self.assertIn("refused: " + reports.STARS, mail.outbox[0].body)

    def test_a_reporter_by_itself(self):
        """As Sentry-like reporters use it, without a request and without a login."""
        for secret in (token("ann"), mint("bob")):
            try:
                raise ValueError({"token": [secret.encode()]})
            except ValueError:
                reporter = reports.SafeExceptionReporter(None, *sys.exc_info())
            self.assertNotIn(secret[-30:], reporter.get_traceback_html() + reporter.get_traceback_text())

    def test_logs(self):
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("%(message)s %(more)s", defaults={"more": ""})
                             if sys.version_info >= (3, 10) else logging.Formatter("%(message)s"))
        logger = logging.getLogger("clinic.says")
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        self.get("/says/?token=" + token("ann"))
        self.assertIn(token("ann"), stream.getvalue())      # the twin
        stream.truncate(0)
        handler.addFilter(reports.TokenFilter())
        self.get("/says/?token=" + token("ann"))
        self.assertIn("got %s and [b'%s']" % (reports.STARS, reports.STARS), stream.getvalue())
        try:
            raise ValueError(token("ann"))
        except ValueError:
            logger.exception("failed %s", token("ann"), extra={"more": [token("ann")]})
        stderr = io.StringIO()
        with redirect_stderr(stderr):
            logger.warning("%d", token("ann"))      # cannot be formatted, and logging says so
        self.assertIn("Arguments:", stderr.getvalue())
        self.hidden(stderr.getvalue())
        cycle = {}
        cycle["itself"] = cycle
        with socket.socket() as sock:
            logger.error("plain %s", "text", extra={"request": sock, "more": cycle})
        self.hidden(stream.getvalue())
        self.assertIn("ValueError: " + reports.STARS, stream.getvalue())
        self.assertIn("plain text", stream.getvalue())

    def test_named_in_logging(self):
        from logging.config import DictConfigurator
        config = DictConfigurator(LOGGING_FILTER)
        config.config["filters"]["stars"] = config.configure_filter(config.config["filters"]["stars"])
        self.assertIsInstance(config.config["filters"]["stars"], reports.TokenFilter)


class Own(ExceptionReporter):
    pass


class Installed(Case):
    def ids(self):
        return [found.id.partition(".")[2] for found in checks.check_reports(None)]

    def test_by_default(self):
        from django.conf import settings
        self.assertEqual(settings.DEFAULT_EXCEPTION_REPORTER, "dbmi_authz_django.reports.SafeExceptionReporter")
        self.assertEqual(settings.DEFAULT_EXCEPTION_REPORTER_FILTER,
                         "dbmi_authz_django.reports.SafeExceptionReporterFilter")
        reports.install()
        self.assertEqual(self.ids(), [])

    def test_of_the_project(self):
        with override_settings(DEFAULT_EXCEPTION_REPORTER="tests.test_reports.Own"):
            reports.install()
            self.assertEqual(self.ids(), ["W096"])
        with override_settings(DEFAULT_EXCEPTION_REPORTER_FILTER="django.views.debug.SafeExceptionReporterFilter"):
            self.assertEqual(self.ids(), ["W096"])

    def test_handler_that_came_later(self):
        handler = logging.StreamHandler(io.StringIO())
        logging.getLogger("clinic.later").addHandler(handler)
        self.addCleanup(logging.getLogger("clinic.later").removeHandler, handler)
        self.assertEqual(self.ids(), ["W097"])
        reports.install()
        reports.install()
        self.assertEqual((self.ids(), len(handler.filters)), ([], 1))

    def test_switched_off(self):
        handler = logging.StreamHandler(io.StringIO())
        logging.getLogger("clinic.later").addHandler(handler)
        self.addCleanup(logging.getLogger("clinic.later").removeHandler, handler)
        with override_settings(DBMI_AUTHZ={"STAR_TOKENS": False}):
            reports.install()
        self.assertEqual(handler.filters, [])
