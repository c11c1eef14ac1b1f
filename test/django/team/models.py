from django.db import models


class Folder(models.Model):
    """Everybody's."""
    name = models.TextField()


class Note(models.Model):
    """Belongs to a person, and is read by auditors."""
    owner = models.TextField(db_index=True)
    text = models.TextField(default="")
    folder = models.ForeignKey(Folder, models.CASCADE, null=True)

    def __str__(self):
        return self.text
