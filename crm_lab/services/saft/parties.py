"""The parties of a SAF-T file: found by organisation number or by the file's own id, else registered."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.contacts import FORMS, LONGEST_NAME, Contact, ContactRole
from crm_lab.domain.customers import Customer, clean_customer
from crm_lab.domain.ids import new_id
from crm_lab.domain.ledger import Ledger
from crm_lab.domain.saft import SaftHeader, SaftLine, SaftParty
from crm_lab.domain.terms import Terms
from crm_lab.domain.values import BIC, OrgNumber, clean_text, parse_currency
from crm_lab.errors import InvalidFields, InvalidInput
from crm_lab.i18n import _
from crm_lab.services.contacts import add_contacts
from crm_lab.services.customers import FIRST_SUPPLIER_NUMBER, RegisteredByColleague, add_customers
from crm_lab.store import tables
from crm_lab.store.records import as_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crm_lab.store.records import Row, Work

PLAIN = ("name", "organisation_number", "phone", "mobile", "email", "website", "bank_account")
PERSON = ("first_name", "last_name", "phone", "email")
MOST_DAYS = 365
SIDE = {Ledger.RECEIVABLE: "is_customer", Ledger.PAYABLE: "is_supplier"}
Code = tuple[Ledger, str]


class PartyBook:
    """Which of our parties the codes of one company's files mean; `warn(where, field, message)` hears what is wrong."""

    def __init__(self, work: Work, header: SaftHeader, warn: Callable[[str, str, str], None], *, is_rehearsal: bool) -> None:
        self.work, self._company, self._warn, self._is_rehearsal = work, header.company_number, warn, is_rehearsal
        self.n_new = self.n_known = self.n_contacts = 0
        self._persons: dict[tuple[str, ...], UUID] = {}
        c, t, e = tables.customer, tables.party_code, tables.employee
        codes = self.work.rows(select(t).where(t.c.company == self._company))
        self.codes: dict[Code, UUID] = {(Ledger(row["ledger"]), row["code"]): row["customer_id"] for row in codes}
        kept = select(c.c.id, c.c.organisation_number, c.c.is_customer, c.c.is_supplier, c.c.owner_only, c.c.owner_id, e.c.name.label("owner"))
        rows = self.work.rows(kept.outerjoin(e, e.c.id == c.c.owner_id).where(c.c.archived_at.is_(None)).order_by(c.c.number.desc()))
        self._sides: dict[UUID, Row] = {row["id"]: row for row in rows}
        self._by_number = {row["organisation_number"]: row["id"] for row in rows if row["organisation_number"]}

    def add(self, parties: Sequence[SaftParty]) -> list[UUID]:
        """Find or register the parties; their keys in the same order."""
        keys, fresh, named, widened, persons = [], [], [], dict[UUID, str](), list[tuple[UUID, SaftParty]]()
        for party in parties:
            key = self.codes.get((party.ledger, party.code))
            if key is None:
                key, made = self._find_or_make(party)
                fresh += made
                persons += [(key, party)] if made else []
                self.codes[party.ledger, party.code] = key
                named.append({"id": new_id(), "customer_id": key, "company": self._company, "ledger": party.ledger, "code": party.code})
            else:
                self.n_known += 1
            if not self._sides.get(key, {SIDE[party.ledger]: True})[SIDE[party.ledger]]:
                self._sides[key][SIDE[party.ledger]] = True
                widened[key] = SIDE[party.ledger]
            keys.append(key)
        self.n_new += len(fresh)
        contacts, roles = self._contacts(persons)
        if not self._is_rehearsal:
            self._save(fresh, named, widened)
            add_contacts(self.work, contacts)
            self.work.insert_many(tables.contact_role, roles)
        return keys

    def add_missing(self, lines: Iterable[SaftLine]) -> None:
        """Register parties that postings name and the file does not describe."""
        missing = {(line.ledger, line.code) for line in lines} - self.codes.keys()
        for ledger, code in sorted(missing):
            name = _("Customer {code}", code=code) if ledger is Ledger.RECEIVABLE else _("Supplier {code}", code=code)
            self._warn(code, "name", _("The file has postings on {party}, but does not say who that is.", party=code))
            self.add([SaftParty(ledger=ledger, code=code, fields={"name": name})])

    def _contacts(self, parties: Iterable[tuple[UUID, SaftParty]]) -> tuple[list[Contact], list[Row]]:
        """The contact persons of new parties: persons, and roles of those that the file has named before."""
        owner = self.work.actor.id if self.work.actor else None
        made: list[Contact] = []
        roles: list[Row] = []
        for key, party in parties:
            for told in party.persons:
                who = tuple(told.get(name, "").casefold() for name in PERSON)
                role: dict[str, Any] = {name: self._said(party.code, name, told) for name in ("phone", "email")}
                if who in self._persons:
                    roles.append(as_row(ContactRole(id=new_id(), customer_id=key, **role), tables.contact_role) | {"contact_id": self._persons[who]})
                    continue
                names: dict[str, Any] = {name: clean_text(told.get(name, "")[:LONGEST_NAME], name, max_length=LONGEST_NAME) for name in PERSON[:2]}
                made.append(Contact(id=new_id(), owner_id=owner, roles=(ContactRole(id=new_id(), customer_id=key, **role),), **names))
                self._persons[who] = made[-1].id
        self.n_contacts += len(made)
        return made, roles

    def _said(self, code: str, name: str, told: dict[str, str]) -> str:
        """A phone or an e-mail of a person; what is none is told and left out."""
        try:
            return str(FORMS[name](told[name])) if told.get(name) else ""
        except InvalidInput as error:
            self._warn(code, name, error.message)
            return ""

    def _find_or_make(self, party: SaftParty) -> tuple[UUID, list[Customer]]:
        try:
            number = str(OrgNumber.parse(party.fields.get("organisation_number", "")))
        except InvalidInput:
            number = ""
        key = self._by_number.get(number)
        if key is None:
            made = self._made(party)
            self._sides[made.id] = {"is_customer": made.is_customer, "is_supplier": made.is_supplier, "owner_only": False}
            if made.organisation_number:
                self._by_number[made.organisation_number] = made.id
            return made.id, [made]
        self.n_known += 1
        known = self._sides[key]
        if known["owner_only"] and known["owner_id"] != (self.work.actor.id if self.work.actor else None):
            self._warn(party.code, "organisation_number", RegisteredByColleague(known["owner"] or "?").message)
        if any(at == key and ledger is party.ledger for (ledger, _code), at in self.codes.items()):
            self._warn(party.code, "organisation_number", _("{number} stands on several parties of the file; they are one here.", number=number))
        return key, []

    def _made(self, party: SaftParty) -> Customer:
        """A new party with what the file says of it; what is wrong is told, and kept in the note."""
        told = party.fields
        fields: dict[str, Any] = {"name": party.code} | {k: told[k] for k in PLAIN if k in told}
        fields |= {"is_customer": party.ledger is Ledger.RECEIVABLE, "is_supplier": party.ledger is Ledger.PAYABLE}
        if told.get("type") == "Private":
            first, _blank, last = fields["name"].rpartition(" ")
            fields |= {"is_person": True, "first_name": first, "name": last}
            fields.pop("organisation_number", None)
        addresses = [Address(**(a | {"kind": AddressKind(a["kind"])})) for a in party.addresses]  # type: ignore[arg-type]
        fields["addresses"] = tuple(self._sound(party.code, address) for address in addresses)
        fields["terms"] = self._terms(party)
        clean, wrong = _cleaned(fields)
        for field, message in wrong.items():
            self._warn(party.code, field, message)
        kept = [told.get("note", ""), *(f"{field}: {told[field]}" for field in wrong if field in told)]
        owner = self.work.actor.id if self.work.actor else None
        return Customer(id=new_id(), owner_id=owner, **(clean | {"note": "\n".join(filter(None, kept))}))

    def _sound(self, code: str, address: Address) -> Address:
        """The address without a part that cannot be: a postcode of another form, a country of more than two letters."""
        _clean, wrong = _cleaned({"name": code, "addresses": (address,)})
        for field, message in wrong.items():
            self._warn(code, field, message)
        bad = {field.rpartition(".")[2] for field in wrong}
        mended: dict[str, Any] = {part: "NO" if part == "country" else "" for part in bad}
        return replace(address, **mended)

    def _terms(self, party: SaftParty) -> Terms:
        told, is_sale = party.fields, party.ledger is Ledger.RECEIVABLE
        days, currency, bic = told.get("payment_days", ""), told.get("currency", ""), told.get("bic", "")
        given: dict[str, Any] = {}
        if days.isascii() and days.isdigit() and int(days) <= MOST_DAYS:
            given["payment_days" if is_sale else "supplier_payment_days"] = int(days)
        if currency:
            try:
                given["currency" if is_sale else "supplier_currency"] = parse_currency(currency)
            except InvalidInput as error:
                self._warn(party.code, "currency", error.message)
        if bic and not is_sale:
            try:
                given["bic"] = str(BIC.parse(bic))
            except InvalidInput as error:
                self._warn(party.code, "bic", error.message)
        return Terms(**given)

    def _save(self, fresh: list[Customer], named: list[Row], widened: dict[UUID, str]) -> None:
        if fresh:
            add_customers(self.work, fresh)
        had = self.work.rows_of(tables.customer, "id", widened) if widened else []
        lacking = [row["id"] for row in had if widened[row["id"]] == "is_supplier" and row["supplier_number"] is None]
        number = count(self.work.next_number("supplier", FIRST_SUPPLIER_NUMBER, len(lacking))) if lacking else count()
        given = {key: {"supplier_number": next(number)} for key in lacking}
        self.work.change_many(tables.customer, [(row, row | {widened[row["id"]]: True} | given.get(row["id"], {})) for row in had])
        self.work.insert_many(tables.party_code, named)


def _cleaned(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields in stored form without those that are wrong, and what is wrong with those."""
    try:
        return dict(clean_customer(fields)), {}  # type: ignore[arg-type]
    except InvalidFields as error:
        wrong = error.fields
    good = {k: v for k, v in fields.items() if k not in wrong}
    if any("." in field for field in wrong):
        good |= {"addresses": (), "terms": Terms()}
    clean, further = _cleaned(good | ({"name": "?"} if "name" in wrong else {}))
    return clean, wrong | further
