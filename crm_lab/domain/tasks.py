"""Tasks: what somebody is to do, until when; calls and meetings are tasks with a time of day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from crm_lab.domain.access import Actor, Role
from crm_lab.domain.recurrence import INSTANT, clean_rule, clock_of, instants
from crm_lab.domain.values import clean_text
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import OSLO, _, business_day

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TITLE, LONGEST_TEXT, LONGEST_SKIPS = 250, 20_000, 20_000
DONE = 100
LONGEST_MINUTES = 14 * 24 * 60


class TaskKind(StrEnum):
    """What kind of doing it is."""

    TASK = "task"
    CALL = "call"
    MEETING = "meeting"


class Priority(StrEnum):
    """How much it matters."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class TaskStatus(StrEnum):
    """How far it has come."""

    OPEN = "open"
    STARTED = "started"
    DONE = "done"
    CANCELLED = "cancelled"


CLOSED = (TaskStatus.DONE, TaskStatus.CANCELLED)


class TaskView(StrEnum):
    """Which tasks a list shows; active ones have begun and are not done."""

    MINE = "mine"
    COLLABORATING = "collaborating"
    ACTIVE = "active"
    FUTURE = "future"
    DONE = "done"
    ALL = "all"


class TaskFields(TypedDict, total=False):
    """What people write on a task."""

    title: str
    text: str
    kind: TaskKind
    priority: Priority
    status: TaskStatus
    percent: int
    starts_at: datetime | None
    due_at: datetime | None
    is_all_day: bool
    minutes: int | None
    rrule: str
    remind_at: datetime | None
    owner_id: UUID
    owner_only: bool
    customer_id: UUID | None
    contact_id: UUID | None
    project_id: UUID | None
    members: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be done.

    Attributes
    ----------
    percent : how much is done, 100 exactly where the status is `done`.
    starts_at, due_at : instants; of an all-day task the Oslo midnight its day begins with.
    minutes : how long an appointment lasts.
    rrule : how it comes again (RFC 5545, "FREQ=WEEKLY;BYDAY=MO"), "" where it does not; `recurs_from` is where that count begins.
    zone : the clock it is counted on (IANA), "" for Oslo's.
    skips : the times it is left out, as EXDATE of RFC 5545 writes them: "20261208T080000Z,20261215T080000Z".
    uid : what another calendar calls it, where it came from one.
    owner, party : names, for lists.
    members : colleagues who take part.
    """

    id: UUID
    version: int = 1
    title: str
    text: str = ""
    kind: TaskKind = TaskKind.TASK
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
    uid: str = ""
    remind_at: datetime | None = None
    owner_id: UUID
    owner: str = ""
    owner_only: bool = False
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    project_id: UUID | None = None
    members: tuple[UUID, ...] = ()
    created_by: UUID
    created_at: datetime
    done_at: datetime | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nothing is left to do."""
        return self.status in CLOSED

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been done by now; an all-day task has the whole day."""
        if self.due_at is None or self.is_closed:
            return False
        return now >= (start_of(business_day(self.due_at) + timedelta(days=1)) if self.is_all_day else self.due_at)

    @property
    def begins_at(self) -> datetime | None:
        """Where it stands in a calendar: its start, else when it is due."""
        return self.starts_at or self.due_at

    @property
    def name_elsewhere(self) -> str:
        """What other calendars call it."""
        return self.uid or f"{self.id}@crm_lab"

    @property
    def clock(self) -> ZoneInfo:
        """The clock its repetition is counted on."""
        return clock_of(self.zone)

    @property
    def skipped(self) -> tuple[datetime, ...]:
        """The times it is left out."""
        return instants(self.skips)

    def skipping(self, at: datetime) -> str:
        """What `skips` is once `at` is left out too. Raises `InvalidInput` where that is too many."""
        skips = ",".join(filter(None, (self.skips, at.astimezone(UTC).strftime(INSTANT))))
        if len(skips) > LONGEST_SKIPS:
            raise InvalidInput(_("Too many times of the series are changed. Make a new series of the rest."))
        return skips


def start_of(day: date) -> datetime:
    """The instant a business day begins."""
    return datetime.combine(day, time(), OSLO)


def moved(task: Task, by: timedelta) -> dict[str, Any]:
    """The times of a task that has any, so much later on Oslo's clock."""
    times = ("starts_at", "due_at", "remind_at")
    return {name: at.astimezone(OSLO) + by for name in times if (at := getattr(task, name)) is not None}


def between(one: datetime, other: datetime) -> timedelta:
    """How much later `other` is on Oslo's clock: from nine to nine is a day, also where that day has 23 hours."""
    return other.astimezone(OSLO).replace(tzinfo=None) - one.astimezone(OSLO).replace(tzinfo=None)


def may_hand_over(actor: Actor, task: Task) -> bool:
    """Whether somebody may give a task to another owner, or delete it."""
    return task.owner_id == actor.id or actor.has(Role.ADMIN) or actor.has(Role.COORDINATOR)


def clean_task(given: TaskFields, before: Mapping[str, object] | None = None) -> TaskFields:
    """The fields in their stored form, checked together with those that stay. Raises `InvalidFields`."""
    faults, clean = Faults(), dict(given)
    if "title" in given or before is None:
        with faults.at("title"):
            clean["title"] = clean_text(given.get("title", ""), "title", max_length=LONGEST_TITLE)
            if not clean["title"]:
                raise InvalidInput(_("Say what is to be done."), "title")
    if "text" in given:
        with faults.at("text"):
            clean["text"] = clean_text(given["text"], "text", max_length=LONGEST_TEXT, lines=True)
    whole = {**(before or {}), **clean}
    starts, due = whole.get("starts_at"), whole.get("due_at")
    if isinstance(starts, datetime) and isinstance(due, datetime) and due < starts:
        faults.note("due_at", _("It cannot be due before it starts."))
    if not 0 <= cast("int", whole.get("percent", 0)) <= DONE:
        faults.note("percent", _("Write a number of per cent from 0 to 100."))
    minutes = cast("int | None", whole.get("minutes"))
    if minutes is not None and not 0 < minutes <= LONGEST_MINUTES:
        faults.note("minutes", _("A duration is between one minute and two weeks."))
    if "rrule" in given:
        with faults.at("rrule"):
            clean["rrule"] = clean_rule(given["rrule"], cast("datetime | None", starts or due))
            if clean["rrule"] and not (starts or due):
                raise InvalidInput(_("Say when it is first due: what comes again needs a day to count from."), "rrule")
    faults.tell()
    return cast("TaskFields", clean)
