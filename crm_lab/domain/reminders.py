"""Late payment: which rates apply on a day, and what they come to.

Source: forsinkelsesrenteloven §§ 2–3 a and inkassoforskriften; the rates themselves are data (`data/reference`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from crm_lab.domain.values import ORE

DAYS_A_YEAR, DAYS_BEFORE_FEE = 365, 14
"""A reminder fee may be claimed 14 days after the due date at the earliest (inkassoforskriften § 1-2)."""


class RateKind(StrEnum):
    """What may be charged."""

    INTEREST = "interest"
    COMPENSATION = "compensation"
    FEE = "fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One rate: per cent a year for interest, kroner for the others, both days included."""

    kind: RateKind
    first_day: date
    last_day: date
    value: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount, and whether it rests on a rate that was known to apply; else on the last one before."""

    amount: Decimal
    is_known: bool = True


def rate_on(rates: Sequence[Rate], kind: RateKind, day: date) -> Charge:
    """The rate of a day: the one that applies, else the last before it; nothing where there is none."""
    begun = [rate for rate in rates if rate.kind is kind and rate.first_day <= day]
    if not begun:
        return Charge(Decimal(0), is_known=False)
    last = max(begun, key=lambda rate: rate.first_day)
    return Charge(last.value, is_known=day <= last.last_day)


def late_interest(amount: Decimal, due: date, on: date, rates: Sequence[Rate]) -> Charge:
    """Simple interest from the day after `due` to `on`, by days of 365, each stretch at its rate; rounded once, half up."""
    total, is_known = Decimal(0), True
    for first, last in _stretches(due + timedelta(days=1), on, rates):
        rate = rate_on(rates, RateKind.INTEREST, first)
        is_known &= rate.is_known
        total += amount * rate.amount * ((last - first).days + 1) / (100 * DAYS_A_YEAR)
    return Charge(total.quantize(ORE, ROUND_HALF_UP), is_known=is_known)


def _stretches(first: date, last: date, rates: Sequence[Rate]) -> Iterator[tuple[date, date]]:
    """The days from first to last, cut where a rate begins or ends."""
    ends = {rate.last_day for rate in rates} | {rate.first_day - timedelta(days=1) for rate in rates}
    for end in [*sorted(end for end in ends if first <= end < last), last]:
        if first <= end:
            yield first, end
            first = end + timedelta(days=1)


def reminder_fee(due: date, on: date, rates: Sequence[Rate]) -> Charge:
    """The fee that may be claimed on a day; nothing in the first 14 days."""
    return rate_on(rates, RateKind.FEE, on) if (on - due).days >= DAYS_BEFORE_FEE else Charge(Decimal(0))


def compensation(due: date, rates: Sequence[Rate], *, is_person: bool) -> Charge:
    """What a business may be charged for collecting, instead of fees; consumers are not."""
    return Charge(Decimal(0)) if is_person else rate_on(rates, RateKind.COMPENSATION, due + timedelta(days=1))
