"""Figures that employees keep from their notebooks: each its owner's alone, for it shows what its owner may see."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import and_, select

from crm_lab.domain.ids import new_id
from crm_lab.domain.notebooks import LONGEST_TITLE, SavedFigure, clean_figure
from crm_lab.domain.values import clean_text
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.store import tables
from crm_lab.store.records import NoSuchRecord, as_record


class Figures(Service):
    """The caller's own figures."""

    @reads()
    def list(self) -> list[SavedFigure]:  # type: ignore[valid-type]
        """The caller's figures by name, without what they show."""
        f = tables.saved_figure
        rows = self.work.rows(select(f.c.id, f.c.version, f.c.name, f.c.saved_at).where(f.c.employee_id == self.actor.id).order_by(f.c.name))
        return [as_record(SavedFigure, row) for row in rows]

    @reads()
    def get(self, *, id: UUID) -> SavedFigure:  # noqa: A002 - the wire's word
        """One figure of the caller's. Raises `NotFound`, also where it is a colleague's."""
        f = tables.saved_figure
        row = self.work.one(select(f).where(and_(f.c.id == id, f.c.employee_id == self.actor.id)))
        if row is None:
            raise NoSuchRecord
        return as_record(SavedFigure, row)

    @writes()
    def save(self, *, name: str, figure: str) -> SavedFigure:
        """Keep a figure, `figure.to_json()`, under a name; one of the caller's of that name is replaced. Raises `InvalidInput`."""
        f, clean = tables.saved_figure, clean_text(name, "name", max_length=LONGEST_TITLE)
        if not clean:
            raise InvalidInput(_("Give the figure a name."), "name")
        told = {"figure": clean_figure(figure), "saved_at": self.work.now}
        had = self.work.one(select(f).where(and_(f.c.employee_id == self.actor.id, f.c.name == clean)))
        if had:
            self.work.change(f, had["id"], had["version"], **told)
            return self.get(id=had["id"])
        key = new_id()
        self.work.insert(f, {"id": key, "version": 1, "employee_id": self.actor.id, "name": clean, **told})
        return self.get(id=key)

    @writes()
    def remove(self, *, id: UUID) -> None:  # noqa: A002
        """Throw away a figure of the caller's, and its box. Raises `NotFound`."""
        self.get(id=id)
        f = tables.saved_figure
        self.work.remove(f, self.work.one(select(f).where(f.c.id == id)) or {})
