"""How something comes again: rules of RFC 5545 section 3.3.10, counted on the clock of the place they were made in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import islice, takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from crm_lab.domain.values import clean_text
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import OSLO, _, day, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_RULE = 500
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_INTERVAL, MOST_TIMES = 99, 999
CYCLE, LATEST = 400, 9960
"""The calendar of weekdays and leap days repeats after so many years."""
ANY_TIME = datetime(2360, 1, 1)  # noqa: DTZ001 - wall-clock time, as rules count; of late years, of which there are few
INSTANT, A_DAY = "%Y%m%dT%H%M%SZ", 8
TOO_FINE = ("SECONDLY", "MINUTELY", "HOURLY", "BYSECOND", "BYMINUTE", "BYHOUR")
"""A rule of the kind may come a million times a day, and none of them is anything people do."""


class Every(StrEnum):
    """The period of a plain rule."""

    DAY = "DAILY"
    WEEK = "WEEKLY"
    MONTH = "MONTHLY"
    YEAR = "YEARLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A rule as people choose it: every so many days, weeks (on weekdays, Monday is 0), months or years, until a day or so many times."""

    every: Every
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    until: date | None = None
    times: int | None = None

    @property
    def rule(self) -> str:
        """The rule in its stored form; it holds to the end of the day `until`."""
        parts = [f"FREQ={self.every}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.weekdays and self.every is Every.WEEK:
            parts.append("BYDAY=" + ",".join(WEEKDAYS[n] for n in self.weekdays))
        if self.until:
            parts.append("UNTIL=" + datetime.combine(self.until, time(23, 59, 59), OSLO).astimezone(UTC).strftime(INSTANT))
        elif self.times:
            parts.append(f"COUNT={self.times}")
        return ";".join(parts)


def clean_repeat(repeat: Repeat) -> Repeat:
    """What was chosen, if it makes sense. Raises `InvalidFields`."""
    faults = Faults()
    if not 1 <= repeat.interval <= MOST_INTERVAL:
        faults.note("interval", _("Write a number from 1 to {n}.", n=MOST_INTERVAL))
    if repeat.times is not None and not 1 <= repeat.times <= MOST_TIMES:
        faults.note("times", _("Write a number from 1 to {n}.", n=MOST_TIMES))
    faults.tell()
    return repeat


def plain_repeat(rule: str) -> Repeat | None:
    """The rule as people choose it, None where it says more than that."""
    parts = _parts(rule)
    try:
        every = Every(parts.pop("FREQ", ""))
        weekdays = tuple(WEEKDAYS.index(name) for name in parts.pop("BYDAY", "").split(",") if name)
        interval, times = int(parts.pop("INTERVAL", "1")), int(parts.pop("COUNT", "0")) or None
        until = _until(parts.pop("UNTIL", ""), OSLO)
    except ValueError:
        return None
    if parts.pop("WKST", "MO") != "MO" or parts or (weekdays and every is not Every.WEEK):
        return None
    return Repeat(every=every, interval=interval, weekdays=weekdays, until=until.date() if until else None, times=times)


def weekday_names() -> list[str]:
    """Monday first."""
    return [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]


def rule_words(rule: str) -> str:
    """A rule in words, "" where there is none."""
    if not rule:
        return ""
    repeat = plain_repeat(rule)
    if repeat is None:
        return _("By a rule of its own: {rule}", rule=rule)
    words = _every(repeat.every, repeat.interval)
    if repeat.weekdays:
        names = [weekday_names()[weekday] for weekday in repeat.weekdays]
        listed = names[0] if len(names) == 1 else _("{several} and {last}", several=", ".join(names[:-1]), last=names[-1])
        words = _("{often} on {weekdays}", often=words, weekdays=listed)
    if repeat.until:
        return _("{often}, until {day}", often=words, day=day(repeat.until))
    return _("{often}, {times}", often=words, times=ngettext("{n} time", "{n} times", repeat.times)) if repeat.times else words


def _every(every: Every, n: int) -> str:
    once = {Every.DAY: _("Every day"), Every.WEEK: _("Every week"), Every.MONTH: _("Every month"), Every.YEAR: _("Every year")}
    twice = {
        Every.DAY: _("Every other day"), Every.WEEK: _("Every other week"), Every.MONTH: _("Every other month"), Every.YEAR: _("Every other year"),
    }  # fmt: skip
    more = {
        Every.DAY: _("Every {n} days", n=n), Every.WEEK: _("Every {n} weeks", n=n), Every.MONTH: _("Every {n} months", n=n),
        Every.YEAR: _("Every {n} years", n=n),
    }  # fmt: skip
    return {1: once, 2: twice}.get(n, more)[every]


def clean_rule(rule: str, begins: datetime | None = None, zone: tzinfo = OSLO) -> str:
    """A recurrence rule in its stored form, without "RRULE:". Raises `InvalidInput`, also where it never comes, at all or from `begins` on."""
    text = clean_text(rule, "rrule", max_length=LONGEST_RULE).upper().removeprefix("RRULE:").strip(";")
    if not text:
        return ""
    if any(word in text for word in TOO_FINE):
        raise InvalidInput(_("What comes again comes once a day at most."), "rrule")
    try:
        parts = _parts(text)
        is_endless_loop = int(parts.get("INTERVAL", "1")) < 1
        _until(parts.get("UNTIL", ""), zone)
        found = None if is_endless_loop else next(_on_the_wall(_without_end(parts), ANY_TIME, zone), None)
        if found and begins:
            found = next(_on_the_wall(text, _wall(begins, zone), zone), None)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, IndexError):
        raise InvalidInput(_("This is no rule of repetition. An example: FREQ=WEEKLY;BYDAY=MO."), "rrule") from None
    if found is None:
        raise InvalidInput(_("By this rule it never comes. An example: FREQ=WEEKLY;BYDAY=MO."), "rrule")
    return text


def clock_of(zone: str) -> ZoneInfo:
    """The clock a series is counted on, Oslo's where none is named."""
    return ZoneInfo(zone) if zone else OSLO


def instants(text: str) -> tuple[datetime, ...]:
    """Times as EXDATE writes them, in UTC."""
    return tuple(datetime.strptime(one, INSTANT).replace(tzinfo=UTC) for one in text.split(",") if one)


def next_occurrence(rule: str, first: datetime, after: datetime, zone: tzinfo = OSLO, skipped: Iterable[datetime] = ()) -> datetime | None:
    """The next time a rule that begins at `first` comes after `after`, None where it has ended.

    Counted on the clock of `zone`, so that nine o'clock stays nine o'clock over a change to summer time.
    """
    since, left_out = _wall(after, zone), set(skipped)
    for found in _on_the_wall(rule, _wall(first, zone), zone):
        at = found.replace(tzinfo=zone).astimezone(UTC)
        if found > since and at not in left_out:
            return at
    return None


def occurrences(
    rule: str, first: datetime, since: datetime, until: datetime, zone: tzinfo = OSLO, skipped: Iterable[datetime] = ()
) -> list[datetime]:
    """The times from `since` and before `until` that a rule which begins at `first` comes, as UTC."""
    left_out, last = set(skipped), _wall(until, zone) + timedelta(days=1)
    over = _until(_parts(rule).get("UNTIL", ""), zone)
    if over and over < _wall(since, zone) - timedelta(days=1):
        return []
    begin = _nearer(rule, _wall(first, zone), _wall(since, zone) - timedelta(days=1))
    found = takewhile(lambda wall: wall < last, _on_the_wall(rule, begin, zone))
    return [at for wall in found if since <= (at := wall.replace(tzinfo=zone).astimezone(UTC)) < until and at not in left_out]


def _nearer(rule: str, begin: datetime, since: datetime) -> datetime:
    """A later beginning that gives the same times from `since` on, so that an old series need not be counted through."""
    parts = _parts(rule)
    period = {Every.DAY: timedelta(days=1), Every.WEEK: timedelta(weeks=1)}.get(Every(parts["FREQ"]))
    if period is None or "COUNT" in parts:
        return begin
    period *= int(parts.get("INTERVAL", "1"))
    return begin + max(0, (since - begin) // period - 1) * period


def _on_the_wall(rule: str, begin: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The times of a rule on a clock without a zone; UNTIL, which may be a day or an instant, is put on that clock too.

    dateutil looks until the year 9999 for what never comes, which takes it a minute: it is asked of years shortly before,
    which are the same.
    """
    parts = _parts(rule)
    later = (LATEST - begin.year) // CYCLE * CYCLE
    times, until = parts.pop("COUNT", None), _until(parts.pop("UNTIL", ""), zone)
    if until and until.year + later <= MAXYEAR:
        parts["UNTIL"] = f"{until.replace(year=until.year + later):%Y%m%dT%H%M%S}"
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    found = (at.replace(year=at.year - later) for at in rrulestr(text, dtstart=begin.replace(year=begin.year + later)))
    return found if times is None else islice(found, int(times))


def is_in_step(rule: str, first: datetime, at: datetime, clock: tzinfo) -> bool:
    """Whether `at` is one of the times of a series that begins at `first`."""
    return at == first or next_occurrence(rule, first, at - timedelta(seconds=1), clock) == at


def rest_of(rule: str, first: datetime, at: datetime, clock: tzinfo) -> str:
    """A rule that is counted from `first`, as it is counted from `at`: the times of COUNT that have been are taken off."""
    parts = _parts(rule)
    if "COUNT" in parts:
        parts["COUNT"] = str(max(1, int(parts["COUNT"]) - len(occurrences(rule, first, first, at, clock))))
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _parts(rule: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in rule.split(";"))


def _without_end(parts: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items() if name != "UNTIL")


def _until(text: str, zone: tzinfo) -> datetime | None:
    """The last moment of a rule on the wall clock; a mere day is meant to its end."""
    if not text:
        return None
    if len(text) == A_DAY:
        return datetime.combine(datetime.strptime(text, "%Y%m%d").date(), time(23, 59, 59))  # noqa: DTZ007 - a day
    if text.endswith("Z"):
        return _wall(datetime.strptime(text, INSTANT).replace(tzinfo=UTC), zone)
    return datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - wall-clock time


def _wall(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)
