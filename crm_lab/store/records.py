"""Reading and writing rows with everything that must never be forgotten: version, audit, visibility.

A `Work` is one action of one caller inside one transaction. Services write through it only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    collate,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import BIT

from crm_lab.domain.duplicates import stored_clues
from crm_lab.domain.ids import new_id
from crm_lab.domain.names import name_bits
from crm_lab.errors import ChangedMeanwhile, NotFound
from crm_lab.i18n import _
from crm_lab.store import tables
from crm_lab.store.bulk import among, arrow_table, batched, load, rewrite
from crm_lab.store.changes import Written
from crm_lab.store.following import follow_clues
from crm_lab.store.opportunity_changes import log_changes
from crm_lab.store.visibility import about, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from crm_lab.domain.access import Actor

T = TypeVar("T")
SECRET = {"password_hash", "secret"}
"""The columns that no audit holds."""
Row = dict[str, Any]


class NoSuchRecord(NotFound):
    """There is none, or the caller may not know that there is."""

    def __init__(self) -> None:
        super().__init__(_("There is no such record, or you may not see it."))


@dataclass(slots=True)
class Work:
    """One caller's action inside one transaction.

    `request_id` names the action for retry, audit and undo; `now` is the instant it began; `session` is the digest of the token it came with.
    """

    connection: Connection
    actor: Actor | None
    now: datetime
    request_id: UUID = field(default_factory=new_id)
    action: str = ""
    session: str = ""
    steps: int = 0

    @property
    def caller(self) -> UUID | None:
        """Who asks, as statements built once are told."""
        return self.actor.id if self.actor else None

    def visible_to(self, table: FromClause) -> ColumnElement[bool]:
        """Which rows of `table` the caller may know of: the one rule for every read."""
        return visible(table, self.caller)

    def rows_about(self, table: Table, key: str, party_id: UUID | None, *, newest: int | None = None) -> list[Row]:
        """The rows of one party that the caller may see; that the party is visible has been asked.

        As `visible_to`, at a third of its cost: the few other parties of the rows are asked for by name. `newest` rows
        at most, pinned ones first.
        """
        given = {"party": party_id, "caller": self.caller, "newest": newest}
        rows = self.rows(about(table, key, newest is not None), given)
        for other, parent in tables.PARENTS.items():
            named = {row[other] for row in rows if other != key and row.get(other)}
            if named:
                seen = select(parent.c.id).where(and_(parent.c.id.in_(named), self.visible_to(parent)))
                known = {row["id"] for row in self.rows(seen)}
                rows = [row for row in rows if row[other] is None or row[other] in known]
        return rows

    def alphabetical(self, text: ColumnElement[str]) -> ColumnElement[str]:
        """What to order by for a Norwegian reader: æ, ø and å (also written aa) after z, as in CLDR's nb.

        DuckDB's ICU carries no Norwegian rules and sorts å as a; the Danish ones are the same alphabet.
        """
        return collate(text, "da" if self.connection.dialect.name == "duckdb" else "nb-x-icu")

    def unlike(self, table: FromClause, key: str) -> ColumnElement[int]:
        """In how many bits the signatures of the names in `table` and of `key` differ: one machine instruction a row.

        PostgreSQL has xor as an operator, and pg_trgm with an index where the scan is too slow.
        """
        bits, wanted = table.c.name_bits, bindparam(None, name_bits(key), BigInteger)
        if self.connection.dialect.name == "duckdb":
            return func.bit_count(func.xor(bits, wanted))
        return func.bit_count(sql_cast(bits.op("#")(wanted), BIT(64)))

    def kept(self, table: Table) -> list[Row]:
        """All rows of a small table by name, those out of use last; not to be changed.

        From memory where this process is the only one that writes, and this transaction has not written to the table.
        """
        options = self.connection.get_execution_options()
        if options.get("kept") is None or table.name in options.get("written", Written()).tables:
            return self._by_name(table, self.connection)

        def read() -> list[Row]:
            with self.connection.engine.connect() as connection:
                return self._by_name(table, connection)

        rows: list[Row] = options["kept"].of(table, read)
        return rows

    def _by_name(self, table: Table, connection: Connection) -> list[Row]:
        last = [table.c.is_active.desc()] if "is_active" in table.c else []
        query = select(table).order_by(*last, self.alphabetical(table.c.name))
        return [dict(row) for row in connection.execute(query).mappings()]

    def employee_names(self) -> dict[UUID | None, str]:
        """Every employee's name by key, from what is kept."""
        return {row["id"]: row["name"] for row in self.kept(tables.employee)}

    def rows(self, query: Select[Any], given: Row | None = None) -> list[Row]:
        """The rows of a query as dicts; `given` are the values of its parameters."""
        result = self.connection.execute(query, given)
        names = tuple(result.keys())
        return [dict(zip(names, row, strict=True)) for row in result.all()]

    def one(self, query: Select[Any]) -> Row | None:
        """The first row, or None."""
        row = self.connection.execute(query).mappings().first()
        return dict(row) if row is not None else None

    def scalar(self, query: Select[Any]) -> Any:
        """The first value of the first row, or None."""
        return self.connection.execute(query).scalar()

    def frame(self, query: Select[Any]) -> pa.Table:
        """The rows as an Arrow table: no float ever touches a DECIMAL."""
        if self.connection.dialect.name == "duckdb":
            table: pa.Table = self.connection.execute(query, execution_options={"duckdb_arrow": True}).arrow  # type: ignore[attr-defined]
            return table
        return arrow_table(query.selected_columns, self.connection.execute(query).all())

    def read(self, cls: type[T], table: Table, record_id: UUID) -> T:
        """One record the caller may see. Raises `NotFound`, also where it is hidden."""
        return as_record(cls, self.seen(table, record_id))

    def seen(self, table: Table, record_id: UUID | None) -> Row:
        """The row of one. Raises `NotFound`, also where it is hidden."""
        if (row := self.one(select(table).where(and_(table.c.id == record_id, self.visible_to(table))))) is None:
            raise NoSuchRecord
        return row

    def require(self, table: Table, record_id: UUID | None) -> None:
        """Raise `NotFound` unless the caller may see the record."""
        self.seen(table, record_id)

    def insert(self, table: Table, row: Row) -> None:
        """Add a row and its audit."""
        self.connection.execute(insert(table), [row])
        self.note(table, row, None, row)

    def insert_many(self, table: Table, rows: list[Row]) -> None:
        """Add many rows, each with its audit."""
        load(self.connection, table, rows)
        self._note_many(table, [(None, row) for row in rows])

    def rows_of(self, table: Table, column: str, keys: Iterable[Any]) -> list[Row]:
        """The rows whose `column` is one of many keys; visibility is the caller's to have asked."""
        return self.rows(select(table).where(among(table.c[column], keys)))

    def count_of(self, table: Table, column: str, keys: Iterable[Any]) -> int:
        """How many those are."""
        return int(self.scalar(select(func.count()).select_from(table).where(among(table.c[column], keys))))

    def change_many(self, table: Table, changes: list[tuple[Row, Row]]) -> None:
        """Change many rows, given as (before, after), each with its audit. Raises `ChangedMeanwhile`, and then all stay."""
        done = [(b, a | ({"version": b["version"] + 1} if "version" in b else {})) for b, a in changes]
        for part in batched(done):
            rewrite(self.connection, table, part)
        self._note_many(table, done)

    def remove_many(self, table: Table, rows: list[Row]) -> None:
        """Delete many rows; their content stays in the audit."""
        self.connection.execute(delete(table).where(among(table.c.id, (row["id"] for row in rows))))
        self._note_many(table, [(row, None) for row in rows])

    def unmake(self, table: Table, request_id: UUID, ids: list[UUID]) -> None:
        """Delete rows that a request made and nobody touched since, unread: the audit is that of their making, turned round."""
        a = tables.audit
        made = and_(a.c.request_id == request_id, a.c.entity == table.name, among(a.c.entity_id, map(str, ids)))
        parents = [a.c[key] for key in tables.PARENTS]
        own = func.coalesce(*parents).label("id")
        self.touch(table, self.rows(select(*parents, own).where(made).distinct()))
        told: dict[str, Any] = {
            "id": func.uuidv7(), "request_id": literal(self.request_id), "step": self.steps - 1 + func.row_number().over(order_by=a.c.step),
            "done_at": literal(self.now, a.c.done_at.type), "actor_id": literal(self.actor.id if self.actor else None, a.c.actor_id.type),
            "action": literal(self.action), "entity": a.c.entity, "entity_id": a.c.entity_id, **{c.name: c for c in parents}, "before": a.c.after,
        }  # fmt: skip
        self.steps += len(ids)
        self.connection.execute(insert(a).from_select(list(told), select(*told.values()).where(made)))
        self.connection.execute(delete(table).where(among(table.c.id, ids)))
        if table.name in tables.FOUND_BY_CLUES:
            self.connection.execute(delete(tables.clue).where(among(tables.clue.c.source_id, ids)))

    def set_many(self, table: Table, rows: list[Row], **same: Any) -> None:
        """Give many rows the same values, each with its audit. Raises `ChangedMeanwhile`, and then all stay."""
        which = among(table.c.id, (row["id"] for row in rows))
        if self.connection.execute(update(table).where(which).values(same)).rowcount != len(rows):
            raise ChangedMeanwhile
        self._note_many(table, [(row, row | same) for row in rows])

    def replace(self, table: Table, parent: Row, rows: list[Row]) -> None:
        """Make `rows` all that `parent` ({column: key}) has in `table`; what stays the same is left alone.

        A row with the id of one that is there changes that one; every other id is given here.
        """
        (column, key), *_rest = parent.items()
        had = {row["id"]: row for row in self.rows(select(table).where(table.c[column] == key))}
        wanted = [{c.name: None for c in table.c} | row | parent for row in rows]
        known = {row["id"]: row for row in wanted if row["id"] in had}
        fresh = [row for row in wanted if row["id"] not in had]
        for row in [h for h in had.values() if h["id"] not in known and not any(_alike(h, w) for w in fresh)]:
            self.remove(table, row)
        for row_id, row in known.items():
            before = had[row_id]
            if changes := {k: v for k, v in row.items() if v != before[k]}:
                self.connection.execute(update(table).where(table.c.id == row_id).values(**changes))
                self.note(table, row, before, row)
        for row in [w for w in fresh if not any(_alike(w, h) for h in had.values())]:
            self.insert(table, row | {"id": new_id()})

    def change(self, table: Table, record_id: UUID, version: int, **changes: Any) -> Row:
        """Change a versioned row. Raises `ChangedMeanwhile` where `version` is no longer the newest."""
        before = self.one(select(table).where(and_(table.c.id == record_id, self.visible_to(table))))
        if before is None:
            raise NoSuchRecord
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

    def next_number(self, series: str, start: int, n: int = 1) -> int:
        """The next of a gapless series, the first of `n` that are taken inside this transaction."""
        c = tables.counter
        at = self.scalar(select(c.c.value).where(c.c.name == series))
        first = start if at is None else int(at) + 1
        if at is None:
            self.connection.execute(insert(c), [{"name": series, "value": first + n - 1}])
        else:
            self.connection.execute(update(c).where(c.c.name == series).values(value=first + n - 1))
        return first

    def note(self, table: Table, key: Row, before: Row | None, after: Row | None) -> None:
        """Write the audit row of one change, secrets left out; and what the row is now found by."""
        self.touch(table, [key, *filter(None, (before, after))])
        self.connection.execute(insert(tables.audit), [self._audit_row(table, key, before, after)])
        self._keep_clues(table, [(before, after)])

    def _note_many(self, table: Table, changes: Sequence[tuple[Row | None, Row | None]]) -> None:
        self.touch(table, [row for change in changes for row in change if row])
        load(self.connection, tables.audit, [self._audit_row(table, before or after or {}, before, after) for before, after in changes])
        self._keep_clues(table, changes)

    def _keep_clues(self, table: Table, changes: Sequence[tuple[Row | None, Row | None]]) -> None:
        """What rows are found by, and the history of opportunities, after they were changed from one state to another."""
        if table is tables.opportunity:
            log_changes(self.connection, changes, self.now, self.caller)
        if table.name not in tables.FOUND_BY_CLUES:
            return
        signs = [((after or before or {})["id"], _clues(before), _clues(after)) for before, after in changes]
        if gone := [key for key, old, new in signs if old and old != new]:
            self.connection.execute(delete(tables.clue).where(among(tables.clue.c.source_id, gone)))
        fresh = [(key, value) for key, old, new in signs if old != new for value in sorted(new)]
        load(self.connection, tables.clue, [{"value": value, "source_id": key} for key, value in fresh])
        follow_clues(self, [value for _key, value in fresh])

    def _audit_row(self, table: Table, key: Row, before: Row | None, after: Row | None) -> Row:
        self.steps += 1
        row = after or before or {}
        return {
            "id": new_id(),
            "request_id": self.request_id,
            "step": self.steps - 1,
            "done_at": self.now,
            "actor_id": self.actor.id if self.actor else None,
            "action": self.action,
            "entity": table.name,
            "entity_id": str(key["id"]),
            **{name: key["id"] if parent is table else row.get(name) for name, parent in tables.PARENTS.items()},
            "before": _public(before),
            "after": _public(after),
        }

    def touch(self, table: Table, rows: list[Row]) -> None:
        """Note which table this is, and whose rows, for what is kept in memory; the search index holds nothing of the ledger."""
        options = self.connection.get_execution_options()
        own = {"id" if parent is table else key: parent.name for key, parent in tables.PARENTS.items()}
        whose = {(name, row[key]) for key, name in own.items() for row in rows if row.get(key)}
        if written := options.get("written"):
            written.note(table.name, (party for _name, party in whose))
        if table.name not in tables.UNSEARCHED:
            options.get("touched", set()).update(whose)


def _clues(row: Row | None) -> frozenset[str]:
    return frozenset() if row is None else stored_clues(row).values


def _alike(one: Row, other: Row) -> bool:
    return {k: v for k, v in one.items() if k != "id"} == {k: v for k, v in other.items() if k != "id"}


def _public(row: Row | None) -> Row | None:
    return None if row is None else {k: v for k, v in row.items() if k not in SECRET}


def typed_row(table: Table, row: Row | None) -> Row | None:
    """An audit row's JSON as the table's own Python types."""
    if row is None:
        return None
    kinds = {name: table.c[name].type.python_type for name in row if name in table.c and row[name] is not None}
    kinds |= dict.fromkeys((n for n in kinds if isinstance(table.c[n].type, tables.Words)), tuple[str, ...])
    return {
        name: msgspec.convert(value, kinds[name], strict=False) if name in kinds else None
        for name, value in row.items()
        if name in table.c
    }


def as_record(cls: type[T], row: Row) -> T:
    """A row as the dataclass it describes; columns the class does not name are left out."""
    names: set[str] = set(cls.__dataclass_fields__)  # type: ignore[attr-defined]
    values = {str(k): v for k, v in row.items() if k in names}
    instants = {k: v for k, v in values.items() if isinstance(v, (datetime, date, UUID))}
    plain = msgspec.to_builtins({k: v for k, v in values.items() if k not in instants})
    return msgspec.convert(plain | instants, cls, strict=False)


def as_row(record: Any, table: Table) -> Row:
    """A dataclass as a row: its fields that are columns of `table`; what a JSON column holds leaves out None."""
    kind: Any = type(record)
    shared = _shared(kind, table)
    return {name: _sparse(getattr(record, name)) if is_json else _stored(getattr(record, name)) for name, is_json in shared}


def _stored(value: Any) -> Any:
    """An instant as it will be read again, so that undoing finds the row as it was left."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


@cache
def _shared(cls: Any, table: Table) -> tuple[tuple[str, bool], ...]:
    """The fields of a dataclass that are columns of a table, and whether JSON is kept there."""
    return tuple((f.name, isinstance(table.c[f.name].type, JSON)) for f in fields(cls) if f.name in table.c)


def _sparse(value: Any) -> Row:
    return {k: v for k, v in msgspec.to_builtins(value).items() if v is not None}
