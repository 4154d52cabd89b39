"""Budgets: what a seller is to sell in a month, in kroner."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from crm_lab.domain.values import ORE
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

LARGEST_BUDGET = Decimal(10) ** 13
FIRST_YEAR, LAST_YEAR = 1990, 2199
MONTHS = ("jan", "feb", "mar", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "des")
ENGLISH = {"may": 5, "oct": 10, "dec": 12}


class BudgetFields(TypedDict, total=False):
    """What a row of a file of budgets says beside whose it is."""

    month: date
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one seller is to sell in one month.

    Attributes
    ----------
    month : its first day.
    amount : in kroner.
    """

    id: UUID
    version: int = 1
    employee_id: UUID
    month: date
    amount: Decimal


def parse_month(text: str) -> date:
    """The first day of "2026-11", "11.2026", "november 2026" or of any day in it. Raises `InvalidInput`."""
    clean = text.strip().lower()
    word = re.fullmatch(r"([a-zæøå]{3,9})\.?\s+([0-9]{4})", clean)
    if word:
        number, year = _month_number(word[1]), int(word[2])
    elif found := re.match(r"([0-9]{4})-([0-9]{1,2})(?:-[0-9]{1,2}.*)?$", clean):
        year, number = int(found[1]), int(found[2])
    elif found := re.fullmatch(r"(?:[0-9]{1,2}[./])?([0-9]{1,2})[./]([0-9]{4})", clean):
        number, year = int(found[1]), int(found[2])
    else:
        number = year = 0
    if not (1 <= number <= len(MONTHS) and FIRST_YEAR <= year <= LAST_YEAR):
        raise InvalidInput(_("{text} is no month. Write it as 2026-11 or november 2026.", text=text[:40]), "month")
    return date(year, number, 1)


def _month_number(word: str) -> int:
    stem = word[:3]
    return ENGLISH.get(stem) or (MONTHS.index(stem) + 1 if stem in MONTHS else 0)


def clean_amount(amount: Decimal) -> Decimal:
    """A budget in its stored form. Raises `InvalidInput`."""
    if not (amount.is_finite() and 0 <= amount < LARGEST_BUDGET and amount == amount.quantize(ORE)):
        raise InvalidInput(_("A budget has two decimals at most and is not below zero."), "amount")
    return amount.quantize(ORE)
