import django.db.models.deletion
from django.db import migrations, models


def id_field():
    return ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False,
                                      verbose_name="ID"))


class Migration(migrations.Migration):
    dependencies = [("clinic", "0002_policies")]

    operations = [
        migrations.CreateModel(name="Folder", fields=[id_field(), ("name", models.TextField())]),
        migrations.CreateModel(
            name="Share",
            fields=[
                id_field(),
                ("person", models.TextField(db_index=True)),
                ("folder", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                             related_name="shares", to="clinic.folder")),
            ],
        ),
        migrations.CreateModel(
            name="Page",
            fields=[
                id_field(),
                ("owner", models.TextField(db_index=True)),
                ("title", models.TextField()),
                ("folder", models.ForeignKey(db_column="kept_in", null=True,
                                             on_delete=django.db.models.deletion.CASCADE,
                                             to="clinic.folder")),
            ],
        ),
        migrations.CreateModel(
            name="Remark",
            fields=[
                id_field(),
                ("author", models.TextField(db_index=True)),
                ("page", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                           to="clinic.page")),
            ],
        ),
    ]
