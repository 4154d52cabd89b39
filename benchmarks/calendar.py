"""The calendar of a company with many tasks: a week of one and of several colleagues, a month, free time, reminders, the feed.

Run as `python -m benchmarks.calendar [tasks …]`; the services run in this process.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

from benchmarks.timing import timed
from crm_lab.connection import Connection, Local
from crm_lab.domain.ids import new_id
from crm_lab.domain.tasks import Task, TaskKind
from crm_lab.i18n import OSLO
from crm_lab.services.company import create_company
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.engine import Database
from crm_lab.store.records import as_row

PEOPLE, CUSTOMERS, PIECE = 50, 2000, 50_000
FIRST = datetime(2024, 1, 1, 8, tzinfo=OSLO)
HALF_A_YEAR = timedelta(days=182)
WEEK = {"since": date(2026, 3, 23), "until": date(2026, 3, 30)}


def fill(database: Database, crm: Connection, n_tasks: int) -> None:
    """Three years of tasks in the order they were made: a third have a time, one in 100 comes again for half a year, one in ten is private."""
    kari, rolls = crm.me.id, random.Random(7)
    with database.writing() as connection:
        template = dict(connection.execute(tables.employee.select()).mappings().one())
        people = [kari, *(new_id() for _n in range(PEOPLE - 1))]
        load(connection, tables.employee, [template | {"id": key, "username": f"p{n}", "name": f"Person {n}"} for n, key in enumerate(people[1:])])
    parties = [crm.customers.create(name=f"Firma {n} AS").id for n in range(CUSTOMERS // 20)]

    def task(n: int) -> Task:
        at = FIRST + timedelta(days=min(1095 * n // n_tasks + rolls.randrange(30), 1095), minutes=15 * rolls.randrange(36))
        is_timed = n % 3 == 0
        return Task(
            id=new_id(), title=f"Oppgave {n}", kind=TaskKind.MEETING if n % 6 == 0 else TaskKind.TASK, starts_at=at if is_timed else None,
            due_at=None if is_timed else at.replace(hour=0, minute=0), is_all_day=not is_timed, minutes=30 if is_timed else None,
            rrule=f"FREQ=WEEKLY;UNTIL={at + HALF_A_YEAR:%Y%m%d}" if n % 100 == 0 else "", recurs_from=at if n % 100 == 0 else None, owner_id=rolls.choice(people), owner_only=n % 10 == 0,
            customer_id=rolls.choice(parties), created_by=kari, created_at=utc_now(), remind_at=at if n % 50 == 0 else None,
        )  # fmt: skip

    for start in range(0, n_tasks, PIECE):
        made = [task(n) for n in range(start, min(start + PIECE, n_tasks))]
        members = [{"id": new_id(), "task_id": one.id, "employee_id": rolls.choice(people)} for one in made[::5]]
        with database.writing() as connection:
            load(connection, tables.task, [as_row(one, tables.task) for one in made])
            load(connection, tables.task_member, members)
    database.checkpoint()


def measure(n_tasks: int) -> None:
    """All figures at one size."""
    folder = Path(tempfile.mkdtemp())
    database = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    create_company(database, name="Måling AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    crm = Connection(Local(database, user="kari"))
    print(f"\n{n_tasks:,} tasks of {PEOPLE} employees", flush=True)
    fill(database, crm, n_tasks)
    me = (crm.me.id,)
    team = tuple(e.id for e in crm.employees.list())[:5]
    print(f"{len(crm.calendar.between(people=me, **WEEK))} stand in one's own week, {len(crm.calendar.between(people=team, **WEEK))} in those of five")
    timed("a week of one's own", lambda: crm.calendar.between(people=me, **WEEK), 20, "at most 15 ms")
    timed("a week of five colleagues", lambda: crm.calendar.between(people=team, **WEEK), 20)
    timed("a month of one's own", lambda: crm.calendar.between(people=me, since=date(2026, 2, 23), until=date(2026, 4, 6)), 10)
    timed("free time of five in two weeks", lambda: crm.calendar.free(people=team, minutes=60, since=date(2026, 12, 1), until=date(2026, 12, 15)), 10)
    timed("reminders", crm.calendar.reminders, 10)
    timed("the meetings of a day", lambda: crm.tasks.meetings_on(day=date(2026, 3, 25)), 10)
    crm.close()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for size in [int(arg) for arg in sys.argv[1:]] or (10_000, 500_000):
        measure(size)
