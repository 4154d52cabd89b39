"""Read an iCalendar file (RFC 5545): events and to-dos as entries; what cannot be read whole is left out, with a reason."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from icalendar import BrokenCalendarProperty, Calendar

from crm_lab.domain.calendar import CalendarFile, Entry, LeftOut
from crm_lab.domain.recurrence import INSTANT, clean_rule, clock_of, next_occurrence
from crm_lab.domain.tasks import (
    LONGEST_MINUTES,
    LONGEST_SKIPS,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Priority,
    TaskKind,
    TaskStatus,
)
from crm_lab.errors import CrmError, InvalidInput
from crm_lab.exchange.calendar.zones import UnknownZone, instant, zone_of
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_ENTRIES = 10_000
LONGEST_UID = 500
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OverflowError, BrokenCalendarProperty)
"""What icalendar raises on what it cannot read, there and then or when it is looked at."""
THAT_MATTERS = {"DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "UID"}
"""An entry whose error is in one of these is left out; one in another is brought in without that."""
STATES = {"COMPLETED": TaskStatus.DONE, "IN-PROCESS": TaskStatus.STARTED, "CANCELLED": TaskStatus.CANCELLED}
HIGH, LOW = range(1, 5), range(6, 10)
"""Priorities as section 3.8.1.9 groups them."""


class NoCalendar(InvalidInput):
    """A file that is no iCalendar."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(_("This is no iCalendar file (.ics). {reason}", reason=reason).strip(), "file")


@dataclass(slots=True)
class Series:
    """One event or to-do with its changed times: the parts of a file that have one UID."""

    master: Any = None
    others: tuple[Any, ...] = ()


def read_calendar(data: bytes, now: datetime) -> CalendarFile:
    """What a file holds; events that were over before `now` are done. Raises `NoCalendar`."""
    try:
        calendars = Calendar.from_ical(data, multiple=True)
    except UNREADABLE as error:
        raise NoCalendar(str(error)[:200]) from None
    if not calendars or any(one.name != "VCALENDAR" for one in calendars):
        raise NoCalendar
    parts = [part for one in calendars for part in one.subcomponents if part.name in {"VEVENT", "VTODO"}]
    if len(parts) > MOST_ENTRIES:
        raise NoCalendar(_("It holds more than {n} entries. Split it into several files.", n=MOST_ENTRIES))
    entries: dict[str, Entry] = {}
    left_out: list[LeftOut] = []
    for uid, series in _by_uid(parts).items():
        try:
            found = list(_entries(uid, series, now))
        except CrmError as error:
            left_out.append(LeftOut(_named(series.master or series.others[0]), error.message))
            continue
        except UNREADABLE as error:
            left_out.append(LeftOut(_named(series.master or series.others[0]), _("It cannot be read: {reason}", reason=str(error)[:200])))
            continue
        entries |= {entry.uid: entry for entry in found}
    return CalendarFile(entries=tuple(entries.values()), left_out=tuple(left_out))


def _by_uid(parts: Iterable[Any]) -> dict[str, Series]:
    found: dict[str, Series] = {}
    for part in parts:
        written = str(part.get("UID", "")).strip()
        uid = written if 0 < len(written) <= LONGEST_UID else hashlib.sha256(part.to_ical()).hexdigest()
        series = found.setdefault(uid, Series())
        if "RECURRENCE-ID" in part:
            series.others += (part,)
        else:
            series.master = part
    return found


def _named(part: Any) -> str:
    """A part of the file as its reader knows it."""
    try:
        at = getattr(part.get("DTSTART") or part.get("DUE"), "dt", None)
    except UNREADABLE:
        at = None
    return " · ".join(filter(None, (str(part.get("SUMMARY", "")).strip()[:LONGEST_TITLE] or _("Untitled"), str(at or ""))))


def _entries(uid: str, series: Series, now: datetime) -> Iterator[Entry]:
    """The entries of one UID: the series, then each of its times that is different. Raises `CrmError` where one of them is unsound."""
    changed = {instant(_only(part, "RECURRENCE-ID")): part for part in series.others}
    for at, part in changed.items():
        if str(part["RECURRENCE-ID"].params.get("RANGE", "")).upper() == "THISANDFUTURE":
            raise InvalidInput(_("It changes all later times at once, which is not read. Export it as two series."))
        if not _is_cancelled(part):
            yield _entry(f"{uid}#{at:{INSTANT}}", part, now)
    if series.master is None:
        return
    if _is_cancelled(series.master):
        raise InvalidInput(_("It is cancelled."))
    yield from _series(uid, series.master, set(changed), now)


def _series(uid: str, part: Any, changed: set[datetime], now: datetime) -> Iterator[Entry]:
    entry = _entry(uid, part, now)
    begins = entry.starts_at or entry.due_at
    extra = set(_times(part, "RDATE")) - changed
    left_out = set(_times(part, "EXDATE")) | changed
    if begins is None:
        yield entry
        return
    for at in sorted(extra - left_out - {begins}):
        yield _done_if_over(replace(entry, uid=f"{uid}#{at:{INSTANT}}", **_shifted(entry, at - begins)), now)
    rules = part.get("RRULE", [])
    if isinstance(rules, list) and len(rules) > 1:
        raise InvalidInput(_("It has several rules of repetition, which is not read."))
    if "RRULE" not in part:
        if begins not in left_out:
            yield _done_if_over(entry, now)
        return
    zone = zone_of(part.get("DTSTART") or part.get("DUE"))
    rule = clean_rule((rules[0] if isinstance(rules, list) else rules).to_ical().decode(), begins, clock_of(zone))
    first = begins if begins not in left_out else next_occurrence(rule, begins, begins, clock_of(zone), left_out)
    if first is None:
        raise InvalidInput(_("All its times are left out."))
    skips = ",".join(f"{skip:{INSTANT}}" for skip in sorted(left_out) if skip > first)
    if len(skips) > LONGEST_SKIPS:
        raise InvalidInput(_("Too many of its times are left out."))
    yield replace(entry, **_shifted(entry, first - begins), rrule=rule, recurs_from=begins, zone=zone, skips=skips)


def _entry(uid: str, part: Any, now: datetime) -> Entry:
    """One event or to-do as it stands, without its repetition."""
    for name, message in part.errors:
        if str(name).upper() in THAT_MATTERS:
            raise InvalidInput(_("{name} cannot be read: {reason}", name=name, reason=str(message)[:200]))
    is_event = part.name == "VEVENT"
    first = _only(part, "DTSTART")
    if is_event and first is None:
        raise InvalidInput(_("It does not say when it is."))
    due = None if is_event else _only(part, "DUE")
    is_all_day = not isinstance(getattr(first or due, "dt", date.min), datetime)
    starts = instant(first) if first else None
    title, text = _texts(part)
    status = STATES.get(str(part.get("STATUS", "")).upper(), TaskStatus.OPEN)
    entry = Entry(
        uid=uid, title=title, text=text, kind=TaskKind.MEETING if is_event else TaskKind.TASK, priority=_priority(part), status=status,
        percent=100 if status is TaskStatus.DONE else _percent(part), starts_at=starts, due_at=instant(due) if due else None, is_all_day=is_all_day,
        owner_only=str(part.get("CLASS", "PUBLIC")).upper() in {"PRIVATE", "CONFIDENTIAL"},
        done_at=_completed(part, now) if status is TaskStatus.DONE else None, remind_at=_remind_at(part, starts or (instant(due) if due else None)),
    )  # fmt: skip
    if starts and entry.due_at and entry.due_at < starts:
        raise InvalidInput(_("It ends before it begins."))
    return replace(entry, **_length(part, first, starts, is_event=is_event)) if starts else entry


def _length(part: Any, first: Any, starts: datetime, *, is_event: bool) -> dict[str, Any]:
    """How long it lasts: minutes, or where that is more than two weeks or whole days its last day."""
    end, lasts = _only(part, "DTEND") if is_event else None, _only(part, "DURATION")
    try:
        over = instant(end) if end else starts + lasts.dt if lasts else starts
    except (TypeError, AttributeError, OverflowError):
        raise InvalidInput(_("{name} cannot be read: {reason}", name="DURATION", reason=str(lasts)[:50])) from None
    if end and isinstance(end.dt, datetime) != isinstance(first.dt, datetime):
        raise InvalidInput(_("It begins on a day and ends at a time, or the other way round."))
    if over < starts:
        raise InvalidInput(_("It ends before it begins."))
    if not isinstance(first.dt, datetime):
        days = round((over - starts) / timedelta(days=1)) if over > starts else 1
        last = instant(first.dt + timedelta(days=days - 1))
        return {"due_at": last} if days > 1 and is_event else {}
    minutes = round((over - starts).total_seconds() / 60)
    if is_event and minutes > LONGEST_MINUTES:
        return {"due_at": over}
    return {"minutes": minutes} if 0 < minutes <= LONGEST_MINUTES else {}


def _texts(part: Any) -> tuple[str, str]:
    """Title and text; a title that is too long goes on in the text, and so does the place."""
    title = " ".join(_plain(part.get("SUMMARY", "")).split())
    lines = [_plain(part.get("DESCRIPTION", ""))]
    if place := _plain(part.get("LOCATION", "")).strip():
        lines.insert(0, _("Place: {place}", place=place))
    if len(title) > LONGEST_TITLE:
        lines.insert(0, title)
        title = title[: LONGEST_TITLE - 1] + "…"
    text = "\n".join(line for line in lines if line.strip()).strip()
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(_("Its text is longer than {n} characters.", n=LONGEST_TEXT))
    return title or _("Untitled"), text


def _plain(value: Any) -> str:
    """A text without characters that no one sees; of several the first."""
    one = value[0] if isinstance(value, list) and value else value
    return "".join(c for c in str(one or "") if c in "\n\t" or c.isprintable())


def _priority(part: Any) -> Priority:
    try:
        n = int(part.get("PRIORITY", 0))
    except (ValueError, TypeError):
        n = 0
    return Priority.HIGH if n in HIGH else Priority.LOW if n in LOW else Priority.NORMAL


def _percent(part: Any) -> int:
    try:
        return min(max(int(part.get("PERCENT-COMPLETE", 0)), 0), 99)
    except (ValueError, TypeError):
        return 0


def _completed(part: Any, now: datetime) -> datetime:
    found = _only(part, "COMPLETED")
    try:
        return instant(found) if found else now
    except InvalidInput:
        return now


def _remind_at(part: Any, begins: datetime | None) -> datetime | None:
    """When the first alarm rings that can be told, None where there is none."""
    for alarm in (one for one in part.subcomponents if one.name == "VALARM" and begins):
        trigger = getattr(alarm.get("TRIGGER"), "dt", None)
        is_from_end = str(getattr(alarm.get("TRIGGER"), "params", {}).get("RELATED", "")).upper() == "END"
        if isinstance(trigger, timedelta) and not is_from_end and begins and abs(trigger) < timedelta(days=366):
            return begins + trigger
        if isinstance(trigger, datetime) and trigger.tzinfo:
            return trigger.astimezone(UTC)
    return None


def _times(part: Any, name: str) -> Iterator[datetime]:
    """All times of EXDATE or RDATE, which may be written in several lines; of a period its beginning."""
    lines = part.get(name, [])
    for line in lines if isinstance(lines, list) else [lines]:
        for one in getattr(line, "dts", ()):
            value = one.dt[0] if isinstance(one.dt, tuple) else one.dt
            named = getattr(line, "params", {}).get("TZID", "")
            if isinstance(value, datetime) and value.tzinfo is None and named:
                raise UnknownZone(str(named))
            yield instant(value)


def _only(part: Any, name: str) -> Any:
    found = part.get(name)
    if isinstance(found, list):
        raise InvalidInput(_("{name} stands there more than once.", name=name))
    return found


def _is_cancelled(part: Any) -> bool:
    return part.name == "VEVENT" and str(part.get("STATUS", "")).upper() == "CANCELLED"


def _shifted(entry: Entry, by: timedelta) -> dict[str, Any]:
    return {name: at + by for name in ("starts_at", "due_at", "remind_at") if (at := getattr(entry, name)) is not None}


def _done_if_over(entry: Entry, now: datetime) -> Entry:
    """An event of the past is nothing to be done any more."""
    begins = entry.starts_at
    if entry.kind is not TaskKind.MEETING or begins is None:
        return entry
    over = max(filter(None, (begins + timedelta(minutes=entry.minutes or 0), entry.due_at))) + timedelta(days=1 if entry.is_all_day else 0)
    return entry if over > now else replace(entry, status=TaskStatus.DONE, percent=100, done_at=over)
