"""Two users of the notes, what they ask of a program, and what it must answer."""
import concurrent.futures
import http.client
import json
import random
import re
import socket
import threading
import time

import psycopg2

# What the test adds: notes that take their time.
PREPARE = """
CREATE FUNCTION takes_its_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.body LIKE 'raise %' THEN
		RAISE EXCEPTION 'no' USING ERRCODE = substr(NEW.body, 7, 5), DETAIL = 'not JSON';
	END IF;
	PERFORM pg_sleep(CASE WHEN NEW.body LIKE 'slow%' THEN 0.1 WHEN NEW.body LIKE 'late%' THEN 10 END);
	RETURN NEW;
END $$;
CREATE TRIGGER takes_its_time BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION takes_its_time();
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.body LIKE 'commit %' THEN
		RAISE EXCEPTION 'no' USING ERRCODE = substr(NEW.body, 8, 5);
	END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION at_commit();
CREATE FUNCTION leaves_a_lock() RETURNS boolean SECURITY DEFINER
	RETURN pg_try_advisory_lock(42);
ALTER ROLE notes_app SET statement_timeout = '1s';
ALTER ROLE mail_assistant SET statement_timeout = '1s';
"""
CUT = ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
       " WHERE usename = 'notes_app' AND datname = current_database()")
TOKEN = re.compile(r"eyJ[\w-]{5}")


class Json:
    """Programs that take and give JSON."""

    @staticmethod
    def new_note(body, owner=None):
        given = {"body": body, **({"owner": owner} if owner else {})}
        return "/notes", json.dumps(given)

    @staticmethod
    def listed(text):
        return [(note["owner"], note["body"]) for note in json.loads(text)]

    @classmethod
    def whole(cls, *args):
        whole(*args)

    @classmethod
    def short(cls, *args):
        short(*args)


class Lines(Json):
    """Programs that take text and give lines."""

    @staticmethod
    def new_note(body, owner=None):
        return "/notes" + ("?owner=" + owner if owner else ""), body or ""

    @staticmethod
    def listed(text):
        return [tuple(line.split("\t")[1:]) for line in text.splitlines()]


def ask(port, method, path, token=None, body=None, timeout=20):
    """(status, challenge, text)"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = {"Authorization": "Bearer " + token} if token else {}
        connection.request(method, path, body=body and body.encode(), headers=headers)
        response = connection.getresponse()
        return response.status, response.getheader("WWW-Authenticate"), response.read().decode()
    finally:
        connection.close()


def leave(port, path, token, body, after, part=None):
    """Send a request, all or a part of it, and hang up without waiting for the answer."""
    data = body.encode()
    head = ("POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
            "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (path, token, len(data)))
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(head.encode() + data[:part])
        time.sleep(after)


class Users:
    def __init__(self, program, port, database, result, tokens):
        self.speak, self.port, self.result = program.speak, port, result
        self.name, self.database, self.tokens = program.name, database, tokens
        self.lock = threading.Lock()
        self.added = {"ann": set(), "bob": set()}
        self.count = 0

    def fault(self, good, what, answer):
        with self.lock:
            return self.result.check(good, "%s: %s: %s" % (self.name, what, str(answer)[:200]))

    def body_of(self, who, kind=""):
        with self.lock:
            self.count += 1
            return "%s%s %d" % (kind, who, self.count)

    # ---- one request each ----

    def reads(self, who):
        with self.lock:
            known = set(self.added[who])
        answer = ask(self.port, "GET", "/notes", self.tokens[who])
        rows = self.speak.listed(answer[2]) if answer[0] == 200 else []
        self.fault(answer[0] == 200 and all(owner == who for owner, _ in rows)
                   and known <= {body for _, body in rows}, who + " reads", answer)

    def writes(self, who):
        body = self.body_of(who)
        answer = ask(self.port, "POST", *(lambda p, b: (p, self.tokens[who], b))(*self.speak.new_note(body)))
        if self.fault(answer[0] == 201, who + " writes", answer):
            with self.lock:
                self.added[who].add(body)

    def refused(self, token, says):
        answer = ask(self.port, "GET", "/notes", self.tokens.get(token))
        self.fault(answer[0] == 401 and re.fullmatch(says, answer[1] or ""), token, answer)

    def status(self, what, status, token, body, owner=None):
        path, text = self.speak.new_note(body, owner)
        answer = ask(self.port, "POST", path, self.tokens[token], text)
        self.fault(answer[0] == status and "ann" not in answer[2], what, answer)

    def hangs_up(self, who, part):
        path, text = self.speak.new_note(self.body_of(who, "slow "))
        leave(self.port, path, self.tokens[who], text, 0.05, part)

    def someday(self, rng):
        """One of all these."""
        who = rng.choice(("ann", "bob"))
        invalid = 'Bearer realm="notes", error="invalid_token", error_description="[^"]+"'
        rng.choice((
            lambda: self.reads(who), lambda: self.reads(who), lambda: self.reads(who),
            lambda: self.reads(who), lambda: self.writes(who), lambda: self.writes(who),
            lambda: self.refused("expired", invalid), lambda: self.refused("tampered", invalid),
            lambda: self.refused("another key", invalid),
            lambda: self.refused("another audience", invalid),
            lambda: self.refused("none", 'Bearer realm="notes"'),
            lambda: self.status("bob forges", 403, "bob", self.body_of("bob"), "ann"),
            lambda: self.status("without scope", 403, "reader", self.body_of("bob")),
            lambda: self.status("fails", 400, who, None),
            lambda: self.hangs_up(who, None), lambda: self.hangs_up(who, 5),
        ))()


def tokens_of(mint):
    ann, bob = mint("ann"), mint("bob")
    return {"ann": ann, "bob": bob, "expired": mint("ann", exp="-3600"),
            "tampered": ann[:-10] + "AAAAAAAAAA", "another key": mint("ann", key="rsa_b"),
            "another audience": mint("ann", aud="bank"), "reader": mint("bob", scope="")}


def interleaved(users, threads, each, seed):
    def one(number):
        rng = random.Random("%s %s" % (seed, number))
        for _ in range(each):
            try:
                users.someday(rng)
            except (OSError, http.client.HTTPException) as error:
                users.fault(False, "no answer", repr(error))
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(threads)))


def nobody_stayed(users, service, since):
    """After all: idle connections are nobody's, rows their owners', logs without tokens."""
    for _ in range(4):
        answer = ask(users.port, "GET", "/health")
        users.fault(answer[0] == 200, "health", answer)
    users.fault(service.runs(), "it ended", service.printed())
    wrong = users.database.ask("SELECT owner, body FROM notes WHERE body !~ ('^(slow )?' || owner || ' ')")
    users.fault(not wrong, "a note of somebody else's", wrong)
    users.fault(not TOKEN.search(service.printed()), "a token is printed", service.printed())
    users.fault("Traceback" not in service.printed() and "\tat " not in service.printed(),
                "a trace is printed", service.printed())
    logged = users.database.logged_since(since)
    users.fault("set_token($1" in logged or "set_token(CAST($1" in logged, "not logged", "")
    found = TOKEN.search(logged)
    users.fault(not found, "a token is logged", found and logged[max(0, found.start() - 150):found.end()])


def cut(users):
    """The server ends the connection while a request is at work."""
    path, text = users.speak.new_note("slow ann cut")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, users.port, "POST", path, users.tokens["ann"], text)
        for _ in range(100):
            if users.database.ask(CUT + " AND wait_event = 'PgSleep'"):
                break
            time.sleep(0.01)
        users.fault(answer.result()[0] == 503, "cut while at work", answer.result())
    users.database.ask(CUT)
    time.sleep(0.05)


def recovers(users):
    """Connections that were lost cost at most one request each."""
    for _ in range(4):
        if ask(users.port, "GET", "/notes", users.tokens["bob"])[0] == 200:
            break
    users.reads("bob")
    users.reads("ann")


def times_out(users):
    path, text = users.speak.new_note("late ann")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        late = [pool.submit(ask, users.port, "POST", path, users.tokens["ann"], text) for _ in range(2)]
        hung = socket.create_connection(("127.0.0.1", users.port))      # and a part of a request
        hung.sendall(b"POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        users.reads("bob")      # waits for one of the two connections
        hung.close()
        for answer in late:
            users.fault(answer.result()[0] == 503, "statement timeout", answer.result())


def refuses_itself(users):
    """What a trigger of the application raises, be it at COMMIT."""
    for body, status in (("raise 28000", 401), ("raise P0001", 500), ("commit 23514", 400),
                         ("commit 42501", 403), ("commit 40001", 503)):
        users.status(body, status, "ann", body)


def odd_bodies(users):
    """Not what a note looks like: the client's fault, and no more than that."""
    bodies = ["5", '"body"', "null", "[]", "{", "[" * 50_000, '{"body": {"a": 1}}', '{"body": "\\ud800"}']
    for body in bodies if users.speak is Json else ():
        answer = ask(users.port, "POST", "/notes", users.tokens["ann"], body)
        users.fault(answer[0] in (201, 400), "POST " + body[:20], answer)
    try:
        path, text = users.speak.new_note("ann " + "x" * 300_000)
        answer = ask(users.port, "POST", path, users.tokens["ann"], text)
        users.fault(answer[0] == 400, "a body without end", answer)
    except OSError:
        users.fault(True, "", "")       # was hung up on
    users.database.ask("DELETE FROM notes WHERE body !~ '^(slow )?(ann|bob) '")


def smuggles(users):
    """A request within the body of another is not answered."""
    for head in ("POST /nothing HTTP/1.1\r\nContent-Length: 40", "POST /notes HTTP/1.1\r\nContent-Length: x",
                 "POST /notes HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 40"):
        with socket.create_connection(("127.0.0.1", users.port), 0.5) as s:
            s.sendall((head + "\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\nHost: smuggled\r\n\r\n").encode())
            answers = b""
            try:
                while part := s.recv(10_000):
                    answers += part
            except OSError:
                pass
        users.fault(answers.count(b"HTTP/1.") == 1, head, answers)


def half_sent(users):
    """Many requests without their end keep nobody waiting."""
    waiting = [socket.create_connection(("127.0.0.1", users.port)) for _ in range(20)]
    for s in waiting:
        s.sendall(b"POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    try:
        answer = ask(users.port, "GET", "/notes", users.tokens["bob"], timeout=2)
        users.fault(answer[0] == 200, "beside half-sent requests", answer)
    except OSError as error:
        users.fault(False, "beside half-sent requests", repr(error))
    for s in waiting:
        s.close()


def is_odd(users):
    refuses_itself(users)
    odd_bodies(users)
    smuggles(users)
    half_sent(users)


def is_good_for_now(users, mint):
    """A token that the connections know, and that will have expired later on."""
    users.reads("bob")      # a program that has just started takes its time
    users.tokens["was good"] = mint("ann", exp="+5")
    answer = ask(users.port, "GET", "/notes", users.tokens["was good"])
    users.fault(answer[0] == 200, "before it expires", answer)
    return time.time() + 5.1


def has_expired(users, at):
    time.sleep(max(0, at - time.time()))
    users.refused("was good", 'Bearer realm="notes", error="invalid_token", error_description="[^"]*expired[^"]*"')


def wrong_login(program, folder, database, result, tokens):
    """A service that cannot log in does not blame the user."""
    with program.start(database.cluster.port, folder, "nobody_knows", POOL_SIZE="1") as service:
        answer = ask(service.port, "GET", "/notes", tokens["ann"])
        result.check(answer[0] == 503, "%s: no login: %s" % (program.name, answer))
        answer = ask(service.port, "GET", "/health")
        result.check(answer[0] == 503, "%s: no login, health: %s" % (program.name, answer))
        result.check(not TOKEN.search(service.printed()), program.name + ": a token is printed")


def misbehaves(program, folder, database, result, tokens):
    """Work that goes on when its transaction is over, and the like."""
    if program.misbehaving:
        said = program.misbehave(folder, database.cluster.port, tokens["ann"], tokens["bob"])
        result.check(not said, "%s: %s" % (program.name, said))


def probe(database, port, stop, seen):
    """Another client of the pooler: who is there when no transaction is?"""
    connection = psycopg2.connect(host="127.0.0.1", port=port, user="notes_app", dbname=database.name)
    connection.autocommit = True
    with connection.cursor() as cursor:
        while not stop.is_set():
            cursor.execute("SELECT authz.is_authenticated(), (SELECT count(*) FROM notes)")
            seen.append(cursor.fetchone())
    connection.close()


def behind_pooler(program, folder, database, pooler, mint, result, each=12):
    database.ask("TRUNCATE notes")
    since, stop, seen = database.size_of_log(), threading.Event(), []
    with program.start(pooler.port, folder, POOL_SIZE="3") as service:
        users = Users(program, service.port, database, result, tokens_of(mint))
        prober = threading.Thread(target=probe, args=(database, pooler.port, stop, seen))
        prober.start()
        interleaved(users, 6, each, "pooler")
        stop.set()
        prober.join()
        nobody_stayed(users, service, since)
    result.check(len(seen) > 20, program.name + ": the probe saw little")
    result.check(not any(somebody or rows for somebody, rows in seen),
                 program.name + ": somebody was there between two transactions")


def whole(program, database, pooler, mint, result):
    database.ask("TRUNCATE notes")
    since = database.size_of_log()
    with program.start(database.cluster.port, POOL_SIZE="2") as service:
        users = Users(program, service.port, database, result, tokens_of(mint))
        end = is_good_for_now(users, mint)
        interleaved(users, 8, 20, "direct")
        is_odd(users)
        times_out(users)
        cut(users)
        recovers(users)
        has_expired(users, end)
        nobody_stayed(users, service, since)
    misbehaves(program, program.folder, database, result, users.tokens)
    behind_pooler(program, None, database, pooler, mint, result)
    wrong_login(program, None, database, result, tokens_of(mint))


def short(program, folder, database, pooler, mint, result):
    """What a mistake must not survive; ends at the first fault."""
    database.ask("TRUNCATE notes")
    since = database.size_of_log()
    with program.start(database.cluster.port, folder, POOL_SIZE="1") as service:
        users = Users(program, service.port, database, result, tokens_of(mint))
        try:
            interleaved(users, 3, 8, "spoiled")
            if not result.faults:
                nobody_stayed(users, service, since)
            if not result.faults:
                cut(users)
                recovers(users)
                nobody_stayed(users, service, since)
            if not result.faults:
                is_odd(users)
        except (OSError, http.client.HTTPException) as error:
            result.check(False, repr(error))
    if not result.faults:
        misbehaves(program, folder, database, result, users.tokens)
    if not result.faults:
        wrong_login(program, folder, database, result, tokens_of(mint))
