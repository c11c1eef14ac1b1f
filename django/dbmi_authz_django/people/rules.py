"""Settings that name what they mean: a dotted path, or the thing itself."""
from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string


def imported(given: Any) -> Any:
    return import_string(given) if isinstance(given, str) else given
