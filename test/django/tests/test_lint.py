"""What the migrations of the project have made is what lint() has nothing against."""
from django.db import connections
from django.test import SimpleTestCase


class Lint(SimpleTestCase):
    databases = ["owner"]

    def test_nothing_is_wrong(self):
        with connections["owner"].cursor() as cursor:
            # known_hole: the test server may be of any minor release; and its roles are
            # those of other tests, too
            cursor.execute("SELECT level, code, object, hint FROM authz.lint(ARRAY['public'], ARRAY['known_hole'])"
                           " WHERE level <> 'info' AND object NOT LIKE 'role %'")
            self.assertEqual(cursor.fetchall(), [])
