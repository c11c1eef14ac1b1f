from django.apps import AppConfig
from django.db.backends.signals import connection_created


class DbmiAuthzConfig(AppConfig):
    name = "dbmi_authz_django"
    label = "dbmi_authz"
    verbose_name = "dbmi_authz"

    def ready(self):
        from . import checks  # noqa: F401  (registers them)
        from .handover import install
        connection_created.connect(install, dispatch_uid="dbmi_authz_django.handover")
