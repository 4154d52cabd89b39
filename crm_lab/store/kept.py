"""Small tables that every screen reads, kept in memory until somebody writes to one of them."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Table

    Row = dict[str, Any]

KEPT = frozenset(table.name for table in (
    tables.company, tables.employee, tables.category, tables.price_list, tables.pipeline, tables.stage, tables.sales_choice, tables.webhook,
))  # fmt: skip


class KeptRows:
    """The rows of the tables in `KEPT`, for the one process that writes to them. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rows: dict[str, list[Row]] = {}
        self._edition = 0

    def of(self, table: Table, read: Callable[[], list[Row]]) -> list[Row]:
        """The rows of a table, not to be changed; `read` asks for them in a transaction begun by it.

        What was read while somebody wrote is handed on but not kept: it may be older than what was written.
        """
        rows = self._rows.get(table.name)
        if rows is not None:
            return rows
        edition = self._edition
        rows = read()
        with self._lock:
            if edition == self._edition:
                self._rows[table.name] = rows
        return rows

    def forget(self, names: Iterable[str]) -> None:
        """Tables were written to, and that is committed."""
        if names := KEPT.intersection(names):
            with self._lock:
                self._edition += 1
                for name in names:
                    self._rows.pop(name, None)
