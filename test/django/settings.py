"""A clinic.  Where its database is comes from the environment:

PGHOST, PGPORT   socket directory and port; CLINIC_HOST, CLINIC_PORT: those of a pool
CLINIC_ATOMIC    ATOMIC_REQUESTS
CLINIC_MAX_AGE   CONN_MAX_AGE
CLINIC_POOL      as many connections in a pool of psycopg's (Django 5.1), of the owner's too
"""
import os

SECRET_KEY = "only for tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "rest_framework",
    "dbmi_authz_django",
    "clinic",
]

MIDDLEWARE = [
    "dbmi_authz_django.middleware.TokenMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

DBMI_AUTHZ = {"COOKIE": "DBMI_JWT", "UNPROTECTED": ["clinic.Folder", "clinic.Share"], "ADMIN_DATABASE": "owner"}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["dbmi_authz_django.rest_framework.TokenAuthentication"],
    "EXCEPTION_HANDLER": "dbmi_authz_django.rest_framework.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]


def database(user, **more):
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("CLINIC_DATABASE", "clinic"),
        "USER": user,
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ.get("CLINIC_PORT", os.environ["PGPORT"]),
        "CONN_MAX_AGE": int(os.environ.get("CLINIC_MAX_AGE", "600")),
        **more,
    }


DATABASES = {
    "default": database("clinic_app", ATOMIC_REQUESTS=os.environ.get("CLINIC_ATOMIC") == "1"),
    "owner": database("clinic_owner", PORT=os.environ["PGPORT"]),
    "root": database("postgres", PORT=os.environ["PGPORT"]),
    # no extension there
    "bare": database("clinic_app", NAME="bare", PORT=os.environ["PGPORT"]),
    # nobody there
    "down": database("clinic_app", HOST="/nonexistent"),
}
if os.environ.get("CLINIC_PORT"):
    DATABASES["default"].update(HOST=os.environ["CLINIC_HOST"], DISABLE_SERVER_SIDE_CURSORS=True)
if os.environ.get("CLINIC_POOL"):
    for alias in ("default", "owner"):
        DATABASES[alias].update(CONN_MAX_AGE=0, OPTIONS={"pool": {
            "min_size": 1, "max_size": int(os.environ["CLINIC_POOL"]), "timeout": 60}})

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"null": {"class": "logging.NullHandler"}},
    "root": {"handlers": ["null"]},
    "loggers": {"django": {"handlers": ["null"], "propagate": False}},
}
