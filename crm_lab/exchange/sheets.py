"""Sheets: CSV and Excel files read as rows of text with their line numbers, and written.

CSV as people's systems write it: any of four separators, five encodings. Excel is Office Open XML (ECMA-376), read as
values. A cell that a spreadsheet would take for a formula is written neutralised, and read back as it was
(OWASP, "CSV Injection").
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import reduce
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

LARGEST_FILE = 64 << 20
LARGEST_UNPACKED = 512 << 20
MOST_ROWS, MOST_COLUMNS = 200_000, 200
LONGEST_CELL = 32_767
"""Excel's own limit. A longer cell is cut to one more than this, which is longer than any field may be: its row is refused."""
SAMPLE = 64 << 10
SEPARATORS = ";\t,|"
FORMULA = re.compile(r"'*[=+\-@\t\r]")
NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")
WIDEST, NARROWEST = 50, 8
MOST_CELLS = 20_000_000
SHEET_PART = re.compile(r"/?xl/worksheets/[^/]+\.(xml|bin)")
CELL_AT = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError, EOFError)
"""What zipfile raises over a file that is none of its own, or locked."""

csv.field_size_limit(LARGEST_FILE)


class Unreadable(InvalidInput):
    """The file as a whole cannot be read."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "file")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet: the line of the file it starts on, its cells as text, and why it cannot be read, if so."""

    line: int
    cells: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header and, each time they are asked for, the rows below it; empty ones are left out."""

    header: tuple[str, ...]
    read: Callable[[], Iterator[Row]]

    def rows(self) -> Iterator[Row]:
        """The rows below the header. Raises `Unreadable` where there are more than `MOST_ROWS`."""
        below = islice(_filled(self.read()), 1, None)
        for n, row in enumerate(below):
            if n == MOST_ROWS:
                raise Unreadable(_("The file has more than {n} rows. Split it into several.", n=number(MOST_ROWS)))
            yield row


def read_sheet(data: bytes) -> Sheet:
    """A CSV or Excel file. Raises `Unreadable` with a sentence that says why it is none."""
    if len(data) > LARGEST_FILE:
        raise Unreadable(_("The file is larger than {n} MB. Split it into several.", n=LARGEST_FILE >> 20))
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(_("This is an old or a locked Excel file. Save it as .xlsx without a password."))
    read = _excel(data) if data.startswith(b"PK\x03\x04") else _csv(data)
    header = next(_filled(read()), None)
    if header is None:
        raise Unreadable(_("The file is empty."))
    if len(header.cells) > MOST_COLUMNS:
        raise Unreadable(_("The file has more than {n} columns.", n=MOST_COLUMNS))
    return Sheet(tuple(cell.strip() for cell in header.cells), read)


def _filled(rows: Iterator[Row]) -> Iterator[Row]:
    return (row for row in rows if row.fault or any(cell and not cell.isspace() for cell in row.cells))


def _cut(cell: str) -> str:
    cell = cell[: LONGEST_CELL + 1]
    return cell[1:] if NEUTRALISED.match(cell) else cell


def encoding_of(data: bytes) -> str:
    """How a text file is encoded: by its mark, by the zeros of UTF-16, as UTF-8 if it is that, else as Windows writes it."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = data[:4096]
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if zeros.count(0) * 2 > len(zeros):
            return encoding
    for encoding in ("utf-8", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for at in range(0, len(data), SAMPLE):
                decoder.decode(data[at : at + SAMPLE])
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _csv(data: bytes) -> Callable[[], Iterator[Row]]:
    encoding = encoding_of(data)

    def text() -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BytesIO(data), encoding, errors="replace", newline="")

    start = text().read(SAMPLE)
    told = re.match(r"sep=(.)\r?\n", start)
    separator = told[1] if told else _separator(start)

    def read() -> Iterator[Row]:
        lines = text()
        before = len(lines.readline()) and 1 if told else 0
        records = csv.reader(lines, delimiter=separator)
        at = before
        try:
            for record in records:
                yield Row(at + 1, tuple(map(_cut, record)))
                at = before + records.line_num
        except csv.Error as error:
            raise Unreadable(_("Line {n} cannot be read: {reason}", n=at + 1, reason=str(error))) from None

    return read


def _separator(start: str) -> str:
    """The separator that gives the most lines of one width."""

    def score(separator: str) -> tuple[int, int]:
        whole = list(islice(csv.reader(io.StringIO(start, newline=""), delimiter=separator), 20))
        widths = [len(record) for record in whole if record]
        wide = [w for w in widths if w > 1 and w == widths[0]]
        return len(wide), wide[0] if wide else 0

    return max(SEPARATORS, key=score)


def _excel(data: bytes) -> Callable[[], Iterator[Row]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED:
                raise Unreadable(_("The Excel file unpacks to more than {n} MB. It is not read.", n=LARGEST_UNPACKED >> 20))
            if any(_area(packed.open(name)) > MOST_CELLS for name in packed.namelist() if SHEET_PART.fullmatch(name)):
                raise Unreadable(_("The Excel sheet has cells very far apart. Copy the table into a new sheet."))
    except BROKEN:
        raise _no_excel() from None
    return lambda: _first_filled_sheet(data)


def _area(part: IO[bytes]) -> int:
    """How many cells lie between a sheet's corners: the reader makes room for all of them, also the empty ones."""
    rows, columns, rest = 0, 0, b""
    while chunk := part.read(1 << 20):
        for letters, row in set(CELL_AT.findall(rest + chunk)):
            rows = max(rows, int(row))
            columns = max(columns, reduce(lambda n, letter: n * 26 + letter - 64, letters, 0))
        rest = chunk[-40:]
    return rows * columns


def _no_excel() -> Unreadable:
    return Unreadable(_("The file is not an Excel file that can be read. Open it in Excel and save it again."))


def _first_filled_sheet(data: bytes) -> Iterator[Row]:
    from python_calamine import CalamineError, load_workbook

    try:
        book = load_workbook(io.BytesIO(data))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            rows = enumerate(sheet.iter_rows(), 1)
            filled = (Row(n, cells) for n, row in rows if any(cells := tuple(map(_cell_text, row[: MOST_COLUMNS + 1]))))
            first = next(filled, None)
            if first is not None:
                yield Row(first.line, _trimmed(first.cells))
                yield from filled
                return
    except (CalamineError, ValueError):
        raise _no_excel() from None


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Without the empty cells at the end that only have a colour."""
    return cells[: max((n for n, cell in enumerate(cells, 1) if cell), default=0)]


def _cell_text(value: Any) -> str:
    """What stands in a typed cell, as a person would write it: a whole number has no ".0"."""
    if isinstance(value, str):
        return value[: LONGEST_CELL + 1]
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(value, ".15g")
    return value.isoformat() if isinstance(value, date) else str(value)


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A file that Excel opens by a double click: UTF-8 with its mark, semicolons, formulas neutralised."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([_neutral(label) for label in header])
    writer.writerows([_neutral(_plain(value)) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return str(value).replace(".", ",") if isinstance(value, Decimal) else str(value)


def _neutral(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text


def write_excel(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """An .xlsx file of one sheet: numbers and dates typed, text as text, the header bold and always in view."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "remove_timezone": True})
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", title)[:31])
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    text = book.add_format({"quote_prefix": True})  # stays text, also when somebody edits the cell
    widths = [len(label) for label in header]
    for n, label in enumerate(header):
        sheet.write_string(0, n, label, bold)
    for at, row in enumerate(rows, 1):
        for n, value in enumerate(row):
            if value is None or value == "":
                continue
            if isinstance(value, str):
                sheet.write_string(at, n, value[:LONGEST_CELL], text if FORMULA.match(value) else None)
            elif isinstance(value, date):
                sheet.write_datetime(at, n, value, day)
            else:
                sheet.write_number(at, n, value)
            widths[n] = max(widths[n], len(str(value)))
    for n, width in enumerate(widths):
        sheet.set_column(n, n, min(WIDEST, max(NARROWEST, width + 1)))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, 0, max(0, len(header) - 1))
    book.close()
    return out.getvalue()
