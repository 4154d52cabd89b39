"""Write tasks as an iCalendar (RFC 5545) that other programs read: appointments as events, the rest as to-dos."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from icalendar import Alarm, Calendar, Event, Todo, vRecur

from crm_lab.domain.calendar import ends_at
from crm_lab.domain.calendar_sync import is_appointment
from crm_lab.domain.recurrence import clock_of, is_in_step, next_occurrence, rest_of
from crm_lab.domain.tasks import Priority, TaskStatus, between
from crm_lab.i18n import OSLO, business_day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm_lab.domain.tasks import Task

MAKER = "-//crm_lab//NO"
STATES = {TaskStatus.OPEN: "NEEDS-ACTION", TaskStatus.STARTED: "IN-PROCESS", TaskStatus.DONE: "COMPLETED", TaskStatus.CANCELLED: "CANCELLED"}
PRIORITIES = {Priority.HIGH: 1, Priority.NORMAL: 5, Priority.LOW: 9}


def write_calendar(tasks: Iterable[Task], name: str) -> bytes:
    """One calendar with the time zones it uses; the same tasks give the same bytes."""
    calendar = empty_calendar()
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", OSLO.key)
    for task in tasks:
        for part in _parts(task):
            calendar.add_component(part)
    return finished(calendar)


def empty_calendar() -> Calendar:
    """A calendar that says who made it."""
    calendar = Calendar()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    return calendar


def finished(calendar: Calendar) -> bytes:
    """A calendar as bytes, with the time zones it uses."""
    calendar.add_missing_timezones(first_date=date(2020, 1, 1), last_date=date(2038, 1, 1))
    written: bytes = calendar.to_ical()
    return written


def _parts(task: Task) -> list[Event | Todo]:
    """A task as one component; a series whose next time is put off, as that and the rest."""
    begins, uid = task.begins_at, task.name_elsewhere
    first = task.recurs_from or begins
    if begins is None or first is None or not task.rrule or is_in_step(task.rrule, first, begins, task.clock):
        return [event_of(task)]
    upcoming = next_occurrence(task.rrule, first, begins, task.clock, task.skipped)
    put_off = _part(task, uid, begins, "")
    return [put_off] if upcoming is None else [put_off, _part(task, f"{uid}-rest", upcoming, rest_of(task.rrule, first, upcoming, task.clock))]


def event_of(task: Task) -> Event | Todo:
    """A task as one component; a series as it is from its next time on."""
    begins = task.begins_at
    rule = rest_of(task.rrule, task.recurs_from or begins, begins, task.clock) if task.rrule and begins else ""
    return _part(task, task.name_elsewhere, begins, rule)


def _part(task: Task, uid: str, begins: datetime | None, rule: str) -> Event | Todo:
    part: Event | Todo = Event() if is_appointment(task) else Todo()
    facts: dict[str, Any] = {"uid": uid, "dtstamp": task.created_at.astimezone(UTC), "created": task.created_at.astimezone(UTC), "sequence": task.version - 1}
    facts |= {"summary": task.title, "priority": PRIORITIES[task.priority]}
    facts |= {"description": task.text} if task.text else {}
    facts |= {"class": "PRIVATE"} if task.owner_only else {}
    if isinstance(part, Event) and begins:
        over = ends_at(begins, task.starts_at, task.due_at, minutes=task.minutes, kind=task.kind, is_all_day=task.is_all_day)
        facts |= {"dtstart": _written(task, begins), "dtend": _written(task, over), "status": "CANCELLED" if task.status is TaskStatus.CANCELLED else "CONFIRMED"}
    else:
        facts |= _as_to_do(task, begins)
    for name, value in facts.items():
        part.add(name, value)
    if rule:
        _add_rule(part, task, rule, begins)
    if task.remind_at and task.begins_at:
        part.add_component(_alarm(task.title, task.remind_at - task.begins_at))
    return part


def _as_to_do(task: Task, begins: datetime | None) -> dict[str, Any]:
    by = between(task.begins_at, begins) if task.begins_at and begins else timedelta()
    facts: dict[str, Any] = {"status": STATES[task.status], "percent-complete": task.percent}
    if task.starts_at:
        facts["dtstart"] = _written(task, task.starts_at.astimezone(OSLO) + by)
    if task.due_at:
        facts["due"] = _written(task, task.due_at.astimezone(OSLO) + by)
    if task.rrule and not task.starts_at and begins:
        facts["dtstart"] = _written(task, begins)  # a rule counts from it (section 3.8.5.3)
    if facts.get("dtstart") == facts.get("due") and "due" in facts and not task.rrule:
        del facts["dtstart"]  # DUE must be later (section 3.8.2.3)
    return facts | ({"completed": task.done_at.astimezone(UTC)} if task.done_at and task.status is TaskStatus.DONE else {})


def _add_rule(part: Event | Todo, task: Task, rule: str, begins: datetime | None) -> None:
    found = vRecur.from_ical(rule)
    if "UNTIL" in found:  # of the same kind as DTSTART: a day, or an instant in UTC (section 3.3.10)
        last = found["UNTIL"][0]
        if task.is_all_day:
            last = business_day(_aware(last, task)) if isinstance(last, datetime) else last
        else:
            last = (_aware(last, task) if isinstance(last, datetime) else datetime.combine(last, time(23, 59, 59), task.clock)).astimezone(UTC)
        found["UNTIL"] = [last]
    part.add("rrule", found)
    if skips := [at for at in task.skipped if begins and at > begins]:
        part.add("exdate", [_written(task, at) for at in skips], parameters={"VALUE": "DATE"} if task.is_all_day else {})
    if isinstance(part, Todo) and "DUE" in part and part.get("DTSTART") and part.decoded("DTSTART") == part.decoded("DUE"):
        del part["DUE"]


def _aware(at: datetime, task: Task) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=task.clock)


def _written(task: Task, at: datetime) -> date | datetime:
    """A day, or a time on the clock its series is counted on."""
    return business_day(at) if task.is_all_day else at.astimezone(clock_of(task.zone))


def _alarm(title: str, ahead: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", ahead)
    return alarm
