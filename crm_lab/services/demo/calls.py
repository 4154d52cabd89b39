"""Invented calls of the demo company: with one customer in three, and a few with numbers that nobody knows."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from crm_lab.domain.calls import CallReport
from crm_lab.services.calls import record
from crm_lab.services.demo.people import employees

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crm_lab.domain.contacts import Contact
    from crm_lab.domain.customers import Customer
    from crm_lab.store.records import Work

WITH_CALLS, MOST_CALLS, DAYS, WORKDAY = 1 / 3, 6, 120, 480
UNKNOWN = ("+4721000001", "+4721000002")
"""Invented, and on no card."""


def add_calls(work: Work, customers: Sequence[Customer], people: Sequence[Contact]) -> None:
    """Calls of the last months."""
    rng = random.Random(str(customers[0].number) if customers else "")  # noqa: S311 - the same company every time
    numbers = [c.phone or c.mobile for c in customers] + [p.mobile for p in people]
    called = [number for number in numbers if number and rng.random() < WITH_CALLS]
    reports = [one for number in [*called, rng.choice(UNKNOWN)] for one in _calls(work, number, rng)]
    record(work, reports, "demo")


def _calls(work: Work, number: str, rng: random.Random) -> Iterable[CallReport]:
    for _n in range(rng.randint(1, MOST_CALLS)):
        began = work.now.replace(hour=7, minute=0, second=0, microsecond=0) - timedelta(days=rng.randint(1, DAYS)) + timedelta(minutes=rng.randint(0, WORKDAY))
        ours, rings, talks = rng.choice(employees())["extension"], rng.randint(3, 25), rng.randint(20, 900)
        caller, called = (number, ours) if rng.random() < 0.6 else (ours, number)  # noqa: PLR2004 - a few more come in than go out
        answered = began + timedelta(seconds=rings) if rng.random() < 0.8 else None  # noqa: PLR2004 - one in five is missed
        yield CallReport(
            call_id=f"{number}-{began.timestamp():.0f}", caller=caller, called=called, extension=ours, started_at=began, answered_at=answered,
            ended_at=(answered + timedelta(seconds=talks)) if answered else began + timedelta(seconds=rings), failure="" if answered else "missed",
        )  # fmt: skip
