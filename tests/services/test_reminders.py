"""The list of reminders: what is overdue, with what may be charged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from crm_lab.domain.ids import new_id
from crm_lab.domain.invoicing import InvoicingSettings
from crm_lab.domain.orders import OrderLine
from crm_lab.domain.reminders import NothingToRemind
from crm_lab.domain.terms import Terms
from crm_lab.errors import Forbidden
from crm_lab.services.history import CannotUndo
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


SELLER = InvoicingSettings(organisation_number="974760673", street="Storgata 1", postal_code="0155", city="Oslo", email="faktura@selger.no", bank_account="86011117947")


def overdue(crm: Connection, **fields: Any) -> Any:
    """An invoice of 125 kroner, due on 15 January 2026."""
    acme = crm.customers.create(name="Acme AS", email="post@acme.no", duplicate_reason="prøve", **fields)
    order = crm.orders.create(customer_id=acme.id, lines=(OrderLine(id=new_id(), text="Hammer", price=Decimal(100)),))
    return crm.orders.invoice(order.id, on=date(2026, 1, 1))[0]


def test_reminders_are_made_logged_and_come_no_oftener_than_the_company_says(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    crm.invoices.set_settings(settings=SELLER)
    one, other = overdue(crm), overdue(crm)
    first, day = date(2026, 2, 2), lambda n: date(2026, 2, 2) + timedelta(days=n)
    assert crm.reminders.make(on=date(2026, 1, 20)) == ()
    made = crm.reminders.make(on=first)
    assert [(m.level, m.open_amount, m.due_on, m.reminded_on) for m in made] == [(1, Decimal("125.00"), day(14), first)] * 2
    letter = crm.reminders.letter(id=made[0].id)
    assert (letter.buyer.name, letter.kid, letter.items[0].days_late, letter.total) == ("Acme AS", one.kid, 18, Decimal("125.00") + letter.fee + letter.interest)
    assert letter.interest > 0 and letter.fee == Decimal("35.00")
    assert crm.reminders.make(on=day(13)) == () and [m.level for m in crm.reminders.of(invoice_id=one.id)] == [1]
    crm.invoices.stop_reminders(id=other.id)
    assert [m.level for m in crm.reminders.make(on=day(14))] == [2]
    assert crm.reminders.make(on=day(90)) == ()
    (third,) = crm.reminders.make(posting_ids=[one.posting_id], on=day(91))
    assert (third.level, third.fee) == (3, Decimal("0.00"))
    with pytest.raises(NothingToRemind):
        crm.reminders.make(posting_ids=[other.posting_id], on=day(91))
    frame = crm.ledger.reminders(on=day(92))
    assert (frame.n_reminders.tolist(), frame.is_due.tolist()) == ([3], [False])
    with pytest.raises(CannotUndo):
        crm.history.undo(request_id=crm.last_request)
    with pytest.raises(Forbidden):
        login("ola").reminders.make(on=day(92))


def test_one_letter_is_of_all_that_a_customer_owes(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    crm.invoices.set_settings(settings=replace(SELLER, charges_reminder_fee=False))
    firm = crm.customers.create(name="Firma AS", terms=Terms(charges_interest=False)).id
    for n in (1, 2):
        crm.ledger.post(customer_id=firm, kind="invoice", amount=Decimal(100 * n), posted_on=date(2026, 1, 2), due_on=date(2026, 1, 10 + n))
    (made,) = crm.reminders.make(on=date(2026, 2, 20))
    letter = crm.reminders.letter(id=made.id)
    assert (len(letter.items), letter.total, letter.fee, letter.interest) == (2, Decimal(300), 0, 0)
    assert crm.deliveries.queue_reminders(reminder_ids=[made.id]) == []
    assert crm.reminders.pdf(id=made.id).startswith(b"%PDF")
