"""Addresses in a form: one block of fields for each use, and in words what stands in for one that is not given."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from babel import Locale

from crm_lab.domain.addresses import Address, AddressKind, effective_address
from crm_lab.i18n import LOCALES, _, current_locale

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PARTS = ("name", "street", "postal_code", "city", "country", "municipality")
ORDER = (AddressKind.VISITING, AddressKind.POSTAL, AddressKind.INVOICE, AddressKind.DELIVERY, AddressKind.APPROVAL)
NAMED = {AddressKind.INVOICE, AddressKind.DELIVERY}


def address_text(kind: AddressKind) -> str:
    """The use of an address."""
    return {
        AddressKind.INVOICE: _("Invoice address"),
        AddressKind.POSTAL: _("Postal address"),
        AddressKind.DELIVERY: _("Delivery address"),
        AddressKind.VISITING: _("Visiting address"),
        AddressKind.APPROVAL: _("Approval address"),
    }[kind]


def fallback_text(kind: AddressKind, addresses: Iterable[Address]) -> str:
    """Which address is used where this one is not given."""
    used = effective_address([a for a in addresses if a.kind is not kind], kind)
    if used is None:
        return _("Not given")
    return {
        AddressKind.INVOICE: _("The invoice address is used"),
        AddressKind.POSTAL: _("The postal address is used"),
        AddressKind.VISITING: _("The visiting address is used"),
    }[used.kind]


@cache
def _countries(locale: str) -> dict[str, str]:
    """Names of countries by their code (ISO 3166-1 alpha-2)."""
    territories = Locale(locale).territories
    return {str(code): str(name) for code, name in territories.items() if len(code) == 2 and code.isalpha()}  # noqa: PLR2004


def country_names() -> list[str]:
    """What a field for a country offers."""
    return sorted(_countries(current_locale()).values())


def country_code(text: str) -> str:
    """The code of a country written as a name in either language, or as a code; what is neither stays as it is."""
    wanted = text.strip().casefold()
    found = (code for locale in LOCALES for code, name in _countries(locale).items() if name.casefold() == wanted)
    return next(found, text.strip().upper() if len(wanted) == 2 else text)  # noqa: PLR2004 - a code is two letters


def country_name(code: str) -> str:
    """A country in the reader's language."""
    return _countries(current_locale()).get(code, code)


def prefix(kind: AddressKind, n: int = 1) -> str:
    """What the fields of an address are named after: "invoice", "delivery", and "delivery.2" for the second of a kind."""
    return f"{kind}.{n}" if n > 1 else str(kind)


def address_values(addresses: Iterable[Address], kinds: Iterable[AddressKind] = ORDER) -> dict[str, str]:
    """The fields of a form: every use once, delivery as often as there are such addresses."""
    values: dict[str, str] = {}
    for kind in kinds:
        found = [a for a in addresses if a.kind is kind] or [Address(kind=kind)]
        for n, address in enumerate(found, 1):
            parts = {part: getattr(address, part) for part in PARTS} | {"country": country_name(address.country)}
            values |= {f"{prefix(kind, n)}.{part}": text for part, text in parts.items()}
    return values


def prefixes(values: Mapping[str, Any]) -> list[tuple[str, AddressKind]]:
    """The addresses of a form, each by the prefix of its fields, in the form's order."""
    ends = ".street"
    found = [name.removesuffix(ends) for name in values if name.endswith(ends)]
    return [(at, AddressKind(at.partition(".")[0])) for at in found]


def addresses_from(values: Mapping[str, Any]) -> tuple[Address, ...]:
    """The addresses as a form has them, empty ones too, so that the rules count them as the form does."""
    return tuple(
        Address(
            kind=kind, country=country_code(str(values[f"{at}.country"])),
            **{part: str(values[f"{at}.{part}"]) for part in PARTS if part != "country"},
        )
        for at, kind in prefixes(values)
    )  # fmt: skip


def without_address(values: Mapping[str, Any], at: str) -> dict[str, Any]:
    """The fields with one address taken out: a further delivery address goes, the others close up; another is emptied."""
    left = [a for name, a in zip(prefixes(values), addresses_from(values), strict=True) if name[0] != at]
    kinds = dict.fromkeys(k for _at, k in prefixes(values))
    kept = {name: value for name, value in values.items() if name.partition(".")[0] not in kinds}
    return kept | address_values(left, kinds)


def with_delivery(values: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The fields with a further delivery address, and the prefix of its fields."""
    found = addresses_from(values)
    kinds = dict.fromkeys(kind for _at, kind in prefixes(values))
    kept = {name: value for name, value in values.items() if name.partition(".")[0] not in kinds}
    made = kept | address_values([*found, Address(kind=AddressKind.DELIVERY)], kinds)
    return made, prefix(AddressKind.DELIVERY, sum(a.kind is AddressKind.DELIVERY for a in found) + 1)


def address_blocks(values: Mapping[str, Any], opened: set[str]) -> list[dict[str, Any]]:
    """What the template draws of every address: its fields where it is given or was opened, else what is used instead."""
    found = addresses_from(values)
    deliveries = sum(a.kind is AddressKind.DELIVERY for a in found)
    blocks = []
    for (at, kind), address in zip(prefixes(values), found, strict=True):
        n = at.partition(".")[2]
        label = address_text(kind)
        several = kind is AddressKind.DELIVERY and deliveries > 1
        blocks.append(
            {
                "at": at, "kind": str(kind), "has_name": kind in NAMED, "is_open": not address.is_empty or at in opened,
                "label": f"{label} {n or 1}" if several else label,
                "fallback": fallback_text(kind, found) if address.is_empty and not n else "",
                "removable": not address.is_empty or at in opened,
                "is_last": at == prefix(AddressKind.DELIVERY, deliveries),
            }
        )  # fmt: skip
    return blocks


def address_lines(address: Address) -> list[str]:
    """What is written on an envelope, the country in the reader's language."""
    abroad = "" if address.country == "NO" else country_name(address.country)
    return [line for line in (address.name, address.street, address.place, abroad) if line]
