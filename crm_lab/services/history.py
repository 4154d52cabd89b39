"""Undo: every action can be taken back from its audit rows, as long as nobody built on it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Table, and_, select, update

from crm_lab.errors import Conflict, NotFound
from crm_lab.i18n import _
from crm_lab.services.actions import Service, writes
from crm_lab.store import tables
from crm_lab.store.records import Row

IN_ORDER = tables.metadata.sorted_tables


class CannotUndo(Conflict):
    """The record has been changed since, or is not of a kind that is undone."""

    def __init__(self) -> None:
        super().__init__(_("This can no longer be undone: it has been changed since."))


class History(Service):
    """What was done, and taking it back."""

    @writes()
    def undo(self, *, request_id: UUID) -> None:
        """Take back one of one's own actions. Raises `NotFound` for another's, `CannotUndo`."""
        a = tables.audit
        mine = and_(a.c.request_id == request_id, a.c.actor_id == self.actor.id)
        steps = self.work.rows(select(a).where(mine).order_by(a.c.step))
        if not steps:
            raise NotFound(_("There is nothing of yours to undo here."))
        touched: dict[str, dict[str, list[Row]]] = {}
        for step in steps:
            if step["entity"] not in tables.UNDOABLE or not step["entity_id"] or (step["before"] and "password" in step["action"]):
                raise CannotUndo
            touched.setdefault(step["entity"], {}).setdefault(step["entity_id"], []).append(step)
        undone = {table: self._undone(table, touched[table.name]) for table in IN_ORDER if table.name in touched}
        for table, (gone, _back, _changed) in reversed(undone.items()):
            self.work.remove_many(table, gone)
        for table, (_gone, back, changed) in undone.items():
            self.work.insert_many(table, back)
            self.work.change_many(table, changed)
        self._refuse_orphans({table: [row["id"] for row in gone] for table, (gone, _back, _changed) in undone.items()})
        imported = tables.import_file
        self.work.connection.execute(
            update(imported).where(imported.c.request_id == request_id).values(undone_at=self.work.now)
        )

    def _undone(self, table: Table, records: dict[str, list[Row]]) -> tuple[list[Row], list[Row], list[tuple[Row, Row]]]:
        """What brings the records of one table back to before their first step: rows to delete, to insert, to change."""
        present = {row["id"]: row for row in self.work.rows_of(table, "id", map(UUID, records))}
        gone: list[Row] = []
        back: list[Row] = []
        changed: list[tuple[Row, Row]] = []
        for key, steps in records.items():
            now = present.get(UUID(key))
            before, after = _values(table, steps[0]["before"]), _values(table, steps[-1]["after"])
            if (now is None) != (after is None) or (now and after and now.get("version") != after.get("version")):
                raise CannotUndo
            if now is None:
                back += [before] if before else []
            elif before is None:
                gone.append(now)
            else:
                changed.append((now, now | before))
        return gone, back, changed

    def _refuse_orphans(self, gone: dict[Table, list[UUID]]) -> None:
        """Raise `CannotUndo` where something that came later belongs to a record that is now gone."""
        for table in IN_ORDER:
            for key in (k for k in table.foreign_keys if k.column.table in gone):
                if self.work.rows_of(table, key.parent.name, gone[key.column.table]):
                    raise CannotUndo


def _values(table: Any, row: Row | None) -> Row | None:
    """An audit row's JSON as the table's own Python types."""
    if row is None:
        return None
    kinds = {name: table.c[name].type.python_type for name in row if name in table.c and row[name] is not None}
    kinds |= dict.fromkeys((n for n in kinds if n == "roles"), tuple[str, ...])
    return {
        name: msgspec.convert(value, kinds[name], strict=False) if name in kinds else None
        for name, value in row.items()
        if name in table.c
    }
