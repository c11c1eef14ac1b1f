"""Debian's Chromium by the WebDriver protocol, and a server for it to look at."""
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from socketserver import ThreadingMixIn
from urllib.request import ProxyHandler, Request, build_opener
from urllib.error import HTTPError
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
OPEN = build_opener(ProxyHandler({}))


class Handler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


class Server(ThreadingMixIn, WSGIServer):
    """The test project with its static files, on a port of the loopback."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        project = StaticFilesHandler(get_wsgi_application())

        def application(environ, start_response):
            if environ["PATH_INFO"] == "/favicon.ico":      # browsers ask by themselves
                start_response("204 No Content", [])
                return []
            return project(environ, start_response)
        self.set_app(application)
        self.url = "http://127.0.0.1:%d" % self.server_port
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()

    def handle_error(self, request, client_address):
        pass        # the browser went away

    def stop(self):
        self.shutdown()
        self.server_close()


class Browser:
    def __init__(self):
        self.directory = tempfile.mkdtemp()
        # a group of its own: the driver, and the browser below it
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True, start_new_session=True,
            env={**os.environ, "HOME": self.directory, "XDG_RUNTIME_DIR": self.directory})
        self.session = ""
        try:
            self.base = "http://127.0.0.1:%d" % self.port()
            threading.Thread(target=self.driver.stdout.read, daemon=True).start()
            self.session = "/session/" + self.call("POST", "/session", {"capabilities": {
                "alwaysMatch": {
                    "goog:loggingPrefs": {"browser": "ALL"},
                    "goog:chromeOptions": {"args": [
                        "--headless=new", "--no-sandbox", "--disable-gpu",
                        "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
                        "--disable-background-networking", "--disable-component-update",
                        "--hide-scrollbars", "--user-data-dir=" + self.directory + "/profile",
                        "--window-size=1280,900"]}}}})["sessionId"]
        except BaseException:
            self.stop()
            raise

    def port(self):
        for line in self.driver.stdout:
            found = re.search(r"on port (\d+)", line)
            if found and "started" in line:
                return int(found[1])
        raise RuntimeError("chromedriver ended")

    def call(self, method, path, body=None):
        data = None if body is None and method != "POST" else json.dumps(body or {}).encode()
        request = Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with OPEN.open(request, timeout=60) as response:
                return json.load(response)["value"]
        except HTTPError as error:
            raise AssertionError("%s: %s" % (path, json.load(error)["value"]["message"])) from None

    def ask(self, path, body=None):
        return self.call("GET" if body is None else "POST", self.session + path, body)

    def go(self, url):
        self.ask("/url", {"url": url})

    def run(self, script, *args):
        return self.ask("/execute/sync", {"script": script, "args": list(args)})

    def cdp(self, command, **params):
        return self.ask("/goog/cdp/execute", {"cmd": command, "params": params})

    def all(self, css):
        return [found[ELEMENT] for found in self.ask(
            "/elements", {"using": "css selector", "value": css})]

    def one(self, css):
        found = self.all(css)
        if len(found) != 1:
            raise AssertionError("%d elements %s on %s" % (len(found), css, self.url()))
        return found[0]

    def named(self, role, name):
        """What assistive technology calls so."""
        css = {"link": "a", "button": "input[type=submit], button, [role=button]",
               "textbox": "input, textarea", "combobox": "select", "radio": "input[type=radio]"}[role]
        # which it may be, and then what the browser itself says
        found = [element for element in self.maybe(css, name)
                 # style sheets may show capitals, and then the name has them, too
                 if self.ask("/element/%s/computedlabel" % element).lower() == name.lower()
                 and self.ask("/element/%s/computedrole" % element) in (role, "searchbox")]
        if len(found) != 1:
            raise AssertionError("%d of %s %r on %s: %s" % (
                len(found), role, name, self.url(), self.text()[:1500]))
        return found[0]

    def maybe(self, css, name):
        found = self.run("""
            const name = arguments[1].toLowerCase();
            return [...document.querySelectorAll(arguments[0])].filter(e => e.type !== 'hidden' && [
                e.innerText, e.type === 'submit' && e.value, e.getAttribute('aria-label'),
                ...[...(e.labels || [])].map(l => l.innerText)
            ].some(text => text && text.trim().toLowerCase().startsWith(name)))""", css, name)
        return [element[ELEMENT] for element in found]

    def click(self, role, name):
        self.press(self.named(role, name))

    def press(self, element):
        self.ask("/element/%s/click" % element, {})

    def type(self, name, text):
        element = self.named("textbox", name)
        self.ask("/element/%s/clear" % element, {})
        self.ask("/element/%s/value" % element, {"text": text})

    def choose(self, name, text):
        element = self.named("combobox", name)
        self.run("const o = [...arguments[0].options].find(o => o.text === arguments[1]);"
                 "o.selected = true; arguments[0].dispatchEvent(new Event('change'));",
                 {ELEMENT: element}, text)

    def text(self):
        return self.run("return document.body.innerText")

    def url(self):
        return self.ask("/url")

    def console(self):
        """What the page complained of since the last time."""
        return [entry["message"] for entry in self.ask("/se/log", {"type": "browser"})]

    def screenshot(self, path):
        found = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(path, "wb") as f:
            f.write(base64.b64decode(found["data"]))

    def stop(self):
        try:
            if self.session:
                self.call("DELETE", self.session)
        finally:
            for end in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(self.driver.pid, end)
                except ProcessLookupError:
                    break
                for _ in range(40):
                    if self.driver.poll() is not None:
                        break
                    time.sleep(0.05)
            self.driver.wait()
            self.driver.stdout.close()
            shutil.rmtree(self.directory, ignore_errors=True)
