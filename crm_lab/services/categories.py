"""Categories: made, changed and removed; who carries them is saved with the customer or contact."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack
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

    @writes(needs=Role.ADMIN)
    def merge(self, *, id: UUID, version: int, into: UUID) -> int:  # noqa: A002
        """Let those who carry a category carry another instead, and remove it; how many the caller sees there are.

        The settings of the removed one are no longer inherited. Raises `InvalidInput`, `NotFound`, `ChangedMeanwhile`.
        """
        link = tables.category_link
        target = self.work.read(Category, tables.category, into)
        row = self.work.change(tables.category, id, version)
        if id == into:
            raise InvalidInput(_("Choose another category."), "into")
        rows = self.work.rows_of(link, "category_id", [id])
        seen = {r["id"] for r in self.work.rows(select(link.c.id).where(and_(link.c.category_id == id, self.work.visible_to(link))))}
        carried = {(r["customer_id"], r["contact_id"]) for r in self.work.rows_of(link, "category_id", [into])}
        doubles = [r for r in rows if (r["customer_id"], r["contact_id"]) in carried]
        self.work.remove_many(link, doubles)
        self.work.set_many(link, [r for r in rows if r not in doubles], category_id=into)
        uses = {name: getattr(target, name) or row[name] for name in ("for_customers", "for_contacts")}
        if any(uses[name] != getattr(target, name) for name in uses):
            self.work.change(tables.category, into, target.version, **uses)
        self.work.remove(tables.category, row)
        return len(seen)

    @writes()
    def put(self, *, id: UUID, customer_id: UUID | None = None, contact_id: UUID | None = None) -> None:  # noqa: A002
        """Put a category on a customer or a contact. Raises `InvalidInput`, `NotFound`."""
        party = self._party(customer_id, contact_id)
        category = self.work.read(Category, tables.category, id)
        if not (category.for_customers if customer_id else category.for_contacts):
            raise InvalidInput(_("There is no such category. Choose one of the list."), "id")
        link = tables.category_link
        if not self.work.rows(select(link.c.id).where(and_(link.c.category_id == id, *(link.c[key] == value for key, value in party.items() if value)))):
            self.work.insert(link, {"id": new_id(), "category_id": id} | party)
            self._tell(party)

    @writes()
    def take(self, *, id: UUID, customer_id: UUID | None = None, contact_id: UUID | None = None) -> None:  # noqa: A002
        """Take a category off a customer or a contact. Raises `NotFound`."""
        party, link = self._party(customer_id, contact_id), tables.category_link
        carried = and_(link.c.category_id == id, *(link.c[key] == value for key, value in party.items() if value))
        self.work.remove_many(link, self.work.rows(select(link).where(carried)))
        self._tell(party)

    def _tell(self, party: dict[str, Any]) -> None:
        """Give the party another version, so that whoever has it in a form is told."""
        for key, table in tables.PARENTS.items():
            row = self.work.one(select(table.c.version).where(table.c.id == party[key])) if party[key] else None
            if row:
                self.work.change(table, party[key], row["version"])

    def _party(self, customer_id: UUID | None, contact_id: UUID | None) -> dict[str, Any]:
        """The columns that name one party, which the caller may see."""
        if (customer_id is None) == (contact_id is None):
            raise InvalidInput(_("Name one customer or one contact."), "customer_id")
        self.work.require(tables.customer if customer_id else tables.contact, customer_id or contact_id)
        return {"customer_id": customer_id, "contact_id": contact_id}

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
