"""Who is to be reminded: invoices past due, with what may be charged. Nothing is sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
from sqlalchemy import func, select

from crm_lab.domain.ledger import ItemState, Ledger
from crm_lab.domain.reminders import (
    Charge,
    Rate,
    RateKind,
    compensation,
    is_to_be_reminded,
    late_interest,
    reminder_fee,
)
from crm_lab.domain.terms import Terms
from crm_lab.services.customers import Customers
from crm_lab.services.ledger import frames
from crm_lab.services.orders.settings import settings_of
from crm_lab.services.reference import reference
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crm_lab.store.records import Row, Work

AMOUNTS = ("open_minor", "fee_minor", "compensation_minor", "interest_minor", "total_minor")
COLUMNS = {
    "customer_id": pa.string(), "customer_number": pa.int64(), "customer_name": pa.string(), "posting_id": pa.string(),
    "document_number": pa.string(), "kid": pa.string(), "currency": pa.string(), "due_on": pa.date32(), "days_late": pa.int64(),
    **dict.fromkeys(AMOUNTS, pa.int64()), "is_rate_known": pa.bool_(), "n_reminders": pa.int64(), "last_on": pa.date32(), "is_due": pa.bool_(),
}  # fmt: skip


def reminders(work: Work, on: date) -> pa.Table:
    """Customers' overdue debts, the oldest first; a match with a rest is one debt, as old as its oldest invoice.

    Parties whose terms say that no reminders are sent are left out; interest is nothing where the terms charge none.

    Returns
    -------
    Columns of `COLUMNS`, amounts in øre; `total_minor` is rest, fee and interest: compensation is instead of the fee.
    `n_reminders` were made so far, the last on `last_on`; `is_due` is whether the company's rules say that it is time for one.
    """
    stopped, settings, made = _stopped(work), settings_of(work), _made(work)
    late = sorted(_late(frames.items(work, ItemState.OPEN, Ledger.RECEIVABLE, None, on).to_pylist(), on), key=lambda row: row["due_on"])
    parties = _parties(work, {row["customer_number"] for row in late})
    told = []
    for row in late:
        party, (times, last) = parties[row["customer_number"]], made.get(row["posting_id"], (0, None))
        if row["posting_id"] not in stopped and party["sends_reminders"]:
            is_due = is_to_be_reminded((on - row["due_on"]).days, times, last, on, settings)
            told.append(_told(row, party, on) | {"n_reminders": times, "last_on": last, "is_due": is_due})
    return pa.table({name: pa.array([row[name] for row in told], kind) for name, kind in COLUMNS.items()})


def _stopped(work: Work) -> set[str]:
    """The postings of invoices that nobody is to be reminded of."""
    i, o = tables.invoice, tables.sales_order
    query = select(i.c.posting_id).join(o, o.c.id == i.c.order_id).where(~o.c.sends_reminders, i.c.posting_id.is_not(None))
    return {str(row["posting_id"]) for row in work.rows(query)}


def _made(work: Work) -> dict[str, tuple[int, date | None]]:
    """Of each posting that was reminded of: how often, and when last."""
    r, i = tables.reminder, tables.reminder_item
    query = select(i.c.posting_id, func.count().label("n"), func.max(r.c.reminded_on).label("last")).join(r, r.c.id == i.c.reminder_id)
    return {str(row["posting_id"]): (int(row["n"]), row["last"]) for row in work.rows(query.group_by(i.c.posting_id))}


def _late(items: Iterable[Row], on: date) -> Iterator[Row]:
    """One row a debt past due: a single posting, or the oldest one due of a match that is not paid in full."""
    matched: dict[int, list[Row]] = {}
    for row in items:
        if row["match_number"] is None:
            matched[-row["number"]] = [row]
        else:
            matched.setdefault(row["match_number"], []).append(row)
    for members in matched.values():
        debts = [row for row in members if row["amount_minor"] > 0 and row["due_on"]]
        oldest = min(debts, key=lambda row: row["due_on"], default=None)
        if oldest and oldest["residual_minor"] > 0 and oldest["due_on"] < on:
            yield oldest


def _parties(work: Work, numbers: set[int]) -> dict[int, Row]:
    """Of each party by number: is_person, and its terms as they apply."""
    c, link, customers = tables.customer, tables.category_link, Customers(work)
    rows = [row for row in work.rows(select(c.c.id, c.c.number, c.c.is_person, c.c.terms)) if row["number"] in numbers]
    labels: dict[Any, list[Any]] = {}
    for row in work.rows(select(link.c.customer_id, link.c.category_id).where(link.c.customer_id.is_not(None))):
        labels.setdefault(row["customer_id"], []).append(row["category_id"])
    found = {}
    for row in rows:
        own = msgspec.convert(row["terms"] or {}, Terms, strict=False)
        terms = customers.effective_terms(own=own, categories=tuple(labels.get(row["id"], ())))
        wanted = {name: bool(terms[name].value) for name in ("sends_reminders", "charges_interest")}
        found[row["number"]] = {"is_person": row["is_person"]} | wanted
    return found


def _told(row: Row, party: Row, on: date) -> Row:
    due, open_ = row["due_on"], Decimal(row["residual_minor"]).scaleb(-2)
    rates, nothing, is_kroner = late_rates(), Charge(Decimal(0)), row["currency"] == "NOK"
    interest = late_interest(open_, due, on, rates) if party["charges_interest"] else nothing
    fee = reminder_fee(due, on, rates) if is_kroner else nothing
    instead = compensation(due, rates, is_person=party["is_person"]) if is_kroner else nothing
    minor = [int(amount.scaleb(2)) for amount in (open_, fee.amount, instead.amount, interest.amount, open_ + fee.amount + interest.amount)]
    known = {"is_rate_known": interest.is_known and fee.is_known and instead.is_known, "days_late": (on - due).days}
    return row | dict(zip(AMOUNTS, minor, strict=True)) | known


@cache
def late_rates() -> tuple[Rate, ...]:
    """The rates of `data/reference/late_payment.csv`."""
    return tuple(
        Rate(
            kind=RateKind(row["kind"]), first_day=date.fromisoformat(row["first_day"]), last_day=date.fromisoformat(row["last_day"]),
            value=Decimal(row["value"]), source=row["source"],
        )
        for row in reference("late_payment.csv")
    )  # fmt: skip
