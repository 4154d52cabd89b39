"""Notebooks as pages: published by administrators, run by whoever opens them with that employee's own rights."""

from __future__ import annotations

from typing import Any, Unpack
from uuid import UUID

from sqlalchemy import and_, func, select

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.notebooks import NotebookFields, PublishedNotebook, clean_notebook, clean_notebook_title
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.store import tables
from crm_lab.store.records import NoSuchRecord, Row, as_record


class Notebooks(Service):
    """Pages made of notebooks."""

    @reads()
    def list(self) -> list[PublishedNotebook]:  # type: ignore[valid-type]
        """The pages in the menu, in their order; for administrators also those that are taken out of it, last."""
        n, names = tables.published_notebook, self.work.employee_names()
        shown = [c for c in n.c if c is not n.c.content]
        wanted = select(*shown).order_by(n.c.is_active.desc(), n.c.position, n.c.id)
        rows = self.work.rows(wanted if self.actor.has(Role.ADMIN) else wanted.where(n.c.is_active))
        return [_told(row, names) for row in rows]

    @reads()
    def content(self, *, id: UUID) -> str:  # noqa: A002 - the wire's word
        """A page's notebook (nbformat 4), without outputs. Raises `NotFound`, also where it is taken out of the menu."""
        n = tables.published_notebook
        text = self.work.scalar(select(n.c.content).where(and_(n.c.id == id, n.c.is_active)))
        if text is None:
            raise NoSuchRecord
        return str(text)

    @writes(needs=Role.ADMIN)
    def publish(self, *, title: str, content: str) -> PublishedNotebook:
        """Put a notebook into everybody's menu. It is read first: it runs with the rights of each who opens it. Raises `InvalidInput`."""
        n = tables.published_notebook
        position = int(self.work.scalar(select(func.coalesce(func.max(n.c.position), -1))) or 0) + 1
        key = new_id()
        self.work.insert(n, {
            "id": key, "version": 1, "title": self._free(clean_notebook_title(title), key), "content": clean_notebook(content), "is_active": True,
            "position": position, "changed_by": self.actor.id, "changed_at": self.work.now,
        })  # fmt: skip
        return self._get(key)

    @writes(needs=Role.ADMIN)
    def change(self, *, id: UUID, version: int, **fields: Unpack[NotebookFields]) -> PublishedNotebook:  # noqa: A002
        """Give a page another name or notebook, or take it out of the menu. Raises `InvalidInput`, `ChangedMeanwhile`."""
        clean: dict[str, Any] = dict(fields)
        if "title" in clean:
            clean["title"] = self._free(clean_notebook_title(clean["title"]), id)
        if "content" in clean:
            clean |= {"content": clean_notebook(clean["content"]), "changed_by": self.actor.id, "changed_at": self.work.now}
        self.work.change(tables.published_notebook, id, version, **clean)
        return self._get(id)

    @writes(needs=Role.ADMIN)
    def move(self, *, id: UUID, version: int, earlier: bool) -> None:  # noqa: A002
        """One place up or down in the menu. Raises `ChangedMeanwhile`."""
        there = [one for one in self.list() if one.is_active]
        at = next((n for n, one in enumerate(there) if one.id == id), None)
        to = None if at is None else at - 1 if earlier else at + 1
        if at is None or to is None or not 0 <= to < len(there):
            return
        n = tables.published_notebook
        self.work.change(n, id, version, position=there[to].position)
        self.work.change(n, there[to].id, there[to].version, position=there[at].position)

    @writes(needs=Role.ADMIN)
    def remove(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Throw a page away; it can be undone."""
        n = tables.published_notebook
        self.work.remove(n, self.work.change(n, id, version))

    def _get(self, key: UUID) -> PublishedNotebook:
        return next(one for one in self.list() if one.id == key)

    def _free(self, title: str, key: UUID) -> str:
        if any(one.title.casefold() == title.casefold() and one.id != key for one in self.list()):
            raise InvalidInput(_("There is a page called {name} already. Call this one something else, or change that one.", name=title), "title")
        return title


def _told(row: Row, names: dict[UUID | None, str]) -> PublishedNotebook:
    return as_record(PublishedNotebook, row | {"changed_by": names.get(row["changed_by"], "")})
