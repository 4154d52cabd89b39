"""Cards: a party and all that is linked to it in one answer, so that a card costs one call and a statement for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Table, and_, func, select

from crm_lab.domain.cards import ContactCard, CustomerCard, FormerOwner, LinkedContact
from crm_lab.domain.categories import Category
from crm_lab.domain.customers import CustomerName
from crm_lab.services.actions import Service, reads
from crm_lab.services.contacts import Contacts
from crm_lab.services.customers import Customers, shown_name
from crm_lab.store import tables
from crm_lab.store.records import as_record

if TYPE_CHECKING:
    from collections.abc import Iterable


class Cards(Service):
    """What the screens of one party show. A part is as visible as its party, which is read first."""

    @reads()
    def customer(self, *, number: int) -> CustomerCard:
        """The card of a customer or supplier. Raises `NotFound`, also where it is hidden."""
        customers = Customers(self.work)
        customer = customers.by_number(number=number)
        return CustomerCard(
            customer=customer,
            owner=self._employees().get(customer.owner_id, ""),
            former_names=self._former_names("customer_id", customer.id),
            former_owners=self._former_owners(tables.customer, "customer_id", customer.id),
            categories=self._categories(customer.categories),
            contacts=self._contacts(customer.id),
            terms=customers.effective_terms(own=customer.terms, categories=customer.categories),
        )

    @reads()
    def contact(self, *, id: UUID) -> ContactCard:  # noqa: A002 - the wire's word
        """The card of a person. Raises `NotFound`, also where it is hidden."""
        contact = Contacts(self.work).get(id=id)
        return ContactCard(
            contact=contact,
            owner=self._employees().get(contact.owner_id, ""),
            former_names=self._former_names("contact_id", id),
            former_owners=self._former_owners(tables.contact, "contact_id", id),
            categories=self._categories(contact.categories),
            companies=self._companies({role.customer_id for role in contact.roles}),
        )

    def _employees(self) -> dict[UUID | None, str]:
        return {row["id"]: row["name"] for row in self.work.kept(tables.employee)}

    def _categories(self, ids: Iterable[UUID]) -> tuple[Category, ...]:
        carried = set(ids)
        return tuple(as_record(Category, row) for row in self.work.kept(tables.category) if row["id"] in carried)

    def _former_names(self, key: str, party_id: UUID) -> tuple[str, ...]:
        f = tables.former_name
        query = select(f.c.name).where(f.c[key] == party_id).order_by(f.c.left_at.desc())
        return tuple(dict.fromkeys(row["name"] for row in self.work.rows(query)))

    def _former_owners(self, table: Table, key: str, party_id: UUID) -> tuple[FormerOwner, ...]:
        a, names = tables.audit, self._employees()
        before, after = a.c.before["owner_id"].as_string(), a.c.after["owner_id"].as_string()
        left = and_(a.c[key] == party_id, a.c.entity == table.name, before.is_not(None), before != func.coalesce(after, ""))
        query = select(before.label("owner_id"), a.c.done_at).where(left).order_by(a.c.done_at.desc())
        return tuple(FormerOwner(name=names.get(UUID(row["owner_id"]), "?"), left_at=row["done_at"]) for row in self.work.rows(query))

    def _contacts(self, customer_id: UUID) -> tuple[LinkedContact, ...]:
        c, r = tables.contact, tables.contact_role
        name = func.trim(c.c.first_name + " " + c.c.last_name)
        query = (
            select(
                c.c.id,
                name.label("name"),
                r.c.title,
                func.coalesce(func.nullif(r.c.phone, ""), func.nullif(c.c.mobile, ""), c.c.phone).label("phone"),
                func.coalesce(func.nullif(r.c.email, ""), c.c.email).label("email"),
                r.c.is_decision_maker,
                r.c.ended_on,
            )
            .join(c, c.c.id == r.c.contact_id)
            .where(and_(r.c.customer_id == customer_id, self.work.visible_to(c)))
            .order_by(self.work.alphabetical(name), c.c.id, r.c.ended_on.desc().nulls_first(), r.c.is_decision_maker.desc(), r.c.id)
        )
        longest = {row["id"]: row for row in reversed(self.work.rows(query))}
        return tuple(as_record(LinkedContact, row) for row in reversed(longest.values()))

    def _companies(self, ids: set[UUID]) -> tuple[CustomerName, ...]:
        c = tables.customer
        query = select(c.c.id, c.c.number, shown_name().label("name")).where(and_(c.c.id.in_(ids), self.work.visible_to(c)))
        return tuple(as_record(CustomerName, row) for row in self.work.rows(query)) if ids else ()
