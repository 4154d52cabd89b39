"""Customers and suppliers: the parties a company deals with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypedDict, cast
from uuid import UUID

from crm_lab.domain.addresses import Address, AddressKind, clean_addresses
from crm_lab.domain.terms import INHERITED, Terms, clean_terms
from crm_lab.domain.values import GLN, BankAccount, Email, OrgNumber, Phone, Website, clean_text
from crm_lab.errors import Faults
from crm_lab.i18n import LOCALES, N_, _

LONGEST_NAME, LONGEST_NOTE, MOST_EMPLOYEES = 250, 20_000, 10_000_000
FORMS = {
    "organisation_number": OrgNumber.parse,
    "phone": Phone.parse,
    "mobile": Phone.parse,
    "email": Email.parse,
    "invoice_email": Email.parse,
    "website": Website.parse,
    "bank_account": BankAccount.parse,
    "gln": GLN.parse,
}


class RegisterStatus(StrEnum):
    """What Enhetsregisteret says of a company; the gravest fact wins."""

    ACTIVE = "active"
    WINDING_UP = "winding_up"
    BANKRUPT = "bankrupt"
    DELETED = "deleted"
    UNKNOWN = "unknown"


class CustomerFields(TypedDict, total=False):
    """What people write on a party. `from_register` are the fields just taken from Enhetsregisteret."""

    name: str
    first_name: str
    is_customer: bool
    is_supplier: bool
    is_person: bool
    organisation_number: str
    organisation_form: str
    is_vat_registered: bool
    register_status: RegisterStatus
    industry_code: str
    industry: str
    n_employees: int | None
    founded_on: date | None
    phone: str
    mobile: str
    email: str
    invoice_email: str
    website: str
    language: str
    bank_account: str
    gln: str
    note: str
    owner_id: UUID | None
    owner_only: bool
    addresses: tuple[Address, ...]
    categories: tuple[UUID, ...]
    terms: Terms
    from_register: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A party: customer, supplier or both; `is_person` marks a consumer, whose surname is `name`.

    Attributes
    ----------
    number, supplier_number : human numbers, given by the store; `supplier_number` is None for who is none.
    organisation_number : nine digits or "".
    language : of letters to the party, nb or en; "" is the company's.
    bank_account : eleven digits or "".
    gln : GS1 Global Location Number, thirteen digits or "".
    owner_only : hides the party from everybody but its owner.
    is_incomplete : registered by name alone, to be completed.
    duplicate_reason : why it was registered although it looked like one we had.
    sources : the day on which a field was taken from Enhetsregisteret; a field somebody writes loses its day.
    terms : the party's own settings; what it leaves open is inherited.
    """

    id: UUID
    version: int = 1
    number: int = 0
    supplier_number: int | None = None
    name: str
    first_name: str = ""
    is_customer: bool = True
    is_supplier: bool = False
    is_person: bool = False
    organisation_number: str = ""
    organisation_form: str = ""
    is_vat_registered: bool = False
    register_status: RegisterStatus = RegisterStatus.UNKNOWN
    industry_code: str = ""
    industry: str = ""
    n_employees: int | None = None
    founded_on: date | None = None
    phone: str = ""
    mobile: str = ""
    email: str = ""
    invoice_email: str = ""
    website: str = ""
    language: str = ""
    bank_account: str = ""
    gln: str = ""
    note: str = ""
    owner_id: UUID | None = None
    owner_only: bool = False
    is_incomplete: bool = False
    duplicate_reason: str = ""
    sources: dict[str, date] = field(default_factory=dict, hash=False)
    terms: Terms = INHERITED
    addresses: tuple[Address, ...] = ()
    categories: tuple[UUID, ...] = ()
    created_at: datetime | None = None
    archived_at: datetime | None = None

    @property
    def display_name(self) -> str:
        """The name people read: "Kari Nordmann" for a person, the company's name else."""
        return f"{self.first_name} {self.name}".strip() if self.is_person else self.name

    def address(self, kind: AddressKind) -> Address | None:
        """The first address of that kind, or None."""
        return next((a for a in self.addresses if a.kind is kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerName:
    """What is needed to name a party and to link to it."""

    id: UUID
    number: int
    name: str
    organisation_number: str = ""
    city: str = ""


def clean_customer(given: CustomerFields) -> CustomerFields:
    """The fields in their stored form. Raises `InvalidFields` with a sentence for each that is wrong."""
    faults, clean = Faults(), dict(given)
    for name, value in given.items():
        with faults.at(name):
            if isinstance(value, str) and not isinstance(value, StrEnum):
                clean[name] = _clean_text(name, value)
    if "addresses" in given:
        clean["addresses"] = clean_addresses(given["addresses"], faults)
    if "terms" in given:
        clean["terms"] = clean_terms(given["terms"], faults)
    fields = cast("CustomerFields", clean)
    _check_together(fields, faults)
    faults.tell()
    return fields


def _clean_text(name: str, value: str) -> str:
    if name in FORMS:
        return str(FORMS[name](value)) if value.strip() else ""
    if name == "note":
        return clean_text(value, name, max_length=LONGEST_NOTE, lines=True)
    return clean_text(value, name, max_length=LONGEST_NAME)


def _check_together(fields: CustomerFields, faults: Faults) -> None:
    """The rules between fields, and those that are no text's."""
    rules: list[tuple[str, Any, str]] = [
        ("name", "name" not in fields or fields["name"], N_("Enter a name.")),
        (
            "organisation_number",
            not (fields.get("is_person") and fields.get("organisation_number")),
            N_("A private customer has no organisation number."),
        ),
        ("first_name", fields.get("is_person", True) or not fields.get("first_name"), N_("Only a private customer has a first name.")),
        (
            "is_customer",
            fields.get("is_customer", True) or fields.get("is_supplier", True),
            N_("Choose whether this is a customer, a supplier or both."),
        ),
        ("language", fields.get("language", "") in {"", *LOCALES}, N_("The language must be nb or en.")),
        (
            "n_employees",
            0 <= (fields.get("n_employees") or 0) <= MOST_EMPLOYEES,
            N_("The number of employees must be from 0 to 10 000 000."),
        ),
    ]
    for field_name, holds, sentence in rules:
        if not holds:
            faults.note(field_name, _(sentence))
