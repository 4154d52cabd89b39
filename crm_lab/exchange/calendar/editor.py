"""Change one appointment in what another calendar keeps, and leave the rest of it as it is: guests, rooms, what other programs note."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from icalendar import Calendar

from crm_lab.domain.recurrence import INSTANT
from crm_lab.exchange.calendar.writer import empty_calendar, event_of, finished
from crm_lab.exchange.calendar.zones import instant
from crm_lab.i18n import _, business_day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm_lab.domain.tasks import Task

PROPERTIES = {
    "title": ("SUMMARY",), "text": ("DESCRIPTION",), "when": ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE"), "priority": ("PRIORITY",),
    "owner_only": ("CLASS",), "is_cancelled": ("STATUS",),
}  # fmt: skip
"""What says each unit of `Shape`; reminders are parts of their own."""
ALARM = "VALARM"


def new_object(task: Task) -> bytes:
    """An appointment as a calendar object of its own (RFC 4791 section 4.1)."""
    calendar = empty_calendar()
    calendar.add_component(event_of(task))
    return finished(calendar)


def changed_object(before: bytes, uid: str, task: Task, units: Iterable[str], now: datetime, *, skips: Iterable[datetime] = ()) -> bytes:
    """A calendar object in which the appointment `uid` takes these units from a task, or leaves out more of its times.

    Where a series moves, its changed times no longer belong to it; they are not in the object any more. So it is with a time that
    stands in no component of its own.
    """
    calendar = Calendar.from_ical(before)
    name, _mark, at = uid.partition("#")
    part = _component(calendar, at)
    if part is None:
        return dropped_from_object(before, uid)
    fresh = event_of(task)
    fresh["UID"] = part.get("UID", name)
    for one in PROPERTIES.keys() & set(units):
        for prop in PROPERTIES[one]:
            part.pop(prop, None)
            if prop in fresh:
                part[prop] = fresh[prop]
    if "text" in units:
        _set_place(part, task.text)
    if "ahead" in units:
        part.subcomponents = [one for one in part.subcomponents if one.name != ALARM] + [one for one in fresh.subcomponents if one.name == ALARM]
    if "when" in units and not at:
        calendar.subcomponents = [one for one in calendar.subcomponents if one.name != "VEVENT" or one is part]
    for skip in skips:
        _leave_out(calendar, part, f"{skip:{INSTANT}}")
    part["SEQUENCE"] = int(part.get("SEQUENCE", 0)) + 1
    for prop in ("DTSTAMP", "LAST-MODIFIED"):
        part.pop(prop, None)
        part.add(prop, now.astimezone(UTC))
    return finished(calendar)


def dropped_from_object(before: bytes, uid: str) -> bytes:
    """A calendar object without the appointment `uid`; b"" where nothing is left of it."""
    calendar = Calendar.from_ical(before)
    _name, mark, at = uid.partition("#")
    if not mark:
        return b""
    _leave_out(calendar, _component(calendar, ""), at)
    return finished(calendar) if any(one.name == "VEVENT" for one in calendar.subcomponents) else b""


def _component(calendar: Any, at: str) -> Any:
    """The event of a series itself, or the one that stands for its time `at`."""
    for part in calendar.subcomponents:
        if part.name == "VEVENT" and _time_of(part) == at:
            return part
    return None


def _time_of(part: Any) -> str:
    return f"{instant(part['RECURRENCE-ID']):{INSTANT}}" if "RECURRENCE-ID" in part else ""


def _leave_out(calendar: Any, series: Any, at: str) -> None:
    """Let a series not come at `at`, neither as it is nor changed."""
    calendar.subcomponents = [one for one in calendar.subcomponents if one.name != "VEVENT" or not at or _time_of(one) != at]
    if series is None:
        return
    when, start = datetime.strptime(at, INSTANT).replace(tzinfo=UTC), series["DTSTART"].dt
    if isinstance(start, datetime):
        series.add("exdate", [when.astimezone(start.tzinfo) if start.tzinfo else when.astimezone().replace(tzinfo=None)])
    elif isinstance(start, date):
        series.add("exdate", [business_day(when)], parameters={"VALUE": "DATE"})


def _set_place(part: Any, text: str) -> None:
    """A place that is still the first line of the text is not written twice; one that was taken away there is gone."""
    place = str(part.get("LOCATION", "")).strip()
    first, _end, rest = text.partition("\n")
    if not place:
        return
    if first != _("Place: {place}", place=place):
        del part["LOCATION"]
        return
    part.pop("DESCRIPTION", None)
    if rest:
        part.add("description", rest)
