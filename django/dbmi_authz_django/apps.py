from django.apps import AppConfig, apps


class DbmiAuthzConfig(AppConfig):
    name = "dbmi_authz_django"
    label = "dbmi_authz"
    verbose_name = "dbmi_authz"

    def ready(self):
        from . import checks, user_checks  # noqa: F401  (registers them)
        from .administration import checks as _  # noqa: F401
        from . import caches, handover, owner, reports, silence, writes
        handover.install()
        silence.install()
        owner.install()
        caches.install()
        reports.install()
        writes.install()
        if apps.is_installed("drf_spectacular"):
            from . import spectacular  # noqa: F401  (registers it)
