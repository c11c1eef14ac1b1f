"""System checks.  Those that ask a database run with "check --database ALIAS"
and before "migrate", as all checks with Django's tag "database" do.
"""
from __future__ import annotations

import re
from typing import Any, Iterator

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.db import connections
from django.db.utils import Error as DatabaseError
from django.utils.module_loading import import_string

from ..conf import DEFAULTS, conf
from ..schema import pending
from . import status, unprotected

CACHE = "django.middleware.cache.UpdateCacheMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"


@register(Tags.security)
def check_settings(app_configs: Any, **kwargs: Any) -> list[Any]:
    found = []
    given = getattr(settings, "DBMI_AUTHZ", {})
    for name in sorted(set(given) - set(DEFAULTS)):
        found.append(Error("DBMI_AUTHZ has no setting %r." % name, id="dbmi_authz.E001",
                           hint="There are %s." % ", ".join(sorted(DEFAULTS))))
    if any(isinstance(given.get(name), str) for name in ("DATABASES", "SCHEMES", "UNPROTECTED")):
        found.append(Error("DATABASES, SCHEMES and UNPROTECTED of DBMI_AUTHZ are lists.",
                           id="dbmi_authz.E002"))
        return found
    if not conf.schemes and conf.header.lower() == "authorization":
        found.append(Error(
            "SCHEMES of DBMI_AUTHZ is empty, but the header Authorization begins with a scheme.",
            hint="Name another HEADER, which holds nothing but the token.", id="dbmi_authz.E092"))
    for alias in conf.databases:
        if alias not in settings.DATABASES:
            found.append(Error("DATABASES of DBMI_AUTHZ names %r, which is not in DATABASES."
                               % alias, id="dbmi_authz.E003"))
        elif connections[alias].vendor != "postgresql":
            found.append(Error("Database %r is not PostgreSQL, and carries no tokens." % alias,
                               id="dbmi_authz.E004"))
    return found


@register(Tags.security)
def check_replicas(app_configs: Any, **kwargs: Any) -> list[Any]:
    return [Warning(
        "Database %r carries no token, but %s: what is read there is nobody's." % (alias, why),
        hint="Name it in DATABASES of DBMI_AUTHZ.", id="dbmi_authz.W091")
        for alias, why in unprotected.replicas().items()]


@register(Tags.security)
def check_exceptions(app_configs: Any, **kwargs: Any) -> list[Any]:
    return [Warning("UNPROTECTED of DBMI_AUTHZ names %r, which is neither an application nor a model." % name,
                    id="dbmi_authz.W093") for name in unprotected.names_nothing()]


@register(Tags.security)
def check_reports(app_configs: Any, **kwargs: Any) -> Iterator[Any]:
    """Whether tokens can get into debug pages, mails to ADMINS and logs."""
    from .. import reports
    for name, _, ours in reports.REPORTERS:
        if not is_ours(getattr(settings, name), ours):
            yield Warning(
                "%s is %s: its reports may show tokens." % (name, getattr(settings, name)),
                hint="Let it inherit from dbmi_authz_django.reports.%s." % ours.__name__,
                id="dbmi_authz.W096")
    open_ones = sorted({type(handler).__name__ for handler in reports.handlers()
                        if not reports.has_stars(handler)})
    if open_ones:
        yield Warning("Logs of %s may show tokens." % ", ".join(open_ones),
                      hint="Give it the filter dbmi_authz_django.reports.TokenFilter in LOGGING.",
                      id="dbmi_authz.W097")


@register(Tags.security)
def check_middleware(app_configs: Any, **kwargs: Any) -> list[Any]:
    from ..middleware import TokenMiddleware
    paths = list(settings.MIDDLEWARE)
    ours = [i for i, path in enumerate(paths) if is_ours(path, TokenMiddleware)]
    if not ours:
        return [Warning("TokenMiddleware is not in MIDDLEWARE: no request has an identity.",
                        hint='Add "dbmi_authz_django.middleware.TokenMiddleware".',
                        id="dbmi_authz.W010")]
    found = []
    if len(ours) > 1:
        found.append(Error("TokenMiddleware is in MIDDLEWARE more than once.",
                           id="dbmi_authz.E011"))
    at = ours[0]
    if CACHE in paths and paths.index(CACHE) > at:
        found.append(Error(
            "UpdateCacheMiddleware stands after TokenMiddleware, and does not see that "
            "responses vary by token.",
            hint="Put TokenMiddleware after it.", id="dbmi_authz.E012"))
    if AUTHENTICATION in paths and paths.index(AUTHENTICATION) < at:
        found.append(Warning(
            "AuthenticationMiddleware comes before TokenMiddleware: code that asks for "
            "request.user in between does it without identity.",
            hint="Put TokenMiddleware before it.", id="dbmi_authz.W013"))
    return found


def is_ours(path: str, ours: type) -> bool:
    try:
        middleware = import_string(path)
    except ImportError:
        return False        # Django says so itself
    return isinstance(middleware, type) and issubclass(middleware, ours)


@register(Tags.database)
def check_databases(app_configs: Any, databases: Any, **kwargs: Any) -> list[Any]:
    found = []
    for alias in databases or ():
        connection = connections[alias]
        if alias not in conf.databases or connection.vendor != "postgresql":
            continue
        try:
            server, tables = status.server(connection), status.tables(connection)
            sets = status.sets(connection)
            models = unprotected.unprotected(connection)
        except DatabaseError as error:
            found.append(Error("Database %r cannot be checked: %s" % (
                alias, str(error).partition("\n")[0]), id="dbmi_authz.E020"))
            continue
        found += of_role(alias, server)
        found += of_session(alias, server)
        found += of_extension(alias, server, connection)
        found += of_pool(alias, connection, server)
        for table in tables:
            found += of_table(alias, server, table)
        for each in sets:
            found += of_set(alias, each)
        found += [of_model(alias, model) for model in models]
    return found


def of_role(alias: str, server: Any) -> Iterator[Any]:
    if server.superuser:
        yield Error("Database %r: role %r is a superuser, whom no policy binds."
                    % (alias, server.role), id="dbmi_authz.E021")
    elif server.bypass:
        yield Error("Database %r: role %r has BYPASSRLS, so no policy binds it."
                    % (alias, server.role), id="dbmi_authz.E022")
    elif server.administers:
        yield Warning(
            "Database %r: role %r has the rights of the database's owner, so anyone who can run SQL "
            "can add an issuer and change policies." % (alias, server.role),
            hint="Let migrations run as the owner, and the application as another role.",
            id="dbmi_authz.W023")


def of_session(alias: str, server: Any) -> Iterator[Any]:
    """What RESET ROLE, SET ROLE and the option assume_role can make of the role."""
    if server.superuser or server.bypass:
        return
    if server.may_become is not None:
        yield Error(
            "Database %r: policies bind role %r, but anyone who can run SQL can become %r, whom no policy binds."
            % (alias, server.role, server.may_become),
            hint="Log in as a role that is a member of no such role; assume_role does not hold anybody.",
            id="dbmi_authz.E094")
    elif server.may_administer and not server.administers:
        yield Warning(
            "Database %r: anyone who can run SQL as %r can become the database's owner."
            % (alias, server.session_role),
            hint="Let migrations run as the owner, and the application log in as another role.",
            id="dbmi_authz.W095")


def of_extension(alias: str, server: Any, connection: Any) -> Iterator[Any]:
    migration = pending.installs_extension(connection) if server.installed is None else None
    if migration is not None:
        yield Warning("Database %r does not have the extension dbmi_authz yet; migration %s installs"
                      " it." % (alias, migration), id="dbmi_authz.W058")
    elif server.installed is None:
        yield Error("Database %r does not have the extension dbmi_authz." % alias,
                    hint="Use the migration operation InstallExtension, or CREATE EXTENSION.",
                    id="dbmi_authz.E024")
    elif server.available is not None and server.installed != server.available:
        yield Warning(
            "Database %r has dbmi_authz %s, while the server offers %s."
            % (alias, server.installed, server.available),
            hint="ALTER EXTENSION dbmi_authz UPDATE", id="dbmi_authz.W025")


def of_pool(alias: str, connection: Any, server: Any) -> Iterator[Any]:
    """Session tokens on connections that live longer than a request."""
    given = connection.settings_dict
    if server.token_scope == "transaction":
        return
    if given.get("DISABLE_SERVER_SIDE_CURSORS"):
        yield Error(
            "Database %r seems to be behind a pool in transaction mode, where a session token "
            "may reach other clients." % alias,
            hint="ALTER DATABASE ... SET dbmi_authz.token_scope = 'transaction', as a superuser.",
            id="dbmi_authz.E026")
    elif (given["CONN_MAX_AGE"] != 0 or given["OPTIONS"].get("pool")) \
            and not given["ATOMIC_REQUESTS"]:
        yield Warning(
            "Database %r keeps connections, and queries outside of transactions put the token "
            "into the session until the end of the request." % alias,
            hint="Set ATOMIC_REQUESTS, or dbmi_authz.token_scope = 'transaction' in the database.",
            id="dbmi_authz.W027")


def of_table(alias: str, server: Any, table: Any) -> Iterator[Any]:
    where = "Database %r, table %s" % (alias, table.name)
    if table.policies and not table.enabled:
        yield Error("%s has policies, but row-level security is not enabled." % where,
                    id="dbmi_authz.E028")
    elif table.owned and not table.forced:
        yield Error(
            "%s: role %r owns it, and without FORCE ROW LEVEL SECURITY no policy binds the owner."
            % (where, server.role), id="dbmi_authz.E029")
    for column in table.columns:
        # only what a check of ours compares: a flag needs no index
        name = r'"?%s"?' % re.escape(column)
        asked = r"authz\.(\w+\(|in_set\('.*?'::regclass, )\(*%s[),:]" % name
        if any(re.search(asked, text) for text in table.expressions):
            yield Warning("%s: policies ask about column %r, and no index begins with it."
                          % (where, column), id="dbmi_authz.W030")


def of_set(alias: str, unwatched: Any) -> Iterator[Any]:
    yield Warning(
        "Database %r: set %s is worked out for each query, because changes of %s are not told."
        % (alias, unwatched.name, ", ".join(unwatched.unwatched)),
        hint="Use the migration operation Watch, or authz.watch().", id="dbmi_authz.W031")


def of_model(alias: str, model: Any) -> Any:
    return Warning(
        "Database %r: table %s has no row security, so everybody reads and writes all of it."
        % (alias, model._meta.db_table), obj=model,
        hint="Add policies; or name %r in UNPROTECTED of DBMI_AUTHZ, if that is meant."
        % model._meta.label, id="dbmi_authz.W090")
