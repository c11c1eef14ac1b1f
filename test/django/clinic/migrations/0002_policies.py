from django.db import migrations

from dbmi_authz_django.operations import AddIssuer, EnableRowSecurity, InstallExtension, Policy


class Migration(migrations.Migration):
    dependencies = [("clinic", "0001_initial")]

    operations = [
        InstallExtension(),
        AddIssuer("https://id.example", ["clinic"],
                  options={"admin_groups": ["staff"], "client": "clinic"}),
        EnableRowSecurity("Note"),
        Policy("Note", "own", using="authz.is_owner_or_admin(owner)"),
        EnableRowSecurity("Comment"),
        Policy("Comment", "read", "SELECT", using="authz.is_authenticated()"),
        Policy("Comment", "add", "INSERT",
               check="authz.is_owner(written_by) AND authz.has_scope('comments')"),
        Policy("Comment", "change", "UPDATE", using="authz.is_owner(written_by)"),
        Policy("Comment", "drop", "DELETE", using="authz.is_owner(written_by)"),
        EnableRowSecurity("Record"),
        Policy("Record", "read", "SELECT", using="authz.in_org(org_id)"),
        Policy("Record", "write", using="authz.has_org_permission(org_id, 'records:write')"),
    ]
