import asyncio

from asgiref.sync import sync_to_async
from dbmi_authz_django import authz
from django.db import transaction
from django.http import HttpResponseRedirect, JsonResponse
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response

from .models import Note


def notes(request):
    return JsonResponse({"notes": [note.text for note in Note.objects.order_by("text")],
                         "subject": authz.identity().subject, "user": str(request.user)})


async def anotes(request):
    await asyncio.sleep(0)
    return await sync_to_async(notes)(request)


@api_view(["GET", "POST"])
def api(request):
    if request.method == "POST":
        with transaction.atomic():
            Note.objects.create(**request.data)
    return Response({"notes": Note.objects.count(), "user": str(request.user)})


urlpatterns = [
    path("notes/", notes), path("anotes/", anotes), path("api/", api),
    path("nothing/", lambda request: JsonResponse({})),
    path("redirect/", lambda request: HttpResponseRedirect("/notes/")),
]
