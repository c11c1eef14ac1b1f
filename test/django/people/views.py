"""Pages for people, as plain Django has them."""
from __future__ import annotations

from typing import Any

from clinic.models import Note
from clinic.views import titles
from dbmi_authz_django import authz
from django.contrib import auth
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.mixins import PermissionRequiredMixin, UserPassesTestMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import View


def me(request: HttpRequest) -> HttpResponse:
    """Who it is for Django, and for the database."""
    user = request.user
    return JsonResponse({
        "user": str(user), "authenticated": user.is_authenticated, "row": hasattr(user, "_meta"),
        "staff": user.is_staff, "superuser": user.is_superuser,
        "database": authz.identity().subject, "notes": titles()})


async def ame(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    return JsonResponse({"user": str(user), "same": user == await request.auser()})


def database(request: HttpRequest) -> HttpResponse:
    """Asks nothing of request.user."""
    return JsonResponse({"database": authz.identity().subject, "notes": titles()})


@login_required
def inside(request: HttpRequest) -> HttpResponse:
    return render(request, "inside.html")


@permission_required("clinic.view_note", raise_exception=True)
def allowed(request: HttpRequest) -> HttpResponse:
    return HttpResponse("allowed")


class Mixed(PermissionRequiredMixin, View):
    permission_required = ["clinic.view_note", "clinic.add_note"]
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("allowed")


class Passes(UserPassesTestMixin, View):
    raise_exception = True

    def test_func(self) -> bool:
        return bool(self.request.user.groups.filter(name="staff").exists())

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("allowed")


def permissions(request: HttpRequest) -> HttpResponse:
    user, note = request.user, Note.objects.get(title=request.GET["title"])
    return JsonResponse({
        "model": user.has_perm("clinic.view_note"), "module": user.has_module_perms("clinic"),
        "other": user.has_module_perms("clin"),
        "object": user.has_perm("clinic.view_note", note),
        "all": sorted(user.get_all_permissions()), "of": sorted(user.get_all_permissions(note))})


def as_another(request: HttpRequest) -> HttpResponse:
    """What request.user may does not depend on whose queries these are."""
    with authz.as_token(request.POST["token"]):
        other = authz.identity().subject
        user = request.user
        found = {"user": str(user), "may": user.has_perm("clinic.view_note"), "database": other}
    return JsonResponse({**found, "after": authz.identity().subject})


def log_in(request: HttpRequest) -> HttpResponse:
    """By the form of an application, whoever the token is."""
    from django.contrib.auth.models import User
    before = authz.identity().subject
    auth.login(request, User.objects.get(username=request.POST["name"]),
               "django.contrib.auth.backends.ModelBackend")
    return JsonResponse({"before": before, "user": str(request.user),
                         "database": authz.identity().subject, "notes": titles()})


def log_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return JsonResponse({"user": str(request.user), "database": authz.identity().subject})


def open_to_all(request: HttpRequest) -> HttpResponse:
    return HttpResponse("notes: %d" % len(titles()))


@authz.requires(authz.HasScope("read"))
def readers(request: HttpRequest) -> HttpResponse:
    return HttpResponse("notes: %d" % len(titles()))


@authz.requires(authz.StepUp(["gold"]))
def strong(request: HttpRequest) -> HttpResponse:
    return HttpResponse("strong")


def missing(request: HttpRequest) -> HttpResponse:
    raise authz.NotFound()


def sets_cookie(request: HttpRequest) -> HttpResponse:
    """A login page that has a new token already."""
    response = open_to_all(request)
    response.set_cookie("DBMI_JWT", "new")
    return response


async def alater(request: HttpRequest) -> HttpResponse:
    raise authz.Unauthorized({"error": "invalid_token", "error_description": "<b>late</b>"})


# ---- what settings name ----

def is_head(identity: Any) -> bool:
    return "staff" in identity.groups


is_reader = authz.HasScope("read") & ~authz.HasRole("guest")


def by_email(identity: Any) -> Any:
    from django.contrib.auth.models import User
    return User.objects.filter(email=identity.email).first()


def stronger(request: HttpRequest, acrs: list[str], max_age: int | None) -> str:
    return "/stronger/?acr_values=%s&max_age=%s" % ("+".join(acrs), max_age)
