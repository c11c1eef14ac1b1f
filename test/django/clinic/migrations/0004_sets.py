from django.db import migrations

from dbmi_authz_django.operations import CreateSet, CreateSetOf, Protect


class Migration(migrations.Migration):
    dependencies = [("clinic", "0003_folders")]

    operations = [
        CreateSet("my_folders", """
            SELECT folder_id FROM clinic_share WHERE person = authz.user_id()""",
                  watch=["Share"]),
        Protect("Page", owner="owner", set="my_folders", set_column="folder"),
        CreateSetOf("my_pages", "Page", set="my_folders", set_column="folder", owner="owner"),
        Protect("Remark", owner="author", set="my_pages", set_column="page"),
    ]
