"""One entity of Enhetsregisteret as this CRM knows it, from a row or an answer of any vintage.

Format: https://data.brreg.no/enhetsregisteret/api/dokumentasjon. In CSV an address's lines are joined by a literal "/n".
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.customers import Customer, RegisterStatus
from crm_lab.domain.ids import new_id
from crm_lab.domain.register import RegisterEntity
from crm_lab.domain.values import Email, OrgNumber, Phone, Website
from crm_lab.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = "organisasjonsnummer"
ENDED = ("konkurs", "underAvvikling", "underTvangsavviklingEllerTvangsopplosning")
ENDED_ON = ("slettedato", "nedleggelsesdato")
TOLD_OF_ENDED = frozenset(ENDED + ENDED_ON)
LINKS = "_links"
PLACES_BY_EMPLOYEES = (1000, 250, 50, 10, 5)
NO_EMPLOYEES, SOLE_TRADER, SUB_UNIT, GONE = 6, 7, 8, 9
Entity = dict[str, Any]


def as_flat(entity: dict[str, Any]) -> Entity:
    """The service's nested JSON with the flat keys of the CSV ("forretningsadresse.poststed"), as far as it says something."""
    flat: Entity = {}
    for key, value in entity.items():
        if not isinstance(value, dict):
            if (value and value != "false") or (value == 0 and value is not False):
                flat[key] = value
        elif key != LINKS:
            for inner, v in value.items():
                if (v and v != "false" and inner != LINKS) or (v == 0 and v is not False):
                    flat[f"{key}.{inner}"] = v
    return flat


def as_entity(flat: Entity) -> RegisterEntity:
    """One of `read_entities`' rows; a phone, e-mail or website that is none keeps its text."""
    return RegisterEntity(
        organisation_number=str(OrgNumber.parse(_text(flat, NUMBER))),
        name=_text(flat, "navn"),
        organisation_form=_text(flat, "organisasjonsform.kode"),
        parent_number=_text(flat, "overordnetEnhet"),
        is_vat_registered=_true(flat, "registrertIMvaRegisteret", "registrertIMvaregisteret"),
        is_bankrupt=_true(flat, ENDED[0]),
        is_winding_up=_true(flat, *ENDED[1:]),
        is_deleted=is_deleted(flat),
        deleted_on=_date(flat, *ENDED_ON),
        registered_on=_date(flat, *(f"registreringsdato{end}nhetsregisteret" for end in ("e", "E", "IE"))),
        founded_on=_date(flat, "stiftelsesdato", "oppstartsdato"),
        industry_code=_text(flat, "naeringskode1.kode"),
        industry=_text(flat, "naeringskode1.beskrivelse"),
        n_employees=_whole(_text(flat, "antallAnsatte") or flat.get("antallAnsatte")),
        website=_stored(Website.parse, _text(flat, "hjemmeside")),
        phone=_stored(Phone.parse, _text(flat, "telefon", "mobil")),
        email=_stored(Email.parse, _text(flat, "epostadresse")),
        visiting=_address(flat, AddressKind.VISITING, "forretningsadresse", "beliggenhetsadresse"),
        postal=_address(flat, AddressKind.POSTAL, "postadresse"),
    )


def is_deleted(flat: Entity) -> bool:
    """Whether this is the entity's gravestone."""
    return _date(flat, *ENDED_ON) is not None or _text(flat, "respons_klasse").startswith("Slettet")


def register_status(entity: Entity) -> RegisterStatus:
    """What the register says of the company in one of `read_entities`' rows."""
    return as_entity(entity).register_status


def as_customer_fields(entity: RegisterEntity) -> dict[str, Any]:
    """The keyword values of a `Customer` that the register knows."""
    same = (
        "name", "organisation_number", "organisation_form", "is_vat_registered", "register_status", "industry_code",
        "industry", "n_employees", "founded_on", "phone", "email", "website",
    )  # fmt: skip
    addresses = tuple(a for a in (entity.visiting, entity.postal) if a)
    return {name: getattr(entity, name) for name in same} | {"addresses": addresses}


def as_customer(entity: Entity) -> Customer:
    """The row as a party, not yet numbered or owned."""
    return Customer(id=new_id(), **as_customer_fields(as_entity(entity)))


def _address(flat: Entity, kind: AddressKind, *keys: str) -> Address | None:
    for key in keys:
        street = flat.get(f"{key}.adresse") or ""
        lines = street if isinstance(street, list) else re.split(r"/n|[\r\n]+", str(street))
        made = Address(
            kind=kind,
            street=", ".join(tidy for line in lines if (tidy := " ".join(str(line or "").split()).strip(" ,"))),
            postal_code=_text(flat, f"{key}.postnummer"),
            city=_text(flat, f"{key}.poststed"),
            municipality=_text(flat, f"{key}.kommune"),
            country=_text(flat, f"{key}.landkode") or "NO",
        )
        if made.street or made.city:
            return made
    return None


def _stored(parse: Callable[[str], str], text: str) -> str:
    """The text in its stored form, or as written where the rules refuse it: an import loses nothing."""
    try:
        return str(parse(text)) if text else ""
    except InvalidInput:
        return text


def _text(flat: Entity, *keys: str) -> str:
    """The first that is there, on one line."""
    return next((text for key in keys if (text := " ".join(str(flat.get(key) or "").split()))), "")


def _true(flat: Entity, *keys: str) -> bool:
    return any(str(flat.get(key)).strip().lower() in {"true", "j", "ja"} for key in keys)


def _whole(value: object) -> int | None:
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _date(flat: Entity, *keys: str) -> date | None:
    """The first that is a day, as 2026-11-23 or, in older files, 23.11.2026."""
    for key in keys:
        text = _text(flat, key)[:10]
        norwegian = re.fullmatch(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})", text)
        iso = f"{norwegian[3]}-{norwegian[2]}-{norwegian[1]}" if norwegian else text
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", iso):
            try:
                return date.fromisoformat(iso)
            except ValueError:
                continue
    return None


def place(flat: Entity) -> int:
    """Where among equal hits people expect it: 0 for the largest employers, 9 for what has ended."""
    if not TOLD_OF_ENDED.isdisjoint(flat) and (_true(flat, *ENDED) or any(flat.get(key) for key in ENDED_ON)):
        return GONE
    form = _text(flat, "organisasjonsform.kode")
    if form in {"BEDR", "AAFY"} and flat.get("overordnetEnhet"):
        return SUB_UNIT
    n = (_whole(_text(flat, "antallAnsatte")) or 0) if "antallAnsatte" in flat else 0
    if n >= PLACES_BY_EMPLOYEES[-1]:
        return next(i for i, least in enumerate(PLACES_BY_EMPLOYEES) if n >= least)
    return SOLE_TRADER if form == "ENK" else NO_EMPLOYEES


def kept(flat: Entity) -> Entity:
    """What of the entity is worth keeping: everything that says something."""
    return {key: value for key, value in flat.items() if (value and value != "false") or (value == 0 and value is not False)}
