"""A client of PostgreSQL's protocol for asyncio: hundreds of them in one
process, each of which can cancel, stop listening or vanish at any point.

Only over a Unix socket, and only where the server trusts whoever connects.
"""
import asyncio
import struct


class Lost(Exception):
    """The other side closed the connection."""


class Client(asyncio.Protocol):
    def __init__(self):
        self.state = "I"        # what ReadyForQuery said: I, T or E
        self.key = b""          # for a cancel request
        self._buffer = bytearray()
        self._waiting = None
        self._rows, self._error, self._parts = [], None, []
        self.complaint = ""     # the message of the last error

    @classmethod
    async def connect(cls, path, user, database, options=None):
        loop = asyncio.get_running_loop()
        _, client = await loop.create_unix_connection(cls, path)
        start = struct.pack("!I", 196608) + b"".join(
            word.encode() + b"\0" for word in ("user", user, "database", database)
            + (("options", options) if options else ())) + b"\0"
        await client._ask(struct.pack("!I", len(start) + 4) + start)
        if client._error:
            client.vanish()
            raise Lost(client._error)
        return client

    async def query(self, sql, *params):
        """Rows as tuples of text or None, or the error's SQLSTATE.

        With params as one statement of the extended protocol.
        """
        await self._ask(self.message(sql, *params))
        return self._error or self._rows

    async def exchange(self, *messages):
        """Messages of parse(), bind() and so on, and a Sync.

        For each Execute, and for an error: its rows, and how it ended, which is
        "complete", "suspended" or the SQLSTATE.
        """
        await self._ask(b"".join(messages) + _message(b"S", b""))
        return self._parts

    def start(self, sql, *params):
        """Send, and do not wait for the answer."""
        self._transport.write(self.message(sql, *params))

    @staticmethod
    def message(sql, *params):
        if not params:
            return _message(b"Q", sql.encode() + b"\0")
        return parse("", sql) + bind("", "", *params) + execute("") + _message(b"S", b"")

    def vanish(self):
        """As a client that was killed: no word of goodbye."""
        self._transport.abort()

    def is_lost(self):
        """Has the other side closed it, while nobody waited?"""
        return self._transport.is_closing()

    def close(self):
        if not self._transport.is_closing():
            self._transport.write(_message(b"X", b""))
            self._transport.close()

    async def cancel(self, path):
        """Ask on a second connection to stop what runs on this one."""
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(struct.pack("!II", 16, 80877102) + self.key)
        await writer.drain()
        await reader.read()
        writer.close()

    # what asyncio calls

    def connection_made(self, transport):
        self._transport = transport

    def connection_lost(self, exc):
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(Lost("connection closed"))

    def data_received(self, data):
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= 5:
            length = int.from_bytes(buffer[at + 1:at + 5], "big")
            if len(buffer) - at < length + 1:
                break
            self._received(buffer[at], bytes(buffer[at + 5:at + 1 + length]))
            at += length + 1
        del buffer[:at]

    async def _ask(self, message):
        self._rows, self._error, self._parts = [], None, []
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        await self._waiting

    def _received(self, kind, body):
        if kind == 68:          # D
            self._rows.append(_row(body))
        elif kind in (67, 115):     # C, s
            self._end_part("complete" if kind == 67 else "suspended")
        elif kind == 69:        # E
            fields = {f[:1]: f[1:].decode(errors="replace") for f in body.split(b"\0") if f}
            self._error, self.complaint = fields[b"C"], fields[b"M"]
            self._end_part(self._error)
            if fields.get(b"S") == "FATAL" and not self._waiting.done():
                self._waiting.set_result(None)
        elif kind == 90:        # Z
            self.state = chr(body[0])
            if self._waiting and not self._waiting.done():
                self._waiting.set_result(None)
        elif kind == 75:        # K
            self.key = body

    def _end_part(self, how):
        before = sum(len(rows) for rows, _ in self._parts)
        self._parts.append((self._rows[before:], how))


def parse(name, sql):
    return _message(b"P", b"%s\0%s\0\0\0" % (name.encode(), sql.encode()))


def bind(portal, name, *params):
    parts = [b"%s\0%s\0" % (portal.encode(), name.encode()), struct.pack("!HH", 0, len(params))]
    for value in params:
        data = value.encode()
        parts.append(struct.pack("!I", len(data)) + data)
    return _message(b"B", b"".join(parts) + struct.pack("!H", 0))


def execute(portal, limit=0):
    return _message(b"E", portal.encode() + b"\0" + struct.pack("!I", limit))


def _message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def _row(body):
    values, at = [], 2
    for _ in range(int.from_bytes(body[:2], "big")):
        length = int.from_bytes(body[at:at + 4], "big", signed=True)
        at += 4
        if length < 0:
            values.append(None)
        else:
            values.append(body[at:at + length].decode())
            at += length
    return tuple(values)
