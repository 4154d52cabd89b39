"""Contacts: persons, and the roles they have at companies."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypedDict, cast
from uuid import UUID

from stdnum.no import fodselsnummer

from crm_lab.domain.addresses import Address, clean_addresses, placed
from crm_lab.domain.values import Email, Phone, clean_text
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import LOCALES, _

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_NAME, LONGEST_NOTE, MOST_ROLES = 250, 20_000, 50
EARLIEST_BIRTH = date(1900, 1, 1)
FORMS = {"phone": Phone.parse, "mobile": Phone.parse, "email": Email.parse}
ELEVEN_DIGITS = re.compile(r"(?<![\d+])\d(?:[ .:/\u00a0-]?\d){10}(?!\d)")


class NationalNumber(InvalidInput):
    """A national identity number, which is not kept about contacts (personopplysningsloven § 12); it is not repeated here."""

    def __init__(self, field: str) -> None:
        message = _("This holds a national identity number, which is not kept here. Take it out; a date of birth has its own field.")
        super().__init__(message, field)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRole:
    """What a person is at one party, until the day `ended_on` or for the time being. Phone and e-mail are those of the work."""

    id: UUID
    customer_id: UUID
    title: str = ""
    phone: str = ""
    email: str = ""
    is_decision_maker: bool = False
    started_on: date | None = None
    ended_on: date | None = None

    def lasts_on(self, day: date) -> bool:
        """Whether the person still has the role that day."""
        return self.ended_on is None or self.ended_on > day


class RoleFields(TypedDict, total=False):
    """What people write on a role."""

    title: str
    phone: str
    email: str
    is_decision_maker: bool
    started_on: date | None
    ended_on: date | None


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
    for at, text in _texts(given):
        with faults.at(at):
            refuse_national_number(text, at)
    for name, value in given.items():
        with faults.at(name):
            if isinstance(value, str):
                clean[name] = _clean_text(name, value)
    contact = cast("ContactFields", clean)
    if "addresses" in given:
        contact["addresses"] = clean_addresses(given["addresses"], faults)
    if "roles" in given:
        contact["roles"] = tuple(_clean_role(role, f"roles.{n}", faults) for n, role in enumerate(given["roles"], 1))
    _check(contact, today, faults)
    faults.tell()
    return contact


def refuse_national_number(text: str, field: str) -> None:
    """Raise `NationalNumber` where eleven digits of the text have the check digits and the date of one."""
    if any(fodselsnummer.is_valid(re.sub(r"\D", "", found)) for found in ELEVEN_DIGITS.findall(text)):
        raise NationalNumber(field)


def _texts(given: ContactFields) -> Iterator[tuple[str, str]]:
    """Every text of a contact, and where it stands."""
    yield from ((name, value) for name, value in given.items() if isinstance(value, str))
    parts: list[tuple[str, ContactRole | Address]] = [*placed(given.get("addresses", ()))]
    parts += [(f"roles.{n}", role) for n, role in enumerate(given.get("roles", ()), 1)]
    for at, part in parts:
        for f in fields(part):
            value = getattr(part, f.name)
            if isinstance(value, str):
                yield f"{at}.{f.name}", value


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


def _check(contact: ContactFields, today: date, faults: Faults) -> None:
    with faults.at("last_name"):
        if not contact.get("last_name", "x"):
            raise InvalidInput(_("Enter a surname."), "last_name")
    with faults.at("birth_date"):
        born = contact.get("birth_date")
        if born and not EARLIEST_BIRTH <= born <= today:
            raise InvalidInput(_("The date of birth must be between 1900 and today."), "birth_date")
    with faults.at("consent_on"):
        consent = contact.get("consent_on")
        if consent and consent > today:
            raise InvalidInput(_("A consent cannot be from a day to come."), "consent_on")
        if contact.get("consent_note") and not consent:
            raise InvalidInput(_("Enter the day of the consent, or take out what it is for."), "consent_on")
    with faults.at("roles"):
        if len(contact.get("roles", ())) > MOST_ROLES:
            raise InvalidInput(_("There are too many roles: at most {n}.", n=MOST_ROLES), "roles")
    with faults.at("language"):
        if contact.get("language", "") not in {"", *LOCALES}:
            raise InvalidInput(_("The language must be nb or en."), "language")
