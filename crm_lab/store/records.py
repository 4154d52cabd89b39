"""Reading and writing rows with everything that must never be forgotten: version, audit, visibility.

A `Work` is one action of one caller inside one transaction. Services write through it only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    collate,
    delete,
    insert,
    or_,
    select,
    true,
    update,
)

from crm_lab.domain.ids import new_id
from crm_lab.errors import Conflict, NotFound
from crm_lab.i18n import _
from crm_lab.store import tables

if TYPE_CHECKING:
    import pyarrow as pa

    from crm_lab.domain.access import Actor

T = TypeVar("T")
Row = dict[str, Any]


class ChangedMeanwhile(Conflict):
    """Somebody saved the same record first."""

    def __init__(self) -> None:
        super().__init__(_("Somebody else changed this in the meantime. Reload and try again; nothing was saved."))


def _json(value: Any) -> Any:
    return msgspec.to_builtins(value)


@dataclass(slots=True)
class Work:
    """One caller's action inside one transaction.

    `request_id` names the action for retry, audit and undo; `now` is the instant it began; `session` is the
    digest of the session token it came with.
    """

    connection: Connection
    actor: Actor | None
    now: datetime
    request_id: UUID = field(default_factory=new_id)
    action: str = ""
    session: str = ""
    steps: int = 0

    def visible_to(self, table: Table) -> ColumnElement[bool]:
        """Which rows of `table` the caller may know of: the one rule for every read."""
        if "owner_only" not in table.c:
            return true()
        owner = self.actor.id if self.actor else None
        return or_(table.c.owner_only.is_(False), table.c.owner_id == owner)

    def alphabetical(self, text: ColumnElement[str]) -> ColumnElement[str]:
        """What to order by for a Norwegian reader: å after z, no difference between a and A (Unicode CLDR, nb)."""
        return collate(text, "nb" if self.connection.dialect.name == "duckdb" else "nb-x-icu")

    def rows(self, query: Select[Any]) -> list[Row]:
        """The rows of a query as dicts."""
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def one(self, query: Select[Any]) -> Row | None:
        """The first row, or None."""
        row = self.connection.execute(query).mappings().first()
        return dict(row) if row is not None else None

    def scalar(self, query: Select[Any]) -> Any:
        """The first value of the first row, or None."""
        return self.connection.execute(query).scalar()

    def frame(self, query: Select[Any]) -> pa.Table:
        """The rows as an Arrow table: no float ever touches a DECIMAL."""
        import pyarrow as pa

        if self.connection.dialect.name == "duckdb":
            table: pa.Table = self.connection.execute(query, execution_options={"duckdb_arrow": True}).arrow  # type: ignore[attr-defined]
            return table
        result = self.connection.execute(query)
        return pa.Table.from_pylist([dict(row) for row in result.mappings()])

    def read(self, cls: type[T], table: Table, record_id: UUID) -> T:
        """One record the caller may see. Raises `NotFound`, also where it is hidden."""
        row = self.one(select(table).where(and_(table.c.id == record_id, self.visible_to(table))))
        if row is None:
            raise NotFound(_("There is no such record, or you may not see it."))
        return as_record(cls, row)

    def insert(self, table: Table, row: Row) -> None:
        """Add a row and its audit."""
        self.connection.execute(insert(table), [row])
        self.note(table, row, None, row)

    def insert_many(self, table: Table, rows: list[Row]) -> None:
        """Add many rows with one audit row that counts them (imports)."""
        if rows:
            self.connection.execute(insert(table), rows)
            self._audit(table.name, "", None, {"n_rows": len(rows)})

    def change(self, table: Table, record_id: UUID, version: int, **changes: Any) -> Row:
        """Change a versioned row. Raises `ChangedMeanwhile` where `version` is no longer the newest."""
        before = self.one(select(table).where(and_(table.c.id == record_id, self.visible_to(table))))
        if before is None:
            raise NotFound(_("There is no such record, or you may not see it."))
        after = before | changes | {"version": version + 1}
        done = self.connection.execute(
            update(table)
            .where(and_(table.c.id == record_id, table.c.version == version))
            .values(**changes, version=version + 1)
        )
        if done.rowcount != 1:
            raise ChangedMeanwhile
        self.note(table, before, before, after)
        return after

    def remove(self, table: Table, row: Row) -> None:
        """Delete a row; its content stays in the audit."""
        self.connection.execute(delete(table).where(table.c.id == row["id"]))
        self.note(table, row, row, None)

    def next_number(self, series: str, start: int) -> int:
        """The next number of a gapless series, taken inside this transaction."""
        c = tables.counter
        value = self.scalar(select(c.c.value).where(c.c.name == series))
        if value is None:
            self.connection.execute(insert(c), [{"name": series, "value": start}])
            return start
        self.connection.execute(update(c).where(c.c.name == series).values(value=value + 1))
        return int(value) + 1

    def note(self, table: Table, key: Row, before: Row | None, after: Row | None) -> None:
        """Write the audit row of one change; secrets are left out."""
        self._audit(table.name, str(key["id"]), _public(before), _public(after))

    def _audit(self, entity: str, entity_id: str, before: Row | None, after: Row | None) -> None:
        self.connection.execute(
            insert(tables.audit),
            [
                {
                    "id": new_id(),
                    "request_id": self.request_id,
                    "step": self.steps,
                    "done_at": self.now,
                    "actor_id": self.actor.id if self.actor else None,
                    "action": self.action,
                    "entity": entity,
                    "entity_id": entity_id,
                    "before": _json(before),
                    "after": _json(after),
                }
            ],
        )
        self.steps += 1


def _public(row: Row | None) -> Row | None:
    return None if row is None else {k: v for k, v in row.items() if k != "password_hash"}


def as_record(cls: type[T], row: Row) -> T:
    """A row as the dataclass it describes; columns the class does not name are left out."""
    names: set[str] = set(cls.__dataclass_fields__)  # type: ignore[attr-defined]
    values = {str(k): v for k, v in row.items() if k in names}
    instants = {k: v for k, v in values.items() if isinstance(v, (datetime, date, UUID))}
    plain = msgspec.to_builtins({k: v for k, v in values.items() if k not in instants})
    return msgspec.convert(plain | instants, cls, strict=False)


def as_row(record: Any, table: Table) -> Row:
    """A dataclass as a row: its fields that are columns of `table`."""
    return {k: v for k, v in asdict(record).items() if k in table.c}
