"""Enhetsregisteret's bulk files: CSV and JSON of any vintage, plain or gzipped, read one entity at a time.

Format: https://data.brreg.no/enhetsregisteret/api/dokumentasjon. Columns are found by their header, because every year
has another set of them, and some another spelling. In CSV an address's lines are joined by a literal "/n".
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, TYPE_CHECKING, Any

from crm_lab.domain.customers import Address, AddressKind, Customer, RegisterStatus
from crm_lab.domain.ids import new_id
from crm_lab.domain.values import Email, OrgNumber, Phone, Website
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GZIP = b"\x1f\x8b"
CHUNK = 1 << 20
LARGEST_CELL = 1 << 22
LARGEST_ENTITY = 1 << 24
BETWEEN = re.compile(r"[^\s,]|\Z")
NUMBER = "organisasjonsnummer"
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


class DamagedFile(InvalidInput):
    """The file stops making sense."""

    def __init__(self, name: str, n: int) -> None:
        super().__init__(_("{name} is damaged after {n} entities. Fetch it again; nothing was read.", name=name, n=n), "file")


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that was left out; `line` counts entities from 1."""

    line: int
    field: str
    message: str


def read_entities(path: Path, faults: list[RowFault]) -> Iterator[Entity]:
    """Every entity as flat keys ("forretningsadresse.poststed"), its number as nine digits; bad rows go to `faults`.

    Raises
    ------
    NotARegisterFile, TruncatedFile, DamagedFile
    """
    n, is_register = 0, False
    try:
        with _open(path) as stream:
            for entity in _entities(stream, path.name):
                fault = _fault(entity, n + 1)
                n += 1
                is_register = is_register or (entity is not None and NUMBER in entity)
                if fault:
                    faults.append(fault)
                elif entity is not None:
                    yield entity
    except (EOFError, ValueError, csv.Error, gzip.BadGzipFile, zlib.error, RecursionError) as error:
        if isinstance(error, UnicodeDecodeError) and not is_register and not _is_cut(error):
            raise NotARegisterFile(path.name) from error
        raise (TruncatedFile if _is_cut(error) else DamagedFile)(path.name, n) from error
    if n and not is_register:
        raise NotARegisterFile(path.name)


def _fault(entity: Entity | None, line: int) -> RowFault | None:
    """What keeps the row out; a sound number is put into its one form."""
    if entity is None:
        return RowFault(line, "", _("This row is not an entity of the register."))
    written = str(entity.get(NUMBER) or "")
    if not written.strip():
        return RowFault(line, NUMBER, _("This row has no organisation number."))
    try:
        entity[NUMBER] = str(OrgNumber.parse(written))
    except InvalidInput as error:
        return RowFault(line, NUMBER, error.message)
    return None


def _is_cut(error: Exception) -> bool:
    """Whether the file just ends, as after an interrupted download."""
    if isinstance(error, json.JSONDecodeError):
        return error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip())
    return isinstance(error, EOFError) or "unexpected end of data" in str(error)


def _open(path: Path) -> IO[str]:
    with path.open("rb") as start:
        magic = start.read(2)
    raw: Any = gzip.open(path) if magic == GZIP else path.open("rb")  # noqa: SIM115 - the caller closes it
    return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")


def _entities(stream: IO[str], name: str) -> Iterator[Entity | None]:
    head = stream.read(CHUNK)
    if head.lstrip().startswith(("[", "{")):
        return (_flat(value) if isinstance(value, dict) else None for value in _json_values(stream, head))
    return _csv_rows(_Joined(head, stream), name)


class _Joined:
    """Text already read, followed by the rest of the stream, line by line."""

    def __init__(self, head: str, rest: IO[str]) -> None:
        self._head, self._rest = io.StringIO(head, newline=""), rest
        self.is_whole = True

    def __iter__(self) -> _Joined:
        return self

    def __next__(self) -> str:
        line = self._head.readline()
        if not line.endswith("\n"):
            line += self._rest.readline()
        if not line:
            raise StopIteration
        self.is_whole = line.endswith("\n")
        return line


def _csv_rows(lines: _Joined, name: str) -> Iterator[Entity | None]:
    """Rows by header name; None for one with too few cells. Raises `EOFError` where the last row is cut."""
    csv.field_size_limit(LARGEST_CELL)
    first = next(lines, "")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    header = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter), [])]
    if NUMBER not in header:
        raise NotARegisterFile(name)
    for row in csv.reader(lines, delimiter=delimiter, strict=True):
        if len(row) >= len(header):
            yield dict(zip(header, row, strict=False))
        elif row and not lines.is_whole:
            raise EOFError
        elif row:
            yield None


def _json_values(stream: IO[str], head: str) -> Iterator[Any]:
    """The values of a JSON array of any size, or of lines of JSON, in constant memory."""
    decoder = json.JSONDecoder()
    text = head.lstrip()
    is_array = text.startswith("[")
    at = int(is_array)
    while True:
        found = BETWEEN.search(text, at)
        at = found.start() if found else len(text)
        if is_array and text.startswith("]", at):
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            more = "" if len(text) - at > LARGEST_ENTITY else stream.read(CHUNK)
            if not more and at == len(text) and not is_array:
                return
            if not more:
                raise
            text, at = text[at:] + more, 0
            continue
        yield value


def _flat(entity: dict[str, Any]) -> Entity:
    flat: Entity = {}
    for key, value in entity.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": v for inner, v in value.items()}
        else:
            flat[key] = value
    return flat


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntity:
    """What we use of an Enhet, Underenhet (`parent_number` is the Enhet above it) or SlettetEnhet.

    `n_employees` is None where the register does not say: it is silent on 0–4.
    """

    organisation_number: str
    name: str
    organisation_form: str
    parent_number: str
    is_vat_registered: bool
    is_bankrupt: bool
    is_winding_up: bool
    is_deleted: bool
    deleted_on: date | None
    registered_on: date | None
    founded_on: date | None
    industry_code: str
    industry: str
    n_employees: int | None
    website: str
    phone: str
    email: str
    visiting: Address | None
    postal: Address | None

    @property
    def register_status(self) -> RegisterStatus:
        """What the register says of the company; the gravest fact wins."""
        if self.is_deleted:
            return RegisterStatus.DELETED
        if self.is_bankrupt:
            return RegisterStatus.BANKRUPT
        return RegisterStatus.WINDING_UP if self.is_winding_up else RegisterStatus.ACTIVE

    @property
    def municipality(self) -> str:
        """Where it is, else where its post goes."""
        return next((a.municipality for a in (self.visiting, self.postal) if a and a.municipality), "")


def as_entity(flat: Entity) -> RegisterEntity:
    """One of `read_entities`' rows; a phone, e-mail or website that is none keeps its text."""
    deleted_on = _date(flat, "slettedato", "nedleggelsesdato")
    return RegisterEntity(
        organisation_number=str(OrgNumber.parse(_text(flat, NUMBER))),
        name=_text(flat, "navn"),
        organisation_form=_text(flat, "organisasjonsform.kode"),
        parent_number=_text(flat, "overordnetEnhet"),
        is_vat_registered=_true(flat, "registrertIMvaRegisteret", "registrertIMvaregisteret"),
        is_bankrupt=_true(flat, "konkurs"),
        is_winding_up=_true(flat, "underAvvikling", "underTvangsavviklingEllerTvangsopplosning"),
        is_deleted=deleted_on is not None or _text(flat, "respons_klasse").startswith("Slettet"),
        deleted_on=deleted_on,
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
        for form in ("%Y-%m-%d", "%d.%m.%Y") if text else ():
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007 - a business day has no zone
            except ValueError:
                continue
    return None
