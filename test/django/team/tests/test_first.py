from dbmi_authz_django.test import TestCase
from team.models import Note


class NoteTests(TestCase):
    def test_notes(self):
        with self.as_user("ann"):
            note = Note.objects.create(owner="ann", text="Milk")
        self.assertSees("ann", note)
        self.assertCannotSee("bob", note)
        self.assertEqual(self.client.as_user("ann").get("/notes/").json()["notes"], ["Milk"])
