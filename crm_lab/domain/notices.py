"""What Enhetsregisteret says of a customer that we do not: one notice a field, to be accepted or dismissed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.customers import RegisterStatus

if TYPE_CHECKING:
    from crm_lab.domain.customers import Customer
    from crm_lab.domain.register import RegisterEntity

Said = dict[str, dict[str, str]]
"""By watched field, what the register says, as it is kept: an address by its parts, the others as a text."""


class Watched(StrEnum):
    """What of a customer is compared with the register, the gravest first."""

    STATUS = "register_status"
    NAME = "name"
    VISITING = "visiting"
    POSTAL = "postal"


ADDRESSES = {Watched.VISITING, Watched.POSTAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterNotice:
    """A field of a customer that has changed in the register.

    Attributes
    ----------
    ours, said : what we have and what the register says, as one line; a status by its code.
    """

    id: UUID
    customer_id: UUID
    number: int
    customer: str
    field: Watched
    ours: str
    said: str
    noticed_at: datetime


def said_of(entity: RegisterEntity) -> Said:
    """What the register says of the watched fields; what it is silent on is left out."""
    places = {Watched.VISITING: entity.visiting, Watched.POSTAL: entity.postal}
    addresses = {str(field): _parts(address) for field, address in places.items() if address}
    return {str(Watched.STATUS): {"text": str(entity.register_status)}, str(Watched.NAME): {"text": entity.name}} | addresses


def gone(said: Said) -> Said:
    """What was said of an entity that is no longer there."""
    return said | {str(Watched.STATUS): {"text": str(RegisterStatus.DELETED)}}


def line_of(said: dict[str, str]) -> str:
    """What the register says of one field, as one line."""
    return said["text"] if "text" in said else _line(address_of(said, AddressKind.VISITING))


def address_of(said: dict[str, str], kind: AddressKind) -> Address:
    """An address by its parts."""
    return msgspec.convert(said | {"kind": kind}, Address)


def line_of_ours(customer: Customer, field: Watched) -> str:
    """What we have in a field, as one line."""
    if field is Watched.STATUS:
        return str(customer.register_status)
    if field is Watched.NAME:
        return customer.display_name
    address = customer.address(AddressKind(field))
    return _line(address) if address else ""


def is_same(field: Watched, ours: str, said: str) -> bool:
    """Whether there is nothing to tell: capitals do not count, nor that an unchecked company is an active one."""
    if field is Watched.STATUS and ours == RegisterStatus.UNKNOWN:
        return said == RegisterStatus.ACTIVE
    return _folded(ours) == _folded(said)


def _parts(address: Address) -> dict[str, str]:
    return {name: value for name, value in msgspec.to_builtins(address).items() if name not in {"kind", "name"}}


def _line(address: Address) -> str:
    return ", ".join(address.lines)


def _folded(line: str) -> str:
    return " ".join(line.casefold().split())
