from django.db import models


class Note(models.Model):
    """Belongs to a person."""
    owner = models.TextField(db_index=True)
    title = models.CharField(max_length=200)
    words = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "title"], name="note_title")]

    def __str__(self):
        return self.title


class Comment(models.Model):
    """Belongs to a person too, on a note that may be another's."""
    note = models.ForeignKey(Note, models.CASCADE, related_name="comments")
    author = models.TextField(db_index=True, db_column="written_by")
    text = models.TextField()


class Record(models.Model):
    """Belongs to an organisation."""
    org = models.UUIDField(db_index=True, db_column="org_id")
    text = models.TextField()


class Folder(models.Model):
    name = models.TextField()


class Share(models.Model):
    """Of a folder with a person."""
    folder = models.ForeignKey(Folder, models.CASCADE, related_name="shares")
    person = models.TextField(db_index=True)


class Page(models.Model):
    """Belongs to a person, and is read by those with whom its folder is shared."""
    folder = models.ForeignKey(Folder, models.CASCADE, null=True, db_column="kept_in")
    owner = models.TextField(db_index=True)
    title = models.TextField()


class Remark(models.Model):
    """Belongs to a person, on a page that may be another's."""
    page = models.ForeignKey(Page, models.CASCADE)
    author = models.TextField(db_index=True)
