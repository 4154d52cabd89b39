"""The demo's notes, tasks, appointments and projects, all made up."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm_lab.domain.ids import new_id
from crm_lab.domain.projects import ProjectStatus
from crm_lab.domain.tasks import DONE, Priority, TaskKind, TaskStatus
from crm_lab.i18n import OSLO
from crm_lab.services.projects import FIRST_NUMBER
from crm_lab.store import tables
from crm_lab.store.bulk import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from crm_lab.domain.customers import Customer
    from crm_lab.store.records import Row, Work

SEED = 2029
DAYS_BACK, DAYS_AHEAD = 60, 14
OFFICE_HOURS = range(8, 16)
NOTES = (
    "Ringte. De er fornøyde og vil ha samme avtale neste år.", "Ønsker tilbud på service innen fredag.", "Ny innkjøper fra nyttår, navn kommer.",
    "Faktura skal merkes med prosjektnummer, ellers blir den sendt i retur.", "Snakket på messen. Interessert i rammeavtale.",
    "Betaler ofte noen dager sent, men betaler alltid.",
)  # fmt: skip
TASKS = ("Følg opp tilbudet", "Send ny avtale", "Ring om forfalt faktura", "Avklar leveringsdato", "Bestill befaring", "Oppdater kontaktpersoner")
MEETINGS = ("Statusmøte", "Kontraktsmøte", "Befaring", "Oppstartsmøte", "Årsgjennomgang")
PROJECTS = ("Ombygging", "Ny nettløsning", "Serviceavtale", "Lagerflytting", "Opplæring")


class Activities:
    """Makes what colleagues noted and planned about one batch of parties after another."""

    def __init__(self, today: date, employees: Sequence[UUID]) -> None:
        self._today, self._employees = today, employees
        self._rng = random.Random(SEED)  # noqa: S311 - the same seed must give the same company

    def add(self, work: Work, customers: Sequence[Customer]) -> None:
        """Note and plan."""
        rng = self._rng
        some = [customer for customer in customers if rng.random() < 0.3]  # noqa: PLR2004 - about a third
        load(work.connection, tables.note, [self._note(customer) for customer in some for _n in range(rng.choice((1, 1, 2, 4)))])
        busy = [customer for customer in some if rng.random() < 0.4]  # noqa: PLR2004 - and less than half of those
        load(work.connection, tables.task, [self._task(customer) for customer in busy] + [self._meeting(customer) for customer in busy])
        with_project = busy[::5]
        number = work.next_number("project", FIRST_NUMBER, len(with_project))
        load(work.connection, tables.project, [self._project(customer, number + n) for n, customer in enumerate(with_project)])

    def _day(self, since: int, until: int) -> date:
        """A working day so many days from now."""
        day = self._today + timedelta(days=self._rng.randrange(since, until))
        return day - timedelta(days=max(0, day.weekday() - 4))

    def _instant(self, day: date) -> datetime:
        return datetime.combine(day, time(self._rng.choice(OFFICE_HOURS), self._rng.choice((0, 30))), OSLO)

    def _note(self, customer: Customer) -> Row:
        return {
            "id": new_id(), "version": 1, "customer_id": customer.id, "text": self._rng.choice(NOTES),
            "author_id": customer.owner_id, "created_at": self._instant(self._day(-DAYS_BACK, 0)),
        }  # fmt: skip

    def _task(self, customer: Customer) -> Row:
        due = datetime.combine(self._day(-DAYS_BACK, DAYS_AHEAD), time(), OSLO)
        is_done = self._rng.random() < (0.8 if due.date() < self._today else 0.1)
        status = TaskStatus.DONE if is_done else TaskStatus.OPEN
        return self._planned(
            customer, title=self._rng.choice(TASKS), kind=self._rng.choice((TaskKind.TASK, TaskKind.TASK, TaskKind.CALL)), due_at=due, is_all_day=True,
            status=status, percent=DONE if is_done else 0, done_at=due if is_done else None,
        )  # fmt: skip

    def _meeting(self, customer: Customer) -> Row:
        starts = self._instant(self._day(-DAYS_AHEAD, DAYS_AHEAD))
        return self._planned(customer, title=self._rng.choice(MEETINGS), kind=TaskKind.MEETING, starts_at=starts, minutes=self._rng.choice((30, 60, 60, 90)))

    def _planned(self, customer: Customer, **fields: Any) -> Row:
        made = datetime.combine(self._today - timedelta(days=DAYS_BACK), time(9), OSLO)
        blank = dict.fromkeys(("text", "rrule", "zone", "skips", "uid"), "")
        return blank | {
            "id": new_id(), "version": 1, "priority": self._rng.choice((Priority.NORMAL, Priority.NORMAL, Priority.HIGH)), "status": TaskStatus.OPEN,
            "percent": 0, "is_all_day": False, "owner_id": customer.owner_id, "owner_only": False, "customer_id": customer.id,
            "created_by": customer.owner_id, "created_at": made,
        } | fields  # fmt: skip

    def _project(self, customer: Customer, number: int) -> Row:
        start = self._day(-DAYS_BACK, DAYS_AHEAD)
        return {
            "id": new_id(), "version": 1, "number": number, "name": f"{self._rng.choice(PROJECTS)}, {customer.display_name}",
            "status": ProjectStatus.PLANNED if start > self._today else ProjectStatus.ACTIVE, "starts_on": start,
            "ends_on": start + timedelta(days=self._rng.randrange(30, 180)), "leader_id": self._rng.choice(self._employees),
            "customer_id": customer.id, "budget": Decimal(self._rng.randrange(20, 400) * 1000), "currency": "NOK", "text": "",
            "created_by": customer.owner_id, "created_at": datetime.combine(self._today, time(8), OSLO),
        }  # fmt: skip
