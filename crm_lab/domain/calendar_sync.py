"""One appointment in two calendars: what is alike, what was changed on which side, and what both changed differently."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.calendar import Entry, ends_at
from crm_lab.domain.recurrence import clock_of, instants, rest_of
from crm_lab.domain.tasks import Priority, Task, TaskKind, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

SINCE = timedelta(days=92)
"""What was over longer ago no other calendar is told of, and none is asked about."""


class Side(StrEnum):
    """One of the two calendars."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class When:
    """When an appointment is, and how it comes again from there: two that are equal look the same in any calendar."""

    begins: datetime
    ends: datetime
    is_all_day: bool
    rule: str = ""
    zone: str = ""
    skips: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What both calendars can say of an appointment; `ahead` is how long before it somebody is reminded."""

    title: str
    text: str
    when: When
    ahead: timedelta | None
    priority: Priority
    owner_only: bool
    is_cancelled: bool


UNITS = tuple(f.name for f in fields(Shape))
"""What is compared, each by itself."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What was changed on one side only goes to the other; `clashing` was changed on both, and not alike."""

    taken: frozenset[str]
    given: frozenset[str]
    clashing: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarConflict:
    """An appointment that was changed in both calendars; `units` of `Shape` say where they differ."""

    id: UUID
    task_id: UUID
    ours: Shape
    theirs: Shape
    units: tuple[str, ...]


def is_appointment(task: Task) -> bool:
    """Whether a task stands in a calendar at a time of its own, as iCalendar's events do."""
    return task.begins_at is not None and (task.kind is TaskKind.MEETING or not task.is_all_day)


def shape_of(one: Task | Entry, *, all_private: bool = False) -> Shape:
    """What is compared of an appointment; `all_private` counts everything as its owner's alone."""
    begins = one.starts_at or one.due_at
    assert begins is not None  # noqa: S101 - it is an appointment
    over = ends_at(begins, one.starts_at, one.due_at, minutes=one.minutes, kind=one.kind, is_all_day=one.is_all_day)
    series: dict[str, Any] = {}
    if one.rrule:
        clock = clock_of(one.zone)
        later = tuple(sorted(at for at in instants(one.skips) if at > begins))
        series = {"rule": rest_of(one.rrule, one.recurs_from or begins, begins, clock), "zone": one.zone, "skips": later}
    return Shape(
        title=one.title, text=one.text, when=When(begins.astimezone(UTC), over.astimezone(UTC), one.is_all_day, **series),
        ahead=begins - one.remind_at if one.remind_at else None, priority=one.priority, owner_only=one.owner_only or all_private,
        is_cancelled=one.status is TaskStatus.CANCELLED,
    )  # fmt: skip


def merge(before: Shape | None, ours: Shape, theirs: Shape) -> Merged:
    """What becomes of two versions of what was `before`.

    Where that is not known, everything that differs was changed on both sides, but for who may see it.
    """
    differ = {unit for unit in UNITS if getattr(ours, unit) != getattr(theirs, unit)}
    if before is None:
        differ.discard("owner_only")
    taken = frozenset(unit for unit in differ if before and getattr(ours, unit) == getattr(before, unit))
    given = frozenset(unit for unit in differ if before and getattr(theirs, unit) == getattr(before, unit))
    return Merged(taken, given, frozenset(differ) - taken - given)


def taken_from(entry: Entry, task: Task, units: Iterable[str], *, all_private: bool = False) -> dict[str, Any]:
    """The fields of a task that change when it takes these units from the other calendar."""
    changes: dict[str, Any] = {name: getattr(entry, name) for name in ("title", "text", "priority") if name in units}
    begins = task.begins_at
    if "when" in units:
        changes |= {name: getattr(entry, name) for name in ("starts_at", "due_at", "minutes", "is_all_day", "rrule", "recurs_from", "zone", "skips")}
        begins = entry.starts_at or entry.due_at
        if entry.is_all_day:
            changes["kind"] = TaskKind.MEETING
    ahead = shape_of(entry if "ahead" in units else task).ahead
    if units and begins:
        changes["remind_at"] = begins - ahead if ahead is not None else None
    if "owner_only" in units:
        changes["owner_only"] = entry.owner_only or all_private
    if "is_cancelled" in units:
        changes["status"] = TaskStatus.CANCELLED if entry.status is TaskStatus.CANCELLED else TaskStatus.OPEN
    return changes
