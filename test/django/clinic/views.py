"""Plain Django: what a page may do with the database."""
import asyncio

from asgiref.sync import sync_to_async
from dbmi_authz_django import authz
from django.db import connection, connections, transaction
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt

from .models import Comment, Note, Record


def titles():
    return list(Note.objects.order_by("title").values_list("title", flat=True))


def notes(request):
    return JsonResponse({"notes": titles()})


def nothing(request):
    """Asks the database nothing."""
    return HttpResponse("ok")


def note(request, pk):
    return JsonResponse({"title": Note.objects.get(pk=pk).title})


@csrf_exempt
def add(request):
    Note.objects.create(owner=request.POST["owner"], title=request.POST["title"])
    return JsonResponse({"notes": titles()}, status=201)


def who(request):
    identity = authz.identity()
    return JsonResponse({"subject": identity.subject, "scopes": sorted(identity.scopes),
                         "again": authz.identity() is identity})


def fails(request):
    titles()
    raise RuntimeError("of its own")


def swallows(request):
    """A refused token is refused again, however often it is ignored."""
    found = []
    for _ in range(2):
        try:
            found.append(len(titles()))
        except authz.Unauthorized as error:
            found.append(error.description)
    return JsonResponse({"found": found})


@authz.token_optional
def optional(request):
    return JsonResponse({"notes": titles(), "subject": authz.identity().subject})


@authz.requires(authz.HasScope("read") & ~authz.HasRole("guest"))
def readers(request):
    return notes(request)


@authz.requires(authz.HasScope("read"))
async def areaders(request):
    return JsonResponse({"notes": await sync_to_async(titles)()})


def denied(request):
    authz.ask("require_scope", "never")


@authz.requires(authz.HasScope("read"))
@authz.requires(authz.StepUp(["gold"]))
def steps_up(request):
    return notes(request)


def insists(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT authz.require_scope('never')")


def needs_row(request, pk):
    with connection.cursor() as cursor:
        cursor.execute("SELECT authz.require_object_perm('clinic.view_note', 'clinic_note', %s)",
                       [str(pk)])
    return HttpResponse("ok")


def atomic(request):
    """Several transactions, savepoints that fail, and queries in between."""
    seen = [len(titles())]
    with transaction.atomic():
        seen.append(len(titles()))
        try:
            with transaction.atomic():
                seen.append(len(titles()))
                raise KeyError
        except KeyError:
            pass
        seen.append(len(titles()))
    try:
        with transaction.atomic():
            seen.append(len(titles()))
            raise KeyError
    except KeyError:
        pass
    seen.append(len(titles()))
    with transaction.atomic():
        seen.append(len(titles()))
    return JsonResponse({"seen": seen})


def closes(request):
    """The connection goes away in the middle."""
    seen = [titles()]
    connection.close()
    seen.append(titles())
    return JsonResponse({"seen": seen})


def streams(request):
    def parts():
        for title in titles():
            yield title + "\n"
            yield str(len(titles())) + "\n"
    return StreamingHttpResponse(parts())


def cursors(request):
    """A server-side cursor."""
    return JsonResponse({"notes": [n.title for n in Note.objects.order_by("title").iterator(2)]})


def sleeps(request):
    seen = [titles()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [request.GET["seconds"]])
    return JsonResponse({"seen": seen + [titles()]})


def other(request, alias):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1")
        return HttpResponse(str(cursor.fetchone()[0]))


def breaks(request):
    """A query that is wrong."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")


async def amany(request):
    """Queries in several tasks and threads of one request."""
    shared = sync_to_async(titles)
    own = sync_to_async(titles_of_a_thread, thread_sensitive=False)
    found = await asyncio.gather(shared(), own(), shared(), own())
    return JsonResponse({"notes": found[0], "same": all(f == found[0] for f in found)})


def titles_of_a_thread():
    try:
        return titles()
    finally:
        connection.close()


async def astreams(request):
    """Since Django 4.2."""
    async def parts():
        for title in await sync_to_async(titles)():
            yield title + "\n"
            yield str(len(await sync_to_async(titles)())) + "\n"
    return StreamingHttpResponse(parts())


async def awho(request):
    identity = await sync_to_async(authz.identity)()
    return JsonResponse({"subject": identity.subject})


def counts(request):
    """Some of everything, for the load test."""
    return JsonResponse({
        "subject": authz.identity().subject,
        "owners": sorted(set(Note.objects.values_list("owner", flat=True))),
        "orgs": sorted(str(o) for o in set(Record.objects.values_list("org", flat=True))),
        "comments": Comment.objects.count(),
    })
