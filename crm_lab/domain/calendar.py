"""A calendar: when people are taken, what is shown of it, and when all of them are free."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from crm_lab.domain.ids import new_id
from crm_lab.domain.recurrence import clean_rule, clock_of
from crm_lab.domain.tasks import Priority, Task, TaskKind, TaskStatus, clean_task, start_of
from crm_lab.errors import InvalidInput
from crm_lab.i18n import OSLO, _, business_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

USUAL_MINUTES = 30
"""So long stands what has a time of day and no duration."""
STEP = timedelta(minutes=15)
"""Free time begins at whole quarters of an hour, as people agree on it."""
SATURDAY = 5
MOST_DAYS, MOST_SLOTS, MOST_PEOPLE = 62, 10, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """What stands in a calendar at one time: a task that has a time, or one of the times of a series.

    Attributes
    ----------
    task_id : None for what the reader may not see; then only whose it is and when is known.
    owner_id, people : whose it is, and which of those asked for take part.
    starts_at, ends_at : instants; of an all-day one the Oslo midnights it begins with and ends before.
    recurs : whether it is one time of a series, which `starts_at` then names.
    """

    task_id: UUID | None = None
    version: int = 0
    title: str = ""
    party: str = ""
    kind: TaskKind = TaskKind.MEETING
    owner_id: UUID
    people: tuple[UUID, ...]
    starts_at: datetime
    ends_at: datetime
    is_all_day: bool
    is_closed: bool = False
    owner_only: bool = False
    recurs: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether the reader is told no more than that somebody is taken."""
        return self.task_id is None

    @property
    def takes_time(self) -> bool:
        """Whether those who take part can do nothing else meanwhile; a task for some time of the day leaves them free."""
        return not self.is_closed and (self.kind is TaskKind.MEETING or not self.is_all_day)


@dataclass(frozen=True, slots=True)
class Slot:
    """Time that is free."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What somebody wanted to be told, and when."""

    task_id: UUID
    title: str
    remind_at: datetime
    begins_at: datetime
    is_all_day: bool


def ends_at(begins: datetime, starts: datetime | None, due: datetime | None, *, minutes: int | None, kind: TaskKind, is_all_day: bool) -> datetime:
    """When something that begins at `begins` is over; `starts` and `due` are those of the first time, where it recurs."""
    lasts = due - starts if kind is TaskKind.MEETING and starts and due and due > starts else None
    if is_all_day:
        days = -(-minutes // 1440) if minutes else (business_day(due) - business_day(starts)).days + 1 if lasts and starts and due else 1
        return start_of(business_day(begins) + timedelta(days=days))
    return begins + (timedelta(minutes=minutes) if minutes else lasts or timedelta(minutes=USUAL_MINUTES))


def free_slots(busy: Iterable[tuple[datetime, datetime]], minutes: int, days: Iterable[date], opens: time, closes: time, after: datetime) -> Iterator[Slot]:
    """The first time of `minutes` in every stretch of working hours of `days` that nobody is taken in, later than `after`.

    Saturdays and Sundays are left out; hours are on Oslo's clock.
    """
    lasts = timedelta(minutes=minutes)
    taken = sorted((begins.astimezone(UTC), ends.astimezone(UTC)) for begins, ends in busy)
    for day in days:
        if day.weekday() >= SATURDAY:
            continue
        # in UTC, where times can be compared and subtracted: on Oslo's own clock two hours may be three apart
        at, end = (datetime.combine(day, clock, OSLO).astimezone(UTC) for clock in (opens, closes))
        at = max(at, after.astimezone(UTC))
        for begins, ends in [*taken, (end, end)]:
            start = _rounded_up(at)
            if start + lasts <= min(begins, end):
                yield Slot(start, start + lasts)
            at = max(at, ends)


def check_search(people: Iterable[UUID], minutes: int, since: date, until: date, opens: time, closes: time) -> None:
    """Refuse what no free time can be looked for with. Raises `InvalidInput`."""
    if not 1 <= len(set(people)) <= MOST_PEOPLE:
        raise InvalidInput(_("Choose from one to {n} colleagues.", n=MOST_PEOPLE), "people")
    if not 0 < (until - since).days <= MOST_DAYS:
        raise InvalidInput(_("Look at one day at least, and at {n} at most.", n=MOST_DAYS), "until")
    if opens >= closes:
        raise InvalidInput(_("The working day must begin before it ends."), "closes")
    if not 0 < minutes <= (closes.hour - opens.hour) * 60 + closes.minute - opens.minute:
        raise InvalidInput(_("{n} minutes do not fit into the working day.", n=minutes), "minutes")


def _rounded_up(at: datetime) -> datetime:
    behind = (at - datetime.min.replace(tzinfo=UTC)) % STEP
    return at + (STEP - behind if behind else timedelta())


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One appointment or task of another calendar, ready to be brought in.

    Attributes
    ----------
    uid : its name there; the same name is the same entry (RFC 5545 section 3.8.4.7).
    recurs_from, rrule, zone, skips : as those of a task.
    """

    uid: str
    title: str
    text: str = ""
    kind: TaskKind
    priority: Priority = Priority.NORMAL
    status: TaskStatus = TaskStatus.OPEN
    percent: int = 0
    starts_at: datetime | None = None
    due_at: datetime | None = None
    is_all_day: bool = True
    minutes: int | None = None
    rrule: str = ""
    recurs_from: datetime | None = None
    zone: str = ""
    skips: str = ""
    remind_at: datetime | None = None
    owner_only: bool = False
    done_at: datetime | None = None


def task_of(entry: Entry, owner_id: UUID, now: datetime, *, owner_only: bool) -> Task:
    """An entry as a new task of its owner's. Raises `InvalidFields` where it cannot be one."""
    check_entry(entry)
    facts = {f.name: getattr(entry, f.name) for f in fields(Entry)}
    return Task(**facts | {"id": new_id(), "owner_id": owner_id, "created_by": owner_id, "created_at": now, "owner_only": owner_only})


def check_entry(entry: Entry) -> None:
    """See that what an entry says can be kept. Raises `InvalidFields`."""
    clean_task({"title": entry.title, "text": entry.text, "minutes": entry.minutes, "percent": entry.percent, "starts_at": entry.starts_at, "due_at": entry.due_at})
    clean_rule(entry.rrule, entry.recurs_from, clock_of(entry.zone))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of a file that was not brought in, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFile:
    """What a file of another calendar holds."""

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtIn:
    """What became of a file: how many entries are new, how many were here already and stay as they are, and what was left out."""

    n_new: int
    n_known: int
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFeed:
    """An address at which other programs read somebody's calendar; `token` is empty except when just made."""

    id: UUID
    created_at: datetime
    token: str = ""
