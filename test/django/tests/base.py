import unittest

from django.db import close_old_connections, connections
from django.test import Client

from dbmi_authz_django.conf import conf
from dbmi_authz_django.connection.handover import Handover

from . import PEOPLE, left_behind, rows, token


def end_transactions():
    """The aliases that had one, as a schema editor leaves it of which the last
    statements fail: with its locks, and no way out of it but this."""
    left = [alias for alias in connections if connections[alias].in_atomic_block]
    for alias in left:
        connections[alias].close()
        connections[alias].connect()
    return left


class Case(unittest.TestCase):
    """Requests by a client; no test leaves an identity on a connection, or
    a transaction."""
    left_open = ()

    def setUp(self):
        close_old_connections()     # as a server does; the test client leaves it out
        rows()
        self.client = Client(raise_request_exception=False)
        self.addCleanup(self.nobody_left)

    def doCleanups(self):
        """Before them: they would wait for the locks of a transaction left open."""
        self.left_open = end_transactions()
        done = super().doCleanups()
        for alias in connections:       # carried under other settings
            if alias not in conf.databases:
                wrappers = connections[alias].execute_wrappers
                wrappers[:] = [w for w in wrappers if not isinstance(w, Handover)]
        return done

    def nobody_left(self):
        self.assertFalse(self.left_open)
        for alias in ("default", "owner"):
            self.assertIsNone(left_behind(alias))

    def get(self, path, who=None, client=None, **headers):
        """who: a person, or a token"""
        if who is not None:
            headers["HTTP_AUTHORIZATION"] = "Bearer " + (token(who) if who in PEOPLE else who)
        return (client or self.client).get(path, **headers)

    def json(self, path, who=None, **headers):
        response = self.get(path, who, **headers)
        self.assertEqual(response.status_code, 200, response.content)
        return response.json()

    def statements(self, work):
        """What the driver's connection of "default" was asked meanwhile, ours too."""
        seen = []
        run = Handover.run

        def listen(handover, send, what, *args):
            seen.append(what.partition("(")[0].rpartition(".")[2])
            return run(handover, send, what, *args)

        def wrapper(execute, sql, *rest):
            seen.append("query")
            return execute(sql, *rest)

        Handover.run = listen
        try:
            connections["default"].ensure_connection()
            with connections["default"].execute_wrapper(wrapper):
                work()
        finally:
            Handover.run = run
        return seen
