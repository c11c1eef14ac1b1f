from django.apps import AppConfig


class DbmiAuthzConfig(AppConfig):
    name = "dbmi_authz_django"
    label = "dbmi_authz"
    verbose_name = "dbmi_authz"

    def ready(self):
        from . import checks  # noqa: F401  (registers them)
        from .administration import checks as _  # noqa: F401
        from . import caches, handover
        handover.install()
        caches.install()
