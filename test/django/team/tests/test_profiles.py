"""mint() in the shape of each profile, and of options that say otherwise."""
import json

from dbmi_authz_django import authz
from dbmi_authz_django.test import TransactionTestCase, issuer
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from team.models import Note

ONE = {"org_shape": "single"}
OPTIONS = [
    ONE, {"org_shape": "clerk"}, {"org_shape": "list", "org_claims": ["organization"]},
    {"org_shape": "map", "org_claims": ["orgs"], "org_role_claims": ["role"],
     "org_permission_claims": ["may"]},
    {"org_shape": "map", "org_claims": ["orgs"], "org_id_claim": "id"},
    {"org_shape": "by_role", "org_claims": ["urn:roles"]},
    {"org_shape": "single", "org_id_claim": [["o", "id"], "org"], "org_role_claims": [["o", "rol"]]},
    {"scope_claims": ["scp"], "role_claims": [["a", "b"]], "group_claims": [["a", "c"]],
     "permission_claims": [{"path": ["rights"], "keys": True}]},
    {"owner_claim": ["who", "name"], "user_id_claim": "uid", "email_claim": ["who", "mail"]},
    {"claim_values": [{"claim": ["x", "y"], "values": ["1"]}, {"claim": "z", "present": True},
                      {"claim": "nonce", "absent": True},
                      {"any": [{"claim": "p", "values": ["q"]}, {"claim": "r", "present": True}]}],
     "token_types": ["at+jwt"], "token_type_required": True, "key_id_required": True,
     "required_claims": ["iss", "aud", "exp", "sub", "jti", "sid", "iat"]},
    {"audience_claims": ["client_id"]},
]


class Profiles(TransactionTestCase):
    databases = "__all__"

    def sql(self, sql, *args):
        alias = "owner" if "owner" in connections else "default"
        with connections[alias].cursor() as cursor:
            cursor.execute(sql, args)
            return cursor.fetchall()

    def setUp(self):
        self.forget()
        self.addCleanup(self.forget)

    def forget(self):
        """What is known of the database, and issuers that a test has added."""
        issuer._known.clear()
        self.sql("SELECT authz.drop_issuer(issuer) FROM authz.issuer"
                 " WHERE issuer <> 'https://id.example'")

    def one(self, name, profile, options, audience):
        self.forget()
        self.sql("SELECT authz.add_issuer(%s, %s::text[], %s, %s::json)", name, audience, profile,
                 json.dumps(options))
        # WorkOS tells its access tokens by their having no scope
        scopes = {"s", "t"} - ({"s", "t"} if profile == "workos" else set())
        orgs = {"o-1": {"role": "Owner", "permissions": ["bill"], "name": "One"}}
        try:
            with self.as_user("ann@b.c", issuer=name, scopes=scopes, roles=["r"],
                              permissions=["p"], groups=["g"], orgs=orgs):
                me = authz.identity()
                Note.objects.create(owner="ann@b.c")
        except authz.Unauthorized as refused:
            self.fail("%s %s: %s" % (profile, options, refused.body))
        self.assertEqual((me.issuer, me.scopes, me.groups), (name, scopes, {"g"}))
        self.assertEqual(me.user_id, "ann@b.c")
        self.assertGreaterEqual(me.roles, {"r"})
        self.assertGreaterEqual(me.permissions, {"p"})      # some have those of the organisation
        self.assertIn("o-1", me.organisations, me.claims)
        return me

    def test_profiles(self):
        profiles = self.sql("SELECT profile, audience_required FROM authz.profile ORDER BY 1")
        self.assertGreater(len(profiles), 15)
        for profile, audience_required in profiles:
            for audience in (["api"],) + (None,) * (not audience_required):
                with self.subTest(profile=profile, audience=audience):
                    self.one("https://new.example", profile, {}, audience)

    def test_options(self):
        for options in OPTIONS:
            with self.subTest(options=options):
                me = self.one("https://new.example", "generic", options, ["api"])
                shape = options.get("org_shape", "propelauth")
                if shape != "list":
                    self.assertEqual(me.organisations["o-1"]["role"], "Owner")
                if shape not in ("list", "by_role"):
                    self.assertEqual(me.organisations["o-1"]["permissions"], ["bill"])

    def test_one_organisation_only(self):
        self.sql("SELECT authz.add_issuer('https://new.example', '{api}', options => %s::json)",
                 json.dumps(ONE))
        with self.assertRaisesRegex(ValueError, "one organisation"):
            self.mint("ann", issuer="https://new.example", orgs={"a": "x", "b": "y"})

    def test_which(self):
        """Of several issuers the test says which, or the settings."""
        self.sql("SELECT authz.add_issuer('https://new.example', '{api}')")
        with self.assertRaisesRegex(ImproperlyConfigured, "'https://id.example', 'https://new"):
            self.mint("ann")
        with self.assertRaisesRegex(ImproperlyConfigured, "no issuer 'https://other.example'"):
            self.mint({"iss": "https://other.example"})
        with self.as_user({"sub": "ann", "iss": "https://new.example"}):
            self.assertEqual(authz.identity().issuer, "https://new.example")
        with self.settings(DBMI_AUTHZ={"TEST_ISSUER": "https://new.example"}), self.as_user("ann"):
            self.assertEqual(authz.identity().issuer, "https://new.example")

    def test_without_any(self):
        """A project whose operator adds the issuer by hand."""
        rows = self.sql("SELECT audience, options::text FROM authz.issuer"
                        " WHERE issuer = 'https://id.example'")
        self.sql("SELECT authz.drop_issuer('https://id.example')")
        try:
            with self.as_user("ann"):
                self.assertEqual(authz.identity().issuer, "https://issuer.invalid")
        finally:
            self.sql("SELECT authz.add_issuer('https://id.example', %s, options => %s::json)",
                     *rows[0])

    def test_old_keys_go(self):
        """Those that tests of other days have left in a kept database."""
        self.mint("ann")
        for days, kid in ((2, "dbmi_authz-tests-old"), (0, "dbmi_authz-tests-new"), (2, "theirs")):
            self.sql("SELECT authz.add_secret('https://id.example', decode(md5(%s) || md5('x'), 'hex'), %s)",
                     kid, kid)
            self.sql("UPDATE authz.issuer_key SET added_at = now() - %s * interval '1 day'"
                     " WHERE kid = %s RETURNING 1", days, kid)
        issuer._known.clear()
        self.mint("ann")
        kids = {kid for kid, in self.sql("SELECT kid FROM authz.issuer_key")}
        self.assertEqual(kids, {"dbmi_authz-tests-new", "theirs", issuer.KID})
        for kid in ("dbmi_authz-tests-new", "theirs"):
            self.sql("SELECT authz.drop_key('https://id.example', %s)", kid)
