from __future__ import annotations

from django.apps import AppConfig, apps
from django.conf import settings


class DbmiAuthzConfig(AppConfig):
    name = "dbmi_authz_django"
    label = "dbmi_authz"
    verbose_name = "dbmi_authz"

    # alias -> name, before a test runner gives the databases others
    database_names: dict[str, str] = {}

    def ready(self) -> None:
        from .checking import checks, policy_checks, user_checks  # noqa: F401  (registers them)
        from .administration import checks as _  # noqa: F401
        from . import reports, tasks, writes
        from .caching import caches
        from .connection import handover
        from .ownership import owner, silence
        from .schema import autodetector, recreated, set_aside, state, syncdb
        handover.install()
        silence.install()
        owner.install()
        caches.install()
        set_aside.install()
        state.install()
        recreated.install()
        autodetector.install()
        syncdb.install()
        reports.install()
        tasks.install()
        writes.install()
        if apps.is_installed("drf_spectacular"):
            from . import spectacular  # noqa: F401  (registers it)
        self.database_names = {alias: str(given.get("NAME"))
                               for alias, given in settings.DATABASES.items()}
