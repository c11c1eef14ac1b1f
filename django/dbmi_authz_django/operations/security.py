"""Whether policies bind a table at all."""
from __future__ import annotations

from ..policies import Table
from .base import TableOperation


class EnableRowSecurity(TableOperation):
    """Policies bind everybody who uses the table, with force its owner too.

    Until there is a policy nobody sees a row.
    """

    def __init__(self, model_name: str, force: bool = True) -> None:
        self.model_name = model_name
        self.force = force

    def after(self, table: Table) -> Table:
        return table.changed(enabled=True, forced=table.forced or self.force)

    def describe(self) -> str:
        return "Enables row-level security on %s" % self.model_name


class DisableRowSecurity(TableOperation):
    """Policies stay, and bind nobody."""

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def after(self, table: Table) -> Table:
        return table.changed(enabled=False, forced=False)

    def describe(self) -> str:
        return "Disables row-level security on %s" % self.model_name


class AlterRowSecurity(TableOperation):
    """What makemigrations writes: policies bind, with force the owner too,
    and without it not the owner."""

    def __init__(self, model_name: str, force: bool = True) -> None:
        self.model_name = model_name
        self.force = force

    def after(self, table: Table) -> Table:
        return table.changed(enabled=True, forced=self.force, declared=True)

    def describe(self) -> str:
        return "Enables row-level security on %s%s" % (
            self.model_name, "" if self.force else ", but not for its owner")
