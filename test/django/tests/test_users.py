"""request.user: who the token says, with a row or without; never two people at once."""
from __future__ import annotations

import copy
import os
import pickle
import re
import sys
import types
from typing import Any
from unittest import mock

from dbmi_authz_django import authz
from dbmi_authz_django.people.accounts import Rule, is_verified
from dbmi_authz_django.backends import TokenBackend
from dbmi_authz_django.people.users import TokenUser
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client, RequestFactory, override_settings

from . import TEST, forged, mint, token
from .base import Case

ISSUER = "https://id.example"
TOKENS = "dbmi_authz_django.middleware.TokenMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
USERS = "dbmi_authz_django.sessions.UserMiddleware"
MIDDLEWARE = [TOKENS, SESSIONS, USERS, "django.contrib.messages.middleware.MessageMiddleware"]
ROWS = {"field": "username", "claim": "subject", "issuers": [ISSUER]}

TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False, "OPTIONS": {
    **settings.TEMPLATES[0]["OPTIONS"],
    "loaders": [("django.template.loaders.locmem.Loader", {
        "inside.html": "{{ user }}{% if perms.clinic.view_note %} may view{% endif %}"
                       "{% if perms.clinic.add_note %} may add{% endif %}",
        "login.html": "a form",
    }), "django.template.loaders.app_directories.Loader"]}}]


def setting(**more: Any) -> Any:
    return override_settings(DBMI_AUTHZ={"COOKIE": "DBMI_JWT", **more})


class UserCase(Case):
    settings = {
        "ROOT_URLCONF": "people.urls", "MIDDLEWARE": MIDDLEWARE, "TEMPLATES": TEMPLATES,
        "AUTHENTICATION_BACKENDS": ["dbmi_authz_django.backends.TokenBackend",
                                    "django.contrib.auth.backends.ModelBackend"]}

    def setUp(self) -> None:
        changed = override_settings(**self.settings)
        changed.enable()
        self.addCleanup(changed.disable)
        super().setUp()
        self.clean()
        self.addCleanup(self.clean)

    def clean(self) -> None:
        User.objects.all().delete()
        Group.objects.all().delete()

    def user(self, name: str, **more: Any) -> User:
        return User.objects.create(username=name, **more)

    def session_of(self, user: User) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client


class WithoutRows(UserCase):
    def test_who(self) -> None:
        for who in ("ann", "bob"):
            found = self.json("/me/", who)
            self.assertEqual((found["user"], found["database"]), (who, who))
            self.assertEqual((found["authenticated"], found["row"]), (True, False))
        self.assertEqual(self.json("/me/")["user"], "AnonymousUser")
        self.assertIsNone(self.json("/me/")["database"])

    def test_lazy(self) -> None:
        """A view that does not ask costs no statement."""
        seen = self.statements(lambda: self.get("/accounts/login/", "ann"))
        self.assertEqual(seen, [])

    def test_one_statement(self) -> None:
        """request.user and identity() come with the login."""
        seen = self.statements(lambda: self.get("/me/", "ann"))
        self.assertEqual(seen.count("query"), 1, seen)      # the notes

    def test_login_required_and_template(self) -> None:
        response = self.get("/inside/", mint("ann", permissions=["clinic.view_note"]))
        self.assertEqual(response.content.decode(), "ann may view")
        response = self.get("/inside/")
        self.assertEqual(response.status_code, 302)
        self.assertEqual(response["Location"], "/accounts/login/?next=/inside/")

    def test_refused(self) -> None:
        for bad in (forged("ann"), mint("ann", exp="-10")):
            for path in ("/me/", "/inside/", "/allowed/"):
                self.assertEqual(self.get(path, bad).status_code, 401)

    def test_permissions(self) -> None:
        both = ["clinic.view_note", "clinic.add_note"]
        for path, claims, status in (
                ("/allowed/", {"permissions": both[:1]}, 200), ("/allowed/", {}, 403),
                ("/mixed/", {"permissions": both}, 200), ("/mixed/", {"permissions": both[:1]}, 403),
                ("/passes/", {"groups": ["staff"]}, 200), ("/passes/", {"groups": ["x"]}, 403),
                ("/allowed/", {"groups": ["staff"]}, 200)):     # administers, so holds all
            with self.subTest(path=path, claims=claims):
                self.assertEqual(self.get(path, mint("ann", **claims)).status_code, status)
        self.assertEqual(self.get("/allowed/").status_code, 403)

    def test_object_permissions(self) -> None:
        from django.db import connections
        with connections["owner"].cursor() as cursor:
            cursor.execute("CREATE FUNCTION longer(pk bigint) RETURNS boolean LANGUAGE sql STABLE "
                           "RETURN EXISTS (SELECT FROM clinic_note WHERE id = pk AND words > 20)")
            cursor.execute("SELECT authz.register_access('clinic.view_note', 'clinic_note', 'user',"
                           " 'longer(bigint)')")
        try:
            may = mint("ann", permissions=["clinic.view_note"])
            short = self.json("/permissions/?title=Ann 1", may)
            long = self.json("/permissions/?title=Ann 2", may)
            self.assertEqual((short["object"], long["object"]), (False, True))
            self.assertEqual((short["of"], long["of"]), ([], ["clinic.view_note"]))
            self.assertEqual(short["all"], ["clinic.view_note"])
            self.assertEqual((short["model"], short["module"], short["other"]), (True, True, False))
            poor = self.json("/permissions/?title=Ann 2", "ann")
            self.assertEqual((poor["model"], poor["module"], poor["object"], poor["all"]),
                             (False, False, False, []))
        finally:
            with connections["owner"].cursor() as cursor:
                cursor.execute("SELECT authz.unregister_access('clinic.view_note', 'clinic_note',"
                               " 'user')")
                cursor.execute("DROP FUNCTION longer(bigint)")

    def test_rest_framework(self) -> None:
        """Django's permissions were a 500."""
        may = mint("ann", permissions=["clinic.add_note"])
        for before, path in enumerate(("/api/by-model/", "/api/by-object/")):
            self.assertEqual(self.get(path).status_code, 401)
            self.assertEqual(len(self.json(path, "ann")), 2 + before)
            for who, status in (("ann", 403), (may, 201)):
                response = self.client.post(path, {"owner": "ann", "title": path + who[:4]},
                                            "application/json", HTTP_AUTHORIZATION="Bearer "
                                            + (token(who) if who == "ann" else who))
                self.assertEqual(response.status_code, status, response.content)

    def test_staff_never_by_claims(self) -> None:
        everything = mint("ann", is_staff=True, is_superuser=True, is_active=True,
                          groups=["staff", "admin"], roles=["superuser"])
        found = self.json("/me/", everything)
        self.assertEqual((found["staff"], found["superuser"]), (False, False))

    def test_staff_by_a_requirement(self) -> None:
        with setting(STAFF="people.views.is_reader", SUPERUSER="people.views.is_head"):
            for who, staff, superuser in (("ann", True, False), ("bob", False, False),
                                          ("root", True, True)):
                found = self.json("/me/", who)
                self.assertEqual((found["staff"], found["superuser"]), (staff, superuser))
            self.assertEqual(self.get("/allowed/", mint("ann", groups=["x"])).status_code, 403)

    def test_staff_needs_true(self) -> None:
        """A function that returns something else than True has a fault."""
        with setting(STAFF=lambda identity: "no", SUPERUSER=lambda identity: 1):
            found = self.json("/me/", "ann")
            self.assertEqual((found["staff"], found["superuser"]), (False, False))

    def test_admin_login(self) -> None:
        """Nobody is staff, so the admin asks for a login."""
        response = self.get("/admin/", "ann")
        self.assertEqual(response.status_code, 302)
        self.assertEqual(response["Location"], "/admin/login/?next=/admin/")

    def test_as_another(self) -> None:
        """request.user answers as itself within as_token(), also when first asked there."""
        may = mint("bob", permissions=["clinic.view_note"])
        for who, inner, found in (("ann", may, False), (mint("ann", permissions=[
                "clinic.view_note"]), token("bob"), True)):
            response = self.client.post("/as_another/", {"token": inner}, HTTP_AUTHORIZATION=
                                        "Bearer " + (token(who) if who == "ann" else who))
            self.assertEqual(response.json(), {"user": "ann", "may": found, "database": "bob",
                                               "after": "ann"})

    def test_a_user_is_nobody_after_its_request(self) -> None:
        with authz.as_token(mint("ann", permissions=["clinic.view_note"])):
            user = TokenUser(authz.identity())
            self.assertTrue(user.has_perm("clinic.view_note"))
        self.assertFalse(user.has_perm("clinic.view_note"))     # nor what it has heard before
        self.assertFalse(user.has_module_perms("clinic"))
        self.assertFalse(user.has_perm("clinic.add_note"))
        with authz.as_token(mint("bob", permissions=["clinic.add_note"])):
            self.assertFalse(user.has_perm("clinic.add_note"))
        for other in (pickle.loads(pickle.dumps(user)), copy.deepcopy(user)):
            self.assertEqual(other, user)
            self.assertFalse(other.has_perm("clinic.add_note"))

    def test_no_token_in_a_pickle(self) -> None:
        secret = mint("ann")
        self.user("ann")
        with authz.as_token(secret), setting(USER=ROWS):
            for user in (TokenUser(authz.identity()),
                         auth.authenticate(None, token=secret)):
                self.assertIsNotNone(user)
                self.assertNotIn(secret.encode(), pickle.dumps(user))

    def test_groups(self) -> None:
        with authz.as_token(mint("ann", groups=["b", "a"])):
            groups = TokenUser(authz.identity()).groups
        self.assertEqual(groups.values_list("name", flat=True), ["a", "b"])
        self.assertEqual([str(group) for group in groups.all()], ["a", "b"])
        self.assertTrue(groups.filter(name__in=["b", "c"]).exists())
        self.assertFalse(groups.filter(name="B").exists())
        self.assertEqual((groups.count(), groups.first().name), (2, "a"))
        with self.assertRaises(TypeError):
            groups.filter(pk=1)

    def test_no_row_no_session(self) -> None:
        with authz.as_token(token("ann")):
            user = TokenUser(authz.identity())
        with self.assertRaises(NotImplementedError):
            user.save()
        request = RequestFactory().get("/")
        from django.contrib.sessions.backends.signed_cookies import SessionStore
        request.session = SessionStore()
        with self.assertRaisesRegex(AttributeError, "cannot have a Django session"):
            auth.login(request, user, "dbmi_authz_django.backends.TokenBackend")


class WithRows(UserCase):
    def test_the_row(self) -> None:
        row = self.user("ann", email="ann@clinic.example")
        with setting(USER=ROWS):
            found = self.json("/me/", "ann")
            self.assertEqual((found["user"], found["row"], found["database"]), ("ann", True, "ann"))
            self.assertEqual(self.get("/me/", "bob").status_code, 403)
            self.assertEqual(self.json("/database/", "bob")["database"], "bob")     # never asked
        row.refresh_from_db()
        self.assertEqual(row.email, "ann@clinic.example")

    def test_without_a_row(self) -> None:
        with setting(USER={**ROWS, "without_row": "token"}):
            self.assertFalse(self.json("/me/", "bob")["row"])
        with setting(USER={**ROWS, "create": True}):
            self.assertTrue(self.json("/me/", "bob")["row"])
            self.assertTrue(self.json("/me/", "bob")["row"])
        row = User.objects.get()
        self.assertEqual((row.username, row.has_usable_password(), row.is_staff, row.email),
                         ("bob", False, False, ""))

    def test_inactive(self) -> None:
        self.user("ann", is_active=False)
        for more in ({}, {"create": True}, {"without_row": "token"}):
            with setting(USER={**ROWS, **more}):
                response = self.get("/me/", "ann")
                self.assertEqual(response.status_code, 403)
                self.assertEqual(response.json(), {"error_description":
                                                   "There is no active account for this login"})

    def test_other_issuers(self) -> None:
        """Another issuer's ann is somebody else."""
        self.user("ann", is_superuser=True)
        with setting(USER={**ROWS, "issuers": ["https://other.example"], "create": True,
                           "without_row": "token"}):
            self.assertEqual(self.get("/me/", "ann").status_code, 403)
        for missing in (None, [], "https://id.example"):
            with self.assertRaisesRegex(ImproperlyConfigured, "issuers"):
                Rule({**ROWS, "issuers": missing})

    def test_claims_that_people_choose(self) -> None:
        for claim in ("username", "preferred_username", "nickname", "name"):
            with self.assertRaisesRegex(ImproperlyConfigured, "choose"):
                Rule({**ROWS, "claim": claim})
        self.user("chief")
        chosen = mint("ann", preferred_username="chief", username="chief")
        with setting(USER=ROWS):
            self.assertEqual(self.get("/me/", chosen).status_code, 403)
        with setting(USER={**ROWS, "claim": "preferred_username", "trusted": True}):
            self.assertEqual(self.json("/me/", chosen)["user"], "chief")

    def test_email_must_be_verified(self) -> None:
        self.user("chief", email="Chief@clinic.example")
        rule = {**ROWS, "field": "email", "claim": "email"}
        for more, status in (({}, 403), ({"email_verified": False}, 403),
                             ({"email_verified": "false"}, 403), ({"email_verified": 1}, 403),
                             ({"email_verified": ["true"]}, 403),
                             ({"email_verified": True}, 200), ({"email_verified": "true"}, 200)):
            with setting(USER=rule), self.subTest(more=more):
                response = self.get("/me/", mint("ann", email="chief@clinic.example", **more))
                self.assertEqual(response.status_code, status)
        with setting(USER={**rule, "trusted": True}):
            self.assertEqual(self.json("/me/", mint("ann", email="chief@clinic.example"))["user"],
                             "chief")

    def test_verified_is_the_claim_email(self) -> None:
        """Not the address that an issuer takes from elsewhere."""
        me = mock.Mock(claims={"email": "a@b.c", "email_verified": True}, email="chief@b.c")
        self.assertFalse(is_verified(me))
        me.email = "a@b.c"
        self.assertTrue(is_verified(me))

    def test_a_row_that_cannot_be_made(self) -> None:
        with setting(USER={**ROWS, "create": True, "update": {"email": "address"}, "trusted": True}):
            with self.assertLogs("dbmi_authz_django", "WARNING") as logged:
                self.assertEqual(self.get("/me/", mint("x", address="no address")).status_code, 403)
            self.assertIn("email", logged.output[0])
            self.assertNotIn("no address", logged.output[0])
            self.assertEqual(self.get("/me/", mint("x", address="x@y.example")).status_code, 200)

    def test_two_requests_make_one_row(self) -> None:
        rule = Rule({**ROWS, "create": True})
        with authz.as_token(token("ann")):
            me = authz.identity()
            row = rule.made(me)
            self.assertEqual(rule.made(me), row)
        self.assertEqual(User.objects.count(), 1)

    def test_two_rows(self) -> None:
        self.user("one", email="ann@example.com")
        self.user("two", email="Ann@example.com")
        with setting(USER={**ROWS, "field": "email", "claim": "email"}):
            self.assertEqual(self.get("/me/", mint("ann", email_verified=True)).status_code, 403)

    def test_subjects_compare_exactly(self) -> None:
        self.user("ann")
        with setting(USER=ROWS):
            for sub in ("Ann", "ann ", "\uff41nn", "an", "ann\u0301"):
                self.assertEqual(self.get("/me/", mint(sub)).status_code, 403)
        with setting(USER={**ROWS, "create": True}):
            self.assertEqual(self.get("/me/", mint("x" * 151)).status_code, 403)
            self.assertEqual(self.json("/me/", mint("auth0|5a1"))["user"], "auth0|5a1")

    def test_update(self) -> None:
        self.user("ann", email="old@example.com", first_name="Ann")
        rule = {**ROWS, "update": {"email": "email", "first_name": "given_name",
                                   "last_name": "family_name"}}
        with setting(USER=rule):
            self.json("/me/", mint("ann", given_name="Anna", family_name=["no", "text"]))
            row = User.objects.get()
            self.assertEqual((row.email, row.first_name, row.last_name),
                             ("old@example.com", "Anna", ""))       # not verified, no text
            known = mint("ann", email_verified=True, given_name="A" * 200)
            self.json("/me/", known)
            row = User.objects.get()
            self.assertEqual((row.email, row.first_name), ("ann@example.com", "A" * 150))
            seen = self.statements(lambda: self.json("/me/", known))
            self.assertEqual(seen.count("query"), 2)        # nothing changed, nothing written
        for field in ("is_staff", "is_superuser", "is_active", "password", "groups", "username"):
            with self.assertRaisesRegex(ImproperlyConfigured, field):
                Rule({**ROWS, "update": {field: "x"}})

    def test_flags_of_the_row(self) -> None:
        """As in the table; with STAFF as the token says, given and taken."""
        self.user("ann", is_staff=True)
        with setting(USER=ROWS):
            self.assertTrue(self.json("/me/", "ann")["staff"])
            self.assertFalse(self.json("/me/", mint("ann", is_superuser=True))["superuser"])
        with setting(USER=ROWS, STAFF="people.views.is_head", SUPERUSER="people.views.is_head"):
            self.assertFalse(self.json("/me/", "ann")["staff"])
            self.assertFalse(User.objects.get().is_staff)
            self.assertTrue(self.json("/me/", mint("ann", groups=["staff"]))["superuser"])
            self.assertTrue(User.objects.get().is_superuser)
            self.assertFalse(self.json("/me/", "ann")["superuser"])
            self.assertFalse(User.objects.get().is_superuser)

    def test_admin(self) -> None:
        """Its login check asks is_staff and is_active; its pages want rows."""
        self.user("ann")
        self.user("bob")
        with setting(USER=ROWS, STAFF="people.views.is_reader"):
            self.assertEqual(self.get("/admin/", "ann").status_code, 200)
            self.assertEqual(self.get("/admin/", "bob").status_code, 302)
            viewer = mint("ann", permissions=["clinic.view_note"])
            response = self.get("/admin/clinic/note/", viewer)
            self.assertEqual(response.status_code, 200)
            self.assertIn("Ann 1", response.content.decode())
            self.assertNotIn("Bob 1", response.content.decode())
            self.assertEqual(self.get("/admin/clinic/note/", "ann").status_code, 403)

    def test_permissions_of_both(self) -> None:
        """Django's tables give some, the token others; of other rows the token says nothing."""
        row, other = self.user("ann"), self.user("bob")
        row.user_permissions.add(Permission.objects.get(codename="add_note"))
        with setting(USER=ROWS):
            may = mint("ann", permissions=["clinic.view_note"])
            self.assertEqual(self.get("/inside/", may).content.decode(), "ann may view may add")
            self.assertEqual(self.get("/inside/", "ann").content.decode(), "ann may add")
            with authz.as_token(may) as login:
                from dbmi_authz_django.people.accounts import user_of
                user = user_of(authz.identity(), login)
                self.assertTrue(user.has_perm("clinic.view_note"))
                self.assertFalse(other.has_perm("clinic.view_note"))
                self.assertFalse(User.objects.get(pk=user.pk).has_perm("clinic.view_note"))
                user.is_active = False
                self.assertFalse(user.has_perm("clinic.view_note"))

    def test_function(self) -> None:
        self.user("somebody", email="ann@example.com")
        with setting(USER="people.views.by_email"):
            self.assertEqual(self.json("/me/", "ann")["user"], "somebody")
            self.assertEqual(self.get("/me/", "bob").status_code, 403)
            User.objects.update(is_active=False)
            self.assertEqual(self.get("/me/", "ann").status_code, 403)

    def test_rest_framework(self) -> None:
        self.user("ann")
        with setting(USER=ROWS):
            self.assertEqual(len(self.json("/api/by-model/", "ann")), 2)
            self.assertEqual(self.get("/api/by-model/", "bob").status_code, 403)

    def test_refused_account_is_nobody_in_the_database(self) -> None:
        self.user("ann", is_active=False)
        with setting(USER=ROWS), authz.as_token(token("ann")) as login:
            from dbmi_authz_django.people.accounts import user_of
            me = authz.identity()
            with self.assertRaises(authz.AccountRefused):
                user_of(me, login)
            self.assertIsNone(authz.ask("subject"))

    def test_settings(self) -> None:
        for wrong in ({"feild": "x"}, {"without_row": "x"}):
            with self.assertRaises(ImproperlyConfigured):
                Rule({**ROWS, **wrong})


class Backend(UserCase):
    def test_authenticate(self) -> None:
        row = self.user("ann")
        self.assertIsInstance(auth.authenticate(None, token=token("ann")), TokenUser)
        with setting(USER=ROWS):
            self.assertEqual(auth.authenticate(None, token=token("ann")), row)
            for bad in (forged("ann"), mint("ann", exp="-10"), "nonsense", "a b", "", token("bob")):
                self.assertIsNone(auth.authenticate(None, token=bad))
            self.assertIsNone(authz.ask("subject"))
            row.is_active = False
            row.save()
            self.assertIsNone(auth.authenticate(None, token=token("ann")))

    def test_a_password_beside_it(self) -> None:
        row = self.user("ann")
        row.set_password("secret")
        row.save()
        self.assertEqual(auth.authenticate(None, username="ann", password="secret"), row)
        self.assertIsNone(auth.authenticate(None, username="ann", password="wrong"))

    def test_session(self) -> None:
        row = self.user("ann")
        backend = TokenBackend()
        self.assertEqual(backend.get_user(row.pk), row)
        User.objects.update(is_active=False)
        self.assertIsNone(backend.get_user(row.pk))
        self.assertIsNone(backend.get_user(-1))


class Sessions(UserCase):
    def test_session_alone(self) -> None:
        """Django's user, and nobody in the database."""
        client = self.session_of(self.user("ann"))
        found = self.json("/me/", client=client)
        self.assertEqual((found["user"], found["row"], found["database"], found["notes"]),
                         ("ann", True, None, []))

    def test_same_person(self) -> None:
        client = self.session_of(self.user("ann"))
        for rule in (ROWS, None):
            with setting(USER=rule):
                found = self.json("/me/", "ann", client=client)
                self.assertEqual((found["user"], found["database"]), ("ann", "ann"))
                self.assertEqual(found["row"], rule is not None)

    def test_two_people(self) -> None:
        """Refused before the view; nobody keeps the identity."""
        ann, bob = self.user("ann"), self.user("bob")
        for rule in (ROWS, None):
            for path in ("/me/", "/database/", "/public/", "/api/by-model/"):
                with setting(USER=rule), self.subTest(rule=rule, path=path), \
                        self.assertLogs("django.security.dbmi_authz_django", "WARNING"), \
                        mock.patch("people.views.titles") as view:
                    response = self.get(path, "bob", client=self.session_of(ann))
                    self.assertEqual(response.status_code, 401)
                    self.assertEqual(response.json()["error_description"],
                                     "Session and token belong to different people")
                    view.assert_not_called()
                    self.nobody_left()

    def test_two_people_as_nobody(self) -> None:
        ann, bob = self.user("ann"), self.user("bob")
        with setting(USER=ROWS, SESSION_OF_ANOTHER="nobody"), \
                self.assertLogs("django.security.dbmi_authz_django", "WARNING"):
            client = self.session_of(ann)
            for path in ("/me/", "/database/"):
                found = self.json(path, "bob", client=client)
                self.assertEqual((found.get("user", "AnonymousUser"), found["database"],
                                  found["notes"]), ("AnonymousUser", None, []))
            self.assertEqual(self.get("/api/by-model/", "bob", client=client).status_code, 401)
            self.assertEqual(self.json("/me/", "ann", client=client)["user"], "ann")

    def test_a_cookie_of_another(self) -> None:
        """Neither the session nor the cookie stays in that browser."""
        client = self.session_of(self.user("ann"))
        client.cookies["DBMI_JWT"] = token("bob")
        with setting(USER=ROWS):
            response = client.get("/me/")
            self.assertEqual(response.status_code, 401)
            self.assertEqual(response.cookies["DBMI_JWT"].value, "")
            self.assertEqual(response.cookies["sessionid"].value, "")
            self.assertFalse(client.get("/me/").json()["authenticated"])

    def test_no_row_is_made_for_a_stranger(self) -> None:
        client = self.session_of(self.user("ann"))
        with setting(USER={**ROWS, "create": True}):
            self.assertEqual(self.get("/me/", "bob", client=client).status_code, 401)
        self.assertEqual(User.objects.count(), 1)

    def test_anonymous_session(self) -> None:
        client = Client(raise_request_exception=False)
        session = client.session
        session["basket"] = 1
        session.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        self.assertEqual(self.json("/me/", "bob", client=client)["user"], "bob")

    def test_a_session_whose_user_is_gone(self) -> None:
        ann = self.user("ann")
        client = self.session_of(ann)
        ann.delete()
        self.assertEqual(self.json("/me/", "bob", client=client)["user"], "bob")

    def test_bad_token_beside_a_session(self) -> None:
        client = self.session_of(self.user("ann"))
        response = self.get("/me/", forged("ann"), client=client)
        self.assertEqual(response.status_code, 401)
        self.assertEqual(response.json()["error"], "invalid_token")

    def test_only_both_cost(self) -> None:
        """The session is not read for who sends no token, and the other way round."""
        client = self.session_of(self.user("ann"))
        self.assertEqual(self.statements(lambda: client.get("/accounts/login/")), [])
        self.assertEqual(self.statements(lambda: self.get("/accounts/login/", "ann")), [])
        self.assertIn("query", self.statements(
            lambda: self.get("/accounts/login/", "ann", client=client)))

    def test_login_as_another(self) -> None:
        """From there on the request is nobody's in the database."""
        self.user("ann")
        self.user("bob")
        for rule in (ROWS, None):
            for name, left in (("bob", None), ("ann", "ann")):
                with setting(USER=rule):
                    response = self.client.post("/log_in/", {"name": name},
                                                HTTP_AUTHORIZATION="Bearer " + token("ann"))
                    self.assertEqual(response.status_code, 200, response.content)
                    found = response.json()
                    self.assertEqual((found["before"], found["user"], found["database"]),
                                     ("ann", name, left))
                    self.assertEqual(bool(found["notes"]), left is not None)
                self.client.cookies.clear()

    def test_logout(self) -> None:
        client = self.session_of(self.user("ann"))
        client.cookies["DBMI_JWT"] = token("ann")
        with setting(USER=ROWS):
            response = client.get("/log_out/")
        self.assertEqual(response.json(), {"user": "AnonymousUser", "database": None})
        self.assertEqual(response.cookies["DBMI_JWT"].value, "")

    def test_middleware_of_django(self) -> None:
        """Then a session and a token need not be one person's, and the token stays."""
        self.user("bob")
        client = Client(raise_request_exception=False)
        client.cookies["DBMI_JWT"] = token("ann")
        with setting(USER=ROWS), override_settings(MIDDLEWARE=[TOKENS, SESSIONS, AUTHENTICATION]):
            found = client.post("/log_in/", {"name": "bob"}).json()
            self.assertEqual((found["user"], found["database"]), ("bob", "ann"))
            response = client.get("/log_out/")
        self.assertEqual(response.json()["database"], "ann")
        self.assertNotIn("DBMI_JWT", response.cookies)

    def test_no_session_is_made(self) -> None:
        """A token is no login of Django's: nothing to fixate, nothing that outlives it."""
        self.user("ann")
        with setting(USER=ROWS):
            self.assertNotIn("sessionid", self.get("/me/", "ann").cookies)


class Middleware(UserCase):
    def test_order(self) -> None:
        ann, bob = self.user("ann"), self.user("bob")
        for order in ([TOKENS, SESSIONS, USERS], [TOKENS, SESSIONS, AUTHENTICATION, USERS]):
            with override_settings(MIDDLEWARE=order), setting(USER=ROWS):
                self.assertEqual(self.json("/me/", "ann", client=Client())["user"], "ann")
                self.assertEqual(self.get("/me/", "bob", client=self.session_of(ann)).status_code,
                                 401)
        # Django's own comes last, and does not know of tokens; two people are noticed all the same
        with override_settings(MIDDLEWARE=[TOKENS, SESSIONS, USERS, AUTHENTICATION]), \
                setting(USER=ROWS):
            self.assertEqual(self.json("/me/", "ann", client=Client())["user"], "AnonymousUser")
            self.assertEqual(self.get("/me/", "bob", client=self.session_of(ann)).status_code, 401)

    def test_without_sessions(self) -> None:
        with override_settings(MIDDLEWARE=[TOKENS, USERS]):
            self.assertEqual(self.json("/me/", "ann")["user"], "ann")
            self.assertEqual(self.json("/me/")["user"], "AnonymousUser")

    def test_without_tokens(self) -> None:
        with override_settings(MIDDLEWARE=[SESSIONS, USERS]):
            with self.assertRaisesRegex(ImproperlyConfigured, "TokenMiddleware"):
                Client().get("/me/")

    def test_async(self) -> None:
        from asgiref.sync import async_to_sync
        self.user("ann")
        client = AsyncClient(raise_request_exception=False)

        def get(*who: str) -> Any:
            async def request() -> Any:
                return await client.get("/ame/", **{"AUTHORIZATION": "Bearer " + who[0]}
                                        if who else {})
            return async_to_sync(request)()

        for rule in (ROWS, None):
            with setting(USER=rule):
                self.assertEqual(get(token("ann")).json(), {"user": "ann", "same": True})
        self.assertEqual(get(forged("ann")).status_code, 401)
        self.assertEqual(get().json()["user"], "AnonymousUser")


class Checks(UserCase):
    def ids(self) -> set[str]:
        from dbmi_authz_django.checking.user_checks import check_users
        return {message.id[-4:] for message in check_users(None)}

    def test_in_order(self) -> None:
        self.assertEqual(self.ids(), set())
        with setting(USER=ROWS, STAFF="people.views.is_head", EXEMPT=["/public/"],
                     STEP_UP="people.views.stronger", SESSION_OF_ANOTHER="nobody"):
            self.assertEqual(self.ids(), set())

    def test_settings(self) -> None:
        for wrong, id in (({"LOGIN": "people.views.nothing"}, "E060"), ({"USER": "x"}, "E060"),
                          ({"USER": {**ROWS, "issuers": None}}, "E061"),
                          ({"SESSION_OF_ANOTHER": "x"}, "E062"), ({"EXEMPT": "/"}, "E063"),
                          ({"EXEMPT": ["public"]}, "E063"), ({"EXEMPT": [""]}, "E063"),
                          ({"STAFF": "people.views.is_head"}, "W067")):
            with setting(**wrong), self.subTest(wrong=wrong):
                self.assertEqual(self.ids(), {id})

    def test_a_string_is_one_beginning(self) -> None:
        from dbmi_authz_django.conf import conf
        with setting(EXEMPT="/public/"):
            self.assertEqual(conf.exempt, ("/public/",))

    def test_order(self) -> None:
        for order, found in (([TOKENS, SESSIONS, AUTHENTICATION, USERS], set()),
                             ([USERS, TOKENS, SESSIONS], {"E064", "E065"}),
                             ([TOKENS, USERS, SESSIONS], {"E065"}),
                             ([TOKENS, SESSIONS, USERS, AUTHENTICATION], {"E066"}),
                             ([TOKENS, SESSIONS, AUTHENTICATION], set())):
            with override_settings(MIDDLEWARE=order):
                self.assertEqual(self.ids(), found)

    def test_of_django(self) -> None:
        """The admin takes UserMiddleware for AuthenticationMiddleware."""
        from django.contrib.admin.checks import check_dependencies
        self.assertNotIn("admin.E408", [message.id for message in check_dependencies()])


class Page(UserCase):
    """The examples of doc/django/users.md."""

    def blocks(self) -> list[str]:
        path = os.path.join(TEST, "..", "doc", "django", "users.md")
        with open(path, encoding="utf-8") as page:
            return re.findall(r"^```python\n(.*?)^```", page.read(), re.S | re.M)

    def names(self) -> dict[str, Any]:
        from clinic.models import Note
        from django.http import HttpResponse, JsonResponse
        return {"__name__": "page", "authz": authz, "Note": Note, "Page": __import__("clinic.models").models.Page,
                "HttpResponse": HttpResponse, "JsonResponse": JsonResponse}

    def test_settings(self) -> None:
        """All that the page sets is accepted, and works."""
        from dbmi_authz_django.checking.user_checks import check_users
        people = types.ModuleType("notes.people")
        found = 0
        with mock.patch.dict(sys.modules, {"notes": types.ModuleType("notes"),
                                           "notes.people": people}):
            for block in self.blocks():
                if block.startswith("# notes/people.py"):
                    exec(block, people.__dict__)
            for block in self.blocks():
                if block.startswith("# settings.py"):
                    given: dict[str, Any] = {}
                    exec(block, given)
                    given.pop("__builtins__")
                    found += 1
                    with override_settings(**given):
                        self.assertEqual([message.id for message in check_users(None)
                                          if message.level > 30], [])
                        response = Client().get("/me/", HTTP_AUTHORIZATION="JWT " + token("ann"))
                        self.assertEqual(response.json()["user"], "ann")
                        if "STEP_UP" in given.get("DBMI_AUTHZ", {}):
                            self.assertEqual(
                                people.__dict__["stronger"](RequestFactory().get("/x/"), ["gold"],
                                                            None),
                                "https://id.example/authorize?acr_values=gold&max_age=0&state=%2Fx%2F")
        self.assertEqual(found, 5)

    def test_views(self) -> None:
        names = self.names()
        for block in self.blocks():
            if not block.startswith("# ") and "@app.task" not in block:
                exec(block, names)
        urls = types.ModuleType("page_urls")
        from django.urls import path
        urls.urlpatterns = [path(name + "/", names[name]) for name in (     # type: ignore
            "mine", "add", "later", "home", "image", "write")]
        urls.urlpatterns.append(path("accounts/login/", names["home"]))     # type: ignore
        with override_settings(ROOT_URLCONF=urls, DBMI_CLIENT_CONFIG={"AUTHN_URL": "https://x"}):
            client = Client(raise_request_exception=False)
            ann = mint("ann", groups=["a"], permissions=["notes.add_note"], scope="notes:write")
            self.assertEqual(self.json("/mine/", ann, client=client),
                             {"user": "ann", "groups": ["a"]})
            for name, good, bad in (("add", 200, 403), ("later", 200, 200), ("home", 200, 200),
                                    ("image", 403, 403), ("write", 500, 403), ("mine", 200, 200)):
                path_ = "/%s/" % name
                self.assertEqual(self.get(path_, ann, client=client).status_code, good, name)
                self.assertEqual(self.get(path_, mint("bob"), client=client).status_code, bad, name)
