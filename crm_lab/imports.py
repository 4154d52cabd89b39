"""A file on its way in: read and mapped where it is chosen, checked and brought in by the store.

It travels in pieces, so its size does not matter to the wire, and whoever waits sees how far it is.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from crm_lab.domain.columns import parse_day
from crm_lab.domain.imports import (
    ImportChoices,
    ImportKind,
    ImportPlan,
    ImportRow,
    columns_of,
    map_row,
    propose_mapping,
)
from crm_lab.errors import CrmError, InvalidInput
from crm_lab.exchange.sheets import Row, Sheet, Unreadable, read_sheet
from crm_lab.exchange.vcard import Card, is_vcard, read_cards
from crm_lab.i18n import _
from crm_lab.staging import Staged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crm_lab.domain.imports import Import

PIECE = 500
SAMPLES = 3
MONTHS, SLASHED_DAY = 12, re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
CARD_COLUMNS = {
    ImportKind.CONTACTS: {
        "last_name": "last_name", "first_name": "first_name", "organisation": "company", "title": "title", "work_phone": "work_phone",
        "work_email": "work_email", "phone": "phone", "mobile": "mobile", "email": "email", "birth_date": "birth_date", "note": "note",
    },
    ImportKind.CUSTOMERS: {
        "name": "name", "first_name": "first_name", "work_phone": "phone", "phone": "phone", "mobile": "mobile", "work_email": "email",
        "email": "email", "website": "website", "note": "note",
    },
}  # fmt: skip


class Stopped(CrmError):
    """Somebody stopped it; nothing was saved."""

    def __init__(self) -> None:
        super().__init__(_("Stopped. Nothing was saved."))


class FileImport(Staged):
    """One file: look at `mapping` and `samples`, then `check()`, then `run()`.

    Attributes
    ----------
    header : the names of the file's columns.
    mapping : for each of them the key of our column, or "" to leave it out; yours to change before `check`.
    samples : the first rows, as the file has them.
    is_open : whether the store has checked the file with this mapping, and can bring it in.
    """

    def __init__(self, actions: Any, name: str, data: bytes, kind: ImportKind) -> None:
        super().__init__(actions)
        self.name, self.kind = name, kind
        if is_vcard(data) and kind not in {ImportKind.CUSTOMERS, ImportKind.CONTACTS}:
            raise Unreadable(_("Address cards hold customers and contacts only. Choose a CSV or Excel file."))
        self._sheet = cards_as_sheet(data, kind) if is_vcard(data) else read_sheet(data)
        self.header = self._sheet.header
        self.mapping = propose_mapping(kind, self.header)
        self.samples = list(islice(self._sheet.rows(), SAMPLES))
        self.n_rows = sum(1 for _row in self._sheet.rows())

    @property
    def is_open(self) -> bool:
        """Whether `run` may follow."""
        return self._id is not None

    def map(self, at: int, key: str) -> None:
        """Say which column the file's column number `at` (from 0) is; "" leaves it out. Raises `InvalidInput`."""
        if not 0 <= at < len(self.header) or (key and key not in columns_of(self.kind)):
            raise InvalidInput(_("There is no column {key}.", key=key[:40]), "mapping")
        self.mapping[at] = key
        self.discard()

    def check(self, on_progress: Callable[[int, int], bool | None] = lambda _done, _total: None) -> None:
        """Send all rows to be checked; `on_progress(done, total)` may answer False to stop. Raises `Stopped`."""
        for done in self.pieces():
            if on_progress(done, self.n_rows) is False:
                self.discard()
                raise Stopped

    def pieces(self) -> Iterator[int]:
        """Send the rows to be checked piece by piece; how many there are now. Who breaks off calls `discard`."""
        self.discard()
        if not any(self.mapping):
            raise InvalidInput(_("Choose what at least one column of the file is."), "mapping")
        begun = self._actions.start(kind=self.kind, file_name=self.name)
        rows, done = self._mapped(), 0
        self._id = begun.id
        for position, piece in enumerate(iter(lambda: list(islice(rows, PIECE)), [])):
            self._actions.stage(id=begun.id, position=position, rows=piece)
            done += len(piece)
            yield done

    def preview(self, choices: ImportChoices | None = None) -> ImportPlan:
        """What `run` would do. Checks the file first where that was not done."""
        self._ensure_checked()
        plan: ImportPlan = self._actions.preview(id=self._id, choices=choices or ImportChoices())
        return plan

    def run(self, choices: ImportChoices | None = None) -> Import:
        """Bring it in. Raises `FileRejected` where rows are wrong and `choices` does not leave them out."""
        self._ensure_checked()
        done: Import = self._actions.run(id=self._id, choices=choices or ImportChoices())
        self._id = None
        return done

    def _ensure_checked(self) -> None:
        if self._id is None:
            self.check()

    def _mapped(self) -> Iterator[ImportRow]:
        width = len(self.header)
        american = self._american()
        for row in self._sheet.rows():
            cells = [_turned(cell) if n in american else cell for n, cell in enumerate(row.cells)] if american else row.cells
            made = map_row(row.line, cells, self.mapping)
            spills = any(cell and not cell.isspace() for cell in row.cells[width:])
            fault = _("The row has more cells than the header. Does a cell with a separator lack quotation marks?") if spills else row.fault
            yield replace(made, fault=fault)

    def _american(self) -> set[int]:
        """The columns whose days are written month first: one of them can be read in no other way, and none only in the usual one."""
        days = {n for n, key in enumerate(self.mapping) if key and columns_of(self.kind)[key].parse is parse_day}
        first, second = dict.fromkeys(days, 0), dict.fromkeys(days, 0)
        for row in self._sheet.rows() if days else ():
            for n in days & set(range(len(row.cells))):
                if found := SLASHED_DAY.fullmatch(row.cells[n].strip()):
                    first[n], second[n] = max(first[n], int(found[1])), max(second[n], int(found[2]))
        return {n for n in days if first[n] <= MONTHS < second[n]}


def _turned(cell: str) -> str:
    """A day written month first, as ISO 8601 has it."""
    found = SLASHED_DAY.fullmatch(cell.strip())
    return f"{found[3]}-{int(found[1]):02}-{int(found[2]):02}" if found else cell


def cards_as_sheet(data: bytes, kind: ImportKind) -> Sheet:
    """Address cards as a sheet with our own column names. Raises `Unreadable`."""
    columns = columns_of(kind)
    keys = [*dict.fromkeys(CARD_COLUMNS[kind].values()), "categories", *(k for k in columns if k.startswith(("postal.", "visiting.")))]

    def read() -> Iterator[Row]:
        yield Row(0, tuple(columns[key].label for key in keys))
        for card in read_cards(data):
            values = _card_values(card, kind)
            yield Row(card.line, tuple(values.get(key, "") for key in keys), card.fault)

    next(read_cards(data))
    return Sheet(tuple(columns[key].label for key in keys), read)


def _card_values(card: Card, kind: ImportKind) -> dict[str, str]:
    texts = {f.name: getattr(card, f.name) for f in fields(card)} | {"name": card.organisation if card.is_company else card.last_name}
    values: dict[str, str] = {}
    for part, key in CARD_COLUMNS[kind].items():
        if texts[part] and not (kind is ImportKind.CUSTOMERS and card.is_company and part == "first_name"):
            values.setdefault(key, texts[part])
    values["categories"] = "; ".join(card.categories)
    for address, use in zip(card.addresses, ("postal", "visiting"), strict=False):
        values |= {f"{use}.{part}": getattr(address, part) for part in ("street", "postal_code", "city", "country")}
    return values


def read_file(actions: Any, name: str, data: bytes, kind: str) -> FileImport:
    """A file of one of `ImportKind` on its way in. Raises `Unreadable`."""
    try:
        return FileImport(actions, name, data, ImportKind(kind))
    except ValueError:
        raise Unreadable(_("A file holds one of: {words}.", words=", ".join(ImportKind))) from None

