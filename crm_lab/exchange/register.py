"""Enhetsregisteret's bulk files: CSV and JSON of any vintage, plain or gzipped, read one entity at a time.

Format: https://data.brreg.no/enhetsregisteret/api/dokumentasjon. Columns are found by their header, because
every year has another set of them. In CSV an address's lines are joined by a literal "/n".
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from dataclasses import dataclass
from datetime import date
from typing import IO, TYPE_CHECKING, Any

from crm_lab.domain.customers import Address, AddressKind, Customer, RegisterStatus
from crm_lab.domain.ids import new_id
from crm_lab.domain.values import OrgNumber
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GZIP = b"\x1f\x8b"
CHUNK = 1 << 20
LARGEST_CELL = 1 << 22
Entity = dict[str, Any]


class NotARegisterFile(InvalidInput):
    """Neither bulk CSV nor bulk JSON of Enhetsregisteret."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _("{name} is not a bulk file of Enhetsregisteret: no column or key organisasjonsnummer.", name=name), "file"
        )


class TruncatedFile(InvalidInput):
    """The file ends in the middle."""

    def __init__(self, name: str, n: int) -> None:
        super().__init__(
            _("{name} ends in the middle, after {n} entities. Fetch it again; nothing was read.", name=name, n=n), "file"
        )


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that was left out; `line` counts entities from 1."""

    line: int
    field: str
    message: str


def read_entities(path: Path, faults: list[RowFault]) -> Iterator[Entity]:
    """Every entity as flat keys ("forretningsadresse.poststed"); rows without a sound number go to `faults`.

    Raises
    ------
    NotARegisterFile, TruncatedFile
    """
    count = 0
    try:
        with _open(path) as stream:
            for count, entity in enumerate(_entities(stream, path.name), start=1):
                try:
                    OrgNumber.parse(entity.get("organisasjonsnummer") or "")
                except InvalidInput as error:
                    faults.append(RowFault(count, "organisasjonsnummer", error.message))
                    continue
                yield entity
    except (EOFError, gzip.BadGzipFile, zlib.error, json.JSONDecodeError) as error:
        raise TruncatedFile(path.name, count) from error
    except UnicodeDecodeError as error:
        raise NotARegisterFile(path.name) from error


def _open(path: Path) -> IO[str]:
    with path.open("rb") as start:
        magic = start.read(2)
    raw: Any = gzip.open(path) if magic == GZIP else path.open("rb")  # noqa: SIM115 - the caller closes it
    return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")


def _entities(stream: IO[str], name: str) -> Iterator[Entity]:
    head = stream.read(CHUNK)
    if head.lstrip().startswith(("[", "{")):
        return (_flat(entity) for entity in _json_objects(stream, head))
    return _csv_rows(_Joined(head, stream), name)


class _Joined:
    """Text already read, followed by the rest of the stream, line by line."""

    def __init__(self, head: str, rest: IO[str]) -> None:
        self._head, self._rest = io.StringIO(head, newline=""), rest

    def __iter__(self) -> _Joined:
        return self

    def __next__(self) -> str:
        line = self._head.readline()
        if line.endswith("\n"):
            return line
        line += self._rest.readline()
        if not line:
            raise StopIteration
        return line


def _csv_rows(lines: _Joined, name: str) -> Iterator[Entity]:
    csv.field_size_limit(LARGEST_CELL)
    first = next(lines, "")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    header = next(csv.reader([first], delimiter=delimiter), [])
    if "organisasjonsnummer" not in header:
        raise NotARegisterFile(name)
    for row in csv.DictReader(lines, fieldnames=header, delimiter=delimiter, restval=""):
        yield {k: v for k, v in row.items() if k}


def _json_objects(stream: IO[str], head: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON array of any size, in constant memory."""
    decoder = json.JSONDecoder()
    text = head.lstrip().removeprefix("[")
    while True:
        text = text.lstrip(" \r\n\t,")
        if text.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(text)
        except json.JSONDecodeError:
            more = stream.read(CHUNK)
            if not more:
                if text.strip():
                    raise
                return
            text += more
            continue
        yield value
        text = text[end:]


def _flat(entity: dict[str, Any]) -> Entity:
    flat: Entity = {}
    for key, value in entity.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": v for inner, v in value.items()}
        else:
            flat[key] = value
    return flat


def register_status(entity: Entity) -> RegisterStatus:
    """What the register says of the company; the gravest fact wins."""
    if entity.get("slettedato"):
        return RegisterStatus.DELETED
    if _true(entity.get("konkurs")):
        return RegisterStatus.BANKRUPT
    if _true(entity.get("underAvvikling")) or _true(entity.get("underTvangsavviklingEllerTvangsopplosning")):
        return RegisterStatus.WINDING_UP
    return RegisterStatus.ACTIVE


def as_customer(entity: Entity) -> Customer:
    """The entity as a party, not yet numbered or owned."""
    return Customer(
        id=new_id(),
        name=_text(entity, "navn"),
        organisation_number=str(OrgNumber.parse(entity["organisasjonsnummer"])),
        organisation_form=_text(entity, "organisasjonsform.kode"),
        is_vat_registered=_true(entity.get("registrertIMvaRegisteret")),
        register_status=register_status(entity),
        industry_code=_text(entity, "naeringskode1.kode"),
        industry=_text(entity, "naeringskode1.beskrivelse"),
        n_employees=_whole(entity.get("antallAnsatte")),
        founded_on=_date(entity.get("stiftelsesdato")),
        phone=_text(entity, "telefon") or _text(entity, "mobil"),
        email=_text(entity, "epostadresse"),
        website=_text(entity, "hjemmeside"),
        addresses=tuple(_addresses(entity)),
    )


def _addresses(entity: Entity) -> Iterator[Address]:
    for key, kind in (("forretningsadresse", AddressKind.VISITING), ("postadresse", AddressKind.POSTAL)):
        street = entity.get(f"{key}.adresse") or ""
        lines = street if isinstance(street, list) else str(street).split("/n")
        made = Address(
            kind=kind,
            street=", ".join(line.strip() for line in lines if line and line.strip()),
            postal_code=_text(entity, f"{key}.postnummer"),
            city=_text(entity, f"{key}.poststed"),
            municipality=_text(entity, f"{key}.kommune"),
            country=_text(entity, f"{key}.landkode") or "NO",
        )
        if made.street or made.city:
            yield made


def _text(entity: Entity, key: str) -> str:
    return " ".join(str(entity.get(key) or "").split())


def _true(value: object) -> bool:
    return value is True or str(value).strip().lower() in {"true", "j", "ja"}


def _whole(value: object) -> int | None:
    text = str(value if value is not None else "").strip()
    return int(text) if text.isdigit() else None


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value or "")[:10])
    except ValueError:
        return None
