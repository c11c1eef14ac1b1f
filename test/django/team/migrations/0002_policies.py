from dbmi_authz_django.operations import EnableRowSecurity, Policy
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("team", "0001_initial")]

    operations = [
        EnableRowSecurity("Note"),
        Policy("Note", "own", using="authz.is_owner(owner)"),
        Policy("Note", "audit", "SELECT", using="authz.has_role('auditor')"),
    ]
