"""A team and its tests, as test_test.py lets Django's runner and pytest run them.

TEAM_ROLES  "one": a role that makes the test database and owns it; "two": the
            application's role in the database that the owner makes; "superuser"
TEAM_NAME   of the database, and TEAM_TEST_NAME of that for tests
"""
import os

SECRET_KEY = "only for tests"
USE_TZ = True
STATIC_URL = "/static/"
ROOT_URLCONF = "team.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "rest_framework", "dbmi_authz_django", "team",
]
MIDDLEWARE = [
    "dbmi_authz_django.middleware.TokenMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DBMI_AUTHZ = {"COOKIE": "TOKEN"}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["dbmi_authz_django.rest_framework.TokenAuthentication"],
    "EXCEPTION_HANDLER": "dbmi_authz_django.rest_framework.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def database(user, **test):
    if "TEAM_TEST_NAME" in os.environ:
        test["NAME"] = os.environ["TEAM_TEST_NAME"]
    return {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("TEAM_NAME", "team"),
            "USER": user, "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"], "TEST": test}


ROLES = os.environ.get("TEAM_ROLES", "one")
if ROLES == "two":
    DATABASES = {"default": database("team_app", MIRROR="owner"), "owner": database("team_owner")}
else:
    DATABASES = {"default": database("postgres" if ROLES == "superuser" else "team_owner")}
