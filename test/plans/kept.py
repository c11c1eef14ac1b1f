"""The ways in which a session keeps the plan of a statement."""
import json

import wire
from world import FUNCTIONS

CHANGED = ("28000", "40001")
DENIED = "42501"
REFUSED = (DENIED, "23514")         # by a policy or a constraint: which row came first is the plan's affair
# Of what reads, and of what writes.
WAYS = ["prepared"] * 5 + ["named"] * 4 + ["explain", "as", "prepared call", "prepared call"] + list(FUNCTIONS)
WRITING = ["prepared", "prepared", "named", "write"]


def failed(answer):
    """An SQLSTATE, not rows."""
    return isinstance(answer, str)


def order(answer):
    return answer if failed(answer) else sorted(answer, key=str)


def literals(values):
    return "(%s)" % ", ".join("'%s'" % value for value in values)


class Kept:
    def __init__(self, statement, way, number):
        self.statement, self.way = statement, way
        self.name = "kept%s" % number if number is not None else ""
        self.made = False
        self.epoch = None           # when it was last right
        self.counts_only = way == "explain"
        # a function that is called by a kept plan
        self.called = "sql" if number and number % 2 else "query"

    def plain(self, values):
        """The same as a plan that nobody keeps."""
        if self.way in FUNCTIONS or self.way in ("prepared call", "cursor of a function", "refcursor"):
            return self.statement.as_text(values)
        return self.statement.filled(values, self.statement.silent if self.way == "write" else None)

    def call(self, kind, values):
        return "SELECT * FROM %s%s" % (self.statement.function(kind), values)

    async def run(self, session, values):
        """Rows or SQLSTATE."""
        client = session.client
        if self.way in FUNCTIONS:
            return await client.query(self.call(self.way, literals(values)))
        if self.way == "write":
            got = await client.query("SELECT %s%s" % (self.statement.function("write"), literals(values)))
            return got if failed(got) else []
        if self.way == "named":
            return await self._named(client, values)
        sql = self.statement.sql
        if self.way == "prepared call":
            parameters = ["$%d::%s" % pair for pair in enumerate(self.statement.types, 1)]
            sql = self.call(self.called, "(%s)" % ", ".join(parameters))
        if not self.made:
            got = await client.query("PREPARE %s AS %s" % (self.name, sql))
            if failed(got):
                return got
            self.made = True
        execute = "EXECUTE " + self.name + (literals(values) if values else "")
        if self.way == "explain":
            got = await client.query("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) " + execute)
            return got if failed(got) else [("%d" % json.loads(got[0][0])[0]["Plan"]["Actual Rows"],)]
        if self.way == "as":
            got = await client.query("CREATE TEMP TABLE kept_as AS " + execute)
            if failed(got):
                return got
            got = await client.query("TABLE kept_as")
            await client.query("DROP TABLE kept_as")
            return got
        return await client.query(execute)

    async def _named(self, client, values):
        if not self.made:
            parts = await client.exchange(wire.parse(self.name, self.statement.sql))
            if parts:
                return parts[-1][1]
            self.made = True
        rows, how = (await client.exchange(wire.bind("", self.name, *values), wire.execute("")))[-1]
        return rows if how == "complete" else how

    # in pieces

    async def open(self, session, values):
        """Its first rows, or SQLSTATE."""
        client, self.at = session.client, "kept"
        if self.way == "portal":
            rows, how = (await client.exchange(wire.parse(self.name, self.statement.sql), wire.bind("kept", self.name, *values),
                                               wire.execute("kept", 2)))[-1]
            self.over = how == "complete"
            return rows if how in ("complete", "suspended") else how
        sql = {"declared": self.statement.filled(values), "cursor of a function": self.call("for", literals(values)),
               "refcursor": ""}[self.way]
        got = await client.query("DECLARE kept CURSOR FOR " + sql if sql else "SELECT %s%s" % (
            self.statement.function("opens"), literals(values)))
        return got if failed(got) else await client.query("FETCH 2 FROM kept")

    async def go_on(self, session):
        client = session.client
        if self.way != "portal":
            return await client.query("FETCH ALL FROM kept")
        if self.over:
            return []
        rows, how = (await client.exchange(wire.execute("kept")))[-1]
        return rows if how == "complete" else how
