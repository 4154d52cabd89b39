"""Customers and suppliers: registered, listed, renamed, archived."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import ColumnElement, String, and_, case, cast, func, select

from crm_lab.domain.customers import Address, AddressKind, Customer
from crm_lab.domain.ids import new_id
from crm_lab.domain.values import Email, OrgNumber, Phone, clean_text
from crm_lab.errors import Conflict, InvalidInput, NotFound
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.store import tables
from crm_lab.store.records import Row, as_record, as_row

FIRST_NUMBER = 10001
LONGEST_NAME = 250


class AlreadyRegistered(Conflict):
    """The organisation number belongs to a party we have."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(
            _("{name} has this organisation number already (customer number {number}).", name=name, number=number)
        )
        self.field = "organisation_number"


class RegisteredByColleague(Conflict):
    """A colleague's private party has the organisation number; nothing more is told."""

    def __init__(self, owner: str) -> None:
        super().__init__(_("A party with this organisation number exists, owned by {owner}.", owner=owner))
        self.field = "organisation_number"


class Customers(Service):
    """The parties a company deals with."""

    @reads()
    def count(self) -> int:
        """How many parties the caller may see, archived ones left out."""
        return int(self.work.scalar(select(func.count()).select_from(tables.customer).where(self._present())))

    @reads()
    def list(self) -> pa.Table:
        """Every party the caller may see, in the order of a Norwegian telephone book; one row a party."""
        c, e, a = tables.customer, tables.employee, tables.address
        place = (
            select(a.c.customer_id, func.max(a.c.city).label("city"))
            .where(a.c.kind == AddressKind.VISITING)
            .group_by(a.c.customer_id)
            .subquery()
        )
        name = case((and_(c.c.is_person, c.c.first_name != ""), c.c.first_name + " " + c.c.name), else_=c.c.name)
        query = (
            select(
                cast(c.c.id, String).label("id"),
                c.c.number,
                name.label("name"),
                c.c.organisation_number,
                c.c.organisation_form,
                _kind().label("kind"),
                func.coalesce(place.c.city, "").label("city"),
                c.c.phone,
                c.c.email,
                func.coalesce(e.c.name, "").label("owner"),
                c.c.owner_only,
                c.c.register_status,
                c.c.created_at,
            )
            .outerjoin(place, place.c.customer_id == c.c.id)
            .outerjoin(e, e.c.id == c.c.owner_id)
            .where(self._present())
            .order_by(self.work.alphabetical(name), c.c.number)
        )
        return self.work.frame(query)

    @reads()
    def get(self, *, id: UUID) -> Customer:  # noqa: A002 - the wire's word
        """One party with its addresses. Raises `NotFound`, also where it is hidden."""
        customer = self.work.read(Customer, tables.customer, id)
        return replace(customer, addresses=self._addresses(id))

    @reads()
    def by_number(self, *, number: int) -> Customer:
        """One party by its customer number. Raises `NotFound`, also where it is hidden."""
        c = tables.customer
        found = self.work.scalar(select(c.c.id).where(and_(c.c.number == number, self.work.visible_to(c))))
        if found is None:
            raise NotFound(_("There is no customer number {number}, or you may not see it.", number=number))
        return self.get(id=found)

    @writes()
    def create(
        self,
        *,
        name: str,
        first_name: str = "",
        is_customer: bool = True,
        is_supplier: bool = False,
        is_person: bool = False,
        organisation_number: str = "",
        phone: str = "",
        email: str = "",
        website: str = "",
        addresses: tuple[Address, ...] = (),
        owner_only: bool = False,
    ) -> Customer:
        """Register a party, owned by the caller. Raises `InvalidInput` at the field, `AlreadyRegistered`."""
        if is_person and organisation_number.strip():
            raise InvalidInput(_("A private customer has no organisation number."), "organisation_number")
        customer = Customer(
            id=new_id(),
            name=party_name(name),
            first_name=clean_text(first_name, "first_name", max_length=LONGEST_NAME) if is_person else "",
            is_customer=is_customer,
            is_supplier=is_supplier,
            is_person=is_person,
            organisation_number=str(OrgNumber.parse(organisation_number)) if organisation_number.strip() else "",
            phone=str(Phone.parse(phone)) if phone.strip() else "",
            email=str(Email.parse(email)) if email.strip() else "",
            website=clean_text(website, "website", max_length=LONGEST_NAME),
            addresses=tuple(_clean_address(a) for a in addresses),
            owner_id=self.actor.id,
            owner_only=owner_only,
            created_at=self.work.now,
        )
        self._refuse_double(customer.organisation_number)
        return self._add(customer)

    @writes()
    def rename(self, *, id: UUID, name: str, version: int) -> Customer:  # noqa: A002
        """Correct a party's name."""
        self.work.change(tables.customer, id, version, name=party_name(name))
        return self.get(id=id)

    @writes()
    def archive(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take a party out of the lists; nothing is deleted."""
        self.work.change(tables.customer, id, version, archived_at=self.work.now)

    def _present(self) -> ColumnElement[bool]:
        c = tables.customer
        return and_(c.c.archived_at.is_(None), self.work.visible_to(c))

    def _addresses(self, customer_id: UUID) -> tuple[Address, ...]:
        a = tables.address
        rows = self.work.rows(select(a).where(a.c.customer_id == customer_id).order_by(a.c.kind, a.c.id))
        return tuple(as_record(Address, row) for row in rows)

    def _add(self, customer: Customer) -> Customer:
        numbered = replace(customer, number=self.work.next_number("customer", FIRST_NUMBER))
        self.work.insert(tables.customer, as_row(numbered, tables.customer))
        for row in address_rows(numbered):
            self.work.insert(tables.address, row)
        return numbered

    def _refuse_double(self, organisation_number: str) -> None:
        if not organisation_number:
            return
        c, e = tables.customer, tables.employee
        twin = self.work.one(
            select(c.c.name, c.c.number, c.c.owner_only, c.c.owner_id, e.c.name.label("owner"))
            .outerjoin(e, e.c.id == c.c.owner_id)
            .where(and_(c.c.organisation_number == organisation_number, c.c.archived_at.is_(None)))
        )
        if twin is None:
            return
        if twin["owner_only"] and twin["owner_id"] != self.actor.id:
            raise RegisteredByColleague(twin["owner"] or "?")
        raise AlreadyRegistered(twin["name"], twin["number"])


def party_name(name: str) -> str:
    """A party's name, cleaned. Raises `InvalidInput` where nothing is left."""
    cleaned = clean_text(name, "name", max_length=LONGEST_NAME)
    if not cleaned:
        raise InvalidInput(_("Enter a name."), "name")
    return cleaned


def address_rows(customer: Customer) -> list[Row]:
    """The rows of a party's addresses."""
    return [as_row(a, tables.address) | {"id": new_id(), "customer_id": customer.id} for a in customer.addresses]


def _clean_address(address: Address) -> Address:
    parts: dict[str, Any] = {
        part: clean_text(getattr(address, part), part, max_length=LONGEST_NAME)
        for part in ("street", "postal_code", "city", "municipality", "country")
    }
    return replace(address, **parts)


def _kind() -> ColumnElement[str]:
    c = tables.customer.c
    return case(
        (c.is_person, "person"),
        (and_(c.is_customer, c.is_supplier), "both"),
        (c.is_supplier, "supplier"),
        else_="customer",
    )
