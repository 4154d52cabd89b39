"""The calendar: who is taken when, moving what stands in it, free time, and what somebody wanted to be reminded of."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, true, union_all, update

from crm_lab.domain.calendar import (
    MOST_DAYS,
    MOST_PEOPLE,
    MOST_SLOTS,
    Appointment,
    BroughtIn,
    CalendarFeed,
    Entry,
    Reminder,
    Slot,
    check_search,
    ends_at,
    free_slots,
    task_of,
)
from crm_lab.domain.calendar_sync import SINCE
from crm_lab.domain.ids import new_id
from crm_lab.domain.recurrence import clock_of, instants, occurrences
from crm_lab.domain.tasks import (
    CLOSED,
    LONGEST_MINUTES,
    Task,
    TaskKind,
    TaskStatus,
    between,
    moved,
    start_of,
)
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.exchange.calendar import write_calendar
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.services.sessions import as_actor, digest
from crm_lab.services.tasks import Tasks
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.records import Row, as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import FromClause, Select, Table

SPAN = timedelta(minutes=LONGEST_MINUTES)
REMINDED_SINCE, REMINDED_UNTIL = timedelta(days=1), timedelta(days=2)
"""A page is told of reminders so far ahead; one that nobody was there to see is shown for a day."""
TOLD = ("id", "version", "title", "owner_only")
"""What a reader is told only of what they may see."""
WHEN = ("kind", "status", "owner_id", "starts_at", "due_at", "is_all_day", "minutes", "rrule", "recurs_from", "zone", "skips")
"""What is read of hidden time too, to know when it is."""
MINUTES_A_DAY = 24 * 60


class Calendar(Service):
    """Tasks that have a time. What the caller may not see is told as time that is taken, and nothing else of it leaves the store."""

    @reads()
    def between(self, *, since: date, until: date, people: tuple[UUID, ...]) -> list[Appointment]:
        """What stands in the calendars of `people` from the day `since` and before the day `until`, earliest first.

        Raises `InvalidInput` for more than two months or thirty people.
        """
        if not 0 < (until - since).days <= MOST_DAYS:
            raise InvalidInput(_("Look at one day at least, and at {n} at most.", n=MOST_DAYS), "until")
        if len(people) > MOST_PEOPLE:
            raise InvalidInput(_("Choose from one to {n} colleagues.", n=MOST_PEOPLE), "people")
        begin, end = start_of(since), start_of(until)
        rows = self._rows(begin, end, people)
        members = self._members([row["id"] for row in rows if row["id"]], people)
        found = [
            appointment
            for row in rows
            for appointment in _appointments(row, begin, end, [p for p in people if p in {row["owner_id"], *members.get(row["id"], ())}])
            if not appointment.is_hidden or appointment.takes_time
        ]
        return sorted(found, key=lambda one: (one.starts_at, one.ends_at, one.title))

    @reads()
    def free(
        self, *, people: tuple[UUID, ...], minutes: int, since: date, until: date, opens: time = time(8), closes: time = time(16)
    ) -> list[Slot]:
        """The first times within working hours that all of `people` are free for so long, ten at most. Raises `InvalidInput`."""
        check_search(people, minutes, since, until, opens, closes)
        taken = [(one.starts_at, one.ends_at) for one in self.between(since=since, until=until, people=people) if one.takes_time]
        days = (since + timedelta(days=n) for n in range((until - since).days))
        slots = free_slots(taken, minutes, days, opens, closes, self.work.now)
        return [slot for slot, _n in zip(slots, range(MOST_SLOTS), strict=False)]

    @writes()
    def move(self, *, id: UUID, version: int, at: datetime, to: datetime, minutes: int | None = None) -> Task:  # noqa: A002
        """Put what stands at `at` to another time, and let it last so long; of a series this one time only.

        Raises `NotFound`, `InvalidFields`, `ChangedMeanwhile`.
        """
        tasks = Tasks(self.work)
        task = tasks.get(id=id)
        changes: dict[str, Any] = {"minutes": minutes} if minutes is not None else {}
        changes |= moved(task, between(task.begins_at or at, to))
        if minutes is not None and task.kind is TaskKind.MEETING and task.starts_at and task.due_at:
            changes["due_at"] = to + timedelta(minutes=minutes)
        if task.rrule:
            return tasks.single_out(id=id, version=version, at=at, **changes)
        return tasks.change(id=id, version=version, **changes)

    @reads()
    def reminders(self) -> list[Reminder]:
        """What the caller is to be reminded of these days, of tasks owned or taken part in that are not done."""
        t = tables.task
        since, until = self.work.now - REMINDED_SINCE, self.work.now + REMINDED_UNTIL
        near = or_(and_(t.c.remind_at >= since, t.c.remind_at < until), and_(t.c.rrule != "", t.c.remind_at < until))
        mine = self._taking_part((self.actor.id,))
        query = select(t).where(and_(near, mine, t.c.status.not_in(CLOSED), self.work.visible_to(t)))
        tasks = [as_record(Task, row) for row in self.work.rows(query)]
        return sorted((one for task in tasks for one in _reminders(task, since, until)), key=lambda one: one.remind_at)

    @reads()
    def export(self, *, ids: tuple[UUID, ...] = ()) -> str:
        """Tasks and appointments as an iCalendar: those named, or all that the caller owns or takes part in. Raises `NotFound`."""
        tasks = Tasks(self.work)
        chosen = [tasks.get(id=key) for key in ids] if ids else self._mine()
        return write_calendar(chosen, self.actor.name).decode()

    def _mine(self, since: datetime | None = None) -> list[Task]:
        """What the caller owns or takes part in; of what is long over nothing after `since`."""
        t = tables.task
        recent = true() if since is None else or_(t.c.status.not_in(CLOSED), func.coalesce(t.c.starts_at, t.c.due_at, t.c.created_at) >= since)
        query = select(t).where(and_(self._taking_part((self.actor.id,)), recent, self.work.visible_to(t)))
        return [as_record(Task, row) for row in self.work.rows(query.order_by(t.c.created_at, t.c.id))]

    @writes()
    def bring_in(self, *, entries: list[Entry]) -> BroughtIn:
        """Make tasks of another calendar's entries, the caller's own; those that came before stay as they are."""
        t = tables.task
        known = {row["uid"] for row in self.work.rows(select(t.c.uid).where(and_(t.c.uid != "", t.c.owner_id == self.actor.id)))}
        fresh = [entry for entry in {entry.uid: entry for entry in entries}.values() if entry.uid not in known]
        tasks = [task_of(entry, self.actor.id, self.work.now, owner_only=entry.owner_only) for entry in fresh]
        self.work.insert_many(t, [as_row(task, t) for task in tasks])
        return BroughtIn(n_new=len(tasks), n_known=len(entries) - len(tasks))

    @writes(remembered=False)
    def open_feed(self) -> CalendarFeed:
        """Make an address that other programs read the caller's calendar at; its secret is in the answer and nowhere else."""
        made: Row = {"id": new_id(), "employee_id": self.actor.id, "created_at": self.work.now}
        token = secrets.token_urlsafe(32)
        self.work.connection.execute(insert(tables.calendar_feed), [made | {"token_hash": digest(token), "revoked_at": None}])
        return CalendarFeed(id=made["id"], created_at=self.work.now, token=token)

    @reads()
    def feeds(self) -> list[CalendarFeed]:
        """The caller's own addresses that are in force."""
        f = tables.calendar_feed
        mine = and_(f.c.employee_id == self.actor.id, f.c.revoked_at.is_(None))
        return [CalendarFeed(**row) for row in self.work.rows(select(f.c.id, f.c.created_at).where(mine).order_by(f.c.created_at))]

    @writes()
    def close_feed(self, *, id: UUID) -> None:  # noqa: A002
        """Revoke one of the caller's own addresses."""
        f = tables.calendar_feed
        mine = and_(f.c.id == id, f.c.employee_id == self.actor.id)
        self.work.connection.execute(update(f).where(mine).values(revoked_at=self.work.now))

    @reads(public=True)
    def feed(self, *, token: str) -> str:
        """The calendar at an address, as its owner sees it: what is to come and three months back. Raises `NotFound`."""
        f, e = tables.calendar_feed, tables.employee
        valid = and_(f.c.token_hash == digest(token), f.c.revoked_at.is_(None), e.c.is_active)
        row = self.work.one(select(e).join(f, f.c.employee_id == e.c.id).where(valid))
        if row is None:
            raise NotFound(_("There is no such page."))
        owner = Calendar(replace(self.work, actor=as_actor(row)))
        return write_calendar(owner._mine(self.work.now - SINCE), row["name"]).decode()

    def _rows(self, begin: datetime, end: datetime, people: tuple[UUID, ...]) -> list[Row]:
        """What may stand there; of what is hidden from the caller, and taken by one of `people`, when it is and nothing else."""
        rows = self.work.rows(self._standing(begin, end, people))
        person = tables.contact.c
        companies = self._names(rows, "customer_id", tables.customer, shown_name())
        persons = self._names(rows, "contact_id", tables.contact, func.trim(person.first_name + " " + person.last_name))
        found: list[Row] = []
        for row in rows:
            is_own = not row["owner_only"] or row["owner_id"] == self.actor.id
            if is_own and row["customer_id"] in companies and row["contact_id"] in persons:
                found.append(row | {"party": companies[row["customer_id"]] or persons[row["contact_id"]]})
            elif row["owner_id"] in people:
                found.append({name: row[name] for name in WHEN} | dict.fromkeys(TOLD) | {"party": ""})
        return found

    def _names(self, rows: list[Row], key: str, parent: Table, name: ColumnElement[str]) -> dict[UUID | None, str]:
        """The names of those parties of the rows that the caller may see; of none the empty one."""
        named = {row[key] for row in rows} - {None}
        query = select(parent.c.id, name.label("name")).where(and_(among(parent.c.id, named), self.work.visible_to(parent)))
        return {None: ""} | ({row["id"]: row["name"] for row in self.work.rows(query)} if named else {})

    def _standing(self, begin: datetime, end: datetime, people: tuple[UUID, ...]) -> Select[Any]:
        """The tasks that may stand there, also hidden ones: by time first, from conditions the database need not read everything for."""
        t, early, day_before = tables.task, begin - SPAN, begin - timedelta(days=1)
        once, lasts = t.c.recurs_from.is_(None), or_(t.c.minutes > MINUTES_A_DAY, t.c.due_at >= begin)
        ways = (
            and_(once, t.c.starts_at >= early, t.c.starts_at < end, or_(t.c.starts_at >= day_before, lasts)),
            and_(once, t.c.starts_at.is_(None), t.c.due_at >= early, t.c.due_at < end, or_(t.c.due_at >= day_before, lasts)),
            and_(once, t.c.starts_at < early, t.c.due_at >= begin, t.c.kind == TaskKind.MEETING),
            and_(t.c.recurs_from.is_not(None), func.coalesce(t.c.starts_at, t.c.due_at) < end),
        )
        read = [t.c[name] for name in (*TOLD, *WHEN, "customer_id", "contact_id")]
        near = union_all(*(select(*read).where(and_(way, t.c.status != TaskStatus.CANCELLED)) for way in ways)).cte("near")
        return select(near).where(self._taking_part(people, near))

    def _taking_part(self, people: tuple[UUID, ...], t: FromClause = tables.task) -> ColumnElement[bool]:
        m = tables.task_member
        return or_(t.c.owner_id.in_(people), t.c.id.in_(select(m.c.task_id).where(m.c.employee_id.in_(people))))

    def _members(self, tasks: list[UUID], people: tuple[UUID, ...]) -> dict[UUID | None, list[UUID]]:
        """Which of `people` take part in each of the tasks."""
        m = tables.task_member
        found: dict[UUID | None, list[UUID]] = {}
        query = select(m.c.task_id, m.c.employee_id).where(and_(among(m.c.task_id, tasks), m.c.employee_id.in_(people)))
        for row in self.work.rows(query) if tasks else []:
            found.setdefault(row["task_id"], []).append(row["employee_id"])
        return found


def _appointments(row: Row, since: datetime, until: datetime, people: list[UUID]) -> Iterator[Appointment]:
    """What one task, or hidden time that is taken, puts into a calendar; a series every time it comes."""
    starts, due, kind = row["starts_at"], row["due_at"], TaskKind(row["kind"])
    told = {name: row[name] for name in TOLD if name != "id"} if row["id"] else {}
    for at in _times(row, since - SPAN, until):
        over = ends_at(at, starts, due, minutes=row["minutes"], kind=kind, is_all_day=row["is_all_day"])
        if over > since:
            yield Appointment(
                **told, task_id=row["id"], party=row["party"], kind=kind, owner_id=row["owner_id"], people=tuple(people), starts_at=at,
                ends_at=over, is_all_day=row["is_all_day"], is_closed=row["status"] in CLOSED, recurs=bool(row["id"] and row["rrule"]),
            )  # fmt: skip


def _times(row: Row, since: datetime, until: datetime) -> list[datetime]:
    begins: datetime = row["starts_at"] or row["due_at"]
    if not row["rrule"]:
        return [begins]
    later = occurrences(row["rrule"], row["recurs_from"] or begins, max(since, begins), until, clock_of(row["zone"]), instants(row["skips"]))
    return [*([begins] if begins < until else []), *(at for at in later if at != begins)]


def _reminders(task: Task, since: datetime, until: datetime) -> Iterator[Reminder]:
    if task.remind_at is None:
        return
    begins = task.begins_at or task.remind_at
    ahead = begins - task.remind_at
    times = [begins]
    if task.rrule:
        times += occurrences(task.rrule, task.recurs_from or begins, begins + timedelta(seconds=1), until + ahead, task.clock, task.skipped)
    for at in times:
        if since <= at - ahead < until:
            yield Reminder(task_id=task.id, title=task.title, remind_at=at - ahead, begins_at=at, is_all_day=task.is_all_day)
