"""Months, quarters and years as first and last days."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

QUARTER_MONTHS = 3

Span = tuple[date, date]


def month_of(day: date) -> Span:
    """The first and the last day of the month of a day."""
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def quarter_of(day: date) -> Span:
    """The same of its quarter: January to March and so on."""
    first = day.replace(month=(day.month - 1) // QUARTER_MONTHS * QUARTER_MONTHS + 1, day=1)
    return first, month_of(first.replace(month=first.month + QUARTER_MONTHS - 1))[1]


def year_of(day: date) -> Span:
    """The same of its year."""
    return date(day.year, 1, 1), date(day.year, 12, 31)


def year_before(day: date) -> date:
    """The same day a year earlier; of 29 February the 28th."""
    year = day.year - 1
    return day.replace(year=year, day=min(day.day, monthrange(year, day.month)[1]))


def months_between(first: date, last: date) -> list[date]:
    """The first days of the months that a span touches."""
    return [date(n // 12, n % 12 + 1, 1) for n in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)]
