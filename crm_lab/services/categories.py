"""Categories: made, changed and removed; who carries them is saved with the customer or contact."""

from __future__ import annotations

from typing import TypedDict, Unpack
from uuid import UUID

import pyarrow as pa
from sqlalchemy import String, and_, cast, func, select

from crm_lab.domain.access import Role
from crm_lab.domain.categories import Category, Colour
from crm_lab.domain.ids import new_id
from crm_lab.domain.names import fold
from crm_lab.domain.terms import Terms, clean_terms
from crm_lab.domain.values import clean_text
from crm_lab.errors import Conflict, Faults, Forbidden, InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.store import tables
from crm_lab.store.records import as_record, as_row

LONGEST_NAME = 60


class CategoryFields(TypedDict, total=False):
    """What people write on a category."""

    name: str
    colour: Colour
    for_customers: bool
    for_contacts: bool
    terms: Terms


class CategoryTaken(Conflict):
    """Category names are unique, however they are written."""

    def __init__(self, name: str) -> None:
        super().__init__(_("There is a category {name} already.", name=name))


class Categories(Service):
    """Labels on customers and contacts."""

    @reads()
    def list(self) -> list[Category]:  # type: ignore[valid-type]
        """Every category by name."""
        return [as_record(Category, row) for row in self.work.kept(tables.category)]

    @reads()
    def usage(self) -> pa.Table:
        """How many customers and contacts the caller sees carry each category: columns id, name, n_customers, n_contacts."""
        c, link = tables.category, tables.category_link
        seen = and_(link.c.category_id == c.c.id, self.work.visible_to(link))
        query = (
            select(
                cast(c.c.id, String).label("id"),
                c.c.name,
                func.count(link.c.customer_id).label("n_customers"),
                func.count(link.c.contact_id).label("n_contacts"),
            )
            .select_from(c.outerjoin(link, seen))
            .group_by(c.c.id, c.c.name)
            .order_by(self.work.alphabetical(c.c.name))
        )
        return self.work.frame(query)

    @writes()
    def create(self, **fields: Unpack[CategoryFields]) -> Category:
        """Make a category; terms are an administrator's to set. Raises `InvalidInput`, `CategoryTaken`."""
        clean = self._clean(None, {"name": ""} | fields)
        category = Category(**clean, id=new_id())
        self.work.insert(tables.category, as_row(category, tables.category))
        return category

    @writes(needs=Role.ADMIN)
    def change(self, *, id: UUID, version: int, **fields: Unpack[CategoryFields]) -> Category:  # noqa: A002
        """Change a category's name, colour, uses and terms."""
        before = self.work.read(Category, tables.category, id)
        clean = self._clean(id, fields)
        after = Category(**({f: getattr(before, f) for f in ("name", "colour", "for_customers", "for_contacts", "terms")} | clean), id=id)  # type: ignore[arg-type]
        row = {k: v for k, v in as_row(after, tables.category).items() if k not in {"id", "version"}}
        return as_record(Category, self.work.change(tables.category, id, version, **row))

    @writes(needs=Role.ADMIN)
    def delete(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Remove a category, also from everybody who carries it. It can be undone."""
        self.work.change(tables.category, id, version)
        self.work.replace(tables.category_link, {"category_id": id}, [])
        self.work.remove(tables.category, self.work.one(select(tables.category).where(tables.category.c.id == id)) or {"id": id})

    def _clean(self, category_id: UUID | None, fields: CategoryFields) -> CategoryFields:
        clean, faults = fields.copy(), Faults()
        if "name" in fields:
            clean["name"] = clean_text(fields["name"], "name", max_length=LONGEST_NAME)
            if not clean["name"]:
                raise InvalidInput(_("Enter a name."), "name")
            if any(fold(c.name) == fold(clean["name"]) and c.id != category_id for c in self.list()):
                raise CategoryTaken(clean["name"])
        if "terms" in fields:
            if not self.actor.has(Role.ADMIN):
                raise Forbidden(_("You do not have permission to do this."))
            clean["terms"] = clean_terms(fields["terms"], faults)
            faults.tell()
        return clean
