#!/usr/bin/python3
"""Requests per second of a Django view, and Python's share of each.

  test/throwaway bench/django_requests.py

Ours hands over a signed token by TokenMiddleware; the customary way tells the
user unsigned, with set_config() and a policy that compares, and takes it back
at the end like ours.  One process calls the WSGI application without a network
between; the view sends one query that reads ten notes through an index.  Short
runs of the two take turns, and the ratio is the median of neighbours'.

TURNS     pairs of runs; 15 unless set
REQUESTS  of each run; 400 unless set
"""
import io
import os
import runpy
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CLINIC = os.path.join(HERE, "..", "test", "django")
# "django" must not be found in a directory of ours
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]
sys.path[:0] = [CLINIC]

TURNS = int(os.environ.get("TURNS", "15"))
REQUESTS = int(os.environ.get("REQUESTS", "400"))

TABLES = """
CREATE TABLE ours (id serial PRIMARY KEY, owner text NOT NULL, title text NOT NULL);
INSERT INTO ours (owner, title)
    SELECT CASE n %% 10000 WHEN 1 THEN 'ann' ELSE 'user' || n %% 10000 END, 'note ' || n
    FROM generate_series(1, 100000) n;
CREATE TABLE setting (LIKE ours INCLUDING ALL);
INSERT INTO setting SELECT * FROM ours;
CREATE INDEX ON ours (owner);
CREATE INDEX ON setting (owner);
ALTER TABLE ours ENABLE ROW LEVEL SECURITY;
ALTER TABLE setting ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON ours USING (authz.is_owner(owner));
CREATE POLICY own ON setting USING (owner = current_setting('app.user', true));
GRANT SELECT ON ours, setting TO clinic_app;
ANALYZE ours, setting;
"""


def prepare():
    clinic = runpy.run_path(os.path.join(CLINIC, "run"))
    clinic["psql"](clinic["ROLES"])
    clinic["psql"](clinic["GRANTS"], "-d", "clinic", "-U", "clinic_owner")
    import manage  # noqa: F401  (sets the path)
    import django
    django.setup()
    from django.core.management import call_command
    from django.db import connections
    call_command("migrate", database="owner", verbosity=0)
    import tests
    tests.trust()
    with connections["root"].cursor() as cursor:
        cursor.execute(TABLES.replace("%%", "%"))
    return tests.token("ann")


def views():
    from django.db import connection, models
    from django.http import HttpResponse

    def model_of(table):
        meta = type("Meta", (), {"app_label": "clinic", "managed": False, "db_table": table})
        return type("Bench" + table, (models.Model,), {
            "__module__": "clinic.models", "Meta": meta, "owner": models.TextField(),
            "title": models.TextField()})

    Ours, Setting = model_of("ours"), model_of("setting")

    def listing(model):
        titles = list(model.objects.values_list("title", flat=True))
        assert len(titles) == 10
        return HttpResponse(" ".join(titles))

    def ours(request):
        return listing(Ours)

    def setting(request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.user', %s, %s)", [
                "ann", connection.in_atomic_block])
        try:
            return listing(Setting)
        finally:
            if not connection.in_atomic_block:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('app.user', '', false)")

    return ours, setting


def application(middleware):
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings
    with override_settings(MIDDLEWARE=middleware):
        return WSGIHandler()


def run(app, path, token):
    """Seconds of the clock and of the processor for each request."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "clinic",
               "SERVER_PORT": "80", "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http",
               "wsgi.errors": sys.stderr}
    if token:
        environ["HTTP_AUTHORIZATION"] = "Bearer " + token
    statuses = set()

    def start(status, headers):
        statuses.add(status)

    began, used = time.perf_counter(), time.process_time()
    for _ in range(REQUESTS):
        response = app(dict(environ), start)
        b"".join(response)
        response.close()
    used, took = time.process_time() - used, time.perf_counter() - began
    assert statuses == {"200 OK"}, statuses
    return took / REQUESTS, used / REQUESTS


def python_alone(token):
    """Microseconds of the middleware and the wrapper around one query, without a server."""
    from dbmi_authz_django.connection.handover import Handover
    from dbmi_authz_django.middleware import TokenMiddleware
    from django.db import connection
    from django.http import HttpResponse
    from django.test import RequestFactory
    connection.ensure_connection()
    handover = next(w for w in connection.execute_wrappers if isinstance(w, Handover))
    send = Handover.run
    Handover.run = lambda self, send, what, *args: ("session", True)
    response = HttpResponse()
    middleware = TokenMiddleware(
        lambda request: handover(lambda *args: response, "SELECT 1", None, False, {"cursor": None}))
    make = RequestFactory().get
    times = []
    try:
        for _ in range(7):
            requests = [make("/", HTTP_AUTHORIZATION="Bearer " + token) for _ in range(5000)]
            began = time.process_time()
            for request in requests:
                middleware(request)
            times.append((time.process_time() - began) / len(requests) * 1e6)
    finally:
        Handover.run = send
    return statistics.median(times)


def main():
    token = prepare()
    from django.db import connections
    from django.urls import path
    import urls
    ours, setting = views()
    urls.urlpatterns += [path("bench/ours/", ours), path("bench/setting/", setting)]
    from django import get_version
    apps = {"ours": (application(["dbmi_authz_django.middleware.TokenMiddleware"]), token),
            "setting": (application([]), None)}
    print("Django %s, %s" % (get_version(), connections["default"].Database.__name__))
    for atomic in (False, True):
        connections["default"].settings_dict["ATOMIC_REQUESTS"] = atomic
        for name, (app, sent) in apps.items():
            run(app, "/bench/%s/" % name, sent)
        pairs = []
        for turn in range(TURNS):
            pair = {}
            for name in sorted(apps, reverse=turn % 2 == 1):
                app, sent = apps[name]
                pair[name] = run(app, "/bench/%s/" % name, sent)
            pairs.append(pair)
        median = {name: [statistics.median(p[name][k] for p in pairs) for k in (0, 1)]
                  for name in apps}
        ratio = statistics.median(p["setting"][0] / p["ours"][0] for p in pairs)
        print("%-16s ours %.0f/s, unsigned variable %.0f/s, ratio %.3f;"
              " processor time of Python and driver %+.0f us a request" % (
                  "ATOMIC_REQUESTS" if atomic else "autocommit", 1 / median["ours"][0],
                  1 / median["setting"][0], ratio,
                  (median["ours"][1] - median["setting"][1]) * 1e6))
    print("middleware and wrapper: %.1f us of Python a request, without the driver"
          % python_alone(token))


if __name__ == "__main__":
    main()
