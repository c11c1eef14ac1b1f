"""Views as an application of django-dbmi-client has them; only the imports are others."""
from __future__ import annotations

from typing import Any

from clinic.models import Note
from dbmi_authz_django.dbmi_client import authz
from dbmi_authz_django.dbmi_client.auth import (
    dbmi_admin, dbmi_app_permission, dbmi_group, dbmi_item_permission, dbmi_role, dbmi_user,
)
from dbmi_authz_django.dbmi_client.authn import (
    DBMIModelUser, DBMIUser, get_jwt_client_id, get_jwt_email, get_jwt_payload, get_jwt_username,
    get_jwt_value, logout_redirect,
)
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

told: list[Any] = []


class Reporter:
    @classmethod
    def failure(cls, request: Any, user: Any, item: str, permissions: list[str]) -> None:
        told.append((str(user), item, permissions))
        raise RuntimeError("of no consequence")


def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Whoever gets here."""
    return HttpResponse(get_jwt_email(request) or "nobody")


@dbmi_user
async def aview(request: HttpRequest) -> HttpResponse:
    return HttpResponse("here")


def claims(request: HttpRequest) -> HttpResponse:
    return JsonResponse({
        "email": get_jwt_email(request, verify=False), "sub": get_jwt_username(request),
        "aud": get_jwt_client_id(request), "acr": get_jwt_value(request, "acr"),
        "payload": get_jwt_payload(request, verify=False) is not None,
        "groups": authz.jwt_has_authz(get_jwt_payload(request), "groups", "g")})


def items(request: HttpRequest, item: str) -> HttpResponse:
    mail = request.GET.get("email", get_jwt_email(request))
    return JsonResponse({
        "exact": authz.has_permission(request, mail, item, "view"),
        "parents": authz.has_permission(request, mail, item, "view", check_parents=True),
        "any": authz.has_a_permission(request, mail, item, ["x", "VIEW"]),
        "none": authz.has_a_permission(request, mail, item, []),
        "admin": authz.is_admin(request, mail), "rows": authz.get_permissions(request, mail)})


class Base(APIView):
    authentication_classes = [DBMIUser]

    def get(self, request: Any, pk: int | None = None) -> Response:
        if pk is not None:
            note = Note.objects.get(pk=pk)
            note.user = note.title.partition(" ")[2]
            self.check_object_permissions(request, note)
        return Response({"user": str(request.user), "is_email": request.user == "ann@example.com",
                         "subject": request.user.get_username()})


def api(*needed: Any, **more: Any) -> Any:
    return type("View", (Base,), {"permission_classes": needed, **more}).as_view()


class Image(authz.DBMIItemPermission):
    item = "profile.image"
    permission = "view"


urlpatterns = [
    path("user/", dbmi_user(view)), path("admin/", dbmi_admin(view)),
    path("group/", dbmi_group("g")(view)), path("role/", dbmi_role("r")(view)),
    path("app/", dbmi_app_permission("Curate")(view)),
    path("item/", dbmi_item_permission("profile.image", "view")(view)),
    path("aview/", aview), path("claims/", claims), path("items/<item>/", items),
    path("logout/", logout_redirect),
    path("api/user/", api(authz.DBMIUserPermission)),
    path("api/model/", api(authz.DBMIUserPermission, authentication_classes=[DBMIModelUser])),
    path("api/admin/", api(authz.DBMIAdminPermission)), path("api/item/", api(Image)),
    path("api/owner/<int:pk>/", api(authz.DBMIOwnerPermission)),
    path("api/either/<int:pk>/", api(authz.DBMIManageOrOwnerPermission)),
]
