"""The same notes by REST framework."""
from datetime import timedelta

from dbmi_authz_django.authz import (
    Field, HasAcr, HasAmr, HasAnyActor, HasOrgPermission, HasRole, HasScope, InOrg,
    IsAuthenticated, IsDelegated, IsOwner, StepUp, UrlKwarg,
)
from rest_framework import permissions, routers, serializers, viewsets
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Note, Record


class NoteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Note
        fields = ["id", "owner", "title", "words"]


class NoteViewSet(viewsets.ModelViewSet):
    queryset = Note.objects.order_by("id")
    serializer_class = NoteSerializer
    permission_classes = [IsAuthenticated()]


class OwnNoteViewSet(NoteViewSet):
    """Staff see the notes of all by the policy, and change only their own."""
    permission_classes = [permissions.IsAuthenticated & (HasScope("read") | IsOwner("owner"))]


class RecordSerializer(serializers.ModelSerializer):
    class Meta:
        model = Record
        fields = ["id", "org", "text"]


class RecordViewSet(viewsets.ModelViewSet):
    queryset = Record.objects.order_by("id")
    serializer_class = RecordSerializer
    permission_classes = [InOrg(Field("org"))]


def view_for(requirement):
    class View(APIView):
        permission_classes = [requirement]

        def get(self, request, **kwargs):
            return Response({"user": str(request.user)})
    return View.as_view()


router = routers.SimpleRouter()
router.register("notes", NoteViewSet)
router.register("own", OwnNoteViewSet, basename="own")
router.register("records", RecordViewSet)

# what they need -> a view
needs = {
    "acr": HasAcr("gold") & ~HasAmr("sms"),
    "actor": ~IsDelegated() | HasAnyActor("bot", "reader"),
    "step-up": StepUp(["platinum", "gold"], timedelta(minutes=5)),
    "open": permissions.AllowAny,
    "scope": HasScope("read"),
    "both": HasScope("read") & HasRole("editor"),
    "either": HasScope("read") | HasRole("editor"),
    "not": ~HasRole("guest"),
    "not-either": ~(HasRole("guest") | HasRole("blocked")),
    "mixed": permissions.IsAuthenticated & HasScope("read"),
    "mixed-not": ~(HasRole("guest") | permissions.IsAdminUser),
    "org": HasOrgPermission(UrlKwarg("org_id"), "records:write"),
}
