import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False,
                                           verbose_name="ID")),
                ("owner", models.TextField(db_index=True)),
                ("title", models.CharField(max_length=200)),
                ("words", models.IntegerField(default=0)),
            ],
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=models.UniqueConstraint(fields=("owner", "title"), name="note_title"),
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False,
                                           verbose_name="ID")),
                ("author", models.TextField(db_column="written_by", db_index=True)),
                ("text", models.TextField()),
                ("note", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                           related_name="comments", to="clinic.note")),
            ],
        ),
        migrations.CreateModel(
            name="Record",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False,
                                           verbose_name="ID")),
                ("org", models.UUIDField(db_column="org_id", db_index=True)),
                ("text", models.TextField()),
            ],
        ),
    ]
