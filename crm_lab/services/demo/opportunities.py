"""The demo's opportunities: a year and a half of them with all that became of each, made up."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.opportunities import (
    ForecastCategory,
    Opportunity,
    OpportunityStatus,
    ProbabilityFrom,
)
from crm_lab.domain.pipelines import ChoiceKind
from crm_lab.i18n import business_day
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.opportunity_changes import change_rows
from crm_lab.store.records import as_row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from crm_lab.domain.contacts import Contact
    from crm_lab.domain.customers import Customer
    from crm_lab.store.records import Row, Work

SEED, HISTORY = 2029, 540
SALES = ("Rammeavtale", "Ny lastebil", "Utvidet serviceavtale", "Nytt lager", "Årslisenser", "Ombygging av kontor", "Kurs for ansatte", "Solceller på taket")
STEPS = ("Ring og avtal befaring", "Send tilbud", "Følg opp tilbudet", "Møte med daglig leder", "")
RIVALS = ("", "", "", "Fjordtek", "Nordstil", "Bygd & Bra")
PROMISES = (ForecastCategory.PIPELINE, ForecastCategory.PIPELINE, ForecastCategory.BEST_CASE, ForecastCategory.BEST_CASE, ForecastCategory.COMMIT)


def add_opportunities(work: Work, customers: Sequence[Customer], contacts: Sequence[Contact]) -> None:
    """What about a seventh of the customers came or may come to buy."""
    rng = random.Random(f"{SEED} {customers[0].number}")  # noqa: S311 - the same seed must give the same company
    people = {role.customer_id: contact for contact in contacts for role in contact.roles if not contact.owner_only}
    made = Deals(work, rng)
    for customer in customers:
        if customer.owner_id and rng.random() < 0.14:  # noqa: PLR2004 - a seventh
            for _time in range(rng.choice((1, 1, 2, 3, 4))):
                made.add(customer, people.get(customer.id))
    made.store()


def add_budgets(work: Work) -> None:
    """What every seller is to sell, month by month, from last year until the end of next year."""
    rng, year = random.Random(SEED), business_day(work.now).year  # noqa: S311 - the same seed must give the same company
    sellers = [row["id"] for row in work.rows(select(tables.employee)) if Role.SELLER in row["roles"]]
    months = [date(at, n, 1) for at in (year - 1, year, year + 1) for n in range(1, 13)]
    work.insert_many(tables.budget, [
        {"id": new_id(), "version": 1, "employee_id": seller, "month": month, "amount": Decimal(rng.randrange(30, 90)) * 10_000}
        for seller in sellers for month in months
    ])  # fmt: skip


class Deals:
    """Opportunities being made, with their history and their sellers."""

    def __init__(self, work: Work, rng: random.Random) -> None:
        self._work, self._rng = work, rng
        self._stages = sorted(work.kept(tables.stage), key=lambda row: row["position"])
        choices = work.kept(tables.sales_choice)
        self._choices = {kind: [row["id"] for row in choices if row["kind"] == kind] for kind in ChoiceKind}
        self._employees = [row["id"] for row in work.kept(tables.employee)]
        self._rows: list[Row] = []
        self._changes: list[Row] = []
        self._sellers: list[Row] = []

    def add(self, customer: Customer, person: Contact | None) -> None:
        """One opportunity of a customer, from the day it was made until today or until it was decided."""
        rng, owner = self._rng, customer.owner_id or self._employees[0]
        start = self._work.now - timedelta(days=rng.randrange(2, HISTORY), minutes=rng.randrange(1, 600))
        one = Opportunity(
            id=new_id(), title=rng.choice(SALES), customer_id=customer.id, contact_id=person.id if person else None, owner_id=owner, created_by=owner,
            stage_id=self._stages[0]["id"], probability=self._stages[0]["probability"], rate=Decimal(1), is_recurring=rng.random() < 0.2,  # noqa: PLR2004
            amount=Decimal(rng.randrange(8, 400)) * 5000 if rng.random() < 0.95 else None,  # noqa: PLR2004 - of a few nobody knows
            source_id=rng.choice(self._choices[ChoiceKind.SOURCE]), type_id=rng.choice(self._choices[ChoiceKind.TYPE]), competitor=rng.choice(RIVALS),
            next_step=rng.choice(STEPS), created_at=start, stage_since=start, touched_at=start,
        )  # fmt: skip
        row = as_row(one, tables.opportunity) | {"amount_nok": one.amount}
        takes = rng.randrange(15, 150)
        expected = business_day(start) + timedelta(days=int(takes * rng.uniform(0.6, 1.1)) + 3)
        row |= {"expected_close_on": expected, "first_close_on": expected}
        self._tell(None, row, start)
        self._live(row, start, takes)
        if rng.random() < 0.15:  # noqa: PLR2004 - some share
            other = rng.choice([key for key in self._employees if key != owner])
            self._sellers += [self._credited(row["id"], owner, 60), self._credited(row["id"], other, 40)]

    def store(self) -> None:
        """Load what was made."""
        connection = self._work.connection
        load(connection, tables.opportunity, self._rows)
        load(connection, tables.opportunity_change, sorted(self._changes, key=lambda row: row["changed_at"]))
        load(connection, tables.opportunity_seller, self._sellers)

    def _live(self, row: Row, start: datetime, takes: int) -> None:
        """What becomes of one, at evenly spread moments of the days it takes."""
        rng, now = self._rng, self._work.now
        last = rng.randrange(1, len(self._stages))
        is_stuck = rng.random() < 0.03  # noqa: PLR2004 - some are forgotten
        for n in range(1, last + 1):
            at = start + timedelta(days=takes * n / (last + 1), minutes=rng.randrange(300))
            if at >= now:
                break
            row = self._step(row, at, n)
        at = start + timedelta(days=takes)
        if at < now and not is_stuck:
            row = self._decide(row, at, is_won=rng.random() < 0.2 + 0.1 * last)
        elif row["expected_close_on"] < business_day(now) and rng.random() < 0.8:  # noqa: PLR2004 - most put it off in time
            row = self._put_off(row, now - timedelta(days=rng.randrange(1, 10)), business_day(now) + timedelta(days=rng.randrange(5, 90)))
        self._rows.append(row)

    def _step(self, row: Row, at: datetime, n: int) -> Row:
        """Another stage; now and then it is put off, or the amount is another."""
        rng, stage = self._rng, self._stages[n]
        after = row | {"stage_id": stage["id"], "probability": stage["probability"], "category": PROMISES[n], "stage_since": at}
        if rng.random() < 0.15 and row["amount"]:  # noqa: PLR2004 - now and then
            after["amount"] = after["amount_nok"] = row["amount"] + rng.choice((-10_000, 15_000, 25_000))
        if rng.random() < 0.1:  # noqa: PLR2004 - its owner knows better
            after |= {"probability": rng.randrange(10, 95, 5), "probability_from": ProbabilityFrom.MANUAL}
        row = self._tell(row, after, at)
        if rng.random() < 0.3 or row["expected_close_on"] < business_day(at):  # noqa: PLR2004 - often
            return self._put_off(row, at + timedelta(hours=2), max(row["expected_close_on"], business_day(at)) + timedelta(days=rng.randrange(7, 45)))
        return row

    def _put_off(self, row: Row, at: datetime, until: date) -> Row:
        return self._tell(row, row | {"expected_close_on": until, "n_pushes": row["n_pushes"] + 1}, max(at, row["touched_at"]))

    def _decide(self, row: Row, at: datetime, *, is_won: bool) -> Row:
        reason = None if is_won else self._rng.choice(self._choices[ChoiceKind.LOST_REASON])
        status = OpportunityStatus.WON if is_won else OpportunityStatus.LOST
        after = row | {"status": status, "lost_reason_id": reason, "closed_at": at, "closed_on": business_day(at), "next_step": ""}
        return self._tell(row, after, at)

    def _tell(self, before: Row | None, after: Row, at: datetime) -> Row:
        """Keep what changed."""
        after = after | {"touched_at": at, "version": 1}
        self._changes += change_rows(before, after, at, after["owner_id"])
        return after

    def _credited(self, key: UUID, employee: UUID, percent: int) -> Row:
        return {"id": new_id(), "opportunity_id": key, "employee_id": employee, "percent": percent}
