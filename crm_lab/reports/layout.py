"""What a report is made of, whatever it is written as: a head, tables with totals, a foot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from crm_lab.i18n import day, number


class Form(StrEnum):
    """What a report is written as."""

    PDF = "pdf"
    HTML = "html"
    EXCEL = "xlsx"


class Kind(StrEnum):
    """What a column holds; amounts are in øre, shares from 0 to 1."""

    TEXT = "text"
    DAY = "day"
    AMOUNT = "amount"
    COUNT = "count"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `weight` is its share of the page's width, `is_summed` that it has a total."""

    label: str
    kind: Kind = Kind.TEXT
    weight: float = 1.0
    is_summed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a heading; `total` is the label of the row of sums, "" for none."""

    heading: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: str = ""
    empty: str = ""

    @property
    def sums(self) -> tuple[Any, ...]:
        """The row of sums: the label first, None where a column has none."""
        added = [sum(row[n] or 0 for row in self.rows) if c.is_summed else None for n, c in enumerate(self.columns)]
        return (self.total, *added[1:])

    @property
    def has_total(self) -> bool:
        """Whether the sums are shown."""
        return bool(self.total and self.rows)


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure of Plotly's: its traces and layout as JSON takes them. A page on a screen shows it alive, paper as shapes; each has a table that says the same."""

    heading: str
    traces: list[dict[str, Any]]
    layout: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole report. `recipient` are the lines of an envelope, `facts` pairs of label and text beside them."""

    sender: str
    title: str
    recipient: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    is_wide: bool = False
    language: str = "nb"
    made_on: date | None = None


def shown(value: Any, kind: Kind) -> str:
    """A value as people read it; nothing as nothing."""
    if value is None or value == "":
        return ""
    if kind is Kind.AMOUNT:
        return number(in_kroner(value), 2)
    if kind is Kind.SHARE:
        return f"{number(value * 100)} %"
    if kind is Kind.COUNT:
        return number(value)
    return day(value) if kind is Kind.DAY else str(value)


def in_kroner(ore: int) -> Decimal:
    """An amount of whole øre in kroner."""
    return Decimal(int(ore)).scaleb(-2)


def write(report: Report, form: Form | str) -> bytes:
    """The report as a file."""
    if form == Form.PDF:
        from crm_lab.reports.pdf import to_pdf

        return to_pdf(report)
    if form == Form.EXCEL:
        from crm_lab.reports.excel import to_excel

        return to_excel(report)
    from crm_lab.reports.html import to_html

    return to_html(report)
