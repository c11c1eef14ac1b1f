from django.apps import AppConfig
from django.conf import settings


class DbmiAuthzConfig(AppConfig):
    name = "dbmi_authz_django"
    label = "dbmi_authz"
    verbose_name = "dbmi_authz"

    # alias -> name, before a test runner gives the databases others
    database_names: dict = {}

    def ready(self):
        from . import checks, user_checks  # noqa: F401  (registers them)
        from . import caches, handover, tasks
        handover.install()
        caches.install()
        tasks.install()
        self.database_names = {alias: str(given.get("NAME"))
                               for alias, given in settings.DATABASES.items()}
