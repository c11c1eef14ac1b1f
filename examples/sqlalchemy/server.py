"""Notes over HTTP: GET /notes lists one's own, POST /notes {"body": "..."} adds one.

Whose they are, the bearer token of each request says; the database decides.
"""
import http.client
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sqlalchemy import Column, FetchedValue, Identity, Integer, Text, create_engine, select, text
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.orm import declarative_base

from as_user import as_user, sqlstate_of, status_of

Base = declarative_base()


class Note(Base):
    __tablename__ = "notes"
    id = Column(Integer, Identity(always=True), primary_key=True)
    owner = Column(Text, server_default=FetchedValue())     # authz.subject()
    body = Column(Text, nullable=False)

    def as_dict(self):
        return {"id": self.id, "owner": self.owner, "body": self.body}


engine = create_engine(
    os.environ["DATABASE_URL"], hide_parameters=True, pool_pre_ping=True,
    pool_size=int(os.environ.get("POOL_SIZE", 5)), max_overflow=0, pool_timeout=5)


def list_notes(session, _):
    return 200, [note.as_dict() for note in session.scalars(select(Note).order_by(Note.id))]


def add_note(session, given):
    note = Note(**{name: given[name] for name in ("owner", "body") if name in given})
    session.add(note)
    session.flush()         # within the transaction, so that a refusal is this request's
    return 201, note.as_dict()


def health():
    """Nobody is logged in on a connection that lies idle in the pool."""
    with engine.connect() as connection:
        somebody = connection.scalar(text("SELECT authz.is_authenticated()"))
    return (500 if somebody else 200), {"somebody": somebody}


class Handler(BaseHTTPRequestHandler):
    # HTTP/1.0, one request a connection: what is left of a body is never read as another.
    timeout = 10

    def answer(self):
        route = self.command, self.path.partition("?")[0]
        if route == ("GET", "/health"):
            return health()
        handle = {("GET", "/notes"): list_notes, ("POST", "/notes"): add_note}.get(route)
        if handle is None:
            return 404, {"error": "Not Found"}
        # All of the body first: who sends it slowly must not hold a connection meanwhile.
        length = int(self.headers.get("Content-Length", 0))
        if not 0 <= length <= 100_000:
            raise ValueError("too long")
        given = json.loads(self.rfile.read(length) or b"{}")
        if not isinstance(given, dict) or any(isinstance(v, (dict, list)) for v in given.values()):
            raise ValueError("not a note")
        with as_user(engine, self.headers.get("Authorization")) as session, session.begin():
            return handle(session, given)

    def reply(self):
        challenge = None
        try:
            status, body = self.answer()
        except Exception as error:
            if isinstance(error, NoFreeConnection):
                status = 503
            elif isinstance(error, (ValueError, RecursionError)):
                status = 400
            else:
                status, challenge = status_of(error)
            body = {"error": http.client.responses[status]}
            # The SQLSTATE, and never the error as a whole or the headers.
            print(self.command, status, sqlstate_of(error) or type(error).__name__,
                  file=sys.stderr, flush=True)
        text = json.dumps(body).encode()
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        try:
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            pass            # the client has gone; what it asked for is done

    do_GET = do_POST = reply

    def log_message(self, *_):
        """Not the request line: a client may have put its token into the query."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 8000))), Handler)
    print("http://127.0.0.1:%d" % server.server_port, flush=True)
    server.serve_forever()
