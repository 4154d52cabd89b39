"""Customers and suppliers: registered, listed, changed, archived."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Unpack, cast
from uuid import UUID

import pyarrow as pa
from sqlalchemy import ColumnElement, Select, String, Table, and_, case, func, or_, select, true
from sqlalchemy import cast as sql_cast

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.categories import Category
from crm_lab.domain.customers import Customer, CustomerFields, CustomerName, clean_customer
from crm_lab.domain.duplicates import Duplicate, typed_clues
from crm_lab.domain.ids import new_id
from crm_lab.domain.names import tokens
from crm_lab.domain.terms import EffectiveTerm, Terms, effective_terms
from crm_lab.errors import Conflict, NotFound
from crm_lab.i18n import _
from crm_lab.services.actions import reads, writes
from crm_lab.services.duplicates import find_duplicates
from crm_lab.services.notices import settle_notices
from crm_lab.services.parties import Parties, address_rows, clean_reason, name_columns, part_rows
from crm_lab.store import tables
from crm_lab.store.records import Row, as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crm_lab.store.records import Work

FIRST_NUMBER, FIRST_SUPPLIER_NUMBER = 10001, 50001
LONGEST_TYPED, MOST_SUGGESTED = 250, 50
PARTS = {"addresses", "categories", "from_register"}


class AlreadyRegistered(Conflict):
    """The organisation number belongs to a party we have."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(
            _("{name} has this organisation number already (customer number {number}).", name=name, number=number)
        )
        self.field = "organisation_number"
        self.number = number

    def details(self) -> dict[str, Any]:
        """The field, and the number of the party that has it."""
        return {"field": self.field, "number": self.number}


class RegisteredByColleague(Conflict):
    """A colleague's private party has the organisation number; nothing more is told."""

    def __init__(self, owner: str) -> None:
        super().__init__(_("A party with this organisation number exists, owned by {owner}.", owner=owner))
        self.field = "organisation_number"

    def details(self) -> dict[str, Any]:
        """The field."""
        return {"field": self.field}


class HasPostings(Conflict):
    """The party is in the ledger."""

    def __init__(self) -> None:
        super().__init__(_("There are postings on this party, so it cannot be deleted. Archive it instead."))


class HasPlans(Conflict):
    """A party with projects, opportunities or orders is archived, not deleted."""

    def __init__(self) -> None:
        super().__init__(_("It has projects, opportunities or orders, which would have no customer. Archive it instead, or move them first."))


class Customers(Parties):
    """The parties a company deals with."""

    table: ClassVar[Table] = tables.customer
    key: ClassVar[str] = "customer_id"

    @reads()
    def count(self) -> int:
        """How many parties the caller may see, archived ones left out."""
        return int(self.work.scalar(select(func.count()).select_from(tables.customer).where(self._present())))

    @reads()
    def list(self) -> pa.Table:
        """Every party the caller may see, in the order of a Norwegian telephone book; one row a party."""
        c, e = tables.customer, tables.employee
        visiting, name = visiting_place(), shown_name()
        query = (
            select(
                sql_cast(c.c.id, String).label("id"),
                c.c.number,
                c.c.supplier_number,
                name.label("name"),
                c.c.organisation_number,
                c.c.organisation_form,
                party_kind().label("kind"),
                func.coalesce(visiting.c.city, "").label("city"),
                func.coalesce(visiting.c.municipality, "").label("municipality"),
                c.c.industry,
                c.c.phone,
                c.c.email,
                func.coalesce(e.c.name, "").label("owner"),
                c.c.owner_only,
                c.c.is_incomplete,
                c.c.register_status,
                c.c.created_at,
            )
            .outerjoin(visiting, visiting.c.customer_id == c.c.id)
            .outerjoin(e, e.c.id == c.c.owner_id)
            .where(self._present())
            .order_by(self.work.alphabetical(name), c.c.number)
        )
        return self.work.frame(query)

    @reads()
    def export(self, *, ids: tuple[UUID, ...] | None = None) -> pa.Table:
        """Everything known of the parties the caller may see, or of those that `ids` names; one row each."""
        from crm_lab.services.exports import customers_frame

        return customers_frame(self.work, ids)

    @reads()
    def get(self, *, id: UUID) -> Customer:  # noqa: A002 - the wire's word
        """One party with its addresses. Raises `NotFound`, also where it is hidden."""
        return self._read(Customer, id)

    @reads()
    def by_number(self, *, number: int) -> Customer:
        """One party by its customer number, or by that of one merged into it. Raises `NotFound`, also where it is hidden."""
        c = tables.customer
        seen = select(c).where(self.work.visible_to(c))
        row = self.work.one(seen.where(c.c.number == number)) or self.work.one(seen.where(c.c.id == self._merged_into(number)))
        if row is None:
            raise NotFound(_("There is no customer number {number}, or you may not see it.", number=number))
        return self._with_parts(as_record(Customer, row))

    def _merged_into(self, number: int) -> UUID | None:
        c = tables.customer
        return self.work.scalar(select(c.c.merged_into).where(c.c.number == number))  # type: ignore[no-any-return]

    @reads()
    def suggest(self, *, text: str, limit: int = 8) -> list[CustomerName]:  # type: ignore[valid-type]
        """Parties whose name has words that begin as those typed, or whose number does; names that begin so come first."""
        c, typed = tables.customer, text[:LONGEST_TYPED]
        words, digits = tokens(typed), "".join(typed.split())
        key = " " + c.c.name_key
        fits = and_(true(), *(key.contains(f" {word}", autoescape=True) for word in words))
        if digits.isascii() and digits.isdigit():
            numbers = (sql_cast(c.c.number, String), c.c.organisation_number)
            fits = or_(fits, *(number.startswith(digits) for number in numbers))
        first = case((c.c.name_key.startswith(" ".join(words), autoescape=True), 0), else_=1)
        found = self._names(and_(self._present(), fits)).order_by(first, c.c.name_key, c.c.number).limit(max(1, min(limit, MOST_SUGGESTED)))
        return [as_record(CustomerName, row) for row in self.work.rows(found)] if words else []

    @reads()
    def named(self, *, ids: tuple[UUID, ...]) -> list[CustomerName]:  # type: ignore[valid-type]
        """The names of parties; those hidden from the caller are left out."""
        c = tables.customer
        found = self._names(and_(c.c.id.in_(ids), self.work.visible_to(c)))
        return [as_record(CustomerName, row) for row in self.work.rows(found)]

    @reads()
    def terms(self, *, id: UUID) -> dict[str, EffectiveTerm]:  # noqa: A002 - the wire's word
        """Every setting as it applies to the party, and where it comes from."""
        customer = self.get(id=id)
        return self.effective_terms(own=customer.terms, categories=customer.categories)

    @reads()
    def effective_terms(self, *, own: Terms, categories: tuple[UUID, ...] = ()) -> dict[str, EffectiveTerm]:
        """The same for a party not yet saved: its own settings, and the categories it is to carry."""
        labels = [as_record(Category, row) for row in self.work.kept(tables.category) if row["id"] in categories]
        company: Row = next((row["terms"] for row in self.work.kept(tables.company)), {})
        general = as_record(Category, {"id": new_id(), "name": "", "terms": company}).terms
        return effective_terms(own, [(label.name, label.terms) for label in labels], general)

    @reads()
    def duplicates(
        self, *, name: str = "", first_name: str = "", is_person: bool = False, organisation_number: str = "",
        phone: str = "", mobile: str = "", email: str = "", invoice_email: str = "", website: str = "",
        bank_account: str = "", exclude: UUID | None = None,
    ) -> list[Duplicate]:  # type: ignore[valid-type]
        """Parties that what is typed so far may be, surest first; what cannot be read yet is left out.

        Of a colleague's private party only that it exists, and only where a number, an address or the whole name is equal.
        """
        clues = typed_clues(
            name=f"{first_name} {name}" if is_person else name, is_person=is_person, organisation_number=organisation_number,
            phones=(phone, mobile), emails=(email, invoice_email), website=website, bank_account=bank_account,
        )  # fmt: skip
        return find_duplicates(self.work, tables.customer, clues, exclude)

    @writes()
    def create(self, *, duplicate_reason: str = "", **fields: Unpack[CustomerFields]) -> Customer:
        """Register a party, owned by the caller unless another owner is named.

        An organisation number we have already is refused, unless `duplicate_reason` says why there are to be two.

        Raises
        ------
        InvalidFields, AlreadyRegistered, RegisteredByColleague
        """
        clean = clean_customer({"name": "", "is_person": False} | fields)
        reason = clean_reason(duplicate_reason)
        made = {k: v for k, v in clean.items() if k not in PARTS}
        customer = Customer(
            **({"owner_id": self.actor.id} | made),  # type: ignore[arg-type]
            id=new_id(),
            created_at=self.work.now,
            duplicate_reason=reason,
            sources=dict.fromkeys(clean.get("from_register", ()), self._today()),
        )
        self._check_owner({"owner_id": customer.owner_id, "owner_only": customer.owner_only})
        self._refuse_double(customer)
        return self._add(customer, clean)

    @writes()
    def create_by_name(self, *, name: str) -> Customer:
        """Register a party by its name alone; it counts as incomplete until `change`. Raises `InvalidFields`."""
        clean = clean_customer({"name": name})
        made = Customer(
            id=new_id(), name=clean["name"], owner_id=self.actor.id, is_incomplete=True, created_at=self.work.now
        )  # fmt: skip
        return self._add(made, {})

    @writes()
    def change(
        self, *, id: UUID, version: int, duplicate_reason: str = "", **fields: Unpack[CustomerFields]  # noqa: A002
    ) -> Customer:  # fmt: skip
        """Change the given fields of a party; the others stay. A double needs its reason as in `create`.

        Raises
        ------
        InvalidFields, NotFound, ChangedMeanwhile, AlreadyRegistered, RegisteredByColleague
        """
        before = self._read(Customer, id)
        kept: CustomerFields = {"is_person": before.is_person, "is_customer": before.is_customer, "is_supplier": before.is_supplier}
        clean = clean_customer(kept | fields)
        changes: dict[str, Any] = {k: v for k, v in clean.items() if k != "from_register"}
        reason = clean_reason(duplicate_reason)
        after = replace(before, **changes, is_incomplete=False, duplicate_reason=reason or before.duplicate_reason)
        self._check_owner({"owner_id": after.owner_id, "owner_only": after.owner_only})
        if after.organisation_number != before.organisation_number:
            self._refuse_double(replace(after, duplicate_reason=reason))
        self._save(before, replace(after, sources=self._sources(before, after, clean.get("from_register", ()))), version)
        self._save_parts(id, clean)
        settle_notices(self.work, after)
        return self._as_saved(replace(after, version=version + 1))

    @writes()
    def rename(self, *, id: UUID, name: str, version: int) -> Customer:  # noqa: A002
        """Correct a party's name; the old one stays searchable."""
        before = self._read(Customer, id)
        clean = clean_customer({"name": name})
        after = replace(before, name=clean["name"], sources={k: v for k, v in before.sources.items() if k != "name"})
        self._save(before, after, version)
        settle_notices(self.work, after)
        return self._read(Customer, id)

    @writes()
    def annotate(self, *, id: UUID, version: int, note: str) -> None:  # noqa: A002
        """Write the note on a party, and nothing else. Raises `InvalidFields`, `ChangedMeanwhile`."""
        self._annotate(id, version, clean_customer({"note": note})["note"])

    @writes()
    def assign(self, *, ids: tuple[UUID, ...], owner_id: UUID) -> int:
        """Give many parties a new owner; how many there were."""
        return self._assign(ids, owner_id)

    @writes()
    def archive(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take a party out of the lists; nothing is deleted."""
        self._archive(id, version)

    @writes()
    def restore(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Bring an archived party back."""
        self._restore(id, version)

    @writes()
    def delete(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Delete a party, with its addresses and its contacts' roles. It can be undone. Raises `HasPostings`, `HasPlans`."""
        for part, refusal in ((tables.posting, HasPostings), (tables.project, HasPlans), (tables.opportunity, HasPlans), (tables.sales_order, HasPlans)):
            if self.work.scalar(select(part.c.id).where(and_(part.c.customer_id == id, self.work.visible_to(part))).limit(1)):
                raise refusal
        self._delete(self._read(Customer, id), version)

    def _names(self, wanted: ColumnElement[bool]) -> Select[Any]:
        c, visiting = tables.customer, visiting_place()
        city = func.coalesce(visiting.c.city, "").label("city")
        query = select(c.c.id, c.c.number, shown_name().label("name"), c.c.organisation_number, city)
        return query.outerjoin(visiting, visiting.c.customer_id == c.c.id).where(wanted)

    def _add(self, customer: Customer, clean: CustomerFields) -> Customer:
        numbered = replace(
            customer,
            number=self.work.next_number("customer", FIRST_NUMBER),
            supplier_number=self.work.next_number("supplier", FIRST_SUPPLIER_NUMBER) if customer.is_supplier else None,
        )
        self.work.insert(tables.customer, customer_row(numbered))
        self._save_parts(customer.id, clean)
        return self._as_saved(numbered)

    def _save(self, before: Customer, after: Customer, version: int) -> None:
        if after.is_supplier and after.supplier_number is None:
            after = replace(after, supplier_number=self.work.next_number("supplier", FIRST_SUPPLIER_NUMBER))
        row = {k: v for k, v in customer_row(after).items() if k not in {"id", "version"}}
        self.work.change(tables.customer, before.id, version, **row)
        self._keep_former_name(before.id, before.display_name, after.display_name)

    def _sources(self, before: Customer, after: Customer, from_register: Iterable[str]) -> dict[str, Any]:
        """The days of the fields that still say what the register said, and of those just taken from it."""
        kept = {k: day for k, day in before.sources.items() if getattr(after, k, None) == getattr(before, k, None)}
        return kept | dict.fromkeys(from_register, self._today())

    def _refuse_double(self, customer: Customer) -> None:
        if not customer.organisation_number or customer.duplicate_reason:
            return
        c, e = tables.customer, tables.employee
        same = and_(
            c.c.organisation_number == customer.organisation_number, c.c.archived_at.is_(None), c.c.id != customer.id
        )
        twin = self.work.one(
            select(c.c.name, c.c.number, c.c.owner_only, c.c.owner_id, e.c.name.label("owner"))
            .outerjoin(e, e.c.id == c.c.owner_id)
            .where(same)
        )
        if twin is None:
            return
        if twin["owner_only"] and twin["owner_id"] != self.actor.id:
            raise RegisteredByColleague(twin["owner"] or "?")
        raise AlreadyRegistered(twin["name"], twin["number"])


def add_customers(work: Work, customers: Sequence[Customer]) -> tuple[Customer, ...]:
    """Add many parties at once with consecutive numbers; they come back numbered."""
    suppliers = [customer for customer in customers if customer.is_supplier]
    number = count(work.next_number("customer", FIRST_NUMBER, len(customers)))
    supplier_number = count(work.next_number("supplier", FIRST_SUPPLIER_NUMBER, len(suppliers)))
    numbered = tuple(
        replace(
            customer,
            number=next(number),
            supplier_number=next(supplier_number) if customer.is_supplier else None,
            created_at=customer.created_at or work.now,
        )
        for customer in customers
    )
    work.insert_many(tables.customer, [customer_row(customer) for customer in numbered])
    work.insert_many(*part_rows(tables.address, "customer_id", ((c.id, address_rows(c.addresses)) for c in numbered)))
    links = ((c.id, [{"category_id": category} for category in c.categories]) for c in numbered)
    work.insert_many(*part_rows(tables.category_link, "customer_id", links))
    return numbered


def customer_row(customer: Customer) -> dict[str, Any]:
    """A party as a row of its table."""
    return as_row(customer, tables.customer) | name_columns(customer.display_name)


def shown_name() -> ColumnElement[str]:
    """The name people read, as SQL."""
    c = tables.customer.c
    return case((and_(c.is_person, c.first_name != ""), c.first_name + " " + c.name), else_=c.name)


def visiting_place() -> Any:
    """Place and municipality of each party: of the visiting address, else of the postal one; there is one of each at most."""
    a = tables.address

    def best(text: ColumnElement[str]) -> ColumnElement[str]:
        return func.coalesce(*(func.max(case((a.c.kind == kind, text))) for kind in (AddressKind.VISITING, AddressKind.POSTAL)))

    places = select(a.c.customer_id, best(a.c.city).label("city"), best(a.c.municipality).label("municipality"))
    return places.where(a.c.kind.in_((AddressKind.VISITING, AddressKind.POSTAL))).group_by(a.c.customer_id).subquery()


def party_kind() -> ColumnElement[str]:
    """What a party is to us, as SQL."""
    c = tables.customer.c
    return cast(
        "ColumnElement[str]",
        case(
            (c.is_person, "person"),
            (and_(c.is_customer, c.is_supplier), "both"),
            (c.is_supplier, "supplier"),
            else_="customer",
        ),
    )
