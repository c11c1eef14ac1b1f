"""Whatever happens between what is said to the server and what is noted, and
whatever undoes it: no query is another's.  Each of these was one once."""
from unittest import mock

import django
from clinic.models import Note
from dbmi_authz_django import authz
from dbmi_authz_django.connection.handover import Handover, install
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError, InterfaceError

from . import atomic_requests, left_behind, token
from .base import Case

PSYCOPG3 = hasattr(connection.Database, "pq")


def count():
    return Note.objects.count()


class TimeLimit(Exception):
    """As Celery raises it, from a signal handler, between any two lines."""


class Strikes(Case):
    def strike(self, when, what, atomic):
        """Right before or after something was said to the server."""
        run = Handover.run

        def struck(handover, send, said, *args):
            if said == what and when == "before":
                raise TimeLimit
            result = run(handover, send, said, *args)
            if said == what:
                raise TimeLimit
            return result

        if atomic:
            with mock.patch.object(Handover, "run", struck), transaction.atomic():
                count()
        else:
            with mock.patch.object(Handover, "run", struck):
                count()

    def test_while_the_token_is_said(self):
        for when in ("before", "after"):
            for atomic in (False, True):
                with self.subTest(when=when, atomic=atomic):
                    with self.assertRaises(TimeLimit), authz.as_token(token("ann")):
                        self.strike(when, "set_token", atomic)
                    self.assertIsNone(left_behind())
                    self.assertEqual(count(), 0)

    def test_then_the_request_goes_on(self):
        for when in ("before", "after"):
            for atomic in (False, True):
                with self.subTest(when=when, atomic=atomic), authz.as_token(token("ann")):
                    self.assertEqual(count(), 2)
                    with self.assertRaises(TimeLimit), authz.as_token(token("bob")):
                        self.strike(when, "set_token", atomic)
                    self.assertEqual(count(), 2)
                self.assertIsNone(left_behind())

    def test_within_a_transaction_that_goes_on(self):
        with transaction.atomic(), authz.as_token(token("ann")):
            with self.assertRaises(TimeLimit), authz.as_token(token("bob")):
                self.strike("after", "set_token", False)
            self.assertEqual(count(), 2)

    def test_while_it_is_taken_back(self):
        for when in ("before", "after"):
            with self.subTest(when=when):
                with self.assertRaises(TimeLimit), authz.as_token(token("ann")):
                    self.assertEqual(count(), 2)
                    with authz.as_token(None):
                        self.strike(when, "SELECT authz.clear_token()", False)
                self.assertEqual(count(), 0)


class Undone(Case):
    def test_rollback_in_other_words(self):
        def composed():
            from importlib import import_module
            sql = import_module("psycopg.sql" if PSYCOPG3 else "psycopg2.sql")
            return sql.SQL("ROLLBACK TO SAVEPOINT {}").format(sql.Identifier("s"))

        for words in ("/* of ours */ ROLLBACK TO SAVEPOINT s", "-- of ours\nrollback to s",
                      b"ROLLBACK TO s", composed(), "SELECT 1; ROLLBACK TO s"):
            if PSYCOPG3 and words.__class__ is str and ";" in words:
                continue        # one statement at a time
            with self.subTest(words=words), transaction.atomic(), \
                    connection.cursor() as cursor, authz.as_token(token("ann")):
                self.assertEqual(count(), 2)
                cursor.execute("SAVEPOINT s")
                with authz.as_token(token("bob")):
                    self.assertEqual(count(), 1)
                    cursor.execute(words)
                    self.assertEqual(count(), 1)

    def test_words_that_only_look_so(self):
        """A statement behind another is not waved through with it."""
        with authz.as_token(token("ann")):
            self.assertEqual(count(), 2)
            with authz.as_token(token("bob")), connection.cursor() as cursor:
                if not PSYCOPG3:
                    cursor.execute("BEGIN; SELECT count(*) FROM clinic_note")
                    self.assertEqual(cursor.fetchone(), (1,))
                    cursor.execute("ROLLBACK")

    def test_transaction_that_begins_past_us(self):
        """The one before, with its login, has ended; nobody has told us."""
        for session in (True, False):
            with self.subTest(session=session), authz.as_token(token("ann")):
                if session:
                    self.assertEqual(count(), 2)
                with authz.as_token(token("bob")):
                    for _ in range(2):
                        with transaction.atomic():
                            with connection.connection.cursor() as cursor:
                                cursor.execute("SELECT 1")
                            self.assertEqual(count(), 1)

    def test_other_login_in_a_transaction(self):
        """What is cleared in a transaction is so for the session at its end."""
        for inner, rows in (("bob", 1), (None, 0)):
            for stays in (True, False):
                with self.subTest(inner=inner, stays=stays), authz.as_token(token("ann")):
                    self.assertEqual(count(), 2)
                    with transaction.atomic():
                        with authz.as_token(inner and token(inner)):
                            self.assertEqual(count(), rows)
                        if stays:
                            self.assertEqual(count(), 2)
                    self.assertEqual(count(), 2)

    def test_refused_in_a_transaction(self):
        with authz.as_token(token("ann")):
            self.assertEqual(count(), 2)
            with self.assertRaises(authz.Unauthorized), transaction.atomic():
                with authz.as_token("a.b.c"):
                    count()
            self.assertEqual(count(), 2)

    def test_taken_back_without_autocommit(self):
        """By a statement that can be rolled back."""
        with authz.as_token(token("ann")):
            self.assertEqual(count(), 2)
            connection.set_autocommit(False)
        try:
            connection.rollback()
            self.assertEqual(count(), 0)
            connection.rollback()
        finally:
            connection.set_autocommit(True)
        self.assertEqual(count(), 0)


class Exchanged(Case):
    def test_connection_put_there(self):
        self.assertEqual(count(), 0)
        first = connection.connection
        with authz.as_token(token("ann")):
            self.assertEqual(count(), 2)
            connection.connection = None
            self.assertEqual(count(), 2)
            second, connection.connection = connection.connection, first
        self.assertEqual(count(), 0)
        second.close()

    def test_cursor_of_another(self):
        first = connection.connection
        with authz.as_token(token("ann")), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            connection.connection = None
            with authz.as_token(token("bob")):
                self.assertEqual(count(), 1)
                with self.assertRaises(InterfaceError):
                    cursor.execute("SELECT count(*) FROM clinic_note")
        first.close()

    def test_wrapped_by_instruments(self):
        """Cursors then have another connection than Django's."""
        class Proxy:
            def __init__(self, raw):
                self.__dict__["raw"] = raw

            def __getattr__(self, name):
                return getattr(self.raw, name)

            def __setattr__(self, name, value):
                setattr(self.raw, name, value)

        connection.close()
        connect = connection.get_new_connection
        with mock.patch.object(connection, "get_new_connection",
                               lambda params: Proxy(connect(params))):
            with authz.as_token(token("ann")):
                self.assertEqual(count(), 2)
                with transaction.atomic():
                    self.assertEqual(count(), 2)
            self.assertEqual(count(), 0)
        connection.close()

    def test_cursor_that_is_closed(self):
        with self.assertRaises(InterfaceError), connection.cursor() as cursor:
            with authz.as_token(token("ann")):
                connection.close()
                cursor.execute("SELECT 1")

    def test_connection_older_than_the_app(self):
        """Another application has asked the database when it was ready."""
        connection.ensure_connection()
        connection.execute_wrappers[:] = [
            w for w in connection.execute_wrappers if not isinstance(w, Handover)]
        install()
        self.assertEqual(self.json("/notes/", "ann")["notes"], ["Ann 1", "Ann 2"])

    if PSYCOPG3:
        def test_pipeline(self):
            """Nothing can be told in it: only who is known already may ask."""
            for first in (False, True):
                connection.ensure_connection()
                with self.subTest(first=first):
                    with self.assertRaises(DatabaseError), authz.as_token(token("ann")):
                        if first:
                            self.assertEqual(count(), 2)
                        with connection.connection.pipeline():
                            if first:
                                self.assertEqual(count(), 2)
                                with authz.as_token(token("bob")):
                                    count()
                            count()
                    self.assertIsNone(left_behind())
                    connection.close()

    if PSYCOPG3 and django.VERSION >= (5, 1):
        def test_given_back_to_a_pool(self):
            """In the middle, with the login; and the next one has it from there."""
            pool = {"min_size": 1, "max_size": 1}
            connection.close()
            with mock.patch.dict(connection.settings_dict, CONN_MAX_AGE=0,
                                 OPTIONS={"pool": pool}):
                for scope in ("session", "transaction"):
                    with self.subTest(scope=scope):
                        self.scope(scope)
                        try:
                            self.given_back()
                        finally:
                            connection.close()
                            connection.close_pool()
            self.scope("session")
            connection.ensure_connection()

        def scope(self, scope):
            with connections["root"].cursor() as cursor:
                cursor.execute("ALTER DATABASE clinic SET dbmi_authz.token_scope = '%s'" % scope)

        def given_back(self):
            with authz.as_token(token("ann")), connection.cursor() as cursor:
                self.assertEqual(count(), 2)
                connection.close()
                connection.ensure_connection()
                self.assertIsNone(left_behind())    # also for what does not pass by us
                self.assertEqual(count(), 2)
                connection.close()
                with self.assertRaises(InterfaceError):
                    cursor.execute("SELECT count(*) FROM clinic_note")
            self.assertEqual(count(), 0)
            self.assertIsNone(left_behind())
            for atomic in (False, True):
                with atomic_requests(atomic):
                    for who, rows in (("ann", 2), (None, 0), ("bob", 1)):
                        self.assertEqual(len(self.json("/notes/", who)["notes"]), rows)
                        connection.close()
