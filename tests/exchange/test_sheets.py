"""CSV and Excel files: written and read back, in every encoding, and broken."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab.exchange import sheets
from crm_lab.exchange.sheets import LONGEST_CELL, Unreadable, read_sheet, write_csv, write_excel

CELLS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
TABLES = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n).filter(lambda row: any(c and not c.isspace() for c in row)), max_size=6)
)


def excel(*rows: list[object], sheet: str = "Ark1") -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd.mm.yyyy"})
    page = book.add_worksheet(sheet)
    for n, row in enumerate(rows):
        page.write_row(n, 0, row)
    book.close()
    return out.getvalue()


def texts(data: bytes) -> list[tuple[str, ...]]:
    return [row.cells for row in read_sheet(data).rows()]


@given(TABLES)
@settings(max_examples=60, deadline=None)
def test_csv_comes_back_as_it_was(table):
    header = [f"k{n}" for n in range(len(table[0]) if table else 2)]
    assert texts(write_csv(header, table)) == [tuple(row) for row in table]


@given(TABLES)
@settings(max_examples=25, deadline=None)
def test_excel_comes_back_as_it_was(table):
    header = [f"k{n}" for n in range(len(table[0]) if table else 2)]
    found = [row[: len(header)] for row in texts(write_excel("Kunder", header, table))]
    assert [tuple(c.replace("\r\n", "\n").replace("\r", "\n") for c in row) for row in found] == [
        tuple(c.replace("\r\n", "\n").replace("\r", "\n") for c in row) for row in table
    ]


@pytest.mark.parametrize("text", ["=1+1", "+4722334455", "-2", "@sum", "\tx", "\rx", "'=x", "''=x"])
def test_no_written_cell_is_a_formula_and_it_is_read_as_it_was(text):
    for write in (write_csv, lambda h, r: write_excel("x", h, r)):
        assert texts(write(["a", "b"], [[text, "x"]]))[0][0].replace("\n", "\r") == text
    assert write_csv(["a"], [[text]]).decode("utf-8-sig").splitlines()[1].startswith("\"'")
    packed = zipfile.ZipFile(io.BytesIO(write_excel("x", ["a"], [[text]])))
    assert b"<f>" not in packed.read("xl/worksheets/sheet1.xml")
    assert b'quotePrefix="1"' in packed.read("xl/styles.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso-8859-1"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_encoding_and_separator_are_found(encoding, separator):
    text = f'Navn{separator}Sted\r\nBlåbær AS{separator}"Øvre\nÅrdal"\r\n\r\n"A;B, C"{separator}x\r\n'
    sheet = read_sheet(text.encode(encoding))
    assert sheet.header == ("Navn", "Sted")
    assert [(row.line, *row.cells) for row in sheet.rows()] == [(2, "Blåbær AS", "Øvre\nÅrdal"), (5, "A;B, C", "x")]


def test_excels_own_hint_of_the_separator_is_believed():
    assert read_sheet(b"sep=|\r\na|b;c\r\n1|2\r\n").header == ("a", "b;c")


def test_typed_cells_read_as_people_write_them():
    data = excel(["orgnr", "tlf", "dato", "tall", "ja"], [923609016, 22334455.0, date(2026, 12, 31), 12.5, True])
    assert texts(data) == [("923609016", "22334455", "2026-12-31", "12.5", "TRUE")]


def test_numbers_and_days_are_typed_in_excel():
    data = write_excel("Kunder", ["n", "d", "p"], [[10001, date(2026, 1, 2), Decimal("12.50")]])
    assert texts(data) == [("10001", "2026-01-02", "12.5")]
    page = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert b"<v>10001</v>" in page and b"<v>12.5" in page


def test_a_megabyte_in_one_cell_is_cut_to_what_no_field_takes():
    assert len(texts(f"Navn;Sted\n{'x' * 1_000_000};Oslo\n".encode())[0][0]) == LONGEST_CELL + 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "tom"),
        (b" \r\n;;\r\n", "tom"),
        (b"\xd0\xcf\x11\xe0rest", "gammel eller låst"),
        (b"PK\x03\x04rubbish", "ikke en lesbar Excel-fil"),
        (b";".join([b"x"] * 201), "mer enn 200 kolonner"),
    ],
)
def test_a_file_that_is_none_is_told_in_a_sentence(data, says):
    with pytest.raises(Unreadable, match=says):
        read_sheet(data)


def test_limits_are_told(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    with pytest.raises(Unreadable, match="mer enn 2 rader"):
        texts(b"a;b\n1;2\n1;2\n1;2\n")
    monkeypatch.setattr(sheets, "LARGEST_UNPACKED", 1000)
    with pytest.raises(Unreadable, match="pakkes ut"):
        read_sheet(excel(["a"], ["b"]))
    monkeypatch.setattr(sheets, "LARGEST_FILE", 10)
    with pytest.raises(Unreadable, match="Del den"):
        read_sheet(b"x" * 11)


def test_cells_at_the_far_corner_take_no_memory():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    page.write(0, 0, "Navn")
    page.write(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(Unreadable, match="langt fra hverandre"):
        read_sheet(out.getvalue())


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused(data):
    for start in (b"", b"PK\x03\x04", b"a;b\n"):
        try:
            texts(start + data)
        except Unreadable:
            continue
