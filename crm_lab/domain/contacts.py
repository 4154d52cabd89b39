"""Contacts: persons, and the roles they have at companies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypedDict, cast
from uuid import UUID

from crm_lab.domain.addresses import Address, clean_addresses
from crm_lab.domain.values import Email, Phone, clean_text
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import LOCALES, _

LONGEST_NAME, LONGEST_NOTE = 250, 20_000
EARLIEST_BIRTH = date(1900, 1, 1)
FORMS = {"phone": Phone.parse, "mobile": Phone.parse, "email": Email.parse}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRole:
    """What a person is at one party; `ended_on` is None while it lasts. Phone and e-mail are those of the work."""

    id: UUID
    customer_id: UUID
    title: str = ""
    phone: str = ""
    email: str = ""
    is_decision_maker: bool = False
    started_on: date | None = None
    ended_on: date | None = None


class ContactFields(TypedDict, total=False):
    """What people write on a contact."""

    first_name: str
    last_name: str
    phone: str
    mobile: str
    email: str
    birth_date: date | None
    language: str
    note: str
    consent_on: date | None
    consent_note: str
    owner_id: UUID | None
    owner_only: bool
    roles: tuple[ContactRole, ...]
    addresses: tuple[Address, ...]
    categories: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person. Never a national identity number; a birth date only where somebody entered one.

    Attributes
    ----------
    phone, mobile, email : private ones; those of the work stand on the roles.
    consent_on : the day the person agreed to be contacted, None where there is no consent; `consent_note` says to what.
    is_incomplete : registered by name alone, to be completed.
    duplicate_reason : why it was registered although it looked like one we had.
    roles : at every party the caller may see, also ended ones.
    """

    id: UUID
    version: int = 1
    first_name: str = ""
    last_name: str
    phone: str = ""
    mobile: str = ""
    email: str = ""
    birth_date: date | None = None
    language: str = ""
    note: str = ""
    consent_on: date | None = None
    consent_note: str = ""
    owner_id: UUID | None = None
    owner_only: bool = False
    is_incomplete: bool = False
    duplicate_reason: str = ""
    roles: tuple[ContactRole, ...] = ()
    addresses: tuple[Address, ...] = ()
    categories: tuple[UUID, ...] = ()
    created_at: datetime | None = None
    archived_at: datetime | None = None

    @property
    def display_name(self) -> str:
        """First name and surname."""
        return f"{self.first_name} {self.last_name}".strip()


def clean_contact(given: ContactFields, today: date) -> ContactFields:
    """The fields in their stored form. Raises `InvalidFields` with a sentence for each that is wrong."""
    faults, clean = Faults(), dict(given)
    for name, value in given.items():
        with faults.at(name):
            if isinstance(value, str):
                clean[name] = _clean_text(name, value)
    fields = cast("ContactFields", clean)
    if "addresses" in given:
        fields["addresses"] = clean_addresses(given["addresses"], faults)
    if "roles" in given:
        fields["roles"] = tuple(_clean_role(role, f"roles.{n}", faults) for n, role in enumerate(given["roles"], 1))
    _check(fields, today, faults)
    faults.tell()
    return fields


def _clean_text(name: str, value: str) -> str:
    if name in FORMS:
        return str(FORMS[name](value)) if value.strip() else ""
    if name == "note":
        return clean_text(value, name, max_length=LONGEST_NOTE, lines=True)
    return clean_text(value, name, max_length=LONGEST_NAME)


def _clean_role(role: ContactRole, at: str, faults: Faults) -> ContactRole:
    parts: dict[str, Any] = {"title": role.title, "phone": role.phone, "email": role.email}
    for name, value in parts.items():
        with faults.at(f"{at}.{name}"):
            parts[name] = _clean_text(name, value)
    with faults.at(f"{at}.ended_on"):
        if role.started_on and role.ended_on and role.ended_on < role.started_on:
            raise InvalidInput(_("The last day is before the first day."), "ended_on")
    return replace(role, **parts)


def _check(fields: ContactFields, today: date, faults: Faults) -> None:
    with faults.at("last_name"):
        if not fields.get("last_name", "x"):
            raise InvalidInput(_("Enter a surname."), "last_name")
    with faults.at("birth_date"):
        born = fields.get("birth_date")
        if born and not EARLIEST_BIRTH <= born <= today:
            raise InvalidInput(_("The date of birth must be between 1900 and today."), "birth_date")
    with faults.at("consent_on"):
        consent = fields.get("consent_on")
        if consent and consent > today:
            raise InvalidInput(_("A consent cannot be from a day to come."), "consent_on")
    with faults.at("language"):
        if fields.get("language", "") not in {"", *LOCALES}:
            raise InvalidInput(_("The language must be nb or en."), "language")
