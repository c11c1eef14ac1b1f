"""doc/django/surprises.md: each example prints what the page says."""
import contextvars
import doctest
import os
import re
from concurrent.futures import ThreadPoolExecutor

from clinic.models import Comment, Note
from dbmi_authz_django import authz
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.handlers.base import BaseHandler
from django.core.management import call_command
from django.core.paginator import Paginator
from django.db import connection, connections, transaction
from django.db.models.signals import pre_delete
from django.http import HttpResponse
from django.test import Client, override_settings

from . import TEST, atomic_requests, left_behind, rows, token
from .base import Case


def as_owner_of_the_tables(statement):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def sql(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()


def rows_of(plan):
    return int(re.search(r"rows=(\d+)", plan)[1])


NAMES = {
    "authz": authz, "ann": token("ann"), "bob": token("bob"), "sql": sql, "rows_of": rows_of,
    "as_owner_of_the_tables": as_owner_of_the_tables, "left_behind": left_behind,
    "atomic_requests": atomic_requests, "Note": Note, "Comment": Comment, "User": User,
    "cache": cache, "BaseHandler": BaseHandler, "call_command": call_command,
    "Paginator": Paginator, "connection": connection, "transaction": transaction,
    "pre_delete": pre_delete, "HttpResponse": HttpResponse, "override_settings": override_settings,
    "ThreadPoolExecutor": ThreadPoolExecutor, "contextvars": contextvars,
}


class Surprises(Case):
    def test_page(self):
        with open(os.path.join(TEST, "..", "doc", "django", "surprises.md"), encoding="utf-8") as file:
            sections = re.split(r"^(###? .*)\n", file.read(), flags=re.M)[1:]
        parser = doctest.DocTestParser()
        ran = 0
        for heading, text in zip(sections[::2], sections[1::2]):
            blocks = re.findall(r"^```pycon\n(.*?)^```$", text, re.S | re.M)
            with self.subTest(heading):
                rows()
                connection.ensure_connection()
                example = parser.get_doctest(
                    "".join(blocks), {**NAMES, "client": Client(raise_request_exception=False)},
                    heading, "surprises.md", 0)
                said = []
                runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
                runner.run(example, out=said.append)
                self.assertFalse(said, "".join(said))
                ran += len(example.examples)
        self.assertGreater(ran, 60)
