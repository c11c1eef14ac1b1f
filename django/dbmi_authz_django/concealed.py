"""A string that does not show itself."""
from __future__ import annotations



class Concealed(str):
    """An ordinary string for everybody but repr().

    Tracebacks, Django's debug page and error reporters show local variables
    and request.META by their repr().
    """
    __slots__ = ()

    def __repr__(self) -> str:
        return "'********************'"
