"""Cards: a party and all that is linked to it in one answer, so that a card costs one call and a statement for each kind."""

from __future__ import annotations

from datetime import date
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Table, and_, bindparam, func, select

from crm_lab.domain.cards import ContactCard, CustomerCard, FollowedCard, FormerOwner, LinkedContact
from crm_lab.domain.categories import Category
from crm_lab.domain.customers import CustomerName
from crm_lab.domain.ids import new_id
from crm_lab.domain.merges import MergeKind
from crm_lab.domain.names import alphabet_key
from crm_lab.domain.notes import NOTES_ON_CARD
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.contacts import Contacts
from crm_lab.services.customers import Customers, shown_name
from crm_lab.services.ledger.frames import standing
from crm_lab.services.merges import Merges
from crm_lab.services.notes import Notes
from crm_lab.services.opportunities import Opportunities
from crm_lab.services.projects import Projects
from crm_lab.services.tasks import Tasks
from crm_lab.store import tables
from crm_lab.store.records import Row, as_record
from crm_lab.store.visibility import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Select

    from crm_lab.domain.contacts import Contact


class Cards(Service):
    """What the screens of one party show. A part is as visible as its party, which is read first."""

    @reads()
    def customer(self, *, number: int) -> CustomerCard:
        """The card of a customer or supplier. Raises `NotFound`, also where it is hidden."""
        customers = Customers(self.work)
        customer = customers.by_number(number=number)
        merges = tuple(Merges(self.work).about(MergeKind.CUSTOMER, customer.id))
        return CustomerCard(
            customer=customer,
            owner=self.work.employee_names().get(customer.owner_id, ""),
            former_names=self._former_names("customer_id", customer.id),
            former_owners=self._former_owners(tables.customer, "customer_id", customer.id),
            categories=self._categories(customer.categories),
            contacts=self._contacts(customer.id),
            notes=tuple(Notes(self.work).about("customer_id", customer.id, NOTES_ON_CARD)),
            tasks=tuple(Tasks(self.work).about("customer_id", customer.id)),
            opportunities=tuple(Opportunities(self.work).about(customer.id)),
            projects=tuple(Projects(self.work).about("customer_id", customer.id)),
            merges=merges,
            standing=tuple(standing(self.work, customer.id, has_merged=bool(merges))),
            terms=customers.effective_terms(own=customer.terms, categories=customer.categories),
        )

    @reads()
    def contact(self, *, id: UUID) -> ContactCard:  # noqa: A002 - the wire's word
        """The card of a person. Raises `NotFound`, also where it is hidden."""
        contact = self._contact(id)
        id = contact.id  # noqa: A001
        return ContactCard(
            contact=contact,
            owner=self.work.employee_names().get(contact.owner_id, ""),
            former_names=self._former_names("contact_id", id),
            former_owners=self._former_owners(tables.contact, "contact_id", id),
            categories=self._categories(contact.categories),
            companies=self._companies({role.customer_id for role in contact.roles}),
            notes=tuple(Notes(self.work).about("contact_id", id, NOTES_ON_CARD)),
            tasks=tuple(Tasks(self.work).about("contact_id", id)),
            projects=tuple(Projects(self.work).about("contact_id", id)),
            merges=tuple(Merges(self.work).about(MergeKind.CONTACT, id)),
        )

    @reads()
    def followed(self) -> list[FollowedCard]:
        """The cards the caller follows and may see, the newest first."""
        f, c, p = tables.followed_card, tables.customer, tables.contact
        name = func.coalesce(shown_name(), func.trim(p.c.first_name + " " + p.c.last_name)).label("name")
        query = select(c.c.number.label("customer_number"), f.c.contact_id, name)
        query = query.join_from(f, c, c.c.id == f.c.customer_id, isouter=True).outerjoin(p, p.c.id == f.c.contact_id)
        mine = and_(f.c.employee_id == self.actor.id, self.work.visible_to(f))
        return [as_record(FollowedCard, row) for row in self.work.rows(query.where(mine).order_by(f.c.followed_at.desc()))]

    @writes()
    def follow(self, *, customer_id: UUID | None = None, contact_id: UUID | None = None, follows: bool = True) -> None:
        """Follow the card of a customer or of a contact, or no longer. Raises `InvalidInput`, `NotFound`."""
        if (customer_id is None) == (contact_id is None):
            raise InvalidInput(_("Name one customer or one contact."), "customer_id")
        key, party_id = ("customer_id", customer_id) if customer_id else ("contact_id", contact_id)
        self.work.require(tables.customer if customer_id else tables.contact, party_id)
        f = tables.followed_card
        had = self.work.rows(select(f).where(and_(f.c.employee_id == self.actor.id, f.c[key] == party_id)))
        if follows and not had:
            made = {"id": new_id(), "employee_id": self.actor.id, "customer_id": customer_id, "contact_id": contact_id}
            self.work.insert(f, made | {"followed_at": self.work.now})
        for row in [] if follows else had:
            self.work.remove(f, row)

    def _contact(self, contact_id: UUID) -> Contact:
        """The person, or the one that person was merged into."""
        try:
            return Contacts(self.work).get(id=contact_id)
        except NotFound:
            c = tables.contact
            now = self.work.scalar(select(c.c.merged_into).where(c.c.id == contact_id))
            if now is None:
                raise
            return Contacts(self.work).get(id=now)

    def _categories(self, ids: Iterable[UUID]) -> tuple[Category, ...]:
        carried = set(ids)
        return tuple(as_record(Category, row) for row in self.work.kept(tables.category) if row["id"] in carried)

    def _former_names(self, key: str, party_id: UUID) -> tuple[str, ...]:
        f = tables.former_name
        rows = self.work.rows(select(f.c.name, f.c.left_at).where(f.c[key] == party_id))
        return tuple(dict.fromkeys(row["name"] for row in sorted(rows, key=itemgetter("left_at"), reverse=True)))

    def _former_owners(self, table: Table, key: str, party_id: UUID) -> tuple[FormerOwner, ...]:
        a, names = tables.audit, self.work.employee_names()
        changed = and_(a.c[key] == party_id, a.c.entity == table.name, a.c.before.is_not(None), a.c.after.is_not(None))
        steps = self.work.rows(select(a.c.before, a.c.after, a.c.done_at).where(changed))
        left = [(step["done_at"], step["before"].get("owner_id"), step["after"].get("owner_id")) for step in steps]
        gone = sorted(((at, was) for at, was, now in left if was and was != now), reverse=True)
        return tuple(FormerOwner(name=names.get(UUID(was), "?"), left_at=at) for at, was in gone)

    def _contacts(self, customer_id: UUID) -> tuple[LinkedContact, ...]:
        rows = self.work.rows(_people(), {"party": customer_id, "caller": self.work.caller})
        rows.sort(key=lambda row: (row["ended_on"] or date.max, row["is_decision_maker"], row["role_id"]))
        longest = {row["id"]: _linked(row) for row in rows}
        return tuple(sorted(longest.values(), key=lambda contact: (alphabet_key(contact.name), contact.id)))

    def _companies(self, ids: set[UUID]) -> tuple[CustomerName, ...]:
        c = tables.customer
        query = select(c.c.id, c.c.number, shown_name().label("name")).where(and_(c.c.id.in_(ids), self.work.visible_to(c)))
        return tuple(as_record(CustomerName, row) for row in self.work.rows(query)) if ids else ()


@cache
def _people() -> Select[Any]:
    """Everybody with a role at `party` whom `caller` may see; built once, for building it costs as much as asking."""
    c, r = tables.contact, tables.contact_role
    person = (c.c.id, c.c.first_name, c.c.last_name, c.c.mobile, c.c.phone, c.c.email)
    role = (r.c.title, r.c.phone.label("role_phone"), r.c.email.label("role_email"), r.c.is_decision_maker, r.c.started_on, r.c.ended_on)
    query = select(*person, *role, r.c.id.label("role_id")).join(c, c.c.id == r.c.contact_id)
    return query.where(and_(r.c.customer_id == bindparam("party"), visible(c, bindparam("caller"))))


def _linked(row: Row) -> LinkedContact:
    return LinkedContact(
        id=row["id"], role_id=row["role_id"], name=f"{row['first_name']} {row['last_name']}".strip(), title=row["title"],
        phone=row["role_phone"] or row["mobile"] or row["phone"], email=row["role_email"] or row["email"],
        work_phone=row["role_phone"], work_email=row["role_email"],
        is_decision_maker=row["is_decision_maker"], started_on=row["started_on"], ended_on=row["ended_on"],
    )  # fmt: skip
