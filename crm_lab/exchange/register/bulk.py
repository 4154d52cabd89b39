"""Enhetsregisteret's bulk files: CSV and JSON of any vintage, plain or gzipped, read one entity at a time.

Format: https://data.brreg.no/enhetsregisteret/api/dokumentasjon. Columns are found by their header, because every year
has another set of them, and some another spelling.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import msgspec

from crm_lab.domain.values import OrgNumber
from crm_lab.errors import InvalidInput
from crm_lab.exchange.register.entity import NUMBER, Entity, as_flat, kept
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GZIP = b"\x1f\x8b"
CHUNK = 1 << 20
LARGEST_CELL = 1 << 22
LARGEST_ENTITY = 1 << 24
BOUNDARY = re.compile(r"\}\s*,\s*\{")
TAIL = 1 << 16
BETWEEN = re.compile(r"[^\s,]|\Z")


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
    """Every entity as flat keys ("forretningsadresse.poststed") that say something, its number as nine digits.

    Bad rows go to `faults`.

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
        return (as_flat(value) if isinstance(value, dict) else None for value in _json_values(stream, head))
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
            yield kept(dict(zip(header, row, strict=False)))
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
    if is_array:
        values, at = _many(text, at)
        yield from values
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
            if is_array:
                values, at = _many(text, at)
                yield from values
            continue
        yield value


def _many(text: str, at: int) -> tuple[list[Any], int]:
    """The objects of an array up to the last boundary between two, decoded in one go; none where that goes wrong."""
    *_earlier, last = (None, *BOUNDARY.finditer(text, max(at, len(text) - TAIL)))
    begin = BETWEEN.search(text, at)
    if last is None or begin is None:
        return [], at
    try:
        return msgspec.json.decode(f"[{text[begin.start() : last.start() + 1]}]", type=list[Any]), last.start() + 1
    except msgspec.MsgspecError:  # damage, or a boundary inside an entity: one by one will tell
        return [], at
