"""The settings: one dictionary, DBMI_AUTHZ, every key optional.

DATABASES          aliases whose connections carry the token
HEADER             where clients send it
SCHEMES            words that may stand before it in that header, in any case
COOKIE             name of a cookie that may hold it; None: no cookie is read
COOKIE_FIRST       which of the two counts when both are there
REFUSE_BAD_TOKENS  False: a request with a bad token goes on as nobody's
REALM              of the WWW-Authenticate header
ADMIN_DATABASE     alias of the owner of the database, for the admin's pages (administration/);
                   None: there are none.  Read when Django starts
"""
from django.conf import settings
from django.core.signals import setting_changed

DEFAULTS = {
    "DATABASES": ("default",),
    "HEADER": "Authorization",
    "SCHEMES": ("Bearer", "JWT"),
    "COOKIE": None,
    "COOKIE_FIRST": False,
    "REFUSE_BAD_TOKENS": True,
    "REALM": "authz",
    "ADMIN_DATABASE": None,
}


class Conf:
    """Read once and kept: a request asks several times."""

    def __init__(self):
        self.load()

    def load(self):
        values = {**DEFAULTS, **getattr(settings, "DBMI_AUTHZ", {})}
        self.databases = tuple(values["DATABASES"])
        self.header = values["HEADER"]
        self.meta_key = "HTTP_" + values["HEADER"].upper().replace("-", "_")
        self.schemes = frozenset(scheme.lower() for scheme in values["SCHEMES"])
        self.cookie = values["COOKIE"]
        self.cookie_first = values["COOKIE_FIRST"]
        self.refuse_bad_tokens = values["REFUSE_BAD_TOKENS"]
        self.realm = values["REALM"]
        self.admin_database = values["ADMIN_DATABASE"]
        # Whatever caches a response must tell the users apart.
        self.vary = (self.header, "Cookie") if self.cookie else (self.header,)


conf = Conf()


def reload_conf(*, setting, **kwargs):
    if setting == "DBMI_AUTHZ":
        conf.load()


setting_changed.connect(reload_conf)
