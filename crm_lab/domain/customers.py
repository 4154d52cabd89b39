"""Customers and suppliers: the parties a company deals with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class AddressKind(StrEnum):
    """The five uses of an address (attestation = where invoices are approved)."""

    INVOICE = "invoice"
    POSTAL = "postal"
    DELIVERY = "delivery"
    VISITING = "visiting"
    APPROVAL = "approval"


class RegisterStatus(StrEnum):
    """What Enhetsregisteret says of a company; the gravest fact wins."""

    ACTIVE = "active"
    WINDING_UP = "winding_up"
    BANKRUPT = "bankrupt"
    DELETED = "deleted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address of a party; `country` is ISO 3166 alpha-2."""

    kind: AddressKind
    street: str = ""
    postal_code: str = ""
    city: str = ""
    municipality: str = ""
    country: str = "NO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A party: customer, supplier or both; `is_person` marks a consumer, whose surname is `name`.

    `number` is the human customer number, given by the store; `organisation_number` is nine digits or "".
    `owner_only` hides the party from everybody but its owner.
    """

    id: UUID
    version: int = 1
    number: int = 0
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
    email: str = ""
    website: str = ""
    owner_id: UUID | None = None
    owner_only: bool = False
    addresses: tuple[Address, ...] = ()
    created_at: datetime | None = None
    archived_at: datetime | None = None

    @property
    def display_name(self) -> str:
        """The name people read: "Kari Nordmann" for a person, the company's name else."""
        return f"{self.first_name} {self.name}".strip() if self.is_person else self.name

    def address(self, kind: AddressKind) -> Address | None:
        """The address of that kind, or None."""
        return next((a for a in self.addresses if a.kind is kind), None)
