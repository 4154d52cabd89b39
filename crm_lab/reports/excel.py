"""Reports as Excel files: amounts are numbers, totals formulas, text never a formula."""

from __future__ import annotations

import io
import re
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from crm_lab.exchange.sheets import FORMULA
from crm_lab.i18n import _
from crm_lab.reports.layout import Kind, Report, Table, in_kroner, shown

MONEY, WIDEST, NARROWEST, TERM_WIDTH, MEANING_WIDTH = "#,##0.00;[Red]-#,##0.00;0.00", 48, 11, 24, 90


def to_excel(report: Report) -> bytes:
    """One sheet, ready to print on A4; what the figures mean stands on one of its own."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", report.title)[:31])
    style = _styles(book)
    sheet.write_string(0, 0, report.title, style["title"])
    at = 1
    for text in (report.sender, *report.recipient):
        _write_text(sheet, at, 0, text, style)
        at += 1
    for label, text in report.facts:
        sheet.write_string(at, 0, label, style["label"])
        _write_text(sheet, at, 1, text, style)
        at += 1
    for table in report.tables:
        at = _write_table(sheet, table, at + 1, style)
    _set_up(sheet, report)
    if report.notes:
        _write_notes(book, report, style)
    book.close()
    return out.getvalue()


def _write_notes(book: Any, report: Report, style: dict[str, Any]) -> None:
    """A sheet of definitions: each in a row, its word beside what it means where it begins with one."""
    sheet = book.add_worksheet(_("Definitions"))
    for n, (label, width) in enumerate(((_("Figure"), TERM_WIDTH), (_("Meaning"), MEANING_WIDTH))):
        sheet.write_string(0, n, label, style["head"])
        sheet.set_column(n, n, width)
    for at, note in enumerate(report.notes, 1):
        term, colon, meaning = note.partition(": ")
        is_term = bool(colon) and len(term) <= TERM_WIDTH
        _write_text(sheet, at, 0, term if is_term else "", style)
        sheet.write_string(at, 1, meaning if is_term else note, style["wrapped"])
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _styles(book: Any) -> dict[str, Any]:
    return {
        "title": book.add_format({"bold": True, "font_size": 16}),
        "heading": book.add_format({"bold": True, "font_size": 12}),
        "label": book.add_format({"font_color": "#6b6763"}),
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "head_right": book.add_format({"bold": True, "bottom": 1, "align": "right", "text_wrap": True, "valign": "top"}),
        Kind.AMOUNT: book.add_format({"num_format": MONEY}),
        Kind.COUNT: book.add_format({"num_format": "#,##0"}),
        Kind.SHARE: book.add_format({"num_format": "0 %"}),
        Kind.DAY: book.add_format({"num_format": "dd.mm.yyyy", "align": "left"}),
        Kind.TEXT: book.add_format({"num_format": "@"}),
        "text": book.add_format({"quote_prefix": True}),
        "wrapped": book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True}),
        "total": book.add_format({"bold": True, "top": 1}),
        "total_amount": book.add_format({"bold": True, "top": 1, "num_format": MONEY}),
    }


def _write_text(sheet: Any, row: int, column: int, text: str, style: dict[str, Any]) -> None:
    sheet.write_string(row, column, text, style["text"] if FORMULA.match(text) else None)


def _write_table(sheet: Any, table: Table, at: int, style: dict[str, Any]) -> int:
    """Write a table from row `at` on; the row below it."""
    if table.heading:
        sheet.write_string(at, 0, table.heading, style["heading"])
        at += 1
    for n, column in enumerate(table.columns):
        sheet.write_string(at, n, column.label, style["head" if column.kind in {Kind.TEXT, Kind.DAY} else "head_right"])
    first = at + 1
    for at, row in enumerate(table.rows, first):
        for n, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            _write_cell(sheet, at, n, column.kind, value, style)
    if not table.rows:
        at += 1
        _write_text(sheet, at, 0, table.empty, style)
    if table.has_total:
        at += 1
        for n, (column, value) in enumerate(zip(table.columns, table.sums, strict=True)):
            if n and column.is_summed:
                name = xl_col_to_name(n)
                formula, result = f"=SUM({name}{first + 1}:{name}{at})", float(in_kroner(value)) if column.kind is Kind.AMOUNT else value
                sheet.write_formula(at, n, formula, style["total_amount" if column.kind is Kind.AMOUNT else "total"], result)
            else:
                sheet.write_string(at, n, table.total if n == 0 else "", style["total"])
    return at + 1


def _write_cell(sheet: Any, row: int, at: int, kind: Kind, value: Any, style: dict[str, Any]) -> None:
    if value is None or value == "":
        return
    if kind is Kind.TEXT:
        sheet.write_string(row, at, str(value), style["text"] if FORMULA.match(str(value)) else style[Kind.TEXT])
    elif kind is Kind.DAY:
        sheet.write_datetime(row, at, value, style[kind])
    else:
        sheet.write_number(row, at, in_kroner(value) if kind is Kind.AMOUNT else value, style[kind])


def _set_up(sheet: Any, report: Report) -> None:
    """Widths by what is in the columns, and a page that fits."""
    widths: dict[int, int] = {}
    for table in report.tables:
        for n, column in enumerate(table.columns):
            texts = [max(column.label.split() or [""], key=len), *(shown(row[n], column.kind) for row in table.rows)]
            texts += [shown(table.sums[n], column.kind)] if column.is_summed else []
            widths[n] = max(widths.get(n, 0), *map(len, texts))
    for n, width in widths.items():
        sheet.set_column(n, n, min(WIDEST, max(NARROWEST, width + 2)))
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)
    sheet.set_footer("&L&8" + report.sender.replace("&", "&&") + "&R&8&P / &N")
    if report.is_wide:
        sheet.set_landscape()
