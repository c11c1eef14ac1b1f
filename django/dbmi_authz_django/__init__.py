"""The signed token of a request, handed to PostgreSQL and verified there.

Settings are in conf.py, what views use is in authz.py.  See doc/django/README.md.
"""

__version__ = "1.1.0"
