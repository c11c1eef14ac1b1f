"""Two users of an assistant, and a letter that tells it what to run."""
import concurrent.futures
import http.client
import json
import os
import random
import re
import socket
import time

HERE = os.path.dirname(os.path.abspath(__file__))
POISON = os.path.join(HERE, "..", "examples", "sql", "agent.sql")
TOKEN = re.compile(r"eyJ[\w-]{5}")

# A role that may do more than it should: the guards of the program are what is left.
GUARDS = (
    ("not only queries", "as_assistant.js", "await run(`DECLARE answer NO SCROLL CURSOR FOR ${sql}`);\n"
     "    const { rows } = await run(`FETCH ${MOST_ROWS} FROM answer`);",
     "const { rows } = await run(sql);"),
    ("several statements", "as_assistant.js", 'queryMode: "extended" });', "});"),
    ("any token", "as_assistant.js", "if (!who.ours)", "if (false)"),
    ("what stays", "as_assistant.js", 'await run("ROLLBACK");\n      await run("DISCARD ALL");',
     'await run("COMMIT");'),
    ("what outlives a rollback", "as_assistant.js", 'await run("DISCARD ALL");', ""),
    ("any size", "as_assistant.js", "if (received > MOST_BYTES)", "if (false)"),
    ("any number", "server.js", "if (calls++ > 0)", "if (false)"),
    ("prints errors", "server.js", "console.error(name, error.code ?? error.name);",
     "console.error(token, error);"),
)
# what the database alone must hold, whatever the guards do
LETTERS = ("SELECT count(*), string_agg(body, ' ' ORDER BY id), (SELECT sum(amount) FROM mail.salary),"
           " (SELECT sum((read_only AND scopes = '{letters:read}')::int) FROM authz.actor_ceiling) FROM mail.letter")


def send(port, token, message, timeout=10):
    """(status, headers, text)"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if token:
            headers["Authorization"] = "Bearer " + token
        connection.request("POST", "/mcp", headers=headers, body=json.dumps(message))
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def call(port, token, method, params, timeout=10):
    """(status, headers, result)"""
    status, headers, text = send(port, token, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, timeout)
    return status, headers, json.loads(text).get("result") if text else None


def tool(port, token, name, timeout=10, **arguments):
    """(did it work, its text)"""
    status, _, result = call(port, token, "tools/call", {"name": name, "arguments": arguments}, timeout)
    if status != 200 or result is None:
        return False, "status %d" % status
    return not result.get("isError"), result["content"][0]["text"]


def poison(tokens):
    """The statements that the letter asks for, as they stand in the other test."""
    with open(POISON, encoding="utf-8") as f:
        text = f.read()
    text = text.partition("-- The SQL of the second letter")[2].partition("-- nothing has changed")[0]
    for name in ("for_ann", "forged", "ann"):
        text = text.replace(":'%s'" % name, "'%s'" % tokens[name])
    text = re.sub(r"^--.*\n", "", text.partition("\n")[2], flags=re.M).replace(" \\g /dev/null", ";")
    # a DO block is one statement
    return [part.strip().rstrip(";") for part in re.split(r";\n", text) if part.strip()]


# What the letter might ask for beside: each alone, none may leave anything.
MORE = (
    "SELECT 1; DELETE FROM mail.letter",
    "SELECT 1; COMMIT; SELECT owner FROM mail.letter",
    "SELECT 1; ROLLBACK; BEGIN; DECLARE answer CURSOR FOR SELECT 'out'",
    "COMMIT", "ROLLBACK", "DISCARD ALL", "RESET ALL", "COMMIT AND CHAIN", "SET ROLE postgres",
    "SELECT set_config('search_path', 'pg_temp', false), set_config('statement_timeout', '0', false)",
    "SELECT set_config('dbmi_authz.token', NULL, false)",
    "SELECT set_config('role', 'postgres', false)",
    "SELECT owner FROM letter FOR UPDATE",
    "WITH gone AS (DELETE FROM letter RETURNING owner) SELECT * FROM gone",
    "SELECT query_to_xml('DELETE FROM mail.letter RETURNING owner', true, true, '')",
    "SELECT query_to_xml('SELECT * FROM mail.letter; SELECT * FROM mail.salary', true, true, '')",
    "SELECT pg_advisory_lock(1)",
    "SELECT public.leaves_a_lock()",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user",
    "SELECT query FROM pg_stat_activity",
    "SELECT pg_read_file('postgresql.conf')", "SELECT lo_import('/etc/passwd')", "TABLE pg_authid",
    "SELECT owner, amount FROM salary",
    "SELECT * FROM generate_series(1, 100000000)",
    "SELECT pg_sleep(20)",
    "SELECT setseed(0.5)", "SELECT 1\0", "SELECT '\ud800'",
    "SELECT " + "(" * 9000 + "1" + ")" * 9000, "SELECT repeat('x', 20000000)::integer",
    "SELECT 1 INTO mail.mine", "SELECT nextval('mail.letter_id_seq')",
    "SELECT authz.clear_token(), (SELECT count(*) FROM letter)",
    "SELECT $1", "", ";", "SELECT 'x' AS \"x", "\\! ls",
)

# what harden.sql takes away: of what all share, or not undone by ROLLBACK
HARDENED = (
    "SELECT count(pg_try_advisory_lock(i)) FROM generate_series(1, 1000000) i",
    "SELECT count(pg_try_advisory_xact_lock_shared(i, 1)) FROM generate_series(1, 1000000) i",
    "SELECT pg_advisory_xact_lock(1)", "SELECT pg_terminate_backend(pg_backend_pid())",
    "SELECT pg_logical_emit_message(false, 'outbox', 'paid')",
    "SELECT lo_from_bytea(0, 'text')", "SELECT lo_create(0)", "SELECT lo_creat(-1)",
    "SELECT set_config('temp_file_limit', '-1', false)",
)
# takes seconds, whatever statement_timeout says
DEAF = ("SELECT xpath('count(//*[count(//*)>count(//*[count(//*)>1])])',"
        " ('<a>'||repeat('<b/>', 600)||'</a>')::xml)::text")


class Users:
    def __init__(self, program, port, database, mint, result):
        self.database, self.stood = database, database.ask(LETTERS)
        self.port, self.result, self.name = port, result, program.name
        act, scope = {"sub": "assistant"}, "letters:read letters:write salary:read"
        self.tokens = {
            "for_ann": mint("ann", act=act, scope=scope), "for_bob": mint("bob", act=act, scope=scope),
            "ann": mint("ann", scope=scope), "other": mint("ann", act={"sub": "somebody"}, scope=scope),
            "expired": mint("ann", act=act, exp="-3600"),
            "forged": mint("ann", key="rsa_b", act=act), "none": None}

    def check(self, good, what, answer=""):
        return self.result.check(good, "%s: %s: %s" % (self.name, what, str(answer)[:300]))

    def lists(self, who):
        good, text = tool(self.port, self.tokens["for_" + who], "list_letters")
        senders = [row["sender"] for row in json.loads(text)] if good else []
        self.check(senders == {"ann": ["bob", "mallory"], "bob": ["ann"]}[who], who + " lists", text)

    def asks(self, who):
        good, text = tool(self.port, self.tokens["for_" + who], "run_query",
                          sql="SELECT DISTINCT owner, authz.subject() AS me FROM letter")
        self.check(good and json.loads(text) == [{"owner": who, "me": who}], who + " asks", text)

    def refused(self, token, status):
        answer = call(self.port, self.tokens[token], "tools/list", {})
        self.check(answer[0] == status, token, answer[0])
        if status == 401:
            self.check("Bearer" in (answer[1]["WWW-Authenticate"] or ""), token + " is challenged")

    def fails(self, who):
        good, text = tool(self.port, self.tokens["for_" + who], "run_query", sql="SELECT 1/0")
        self.check(not good and text.startswith("22012"), "a failing query", text)

    def interleaved(self, threads, each):
        def one(number):
            rng = random.Random(number)
            for _ in range(each):
                who = rng.choice(("ann", "bob"))
                rng.choice((lambda: self.lists(who), lambda: self.asks(who), lambda: self.asks(who),
                            lambda: self.refused("ann", 403), lambda: self.refused("other", 401),
                            lambda: self.refused("expired", 401), lambda: self.refused("forged", 401),
                            lambda: self.refused("none", 401), lambda: self.fails(who)))()
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(threads)))

    def holds(self, sql):
        """Whatever the assistant ran: nobody else's, no token, nothing changed, nothing stays."""
        good, text = tool(self.port, self.tokens["for_ann"], "run_query", sql=sql)
        self.check(not re.search(r"Gladly|4200|4100|\"owner\":\"bob\"|eyJ|\"me\":\"bob\"", text), sql, text)
        if re.match(r"(?i)\s*(COMMIT|ROLLBACK|DISCARD|RESET|SET|PREPARE|EXECUTE|DO|BEGIN|SAVEPOINT|DROP|CREATE"
                    r"|INSERT|UPDATE|DELETE|SHOW)\b|SELECT 1;", sql):
            self.check(not good, sql + " was run", text)
        now = self.database.ask(LETTERS)
        self.check(now == self.stood, sql + " changed something", now)
        self.check(not self.database.ask("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"), sql + " left a lock")
        _, text = tool(self.port, self.tokens["for_bob"], "run_query",
                       sql="SELECT current_setting('statement_timeout') AS t, current_setting('search_path') AS s,"
                           " authz.subject() AS me, current_user AS u, (SELECT count(*)::int FROM letter) AS n")
        self.check(text == '[{"t":"1s","s":"mail","me":"bob","u":"mail_assistant","n":1}]', sql + " stayed", text)


    def is_hardened(self):
        for sql in HARDENED:
            good, text = tool(self.port, self.tokens["for_ann"], "run_query", sql=sql)
            self.check(not good and text.startswith("42501"), sql, text)
        limits = "SELECT current_setting('temp_file_limit') AS t, current_setting('pg_stat_statements.track') AS s"
        _, text = tool(self.port, self.tokens["for_ann"], "run_query", sql=limits)
        self.check(text == '[{"t":"100MB","s":"none"}]', "limits", text)

    def is_bounded(self):
        """In bytes, and in queries of one request."""
        for sql in ("SELECT repeat('x', 3000000)", "SELECT repeat('x', 30000) FROM generate_series(1, 200)"):
            good, text = tool(self.port, self.tokens["for_ann"], "run_query", sql=sql)
            self.check(not good and text.startswith("54000"), sql, text)
        self.asks("bob")
        batch = [{"jsonrpc": "2.0", "id": i, "method": "tools/call", "params": {
            "name": "run_query", "arguments": {"sql": "SELECT 'ran'"}}} for i in range(9)]
        answer = send(self.port, self.tokens["for_ann"], batch)
        self.check(answer[2].count("ran") < 2, "a batch", answer[2])

    def is_cut_off(self):
        good, text = tool(self.port, self.tokens["for_ann"], "run_query", timeout=60, sql=DEAF)
        self.check(not good and text == "57014: the query takes too long", "deaf", text)
        self.asks("bob")

    def hangs_up(self, times):
        """The client is gone before its answer comes."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "run_query", "arguments": {"sql": "SELECT pg_sleep(0.1)"}}}).encode()
        head = ("POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
                "Accept: application/json, text/event-stream\r\nContent-Length: %d\r\n\r\n"
                % (self.tokens["for_ann"], len(body)))
        for number in range(times):
            with socket.create_connection(("127.0.0.1", self.port)) as s:
                s.sendall(head.encode() + body[:number * len(body) // times])
                time.sleep(0.02)
        self.asks("bob")

    def odd_messages(self):
        for message in (None, [], {}, 5, "x", [[]], [None], {"jsonrpc": "2.0", "id": {}, "method": 5},
                        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []},
                        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "__proto__"}},
                        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
                            "name": "run_query", "arguments": {"sql": {"text": "SELECT 1"}}}},
                        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}):
            answer = send(self.port, self.tokens["for_ann"], message)
            self.check(answer[0] in (200, 202, 400), message, answer)
        self.asks("bob")


class Assistant:
    @staticmethod
    def whole(program, database, pooler, mint, result):
        since = database.size_of_log()
        with program.start(database.cluster.port, POOL_SIZE="1") as service:
            users = Users(program, service.port, database, mint, result)
            _, _, answer = call(service.port, users.tokens["for_ann"], "initialize", {
                "protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
            users.check(answer and answer["serverInfo"]["name"] == "letters", "initialize", answer)
            _, _, answer = call(service.port, users.tokens["for_ann"], "tools/list", {})
            users.check([t["name"] for t in answer["tools"]] == ["list_letters", "run_query"], "tools/list", answer)
            users.interleaved(6, 12)
            users.is_hardened()
            users.hangs_up(10)
            users.odd_messages()
            for sql in MORE:
                users.holds(sql)
            users.check(not TOKEN.search(database.logged_since(since)), "a token is logged")
            statements = poison(users.tokens)
            users.check(len(statements) > 40, "the letter says little", len(statements))
            for sql in statements:
                users.holds(sql)
            users.check(not TOKEN.search(service.printed()), "a token is printed", service.printed())
            users.check(service.runs(), "it ended", service.printed())
        # MOST_TIME is more than statement_timeout, also here
        folder = program.spoiled(os.path.dirname(program.folder), "as_assistant.js", "10_000; //", "1_500; //")
        with program.start(database.cluster.port, folder, POOL_SIZE="1") as service:
            users.port = service.port
            users.is_bounded()
            users.is_cut_off()
            users.check(service.runs(), "it ended", service.printed())
        with program.start(database.cluster.port, role="nobody_knows") as service:
            status, _, _ = call(service.port, users.tokens["for_ann"], "tools/list", {})
            users.check(status == 503, "no login", status)

    @staticmethod
    def short(program, folder, database, pooler, mint, result):
        with program.start(database.cluster.port, folder, POOL_SIZE="1") as service:
            users = Users(program, service.port, database, mint, result)
            users.refused("ann", 403)
            users.fails("ann")
            for sql in (*MORE[1:4], "SELECT set_config('search_path', 'pg_temp', false)",
                        "SELECT public.leaves_a_lock()"):
                users.holds(sql)
            users.check(not TOKEN.search(service.printed()), "a token is printed")
            users.check(database.ask(LETTERS) == users.stood, "the database did not hold")
            if not result.faults:
                users.is_bounded()
