import django.db.models.deletion
from dbmi_authz_django.operations import AddIssuer, InstallExtension
from django.db import migrations, models


def id_field():
    return ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False,
                                      verbose_name="ID"))


class Migration(migrations.Migration):
    initial = True
    # the privileges below are for tables to come, those of Django too
    run_before = [("contenttypes", "0001_initial"), ("sessions", "0001_initial")]

    operations = [
        # what follows, in the test database too, is for the application's role
        migrations.RunSQL(
            "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO team_app;"
            "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO team_app", ""),
        InstallExtension(),
        AddIssuer("https://id.example", ["team"],
                  options={"admin_groups": ["staff"], "role_claims": [["realm", "roles"]]}),
        migrations.CreateModel(name="Folder", fields=[id_field(), ("name", models.TextField())]),
        migrations.CreateModel(name="Note", fields=[
            id_field(),
            ("owner", models.TextField(db_index=True)),
            ("text", models.TextField(default="")),
            ("folder", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE,
                                         to="team.folder")),
        ]),
    ]
