"""Models of the admin's pages, where there are any.  None has a table of ours."""
from __future__ import annotations

from .conf import conf

if conf.admin_database is not None:
    from .administration import models  # noqa: F401
