"""What goes over from one party to another, and back: every row that names the party, of every table there is.

A row that says the same as one of the other's stays behind, unseen. Small parts are kept as they were beside the merge,
because the forms write them anew: one that is gone when the merge is undone comes back from there.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import msgspec
from sqlalchemy import Column, CursorResult, and_, delete, exists, func, insert, literal, select, update

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.merges import ADDRESS
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.records import typed_row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from sqlalchemy import ColumnElement, Table

    from crm_lab.store.records import Row, Work

OF_ITS_OWN = {"erasure", "merge", "register_notice"}
"""Merges stay with who they were made into, and what the register says with the organisation number it says it of."""


@cache
def references(party: Table) -> tuple[Column[Any], ...]:
    """Every column that names a party of that kind, of the tables whose rows go over."""
    kept = tables.STAYING | OF_ITS_OWN
    return tuple(
        column
        for table in tables.metadata.sorted_tables
        for column in table.c
        if table.name not in kept and any(key.column.table is party for key in column.foreign_keys)
    )


def name_of(column: Column[Any]) -> str:
    """A column as `merge_row` names it."""
    return f"{column.table.name}.{column.name}"


def is_part(table: Table) -> bool:
    """Whether the rows are small parts of a party, which forms take out and write anew."""
    return "version" not in table.c


def going(column: Column[Any], kept: UUID, merged: UUID) -> ColumnElement[bool]:
    """Which rows go over; a part the other has too does not. Addresses are chosen by `take`."""
    table = column.table
    mine = column == merged
    if not is_part(table) or table is tables.address:
        return mine
    other = table.alias()
    same = [table.c[c.name].is_not_distinct_from(other.c[c.name]) for c in table.c if c.name not in {"id", column.name}]
    return and_(mine, ~exists(select(other.c.id).where(other.c[column.name] == kept, *same)))


def count_going(work: Work, party: Table, kept: UUID, merged: UUID) -> dict[str, int]:
    """How many rows go over, by table; only what the caller may see is counted."""
    found: dict[str, int] = {}
    for column in references(party):
        table = column.table
        which = and_(going(column, kept, merged), work.visible_to(table) if table is not party else column == merged)
        if n := int(work.scalar(select(func.count()).select_from(table).where(which))):
            found[table.name] = found.get(table.name, 0) + n
    return found


class Moves:
    """The rows of one merge, on their way over or back."""

    def __init__(self, work: Work, party: Table, merge: Row) -> None:
        self.work, self.party, self.id = work, party, merge["id"]
        self.kept, self.merged = merge[f"{party.name}_id"], merge["merged_id"]

    def over(self, chosen: Collection[str], *, with_notices: bool) -> None:
        """Let all go over; `chosen` names the addresses that are taken."""
        for column in references(self.party):
            table = column.table
            if table is tables.address:
                self._swap_addresses(column, {name.removeprefix(ADDRESS) for name in chosen if name.startswith(ADDRESS)})
            elif is_part(table):
                self._move_parts(column, self.work.rows(select(table).where(going(column, self.kept, self.merged))), self.kept)
            else:
                self._move(column, going(column, self.kept, self.merged))
        if with_notices:
            self._move_notices()

    def made(self, table: Table, row_id: UUID) -> None:
        """Remember a row that the merge made: it goes when the merge does."""
        self._note([{"reference": name_of(table.c[f"{self.party.name}_id"]), "row_id": row_id, "came_from": self.id}])

    def back(self) -> None:
        """Let all go back that is still where it went, as it now is; parts that are gone come back as they were."""
        r = tables.merge_row
        mine = r.c.merge_id == self.id
        kinds = self.work.rows(select(r.c.reference).where(mine).distinct())
        for reference in sorted(row["reference"] for row in kinds):
            name, _dot, column_name = reference.partition(".")
            table = tables.metadata.tables[name]
            for home, away in ((self.merged, self.kept), (self.kept, self.merged)):
                ids = select(r.c.row_id).where(mine, r.c.reference == reference, r.c.came_from == home)
                here = and_(table.c[column_name] == away, table.c.id.in_(ids))
                self.work.connection.execute(update(table).where(here).values({column_name: home}))
            made = select(r.c.row_id).where(mine, r.c.reference == reference, r.c.came_from == self.id)
            self.work.connection.execute(delete(table).where(table.c.id.in_(made)))
            if is_part(table):
                self._mend(table, self.work.rows(select(r).where(mine, r.c.reference == reference, r.c.content.is_not(None))))
        self.work.connection.execute(delete(r).where(mine))

    def _move(self, column: Column[Any], which: ColumnElement[bool]) -> None:
        """Rows by the thousand, in two statements; none is asked whether anybody changed it meanwhile: nothing of it is."""
        r, table = tables.merge_row, column.table
        went = select(literal(self.id, r.c.merge_id.type), literal(name_of(column)), table.c.id, literal(self.merged, r.c.came_from.type))
        done = self.work.connection.execute(insert(r).from_select(["merge_id", "reference", "row_id", "came_from"], went.where(which)))
        if cast("CursorResult[Any]", done).rowcount:
            self.work.connection.execute(update(table).where(which).values({column.name: self.kept}))

    def _move_parts(self, column: Column[Any], rows: list[Row], to: UUID, **changes: Any) -> None:
        """Parts, with a copy of each kept beside the merge."""
        if not rows:
            return
        table = column.table
        ids = [row["id"] for row in rows]
        self.work.connection.execute(update(table).where(table.c.id.in_(ids)).values({column.name: to, **changes}))
        self._note([
            {"reference": name_of(column), "row_id": row["id"], "came_from": row[column.name], "content": msgspec.to_builtins(row)}
            for row in rows
        ])  # fmt: skip

    def _swap_addresses(self, column: Column[Any], taken: set[str]) -> None:
        """Of each use that is taken the other's address; who has one there already gives it away. Delivery addresses all go."""
        a = tables.address
        rows = {key: self.work.rows(select(a).where(column == key).order_by(a.c.position)) for key in (self.kept, self.merged)}
        position = max((row["position"] for row in rows[self.kept]), default=-1)
        same = {_said(row) for row in rows[self.kept]}
        for row in rows[self.merged]:
            if row["kind"] in taken or (row["kind"] == AddressKind.DELIVERY and _said(row) not in same):
                given = [mine for mine in rows[self.kept] if mine["kind"] == row["kind"] != AddressKind.DELIVERY]
                position += 1
                self._move_parts(column, given, self.merged)
                self._move_parts(column, [row], self.kept, position=position)

    def _move_notices(self) -> None:
        """What the register says, unless the same is waiting already."""
        n = tables.register_notice
        waiting = select(n.c.field).where(n.c.customer_id == self.kept, n.c.settled_at.is_(None))
        self._move(n.c.customer_id, and_(n.c.customer_id == self.merged, n.c.field.not_in(waiting)))

    def _mend(self, table: Table, copies: list[Row]) -> None:
        """Bring back the parts that are gone, where all they name is still there; addresses into their old order."""
        there = {row["id"]: row for row in self.work.rows_of(table, "id", [copy["row_id"] for copy in copies])}
        gone = [typed_row(table, copy["content"]) or {} for copy in copies if copy["row_id"] not in there]
        load(self.work.connection, table, [row for row in gone if self._is_whole(table, row)])
        for copy in copies if table is tables.address else ():
            row = there.get(copy["row_id"])
            if row and copy["content"]["position"] != row["position"] and str(row[f"{self.party.name}_id"]) == str(copy["came_from"]):
                self.work.connection.execute(update(table).where(table.c.id == row["id"]).values(position=copy["content"]["position"]))

    def _is_whole(self, table: Table, row: Row) -> bool:
        """Whether every record the row names is there."""
        names = [(key.column.table, row[key.parent.name]) for key in table.foreign_keys]
        return all(value is None or self.work.count_of(target, "id", [value]) for target, value in names)

    def _note(self, rows: Iterable[Row]) -> None:
        load(self.work.connection, tables.merge_row, [{"merge_id": self.id} | row for row in rows])


def _said(row: Row) -> tuple[Any, ...]:
    """What an address says, whatever its key, its party and its place in the order."""
    return tuple(value for name, value in row.items() if name not in {"id", "customer_id", "contact_id", "position"})
