"""Q45: a write that policies leave without effect is an error; statuses of REST framework are true."""
from unittest import mock

from clinic.models import Comment, Note, Record
from dbmi_authz_django import authz
from dbmi_authz_django.rest_framework import AuthzMixin
from django.db import IntegrityError, connections, transaction
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path
from django.views.generic import DeleteView, UpdateView
from rest_framework import mixins, pagination, routers, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from . import ORG2, atomic_requests, token
from .base import Case

STAYS = {"error": "insufficient_scope", "error_description": "This row may be read, not written"}
CONFLICT = {"error": "conflict", "error_description": "In conflict with another row"}


class NoteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Note
        fields = ["id", "owner", "title"]


class Keyed(serializers.ModelSerializer):
    """The client chooses the key."""
    id = serializers.IntegerField()

    class Meta:
        model = Note
        fields = ["id", "owner", "title"]


class CommentSerializer(serializers.ModelSerializer):
    note_title = serializers.CharField(source="note.title", read_only=True)
    whole_note = NoteSerializer(source="note", read_only=True)

    class Meta:
        model = Comment
        fields = ["id", "note", "author", "text", "note_title", "whole_note"]


class Notes(viewsets.ModelViewSet):
    queryset = Note.objects.order_by("id")
    serializer_class = NoteSerializer

    @action(detail=False, methods=["post"])
    def upsert(self, request):
        note, created = Note.objects.update_or_create(
            pk=request.data["id"], defaults={"owner": request.data["owner"], "title": "t"})
        return Response({"created": created})

    @action(detail=False, methods=["post"])
    def once(self, request):
        note, created = Note.objects.get_or_create(
            pk=request.data["id"], defaults={"owner": request.data["owner"], "title": "t"})
        return Response({"created": created})


class KeyedNotes(Notes):
    serializer_class = Keyed


class WholeNotes(AuthzMixin, Notes):
    pass


class Pages(pagination.PageNumberPagination):
    page_size = 1


class Cursors(pagination.CursorPagination):
    page_size = 1
    ordering = "id"


class Comments(viewsets.ModelViewSet):
    queryset = Comment.objects.order_by("id")
    serializer_class = CommentSerializer


class Joined(Comments):
    queryset = Comment.objects.select_related("note").order_by("id")


class Prefetched(Comments):
    queryset = Comment.objects.prefetch_related("note").order_by("id")


class Records(viewsets.ModelViewSet):
    queryset = Record.objects.order_by("id")

    class serializer_class(serializers.ModelSerializer):
        class Meta:
            model = Record
            fields = ["id", "org", "text"]


class SoftComments(Comments):
    def perform_destroy(self, instance):
        instance.text = "(gone)"
        instance.save(update_fields=["text"])


class PagedNotes(mixins.ListModelMixin, viewsets.GenericViewSet):
    queryset = Note.objects.order_by("id")
    serializer_class = NoteSerializer
    pagination_class = Pages


class CursorNotes(PagedNotes):
    pagination_class = Cursors


class Remove(DeleteView):
    model = Comment
    success_url = "/"


class Change(UpdateView):
    model = Comment
    fields = ["text"]
    success_url = "/"


VIEWS = {"notes": Notes, "keyed": KeyedNotes, "whole": WholeNotes, "comments": Comments, "joined": Joined,
         "prefetched": Prefetched, "records": Records, "soft": SoftComments, "paged": PagedNotes,
         "cursor": CursorNotes}
router = routers.SimpleRouter()
for name, view in VIEWS.items():
    router.register(name, view, basename=name)
urlpatterns = [path("", include(router.urls)), path("remove/<int:pk>/", Remove.as_view()),
               path("change/<int:pk>/", Change.as_view()), path("", lambda request: HttpResponse())]


def rows(table, key=1):
    with connections["root"].cursor() as cursor:
        cursor.execute("SELECT * FROM %s WHERE id = %%s" % table, [key])
        return cursor.fetchall()


class Statuses(Case):
    """By plain viewsets of REST framework."""
    atomic = False

    def setUp(self):
        super().setUp()
        urls = override_settings(ROOT_URLCONF=__name__)
        urls.enable()
        self.addCleanup(urls.disable)
        patch = atomic_requests(self.atomic)
        patch.start()
        self.addCleanup(patch.stop)

    def send(self, method, path, who, data=None, status=None, body=None):
        response = getattr(self.client, method)(
            path, data, content_type="application/json", HTTP_AUTHORIZATION="Bearer " + token(who))
        if status is not None:
            self.assertEqual(response.status_code, status, response.content)
        if body is not None:
            self.assertEqual(response.json(), body)
        return response

    def test_seen_and_not_to_be_written(self):
        """Q45: 403, and nothing happened; the twins of whoever may succeed."""
        before = rows("clinic_comment")
        new = {"note": 1, "author": "ann", "text": "new"}
        for method, data in (("delete", None), ("patch", {"text": "new"}), ("put", new)):
            response = self.send(method, "/comments/1/", "ann", data, 403, STAYS)
            self.assertIn('error="insufficient_scope"', response["WWW-Authenticate"])
            self.assertEqual(rows("clinic_comment"), before)
        self.send("patch", "/comments/1/", "bob", {"text": "new"}, 200)
        self.send("delete", "/comments/1/", "bob", None, 204)
        self.assertEqual(rows("clinic_comment"), [])
        # of organisations: bob reads, ann writes
        self.send("delete", "/records/1/", "bob", None, 403, STAYS)
        self.send("patch", "/records/1/", "bob", {"text": "x"}, 403, STAYS)
        self.send("patch", "/records/1/", "ann", {"text": "x"}, 200)
        self.send("delete", "/records/1/", "ann", None, 204)

    def test_what_everybody_may_read(self):
        with connections["root"].cursor() as cursor:
            cursor.execute("CREATE POLICY everybody ON clinic_comment FOR SELECT USING (true)")
            self.addCleanup(connections["root"].cursor().execute, "DROP POLICY everybody ON clinic_comment")
        response = self.client.delete("/comments/1/")
        self.assertEqual((response.status_code, response.json()),
                         (403, {"error_description": "This row may be read, not written"}))
        self.assertEqual(self.client.get("/comments/1/").status_code, 200)

    def test_hidden_is_as_if_it_were_not_there(self):
        for method, data in (("get", None), ("delete", None), ("patch", {"title": "new"}),
                             ("put", {"owner": "ann", "title": "new"})):
            hidden, missing = (self.send(method, "/notes/%d/" % key, "ann", data, 404) for key in (2, 99))
            self.assertEqual(hidden.content, missing.content)
            self.assertEqual(hidden.headers, missing.headers)

    def test_change_of_the_owner(self):
        before = rows("clinic_note")
        for method in ("put", "patch"):
            body = self.send(method, "/notes/1/", "ann", {"owner": "bob", "title": "Ann 1"}, 403).json()
            self.assertEqual(body, {"error": "insufficient_scope", "error_description": "Access denied"})
            self.assertEqual(rows("clinic_note"), before)
        self.send("patch", "/records/1/", "ann", {"org": ORG2}, 403)

    def test_hidden_key(self):
        for url in ("/notes/upsert/", "/notes/once/", "/keyed/"):
            self.send("post", url, "ann", {"id": 2, "owner": "ann", "title": "mine"}, 409, CONFLICT)
            # with another's rights it is the right that is missing
            self.send("post", url, "ann", {"id": 50, "owner": "bob", "title": "mine"}, 403)
        self.send("post", "/keyed/", "ann", {"id": 60, "owner": "ann", "title": "mine"}, 201)
        self.assertIs(self.send("post", "/notes/upsert/", "ann", {"id": 1, "owner": "ann"}, 200).json()["created"],
                      False)

    def test_conflict_says_nothing_of_the_row(self):
        with self.assertLogs("django.request", "WARNING") as logged:
            response = self.send("post", "/keyed/", "ann", {"id": 2, "owner": "ann", "title": "x"}, 409)
        self.assertNotIn("WWW-Authenticate", response)
        self.assertIn("clinic_note_pkey", logged.output[0])
        self.assertNotIn("bob", response.content.decode() + logged.output[0])

    def test_validators_see_what_the_user_sees(self):
        """A unique key that is one's own is 400, by the serializer."""
        response = self.send("post", "/notes/", "ann", {"owner": "ann", "title": "Ann 1"})
        self.assertIn(response.status_code, (400, 409))     # REST framework knows constraints since 3.15
        self.send("post", "/notes/", "root", {"owner": "bob", "title": "Bob 1"}, response.status_code)

    def test_reference_to_a_hidden_row(self):
        for key in (2, 99):
            body = self.send("post", "/comments/", "ann", {"note": key, "author": "ann", "text": "x"}, 400).json()
            self.assertEqual(body, {"note": ['Invalid pk "%d" - object does not exist.' % key]})
        self.send("post", "/comments/", "ann", {"note": 1, "author": "ann", "text": "x"}, 201)

    def test_relations_to_hidden_rows(self):
        """select_related loses rows, prefetch_related does not; the key of the hidden row is shown."""
        seen = {path: self.send("get", "/%s/" % path, "ann", None, 200).json()
                for path in ("comments", "joined", "prefetched")}
        self.assertEqual([comment["id"] for comment in seen["joined"]], [1, 3])
        self.assertEqual(seen["comments"], seen["prefetched"])
        self.assertEqual([(comment["id"], comment["note"]) for comment in seen["comments"]], [(1, 1), (2, 2), (3, 1)])
        hidden = seen["comments"][1]
        self.assertEqual((hidden.get("note_title"), hidden["whole_note"]), (None, None))
        self.assertEqual(seen["comments"][0]["note_title"], "Ann 1")

    def test_cascade(self):
        """Bob's comment on ann's note stays, so the note does: 409 or 403, and both are there."""
        before = rows("clinic_note"), rows("clinic_comment")
        self.send("delete", "/notes/1/", "ann", None, 409, CONFLICT)
        self.assertEqual((rows("clinic_note"), rows("clinic_comment")), before)
        self.send("delete", "/whole/1/", "ann", None, 409, CONFLICT)
        self.send("delete", "/notes/3/", "ann", None, 204)
        self.send("delete", "/whole/2/", "bob", None, 204)      # and his comment

    def test_soft_delete(self):
        self.send("delete", "/soft/1/", "ann", None, 403, STAYS)
        self.send("delete", "/soft/1/", "bob", None, 204)
        self.assertEqual(rows("clinic_comment")[0][1:], ("bob", "(gone)", 1))

    def test_lists(self):
        for who, count in (("ann", 2), ("bob", 1), ("root", 4)):
            page = self.send("get", "/paged/", who, None, 200).json()
            self.assertEqual((page["count"], len(page["results"])), (count, 1))
            seen, url = [], "/cursor/"
            while url:
                page = self.send("get", url, who, None, 200).json()
                seen += page["results"]
                url = page["next"]
            self.assertEqual(len(seen), count)
        self.send("get", "/paged/?page=3", "ann", None, 404)

    def test_views_of_django(self):
        for url in ("/remove/1/", "/change/1/"):
            response = self.client.post(url, {"text": "new"}, HTTP_AUTHORIZATION="Bearer " + token("ann"))
            self.assertEqual(response.status_code, 403, response.content)
            self.assertEqual(self.client.post(url.replace("1", "99"), {"text": "new"},
                                              HTTP_AUTHORIZATION="Bearer " + token("ann")).status_code, 404)
        self.assertEqual(rows("clinic_comment")[0][2], "by bob")
        for url in ("/change/1/", "/remove/1/"):
            self.assertEqual(self.client.post(url, {"text": "new"}, HTTP_AUTHORIZATION="Bearer " + token(
                "bob")).status_code, 302)
        self.assertEqual(rows("clinic_comment"), [])


class StatusesInTransactions(Statuses):
    """The same with ATOMIC_REQUESTS, where conflicts may be found when the view is over."""
    atomic = True


class Models(Case):
    """Beside requests."""

    def test_save_and_delete(self):
        with authz.as_token(token("ann")):
            comment = Comment.objects.get(pk=1)
            comment.text = "new"
            for write in (comment.save, comment.delete, lambda: comment.save(update_fields=["text"])):
                with self.assertRaises(authz.Forbidden):
                    write()
            self.assertEqual(comment.pk, 1)
            own = Comment.objects.get(pk=3)
            own.save()
            self.assertEqual(own.delete(), (1, {"clinic.Comment": 1}))

    def test_row_that_has_gone_is_djangos_affair(self):
        with authz.as_token(token("ann")):
            comment = Comment.objects.get(pk=3)
            again = Comment.objects.get(pk=3)
            comment.delete()
            self.assertEqual(again.delete(), (0, {"clinic.Comment": 0}))
            again.pk = 3
            again.save()        # is inserted, as ever
        self.assertEqual(len(rows("clinic_comment", 3)), 1)

    def test_nobody(self):
        """Sees nothing, so nothing is lost."""
        with authz.as_token(token("ann")):
            comment = Comment.objects.get(pk=1)
        self.assertEqual(comment.delete()[0], 0)

    def test_querysets_write_what_they_may(self):
        with authz.as_token(token("ann")):
            self.assertEqual(Comment.objects.update(text="new"), 1)
            self.assertEqual(Comment.objects.all().delete()[0], 1)
        self.assertEqual(len(rows("clinic_comment", 1)), 1)

    def test_all_or_none(self):
        everybodys, mine = Comment.objects.order_by("pk"), Comment.objects.filter(author="ann")
        with authz.as_token(token("ann")):
            for write in (lambda: authz.update_all(everybodys, text="new"), lambda: authz.delete_all(everybodys)):
                with self.assertRaises(authz.Forbidden):
                    write()
            self.assertEqual(rows("clinic_comment", 3)[0][2], "by ann")
            self.assertEqual(authz.update_all(mine, text="new"), 1)
            self.assertEqual(authz.delete_all(mine), (1, {"clinic.Comment": 1}))
            self.assertEqual((authz.update_all(mine, text="new"), authz.delete_all(mine)), (0, (0, {})))

    def test_no_statement_more(self):
        with authz.as_token(token("ann")):
            comment = Comment.objects.get(pk=3)
            self.assertEqual(self.statements(comment.save), ["query"])
            self.assertEqual(self.statements(comment.delete), ["query"])

    def test_within_a_transaction(self):
        with authz.as_token(token("ann")), transaction.atomic():
            with self.assertRaises(authz.Forbidden), transaction.atomic():
                Comment.objects.get(pk=1).delete()
            self.assertEqual(Comment.objects.count(), 3)

    def trigger(self, body):
        with connections["root"].cursor() as cursor:
            cursor.execute("CREATE FUNCTION acts() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN %s END$$" % body)
            cursor.execute("CREATE TRIGGER acts BEFORE DELETE ON clinic_comment FOR EACH ROW EXECUTE FUNCTION acts()")
        self.addCleanup(connections["root"].cursor().execute, "DROP FUNCTION acts() CASCADE")

    def test_trigger_in_place_of_a_deletion(self):
        self.trigger("UPDATE clinic_comment SET text = '(gone)' WHERE id = OLD.id; RETURN NULL;")
        with authz.as_token(token("ann")):
            self.assertEqual(Comment.objects.get(pk=3).delete()[0], 0)
            with self.assertRaises(authz.Forbidden):
                Comment.objects.get(pk=1).delete()
        self.assertEqual(rows("clinic_comment", 3)[0][2], "(gone)")

    def test_trigger_beside_a_deletion(self):
        self.trigger("RETURN OLD;")
        with authz.as_token(token("ann")):
            Comment.objects.get(pk=3).delete()
            with self.assertRaises(authz.Forbidden):
                Comment.objects.get(pk=1).delete()

    def test_switched_off(self):
        with override_settings(DBMI_AUTHZ={"REFUSE_LOST_WRITES": False}), authz.as_token(token("ann")):
            comment = Comment.objects.get(pk=1)
            self.assertEqual(comment.delete()[0], 0)
            with self.assertRaises((IntegrityError, authz.Forbidden)):
                Comment.objects.get(pk=1).save()

    def test_other_databases(self):
        with mock.patch("dbmi_authz_django.writes.conf.databases", ()), authz.as_token(token("ann")):
            self.assertEqual(Comment.objects.get(pk=1).delete()[0], 0)
