"""The settings: one dictionary, DBMI_AUTHZ, every key optional.

DATABASES          aliases whose connections carry the token
HEADER             where clients send it
SCHEMES            words that may stand before it in that header, in any case; []: the
                   header, which must not be Authorization, holds nothing but the token
COOKIE             name of a cookie that may hold it; None: no cookie is read
COOKIE_FIRST       which of the two counts when both are there
COOKIE_DOMAIN, COOKIE_PATH, COOKIE_SAMESITE    as the program that sets the cookie has them, to
                   take a bad one away from a browser
LOGIN_URL          where a browser is sent to log in; None: Django's LOGIN_URL, if there is
                   such a page; False: nowhere, it gets a page that says 401
LOGIN              function(request) that gives the whole address instead, with the way back
EXEMPT             beginnings of paths where a bad cookie makes a request nobody's
STEP_UP            function(request, acrs, max_age) that gives the address, or the response,
                   for a browser whose login is not strong or recent enough
USER               how request.user finds its row of the user table (accounts.py); None: it
                   has none
STAFF, SUPERUSER   a requirement, or a function of the identity: whom is_staff and
                   is_superuser are true for
SESSION_OF_ANOTHER what is done with a Django session and a token of different people:
                   "refuse" or "nobody"
REFUSE_BAD_TOKENS  False: a request with a bad token goes on as nobody's
REFUSE_LOST_WRITES save() and delete() of a row that policies show but do not let
                   write: True: Forbidden; False: nothing happens, as Django has it
UNPROTECTED        models that need no policies: "app", "app.*", "app.Model"
KEYS_MAX_AGE       seconds after which keys that are fetched count as stale
STAR_TOKENS        reports and logs show stars in place of tokens (reports.py)
REALM              of the WWW-Authenticate header
OWNER_DATABASE     alias of the tables' owner, for as_owner(); None: "default"
SILENT_DATABASES   aliases where policies may hide rows from an owner without an error
ADMIN_DATABASE     alias of the owner of the database, for the admin's pages (administration/);
                   None: there are none.  Read when Django starts
TEST_ISSUER        whose tokens tests mint, where the test database has several
"""
from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

DEFAULTS: dict[str, Any] = {
    "DATABASES": ("default",),
    "HEADER": "Authorization",
    "SCHEMES": ("Bearer", "JWT"),
    "COOKIE": None,
    "COOKIE_FIRST": False,
    "COOKIE_DOMAIN": None,
    "COOKIE_PATH": "/",
    "COOKIE_SAMESITE": "Lax",
    "LOGIN_URL": None,
    "LOGIN": None,
    "EXEMPT": (),
    "STEP_UP": None,
    "USER": None,
    "STAFF": None,
    "SUPERUSER": None,
    "SESSION_OF_ANOTHER": "refuse",
    "REFUSE_BAD_TOKENS": True,
    "REFUSE_LOST_WRITES": True,
    "UNPROTECTED": (),
    "KEYS_MAX_AGE": 7 * 86400,
    "STAR_TOKENS": True,
    "REALM": "authz",
    "OWNER_DATABASE": None,
    "SILENT_DATABASES": (),
    "ADMIN_DATABASE": None,
    "TEST_ISSUER": None,
}


class Conf:
    """Read once and kept: a request asks several times."""

    def __init__(self) -> None:
        self.load()

    def load(self) -> None:
        values = {**DEFAULTS, **getattr(settings, "DBMI_AUTHZ", {})}
        self.databases = tuple(values["DATABASES"])
        self.header = values["HEADER"]
        self.meta_key = "HTTP_" + values["HEADER"].upper().replace("-", "_")
        self.schemes = frozenset(scheme.lower() for scheme in values["SCHEMES"])
        self.cookie = values["COOKIE"]
        self.cookie_first = values["COOKIE_FIRST"]
        self.cookie_domain = values["COOKIE_DOMAIN"]
        self.cookie_path = values["COOKIE_PATH"]
        self.cookie_samesite = values["COOKIE_SAMESITE"]
        self.login = values["LOGIN"]
        self.login_url = values["LOGIN_URL"]
        # a string is many beginnings, and one of them "/"
        exempt = values["EXEMPT"]
        self.exempt = (exempt,) if isinstance(exempt, str) else tuple(exempt)
        self.step_up = values["STEP_UP"]
        self.user = values["USER"]
        self.staff = values["STAFF"]
        self.superuser = values["SUPERUSER"]
        self.session_of_another = values["SESSION_OF_ANOTHER"]
        self.refuse_bad_tokens = values["REFUSE_BAD_TOKENS"]
        self.refuse_lost_writes = values["REFUSE_LOST_WRITES"]
        self.unprotected = tuple(values["UNPROTECTED"])
        self.keys_max_age = values["KEYS_MAX_AGE"]
        self.star_tokens = values["STAR_TOKENS"]
        self.realm = values["REALM"]
        self.owner_database = values["OWNER_DATABASE"]
        self.silent_databases = tuple(values["SILENT_DATABASES"])
        self.admin_database = values["ADMIN_DATABASE"]
        self.test_issuer = values["TEST_ISSUER"]
        # Whatever caches a response must tell the users apart.
        self.vary = (self.header, "Cookie") if self.cookie else (self.header,)


conf = Conf()


def reload_conf(*, setting: str, **kwargs: Any) -> None:
    if setting == "DBMI_AUTHZ":
        conf.load()


setting_changed.connect(reload_conf)
