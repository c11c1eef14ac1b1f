"""Models whose tables have no row security, and aliases that would read without a token."""
from __future__ import annotations

from typing import Any, Iterator

from django.apps import apps
from django.conf import settings
from django.db import connections, router

from ..conf import conf
from ..sql import table_name

BARE = """
SELECT t.name FROM unnest(%s::text[]) AS t(name)
  JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(t.name)
 WHERE c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)"""

# Tables that Django's own applications read for everybody: users, sessions, types.
DJANGO = "django.contrib."


def is_excepted(model: Any) -> bool:
    """By the setting UNPROTECTED: "app", "app.*" or "app.Model"; or one of Django's own."""
    meta = model._meta
    if apps.get_app_config(meta.app_label).name.startswith(DJANGO):
        return True
    return any(name.lower() in (meta.app_label, meta.app_label + ".*", meta.label_lower)
               for name in conf.unprotected)


def names_nothing() -> list[str]:
    """Entries of UNPROTECTED that no application and no model has."""
    known = {model._meta.label_lower for model in apps.get_models(include_auto_created=True)}
    for config in apps.get_app_configs():
        known |= {config.label, config.label + ".*"}
    return [name for name in conf.unprotected if name.lower() not in known]


def candidates(alias: str) -> Iterator[Any]:
    """Models with a table of their own there, of many-to-many fields too."""
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta
        if meta.managed and not meta.proxy and not meta.swapped and not is_excepted(model) \
                and router.allow_migrate_model(alias, model):
            yield model


def unprotected(connection: Any) -> list[Any]:
    """Those of them whose tables have neither row security nor a policy."""
    by_table = {table_name(model._meta.db_table): model for model in candidates(connection.alias)}
    with connection.cursor() as cursor:
        cursor.execute(BARE, [list(by_table)])
        return sorted((by_table[name] for name, in cursor.fetchall()),
                      key=lambda model: str(model._meta.label))


def replicas() -> dict[str, str]:
    """alias without a token -> how it shows that it is read in place of one with"""
    found: dict[str, str] = {}
    with_token = [alias for alias in conf.databases if alias in settings.DATABASES]
    for alias in settings.DATABASES:
        if alias in conf.databases or connections[alias].vendor != "postgresql":
            continue
        mine = connections[alias].settings_dict
        mirror = (mine.get("TEST") or {}).get("MIRROR")
        same = [other for other in with_token
                if all(mine.get(key) == connections[other].settings_dict.get(key) for key in ("NAME", "USER"))]
        if mirror in with_token:
            found[alias] = "it is the mirror of %r in tests" % mirror
        elif same:
            found[alias] = "it is the database of %r, by the same role" % same[0]
    for model in apps.get_models():
        try:
            reads, writes = router.db_for_read(model), router.db_for_write(model)
        except Exception:
            continue    # a router that needs more than the model
        if writes in with_token and reads not in conf.databases:
            found[reads] = "routers read %s there, and write it to %r" % (model._meta.label, writes)
    return found
