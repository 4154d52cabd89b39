"""Addresses: five uses, each optional, with a fallback where one is not given."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from crm_lab.domain.values import InvalidPostalCode, clean_text, parse_country
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crm_lab.errors import Faults

LONGEST_PART, MOST_DELIVERIES = 250, 50


class AddressKind(StrEnum):
    """The five uses of an address (approval = where invoices are approved for payment)."""

    INVOICE = "invoice"
    POSTAL = "postal"
    DELIVERY = "delivery"
    VISITING = "visiting"
    APPROVAL = "approval"


FALLBACK = {
    AddressKind.INVOICE: (AddressKind.POSTAL, AddressKind.VISITING),
    AddressKind.POSTAL: (AddressKind.VISITING,),
    AddressKind.DELIVERY: (AddressKind.VISITING, AddressKind.POSTAL),
    AddressKind.VISITING: (),
    AddressKind.APPROVAL: (AddressKind.INVOICE, AddressKind.POSTAL, AddressKind.VISITING),
}
"""Which address stands in for a missing one, nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address; `name` is the recipient where it is another than the party, `country` ISO 3166 alpha-2."""

    kind: AddressKind
    name: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    municipality: str = ""
    country: str = "NO"

    @property
    def is_empty(self) -> bool:
        """Whether nothing but the country is known."""
        return not (self.name or self.street or self.postal_code or self.city)

    @property
    def place(self) -> str:
        """Postcode and place on one line: "7014 TRONDHEIM"."""
        return f"{self.postal_code} {self.city}".strip()

    @property
    def lines(self) -> tuple[str, ...]:
        """What is written on an envelope, below the party's name; the country only abroad."""
        abroad = "" if self.country == "NO" else self.country
        return tuple(line for line in (self.name, self.street, self.place, abroad) if line)


def effective_address(addresses: Iterable[Address], kind: AddressKind) -> Address | None:
    """The address to use for `kind`: its own, else the first of `FALLBACK`; its `kind` tells which it was."""
    known = {address.kind: address for address in reversed(tuple(addresses)) if not address.is_empty}
    return next((known[k] for k in (kind, *FALLBACK[kind]) if k in known), None)


def clean_addresses(addresses: Iterable[Address], faults: Faults) -> tuple[Address, ...]:
    """The addresses in their stored form, empty ones left out; faults stand where `placed` says."""
    given = tuple(addresses)
    clean = [_clean(address, at, faults) for at, address in placed(given)]
    for kind, n in Counter(address.kind for address in given).items():
        with faults.at(str(kind)):
            if n > (MOST_DELIVERIES if kind is AddressKind.DELIVERY else 1):
                raise InvalidInput(_("There are too many addresses of this kind."), str(kind))
    return tuple(address for address in clean if not address.is_empty)


def placed(addresses: Iterable[Address]) -> Iterator[tuple[str, Address]]:
    """Each address with the name of its fields: "invoice", and "delivery.2" for the second of a kind."""
    seen: Counter[AddressKind] = Counter()
    for address in addresses:
        seen[address.kind] += 1
        n = seen[address.kind]
        yield f"{address.kind}.{n}" if n > 1 else str(address.kind), address


def _clean(address: Address, at: str, faults: Faults) -> Address:
    parts = {f.name: getattr(address, f.name) for f in fields(Address) if f.name != "kind"}
    for part, text in parts.items():
        if text:
            with faults.at(f"{at}.{part}"):
                parts[part] = clean_text(text, part, max_length=LONGEST_PART)
    with faults.at(f"{at}.country"):
        parts["country"] = parse_country(parts["country"] or "NO")
    with faults.at(f"{at}.postal_code"):
        if parts["country"] == "NO" and parts["postal_code"] and not re.fullmatch(r"[0-9]{4}", parts["postal_code"]):
            raise InvalidPostalCode(parts["postal_code"])
    return replace(address, **parts)
