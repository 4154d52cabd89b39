"""Undo: every action can be taken back from its audit rows, as long as nobody built on it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import and_, delete, insert, select, update

from crm_lab.errors import Conflict, NotFound
from crm_lab.i18n import _
from crm_lab.services.actions import Service, writes
from crm_lab.store import tables
from crm_lab.store.records import Row


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
        steps = self.work.rows(select(a).where(mine).order_by(a.c.step.desc()))
        if not steps:
            raise NotFound(_("There is nothing of yours to undo here."))
        for step in steps:
            self._take_back(step)

    def _take_back(self, step: Row) -> None:
        if step["entity"] not in tables.UNDOABLE or not step["entity_id"]:
            raise CannotUndo
        if step["before"] and "password" in step["action"]:
            raise CannotUndo
        table = tables.metadata.tables[step["entity"]]
        key = UUID(step["entity_id"])
        now = self.work.one(select(table).where(table.c.id == key))
        before, after = _values(table, step["before"]), _values(table, step["after"])
        if (now is None) != (after is None) or (now and after and now.get("version") != after.get("version")):
            raise CannotUndo
        if before is None and after is not None:
            self.work.connection.execute(delete(table).where(table.c.id == key))
        elif before is not None and after is None:
            self.work.connection.execute(insert(table), [before])
        elif before is not None and now is not None:
            before |= {"version": now["version"] + 1} if "version" in now else {}
            self.work.connection.execute(update(table).where(table.c.id == key).values(**before))
        self.work.note(table, {"id": key}, now, before)


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
