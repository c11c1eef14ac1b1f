"""As much of libpq as this test needs, without any package.

The server is found as psql finds it: PGHOST, PGPORT and so on.
"""
import ctypes
import ctypes.util


class Error(Exception):
    """The server refused what must not fail."""


def _load():
    lib = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, arguments in (
            ("PQconnectdb", pointer, [text]),
            ("PQstatus", number, [pointer]),
            ("PQerrorMessage", text, [pointer]),
            ("PQtransactionStatus", number, [pointer]),
            ("PQfinish", None, [pointer]),
            ("PQexec", pointer, [pointer, text]),
            ("PQexecParams", pointer,
             [pointer, text, number, pointer, ctypes.POINTER(text), pointer, pointer, number]),
            ("PQresultStatus", number, [pointer]),
            ("PQresultErrorField", text, [pointer, number]),
            ("PQntuples", number, [pointer]),
            ("PQnfields", number, [pointer]),
            ("PQgetvalue", text, [pointer, number, number]),
            ("PQgetisnull", number, [pointer, number, number]),
            ("PQclear", None, [pointer]),
            ("PQsetNoticeProcessor", pointer, [pointer, pointer, pointer])):
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    return lib


_pq = _load()
_quiet = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)(lambda arg, message: None)

_OK = (1, 2)            # PGRES_COMMAND_OK, PGRES_TUPLES_OK
IDLE, INSIDE, FAILED = 0, 2, 3      # of a transaction: PQTRANS_IDLE, _INTRANS, _INERROR
_SQLSTATE = ord("C")
_MESSAGE = ord("M")


class Connection:
    def __init__(self, conninfo):
        self._conn = _pq.PQconnectdb(conninfo.encode())
        if _pq.PQstatus(self._conn) != 0:
            raise Error(_pq.PQerrorMessage(self._conn).decode(errors="replace"))
        _pq.PQsetNoticeProcessor(self._conn, ctypes.cast(_quiet, ctypes.c_void_p), None)
        self.message = ""

    def close(self):
        _pq.PQfinish(self._conn)

    def transaction(self):
        """IDLE, INSIDE or FAILED."""
        return _pq.PQtransactionStatus(self._conn)

    def answer(self, sql, params=None):
        """The rows as sorted lines, or the SQLSTATE.

        With params the extended protocol is used.
        """
        if params is None:
            result = _pq.PQexec(self._conn, sql.encode())
        else:
            values = (ctypes.c_char_p * max(1, len(params)))(
                *[None if p is None else p.encode() for p in params])
            result = _pq.PQexecParams(self._conn, sql.encode(), len(params), None,
                                      values, None, None, 0)
        try:
            if _pq.PQresultStatus(result) not in _OK:
                return self._failure(result)
            return sorted(self._rows(result))
        finally:
            _pq.PQclear(result)

    def _failure(self, result):
        self.message = (_pq.PQresultErrorField(result, _MESSAGE) or b"").decode(errors="replace")
        state = _pq.PQresultErrorField(result, _SQLSTATE)
        if state is None:
            raise Error("connection lost: "
                        + _pq.PQerrorMessage(self._conn).decode(errors="replace"))
        return state.decode()

    @staticmethod
    def _rows(result):
        fields = range(_pq.PQnfields(result))
        for row in range(_pq.PQntuples(result)):
            values = []
            for field in fields:
                value = _pq.PQgetvalue(result, row, field)
                if not value and _pq.PQgetisnull(result, row, field):
                    values.append("NULL")
                else:
                    values.append("'" + value.decode() + "'")
            yield ", ".join(values)

    def do(self, sql):
        """Statements that must succeed."""
        state = self.answer(sql)
        if isinstance(state, str):
            raise Error("%s: %s\n%s" % (state, self.message, sql))
        return state

    def table(self, sql):
        """The rows as lists of text or None, in order."""
        result = _pq.PQexec(self._conn, sql.encode())
        try:
            if _pq.PQresultStatus(result) not in _OK:
                raise Error("%s: %s\n%s" % (self._failure(result), self.message, sql))
            fields = range(_pq.PQnfields(result))
            return [[None if _pq.PQgetisnull(result, row, field)
                     else _pq.PQgetvalue(result, row, field).decode() for field in fields]
                    for row in range(_pq.PQntuples(result))]
        finally:
            _pq.PQclear(result)
