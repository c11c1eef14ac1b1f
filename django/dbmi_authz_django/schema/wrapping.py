"""Methods of Django's that do more than they did, in each subclass too."""
from __future__ import annotations

from typing import Any, Callable


def wrap(owner: Any, name: str, wrapper: Callable[[Any], Any], mark: str) -> None:
    """Once, however often it is asked for; the mark is whose wrapper it is."""
    original = getattr(owner, name)
    if not getattr(original, mark, False):
        wrapped = wrapper(original)
        setattr(wrapped, mark, True)
        setattr(owner, name, wrapped)
