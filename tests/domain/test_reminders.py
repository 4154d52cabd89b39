"""Late payment: which rate applies, and what it comes to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from crm_lab.domain.reminders import Charge, Rate, RateKind, compensation, late_interest, rate_on, reminder_fee


def rate(kind: str, first: str, last: str, value: str) -> Rate:
    return Rate(kind=RateKind(kind), first_day=date.fromisoformat(first), last_day=date.fromisoformat(last), value=Decimal(value), source="test")


RATES = (
    rate("interest", "2025-01-01", "2025-06-30", "12.50"), rate("interest", "2025-07-01", "2025-12-31", "12.25"),
    rate("compensation", "2025-01-01", "2025-06-30", "470"), rate("fee", "2025-01-01", "2025-12-31", "35"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("day", "value", "known"),
    [("2024-12-31", "0", False), ("2025-01-01", "12.50", True), ("2025-06-30", "12.50", True), ("2025-07-01", "12.25", True), ("2026-01-01", "12.25", False)],
)
def test_the_rate_of_a_day(day: str, value: str, known: bool) -> None:
    assert rate_on(RATES, RateKind.INTEREST, date.fromisoformat(day)) == Charge(Decimal(value), known)


@pytest.mark.parametrize(
    ("due", "on", "amount", "known"),
    [
        ("2025-03-01", "2025-03-01", "0.00", True),
        ("2025-03-01", "2025-03-02", "3.42", True),  # 10 000 · 12.5 % / 365
        ("2025-06-20", "2025-07-10", "67.81", True),  # ten days at 12.5, ten at 12.25
        ("2025-12-30", "2026-01-02", "10.07", False),
    ],
)
def test_interest_runs_from_the_day_after_due_at_the_rate_of_each_day(due: str, on: str, amount: str, known: bool) -> None:
    found = late_interest(Decimal(10_000), date.fromisoformat(due), date.fromisoformat(on), RATES)
    assert found == Charge(Decimal(amount), known)


@pytest.mark.parametrize(("on", "fee"), [("2025-03-14", "0"), ("2025-03-15", "35")])
def test_a_fee_after_fourteen_days(on: str, fee: str) -> None:
    assert reminder_fee(date(2025, 3, 1), date.fromisoformat(on), RATES).amount == Decimal(fee)


def test_consumers_pay_no_compensation() -> None:
    assert compensation(date(2025, 3, 1), RATES, is_person=True).amount == 0
    assert compensation(date(2025, 3, 1), RATES, is_person=False).amount == 470
