"""Many users at once, who look closely at what they get."""
import http.client
import json
import random
import socket
import threading
import time
import uuid
from urllib.parse import urlencode

from django.db import connections

from . import forged, mint, org

PEOPLE = 30
WRITERS = 5         # the first of them add rows
ORGS = [str(uuid.UUID(int=n + 1, version=4)) for n in range(5)]


def name(n):
    return "u%d" % n


def rows_of(n):
    return ["%s note %d" % (name(n), k) for k in range(1 + n % 4)]


def move_in():
    """Rows for all of them."""
    with connections["root"].cursor() as cursor:
        cursor.execute("TRUNCATE clinic_note, clinic_comment, clinic_record RESTART IDENTITY")
        for n in range(PEOPLE):
            for title in rows_of(n):
                cursor.execute("INSERT INTO clinic_note (owner, title, words) VALUES (%s, %s, 1)",
                               [name(n), title])
        for one in ORGS:
            cursor.execute("INSERT INTO clinic_record (org_id, text) VALUES (%s, 'x')", [one])
    return ([mint(name(n), **{"scope": "read", "email": name(n) + "@example.com",
                              "org_id_to_org_member_info": org(ORGS[n % 5])})
             for n in range(PEOPLE)], [forged(name(n)) for n in range(3)])


class Connection(http.client.HTTPConnection):
    """Over a socket of this machine."""

    def __init__(self, path):
        super().__init__("clinic", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Crowd:
    def __init__(self, path, seed, atomic):
        self.path = path
        self.atomic = atomic
        self.seed = seed
        self.tokens, self.forged = move_in()
        self.wrong = []
        self.done = 0
        self.lock = threading.Lock()

    def run(self, clients, requests):
        """Requests for each second."""
        began = time.monotonic()
        threads = [threading.Thread(target=self.client, args=(k, requests // clients))
                   for k in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.done / (time.monotonic() - began)

    def client(self, k, requests):
        dice = random.Random("%s %s" % (self.seed, k))
        for i in range(requests):
            action = dice.choices(list(ACTIONS), list(ACTIONS.values()))[0]
            try:
                problem = action(self, dice, "%d-%d" % (k, i))
            except Exception as error:
                problem = repr(error)
            with self.lock:
                self.done += 1
                if problem:
                    self.wrong.append("%s: %s" % (action.__name__, problem))

    def ask(self, path, token=None, post=None, read=None):
        """(status, body)"""
        connection = Connection(self.path)
        headers = {} if token is None else {"Authorization": "Bearer " + token}
        try:
            if post is None:
                connection.request("GET", path, headers=headers)
            else:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                connection.request("POST", path, urlencode(post), headers)
            response = connection.getresponse()
            return response.status, response.read() if read is None else response.read(read)
        finally:
            connection.close()


# ---- what they do; each returns what is wrong, or nothing ----

def counts(crowd, dice, tag):
    n = dice.randrange(PEOPLE)
    status, body = crowd.ask("/counts/", crowd.tokens[n])
    if status != 200 or json.loads(body) != {
            "subject": name(n), "owners": [name(n)], "orgs": [ORGS[n % 5]], "comments": 0}:
        return (n, status, body)


def notes(crowd, dice, tag, path="/notes/"):
    n = dice.randrange(WRITERS, PEOPLE)
    status, body = crowd.ask(path, crowd.tokens[n])
    if status != 200 or json.loads(body)["notes"] != rows_of(n):
        return (n, status, body)


def rest(crowd, dice, tag):
    n = dice.randrange(WRITERS, PEOPLE)
    status, body = crowd.ask("/api/notes/", crowd.tokens[n])
    if status != 200 or [note["title"] for note in json.loads(body)] != rows_of(n):
        return (n, status, body)


def transactions(crowd, dice, tag):
    n = dice.randrange(WRITERS, PEOPLE)
    status, body = crowd.ask("/atomic/", crowd.tokens[n])
    if status != 200 or json.loads(body)["seen"] != [len(rows_of(n))] * 7:
        return (n, status, body)


def closes(crowd, dice, tag):
    """The connection, in the middle of the view; not in a transaction."""
    if crowd.atomic:
        return notes(crowd, dice, tag)
    n = dice.randrange(WRITERS, PEOPLE)
    status, body = crowd.ask("/closes/", crowd.tokens[n])
    if status != 200 or json.loads(body)["seen"] != [rows_of(n)] * 2:
        return (n, status, body)


def stranger(crowd, dice, tag):
    status, body = crowd.ask("/notes/")
    if status != 200 or json.loads(body)["notes"]:
        return (status, body)


def forger(crowd, dice, tag):
    status, body = crowd.ask(dice.choice(["/notes/", "/counts/", "/api/notes/"]),
                             dice.choice(crowd.forged))
    if status != 401 or b"signature" not in body:
        return (status, body)


def forger_let_in(crowd, dice, tag):
    status, body = crowd.ask("/optional/", dice.choice(crowd.forged))
    if status != 200 or json.loads(body) != {"notes": [], "subject": None}:
        return (status, body)


def fails(crowd, dice, tag):
    n = dice.randrange(PEOPLE)
    status, body = crowd.ask(dice.choice(["/fails/", "/breaks/"]), crowd.tokens[n])
    if status != 500:
        return (status, body)


def adds(crowd, dice, tag):
    n = dice.randrange(WRITERS)
    status, body = crowd.ask("/add/", crowd.tokens[n], {
        "owner": name(n), "title": "%s note new %s" % (name(n), tag)})
    if status != 201 or not all(title.startswith(name(n) + " ")
                                for title in json.loads(body)["notes"]):
        return (n, status, body)


def adds_for_another(crowd, dice, tag):
    n = dice.randrange(PEOPLE)
    status, body = crowd.ask("/add/", crowd.tokens[n], {
        "owner": name((n + 1) % PEOPLE), "title": "planted"})
    if status != 403:
        return (n, status, body)


def streams(crowd, dice, tag):
    n = dice.randrange(WRITERS, PEOPLE)
    status, body = crowd.ask("/streams/", crowd.tokens[n])
    titles = rows_of(n)
    if body.decode() != "".join("%s\n%d\n" % (title, len(titles)) for title in titles):
        return (n, status, body)


def hangs_up(crowd, dice, tag):
    """In the middle of a stream, or before the response."""
    n = dice.randrange(PEOPLE)
    status, body = crowd.ask("/streams/", crowd.tokens[n], read=dice.choice([0, 1, 4]))
    if not (name(n) + " note").encode().startswith(body):
        return (n, status, body)


ACTIONS = {counts: 6, notes: 6, rest: 3, transactions: 3, closes: 1, stranger: 3,
           forger: 2, forger_let_in: 1, fails: 2, adds: 1, adds_for_another: 2, streams: 2,
           hangs_up: 1}
