"""Django's ORM under policies: every way to read and write rows."""
from clinic.models import Comment, Note, Record
from dbmi_authz_django import authz
from django.db import connection, connections, transaction
from django.db.models import Count, F, Max, OuterRef, Prefetch, Subquery, Sum
from django.db.utils import IntegrityError

from . import ORG1, ORG2, token
from .base import Case


def everything():
    """As it is, by somebody whom no policy binds."""
    with connections["root"].cursor() as cursor:
        cursor.execute("SELECT owner, title, words FROM clinic_note ORDER BY title")
        return cursor.fetchall()


class As(Case):
    who = None

    def setUp(self):
        super().setUp()
        if self.who is not None:
            login = authz.as_token(token(self.who))
            login.__enter__()
            self.addCleanup(login.__exit__, None, None, None)


class Reads(As):
    who = "ann"

    def test_filter_and_get(self):
        self.assertEqual(Note.objects.filter(words__gte=0).count(), 2)
        self.assertEqual(Note.objects.exclude(owner="ann").count(), 0)
        self.assertFalse(Note.objects.filter(owner="bob").exists())
        self.assertEqual(Note.objects.get(title="Ann 1").owner, "ann")
        with self.assertRaises(Note.DoesNotExist):
            Note.objects.get(title="Bob 1")
        self.assertEqual(set(Note.objects.in_bulk([1, 2, 3])), {1, 3})
        self.assertEqual(Note.objects.order_by("-words").first().words, 30)

    def test_aggregate_and_annotate(self):
        self.assertEqual(Note.objects.aggregate(Sum("words"), Max("words")),
                         {"words__sum": 40, "words__max": 30})
        self.assertEqual(list(Note.objects.values("owner").annotate(n=Count("id"))
                              .values_list("owner", "n")), [("ann", 2)])
        # all comments are readable, and only those on notes that are
        self.assertEqual(list(Note.objects.annotate(n=Count("comments")).order_by("id")
                              .values_list("id", "n")), [(1, 2), (3, 0)])

    def test_relations(self):
        found = list(Comment.objects.select_related("note").order_by("id"))
        # an inner join: the comment on Bob's note is not there
        self.assertEqual([c.note.title for c in found], ["Ann 1", "Ann 1"])
        self.assertEqual(Comment.objects.count(), 3)
        with self.assertRaises(Note.DoesNotExist):
            Comment.objects.get(note_id=2).note
        notes = Note.objects.prefetch_related(Prefetch("comments")).order_by("id")
        self.assertEqual([len(n.comments.all()) for n in notes], [2, 0])

    def test_subqueries_and_sets(self):
        last = Note.objects.order_by("-id").values("title")[:1]
        self.assertEqual(set(Comment.objects.annotate(t=Subquery(last)).values_list("t", flat=True)),
                         {"Ann 2"})
        mine = Note.objects.filter(pk=OuterRef("note_id")).values("owner")
        self.assertEqual(list(Comment.objects.annotate(o=Subquery(mine)).order_by("id")
                              .values_list("o", flat=True)), ["ann", None, "ann"])
        both = Note.objects.filter(words=10).union(Note.objects.filter(words=20))
        self.assertEqual(len(both), 1)

    def test_raw_and_cursors(self):
        self.assertEqual([n.title for n in Note.objects.raw(
            "SELECT * FROM clinic_note ORDER BY id")], ["Ann 1", "Ann 2"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM clinic_note WHERE owner = %s OR true", ["bob"])
            self.assertEqual(cursor.fetchone(), (2,))
        with transaction.atomic():
            self.assertEqual(len(list(Note.objects.iterator(chunk_size=1))), 2)

    def test_injected_sql_stays_within_policies(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('authz.subject', 'bob', false),"
                           " set_config('app.user', 'bob', false)")
            cursor.execute("SELECT DISTINCT owner FROM clinic_note")
            self.assertEqual(cursor.fetchall(), [("ann",)])

    def test_lazy_queryset_is_of_who_evaluates_it(self):
        notes = Note.objects.order_by("id")
        with authz.as_token(token("bob")):
            self.assertEqual([n.title for n in notes], ["Bob 1"])


class Writes(As):
    who = "ann"

    def changes(self, *expected):
        """Rows of others stay as they were."""
        others = [row for row in everything() if row[0] != "ann"]
        self.assertEqual(others, [("bob", "Bob 1", 20), ("cleo", "Cleo 1", 40)])
        self.assertEqual([row for row in everything() if row[0] == "ann"], list(expected))

    def test_create_and_bulk_create(self):
        Note.objects.create(owner="ann", title="Ann 3")
        Note.objects.bulk_create([Note(owner="ann", title="Ann %d" % n) for n in (4, 5)])
        for work in (lambda: Note.objects.create(owner="bob", title="x"),
                     lambda: Note.objects.bulk_create([Note(owner="ann", title="Ann 6"),
                                                       Note(owner="bob", title="x")]),
                     lambda: Note(owner="bob", title="x").save()):
            with self.assertRaises(authz.Forbidden):
                work()
        self.changes(("ann", "Ann 1", 10), ("ann", "Ann 2", 30), ("ann", "Ann 3", 0),
                     ("ann", "Ann 4", 0), ("ann", "Ann 5", 0))

    def test_update(self):
        self.assertEqual(Note.objects.update(words=F("words") + 1), 2)
        self.assertEqual(Note.objects.filter(owner="bob").update(words=0), 0)
        with self.assertRaises(authz.Forbidden):
            Note.objects.filter(title="Ann 1").update(owner="bob")
        note = Note.objects.get(title="Ann 2")
        note.words = 5
        Note.objects.bulk_update([note, Note(pk=2, words=0)], ["words"])
        self.changes(("ann", "Ann 1", 11), ("ann", "Ann 2", 5))

    def test_save_of_a_row_that_is_anothers(self):
        """An UPDATE finds nothing, and the INSERT after it is refused."""
        with self.assertRaises(authz.Forbidden):
            Note(pk=2, owner="bob", title="changed").save()
        with self.assertRaises(IntegrityError):
            Note(pk=2, owner="ann", title="taken").save()
        self.changes(("ann", "Ann 1", 10), ("ann", "Ann 2", 30))

    def test_delete(self):
        self.assertEqual(Note.objects.filter(owner="bob").delete()[0], 0)
        self.assertEqual(Note.objects.get(title="Ann 2").delete()[0], 1)
        self.changes(("ann", "Ann 1", 10))

    def test_get_or_create(self):
        self.assertFalse(Note.objects.get_or_create(owner="ann", title="Ann 1")[1])
        self.assertTrue(Note.objects.get_or_create(owner="ann", title="Ann 3")[1])
        with self.assertRaises(authz.Forbidden):
            Note.objects.get_or_create(owner="bob", title="Bob 1")
        self.assertFalse(Note.objects.update_or_create(owner="ann", title="Ann 1",
                                                       defaults={"words": 7})[1])
        self.changes(("ann", "Ann 1", 7), ("ann", "Ann 2", 30), ("ann", "Ann 3", 0))

    def test_select_for_update(self):
        with transaction.atomic():
            self.assertEqual(len(Note.objects.select_for_update().all()), 2)

    def test_other_conditions(self):
        Comment.objects.create(author="ann", text="x", note_id=1)
        for author in ("bob", "ann"):
            with authz.as_token(token("bob")), self.assertRaises(authz.Forbidden):
                Comment.objects.create(author=author, text="x", note_id=2)     # no scope
        Record.objects.create(org=ORG1, text="x")
        with self.assertRaises(authz.Forbidden):
            Record.objects.create(org=ORG2, text="x")
        self.assertEqual(Record.objects.filter(text="r1").update(text="y"), 1)
        with authz.as_token(token("bob")):
            self.assertEqual(Record.objects.update(text="z"), 0)


class Nobodys(As):
    def test_all_of_it(self):
        self.assertEqual([m.objects.count() for m in (Note, Comment, Record)], [0, 0, 0])
        self.assertEqual(Note.objects.update(words=0), 0)
        with self.assertRaises(authz.Forbidden):
            Note.objects.create(owner="", title="x")
        self.assertEqual(Note.objects.all().delete()[0], 0)
        self.assertEqual(len(everything()), 4)


class Admin(Case):
    """Django's login and a token side by side: the first opens the pages, the second the rows."""

    def setUp(self):
        super().setUp()
        from django.contrib.auth.models import User
        User.objects.using("owner").filter(username="boss").delete()
        self.boss = User.objects.db_manager("owner").create_superuser("boss", "", "x")
        self.client.force_login(self.boss)

    def test_rows(self):
        for who, titles in [("ann", ["Ann 1", "Ann 2"]), ("bob", ["Bob 1"]), (None, [])]:
            page = self.get("/admin/clinic/note/", who).content.decode()
            self.assertEqual([t for t in ("Ann 1", "Ann 2", "Bob 1", "Cleo 1") if t in page],
                             titles)
        self.assertEqual(self.get("/admin/clinic/note/1/change/", "ann").status_code, 200)
        self.assertEqual(self.get("/admin/clinic/note/1/change/", "bob").status_code, 302)

    def test_write(self):
        auth = {"HTTP_AUTHORIZATION": "Bearer " + token("ann")}
        new = {"owner": "ann", "title": "by admin", "words": 1}
        self.assertEqual(self.client.post("/admin/clinic/note/add/", new, **auth).status_code, 302)
        new.update(owner="bob", title="of bob")
        self.assertEqual(self.client.post("/admin/clinic/note/add/", new, **auth).status_code, 403)
        titles = [row[1] for row in everything()]
        self.assertIn("by admin", titles)
        self.assertNotIn("of bob", titles)
