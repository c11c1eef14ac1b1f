"""What has another name, or another way, in older versions."""
from __future__ import annotations

from typing import Any

import django
from django.db import connections

try:
    from asgiref.sync import iscoroutinefunction
except ImportError:     # before 3.6; that of asyncio is deprecated since Python 3.14
    from asyncio import iscoroutinefunction

__all__ = ["iscoroutinefunction", "opened_connections"]


def opened_connections() -> Any:
    """Of this thread; those of all aliases before Django 4.1."""
    return connections.all(**{"initialized_only": True} if django.VERSION >= (4, 1) else {})
