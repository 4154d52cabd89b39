"""The list of reminders: what is overdue, with what may be charged."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from crm_lab.domain.terms import Terms
from crm_lab.services.ledger.reminders import late_rates

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection


def test_overdue_invoices_with_fee_and_interest(login: Callable[[str], Connection]) -> None:
    crm = login("ingrid")
    firm, calm = crm.customers.create(name="Firma AS").id, crm.customers.create(name="Rolig AS", terms=Terms(sends_reminders=False)).id
    person = crm.customers.create(name="Hansen", first_name="Liv", is_person=True).id

    def post(party: object, amount: str, due: date | None, kind: str = "invoice") -> object:
        return crm.ledger.post(customer_id=party, kind=kind, amount=Decimal(amount), posted_on=date(2026, 1, 2), due_on=due).id

    post(firm, "10000", date(2026, 2, 1))
    post(firm, "300", date(2026, 2, 10))
    post(person, "100", date(2026, 2, 20))
    post(calm, "100", date(2026, 2, 1))
    post(firm, "100", date(2026, 3, 1))
    frame = crm.ledger.reminders(on=date(2026, 3, 1))
    assert frame.customer_name.tolist() == ["Firma AS", "Firma AS", "Liv Hansen"]
    assert frame.days_late.tolist() == [28, 19, 9]
    assert frame.open_minor.tolist() == [1_000_000, 30_000, 10_000]
    assert frame.interest_minor.tolist() == [9_205, 187, 30]  # 12 % of 365 days
    assert frame.compensation_minor.tolist() == [46_000, 46_000, 0]
    assert frame.is_rate_known.tolist() == [False, False, True]  # nobody has entered the fee of 2026
    assert (frame.total_minor == frame.open_minor + frame.fee_minor + frame.interest_minor).all()


def test_a_match_that_is_not_paid_in_full_is_one_debt(login: Callable[[str], Connection]) -> None:
    crm = login("ingrid")
    firm = crm.customers.create(name="Firma AS").id
    due = {"100": date(2026, 2, 1), "500": date(2026, 3, 1), "-200": None}
    keys = [
        crm.ledger.post(customer_id=firm, kind="manual", amount=Decimal(amount), posted_on=date(2026, 1, 2), due_on=day).id
        for amount, day in due.items()
    ]
    made = crm.ledger.match(posting_ids=keys)
    frame = crm.ledger.reminders(on=date(2099, 1, 1))
    assert (frame.open_minor.tolist(), frame.due_on.tolist()) == ([40_000], [date(2026, 2, 1)])
    rest = crm.ledger.post(customer_id=firm, kind="payment", amount=Decimal(-400), posted_on=date(2026, 4, 1)).id
    crm.ledger.match(posting_ids=[*keys, rest], merging=(made.number,))
    assert crm.ledger.reminders(on=date(2099, 1, 1)).empty


def test_every_rate_has_a_source_and_days_in_order() -> None:
    rates = late_rates()
    assert rates
    assert all(rate.source and rate.first_day < rate.last_day and rate.value > 0 for rate in rates)
    for kind in {rate.kind for rate in rates}:
        days = [(rate.first_day, rate.last_day) for rate in rates if rate.kind is kind]
        assert days == sorted(days)
        assert all(a[1] < b[0] for a, b in pairwise(days))
