"""A company moved from one database to another, either way, and held against what it was: rows and their digests."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, func, insert, select, text

from crm_lab.errors import Conflict
from crm_lab.i18n import _
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.engine import RetryableConflict
from crm_lab.store.references import add_references, drop_references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Table

    from crm_lab.store.engine import Database

BLOCK = 2000
ALL = 1 << 128


class HasCompany(Conflict):
    """The target is somebody's already."""

    def __init__(self) -> None:
        super().__init__(_("There is a company in the target already. Choose an empty database."))


class NotTheSame(Conflict):
    """What arrived is not what was sent."""

    def __init__(self, table: str) -> None:
        super().__init__(_("The table {name} did not arrive as it was sent. The target is not to be used; the source is untouched.", name=table))


class BrokenReferences(Conflict):
    """The source holds references that lead nowhere, which the target does not take."""

    def __init__(self, reason: str) -> None:
        super().__init__(_("A reference in the source leads nowhere, and the target does not take it: {reason} Run crm-lab check on the source.", reason=reason))


@dataclass(frozen=True, slots=True)
class Sum:
    """What is in a table: how many rows, and the sum of the rows' SHA-256, whatever their order."""

    n_rows: int
    digest: str


def copy_company(source: Database, target: Database, on_progress: Callable[[int, int], object] = lambda _done, _total: None) -> dict[str, Sum]:
    """Copy every table, in one view of the source; what each then holds, the same on both sides.

    The company's own row goes last: a copy that was cut off is no company, and may be begun again.

    Raises
    ------
    HasCompany, NotTheSame, BrokenReferences
    """
    with target.reading() as there:
        if there.execute(select(func.count()).select_from(tables.company)).scalar_one():
            raise HasCompany
    everything = sorted(tables.metadata.sorted_tables, key=lambda table: table is tables.company)
    with source.reading() as here:
        total = sum(here.execute(select(func.count()).select_from(table)).scalar_one() for table in everything)
        done = 0
        with target.writing() as there:
            drop_references(there)
        for table in everything:
            with target.writing() as there:
                there.execute(delete(table))
            with target.writing() as there:
                for rows in _blocks(here, table):
                    _put(there, table, rows)
                    done += len(rows)
                    on_progress(done, total)
        try:
            with target.writing() as there:
                add_references(there)
                if not target.is_duckdb:
                    there.execute(text("ANALYZE"))  # or it plans as if every table were empty: lists took twenty times as long
        except RetryableConflict as error:
            raise BrokenReferences(str(error).partition("\n")[2]) from None
        sent = sums(here)
    with target.reading() as there:
        for name, arrived in sums(there).items():
            if arrived != sent[name]:
                raise NotTheSame(name)
    return sent


def sums(connection: Connection) -> dict[str, Sum]:
    """Every table's sum."""
    return {table.name: _sum(connection, table) for table in tables.metadata.sorted_tables}


def _sum(connection: Connection, table: Table) -> Sum:
    n_rows, digest = 0, 0
    for rows in _blocks(connection, table):
        n_rows += len(rows)
        for row in rows:
            plain = msgspec.json.encode({name: _plain(value) for name, value in row.items()}, order="sorted")
            digest = (digest + int.from_bytes(hashlib.sha256(plain).digest()[:16], "big")) % ALL
    return Sum(n_rows, f"{digest:032x}")


def _plain(value: Any) -> Any:
    """A value as text that is the same from both databases."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _blocks(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    result = connection.execution_options(yield_per=BLOCK).execute(select(table))
    for part in result.mappings().partitions(BLOCK):
        yield [dict(row) for row in part]


def _put(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Bring rows in; an empty JSON column stays NULL, not JSON's null."""
    if connection.dialect.name == "duckdb":
        load(connection, table, rows)
    else:
        connection.execute(insert(table), rows)
