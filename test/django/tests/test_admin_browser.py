"""The admin's pages in Chromium: clicked through, light, dark and on a phone."""
import json
import os
import time
import unittest
from contextlib import ExitStack

from django.contrib.auth.models import User

from . import minting, rows, token
from .browser import Browser, Server
from .test_admin import ISSUER, NASTY, ROOT, SECRET, forget, member, owner

# One question for each look, for each costs a round trip: what is wider than the window, or on
# a desk than its place; the least contrast of a state with what is behind it (WCAG 2, 1.4.3:
# 4.5); which controls have no name; and the text.
LOOK = """
const most = document.documentElement.clientWidth;
const wider = document.documentElement.scrollWidth <= most + 1 ? [] :
  [...document.querySelectorAll('#content *')].filter(e => e.getBoundingClientRect().right > most + 1)
  .slice(0, 5).map(e => e.outerHTML.slice(0, 200) + ' ' + e.getBoundingClientRect().right);
const number = c => c.match(/[\\d.]+/g).map(Number);
const light = c => { const [r, g, b] = number(c).map(v => (v /= 255) <= 0.03928 ? v / 12.92
  : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
  const n = number(c); if (n.length === 3 || n[3] > 0) return c; } return 'rgb(255, 255, 255)'; };
const contrast = Math.min(21, ...[...document.querySelectorAll('.authz-state, .authz-about, .authz-answer *')]
  .map(e => { const a = light(getComputedStyle(e).color), b = light(behind(e));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }));
const clipped = most < 1024 ? [] : [...document.querySelectorAll('.authz-scroll')]
  .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.scrollWidth + ' of ' + e.clientWidth);
const unnamed = [...document.querySelectorAll(
    '#content input, #content select, #content textarea, #content button, #content a')]
  .filter(e => e.type !== 'hidden' && e.offsetParent !== null)
  .filter(e => !(e.labels && e.labels.length) && !e.getAttribute('aria-label') && !e.title
            && !(e.innerText || '').trim() && !(e.type === 'submit' && e.value))
  .map(e => e.outerHTML);
return [wider.concat(clipped), contrast, unnamed, document.body.innerText]"""

# Where the links of the page lead
LINKS = """
return [...document.querySelectorAll('#content a')].map(e => [e.innerText.trim().toLowerCase(), e.href])"""


def data():
    """Something of everything."""
    forget()
    rows()
    owner("SELECT authz.add_issuer('https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-"
          "2d7cd011db47/v2.0', '{api://clinic,clinic}', 'entra')")
    owner("SELECT authz.add_issuer('https://failing.example', '{clinic}')")
    owner("SELECT authz.add_issuer('https://hmac.example', '{clinic}',"
          " options => '{\"algorithms\": [\"HS256\"]}')")
    owner("SELECT authz.add_secret('https://hmac.example', %s, 'desk')", SECRET.encode())
    owner("SELECT authz.add_key('https://failing.example', %s::json)", json.dumps(
        {**minting.public_jwk(os.path.join(os.path.dirname(minting.__file__), "fixtures", "rsa_b.pem"),
                              "RS256"), "kid": NASTY, "alg": "RS256"}))
    owner("INSERT INTO authz.jwks_status VALUES ('https://failing.example', now() - interval '9 days',"
          " now() - interval '4 minutes', 'certificate', '[]', now() + interval '1 minute')")
    owner("SELECT authz.revoke_subject(%s, 'mallory', 'infinity')", ISSUER)
    owner("SELECT authz.revoke_subject(%s, 'bob')", ISSUER)
    owner("SELECT authz.revoke_token(%s, '6ba7b810-9dad-11d1-80b4-00c04fd430c8', now() - interval '1 h')",
          ISSUER)
    owner("INSERT INTO authz.inactive_subject VALUES (%s, 'mallory')", ISSUER)
    owner("INSERT INTO authz.item_permission (email, client, item, permission, granted_by)"
          " SELECT 'person' || i || '@department.university.example', 'clinic',"
          " 'SciReg.study' || i || '.profile.somebody@else.example', 'VIEW', 'root@example.com'"
          " FROM generate_series(1, 130) i")


class Chromium(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.stack = ExitStack()
        try:
            cls.stack.callback(forget)
            data()
            cls.stack.enter_context(member())
            User.objects.using("owner").filter(username__in=["boss", "other", "clerk", "guest"]).delete()
            User.objects.db_manager("owner").create_superuser("boss", "", "correct horse")
            cls.server = Server()
            cls.stack.callback(cls.server.stop)
            cls.browser = Browser()
            cls.stack.callback(cls.browser.stop)
            cls.log_in()
        except BaseException:
            cls.stack.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    @classmethod
    def log_in(cls):
        browser = cls.browser
        browser.go(cls.server.url + "/admin/login/")
        browser.ask("/cookie", {"cookie": {"name": "DBMI_JWT", "value": ROOT}})
        browser.type("Username:", "boss")
        browser.type("Password:", "correct horse")
        browser.click("button", "Log in")
        # or its page would come after the one that is opened next
        end = time.monotonic() + 10
        while "Site administration" not in browser.text() and time.monotonic() < end:
            time.sleep(0.05)

    def setUp(self):
        self.addCleanup(self.complaints)
        self.addCleanup(self.show)

    def complaints(self):
        self.assertEqual(self.browser.console(), [])

    dark = phone = False        # what is shown at the moment

    def show(self, dark=False, phone=False):
        if dark != Chromium.dark:
            self.browser.cdp("Emulation.setEmulatedMedia", features=[
                {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        if phone and not Chromium.phone:
            self.browser.cdp("Emulation.setDeviceMetricsOverride", width=390, height=844,
                             deviceScaleFactor=1, mobile=True)
        elif Chromium.phone and not phone:
            self.browser.cdp("Emulation.clearDeviceMetricsOverride")
        Chromium.dark, Chromium.phone = dark, phone

    def open(self, path):
        self.browser.go(self.server.url + "/admin/" + path)

    def patiently(self, what, *args):
        end = time.monotonic() + 10
        while True:
            try:
                return what(*args)
            except AssertionError:      # the next page is on its way
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def click(self, role, name):
        self.patiently(self.browser.click, role, name)

    def type(self, name, text):
        self.patiently(self.browser.type, name, text)

    def choose(self, name, text):
        self.patiently(self.browser.choose, name, text)

    def sees(self, *texts):
        def there():
            text = self.browser.text()
            for each in texts:
                self.assertIn(each, text)
        self.patiently(there)

    def looks(self, name):
        """By day, by night, and on a phone."""
        for suffix, dark, phone in [("light", False, False), ("dark", True, False),
                                    ("phone", True, True)]:
            with self.subTest(name, look=suffix):
                self.show(dark, phone)
                wider, contrast, unnamed, text = self.browser.run(LOOK)
                self.assertEqual(wider, [])
                self.assertGreaterEqual(contrast, 4.5)
                self.assertEqual(unnamed, [])
                self.assertNotRegex(text, r"</(span|time|pre|a)>")
                if os.environ.get("ADMIN_PICTURES"):
                    os.makedirs(os.environ["ADMIN_PICTURES"], exist_ok=True)
                    self.browser.screenshot("%s/%s-%s.png" % (
                        os.environ["ADMIN_PICTURES"], name, suffix))
        self.show()

    def test_lists(self):
        self.open("dbmi_authz/")
        links = self.browser.run(LINKS)
        for link, name, texts in [
                ("Issuers", "issuers", ["fetching fails: the certificate is not trusted", "fresh",
                                        "no key: nobody of it can log in", "9 days ago"]),
                ("Keys", "keys", ["shared secret", "public key", NASTY, "add_secret"]),
                ("Revocations", "revocations", ["mallory", "all tokens, for good"]),
                ("People locked out", "inactive", ["mallory", "counts as nobody"]),
                ("Permissions on items", "grants", ["person1@department.university.example"]),
                ("Sessions: who is logged in", "sessions", ["has to preload the library"]),
                ("Changes of the trust", "trust", ["INSERT issuer", "clinic_owner", NASTY]),
                ("Linter: what is wrong", "lint", ["all ("]),
                ("Explanations: who may see what", "explanations", ["Of which table"])]:
            with self.subTest(link):
                address, = [href for text, href in links if text == link.lower()]
                self.browser.go(address)
                self.sees(*texts)
                self.looks(name)

    def test_an_issuer(self):
        self.open("dbmi_authz/issuer/?q=failing")
        self.click("link", "https://failing.example")
        self.sees("the certificate is not trusted (certificate)", "4 minutes ago", "1 key")
        self.looks("issuer")
        self.click("link", "1 key")
        self.sees(NASTY)
        self.click("link", NASTY)
        self.sees("public key", "add_key")
        self.looks("key")

    def test_end_sessions(self):
        self.open("dbmi_authz/revocation/")
        self.click("link", "End a person's sessions")
        self.looks("end-form")
        self.choose("Issuer:", ISSUER)
        self.type("Who or which:", token("ann"))
        self.click("button", "Go on")
        self.sees("This is a token.")
        self.looks("end-error")
        self.choose("Issuer:", ISSUER)
        self.type("Who or which:", "ann")
        self.click("button", "Go on")
        self.sees("You do this as boss, with the token of root of https://id.example.")
        self.looks("end-confirm")
        self.click("link", "No, take me back")
        self.sees("mallory")
        self.assertNotIn("ann", self.browser.text())
        self.open("dbmi_authz/revocation/add/?value=ann&issuer=" + ISSUER)
        self.click("button", "Go on")
        self.click("button", "Yes, end it")
        self.sees("Done: person ann.")
        self.click("link", "Remove what has ended")
        self.click("button", "Yes, remove them")
        self.sees("1 revocation was removed.")
        self.click("link", "ann")
        self.sees("tokens from before")
        self.looks("revocation")
        self.click("link", "History")
        self.sees("Revoked: subject (as root of https://id.example)")

    def test_grants(self):
        self.open("dbmi_authz/itempermission/")
        self.click("link", "2")
        self.sees("130 permissions on items")
        self.click("link", "Grant a permission")
        self.looks("grant-form")
        self.type("E-mail address:", "amy@example.com")
        self.type("Item:", "a..b")
        self.click("button", "Grant")
        self.sees('malformed item path: "a..b"')
        self.type("Item:", "scans.brain")
        self.click("button", "Grant")
        self.sees("Granted: VIEW on scans.brain for amy@example.com.")
        self.open("dbmi_authz/itempermission/?q=amy")
        self.browser.press(self.browser.one("input.action-select"))
        self.choose("Action:", "Take back the selected permissions")
        self.click("button", "Go")
        self.sees("VIEW on scans.brain, in clinic")
        self.looks("take-back")
        self.click("button", "Yes, take them back")
        self.sees("1 permission was taken back.")
        self.open("dbmi_authz/itempermission/?q=amy")
        self.sees("Nothing fits this search.")
        self.looks("nothing")

    def test_explain(self):
        self.open("clinic/note/1/change/")
        self.click("link", "Who may see this?")
        self.sees("root sees the row", "Your token is that of root of https://id.example.")
        self.looks("explain")
        self.click("radio", "as somebody with these claims")
        self.type("Claims:", '{"sub": "ann"}')
        self.click("button", "Explain")
        self.sees("ann sees the row: permissive policy own lets it through", "simulated")
        self.looks("explain-somebody")
        self.click("link", "Back")
        self.sees("Change note")
        self.assertTrue(self.browser.url().endswith("/admin/clinic/note/1/change/"))

    def test_lint(self):
        self.open("dbmi_authz/finding/")
        level = self.browser.all(".authz-levels a")[3]
        self.browser.press(level)
        self.sees("worth knowing (")
        self.browser.one('.authz-levels a[href="?level=info"][aria-current]')
