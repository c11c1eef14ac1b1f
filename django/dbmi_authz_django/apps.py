from django.apps import AppConfig


class DbmiAuthzConfig(AppConfig):
    name = "dbmi_authz_django"
    label = "dbmi_authz"
    verbose_name = "dbmi_authz"

    def ready(self):
        from . import checks, policy_checks  # noqa: F401  (registers them)
        from . import autodetector, caches, handover, recreated, set_aside, state, syncdb
        handover.install()
        caches.install()
        set_aside.install()
        state.install()
        recreated.install()
        autodetector.install()
        syncdb.install()
