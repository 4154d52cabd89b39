"""Time zones as calendars write them: names of IANA, and rules of their own under any name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from crm_lab.domain.tasks import start_of
from crm_lab.errors import InvalidInput
from crm_lab.i18n import OSLO, _

if TYPE_CHECKING:
    from collections.abc import Iterator

HALF_MONTH = timedelta(days=15)


class UnknownZone(InvalidInput):
    """A time is given in a zone that nobody knows and the file does not describe."""

    def __init__(self, name: str) -> None:
        super().__init__(_("The time zone {name} is not known, and the file does not say what it is.", name=name))


class NoTime(InvalidInput):
    """A time that cannot be read, or lies where no calendar reaches."""

    def __init__(self, text: str) -> None:
        super().__init__(_("{text} is not a time.", text=text))


def instant(prop: Any) -> datetime:
    """The instant of a date or time: a day is its Oslo midnight, and what floats stands on Oslo's clock (section 3.3.5). Raises `UnknownZone`."""
    value = getattr(prop, "dt", prop)
    if not isinstance(value, date):
        raise NoTime(str(value))
    if not isinstance(value, datetime):
        return start_of(value).astimezone(UTC)
    named = getattr(prop, "params", {}).get("TZID", "")
    if value.tzinfo is None and named and str(named).upper() not in {"UTC", "GMT", "Z"}:
        raise UnknownZone(str(named))
    try:
        found = value if value.tzinfo else value.replace(tzinfo=UTC if named else OSLO)
        return found.astimezone(UTC)
    except (OverflowError, ValueError):
        raise NoTime(str(value)) from None


def zone_of(prop: Any) -> str:
    """The IANA name of the clock a time stands on, "" for Oslo's. Raises `UnknownZone`."""
    value = getattr(prop, "dt", prop)
    zone = value.tzinfo if isinstance(value, datetime) else None
    if zone is None:
        return ""
    name = str(getattr(zone, "key", "")) or ("UTC" if zone in {UTC, UTC} else "")
    if not name:
        name = next(_alike(zone, value), "")
    if not name:
        raise UnknownZone(str(getattr(prop, "params", {}).get("TZID", zone)))
    return "" if name == OSLO.key else name


def _alike(zone: tzinfo, at: datetime) -> Iterator[str]:
    """The names of zones whose clocks show the same as `zone` the whole year from `at`."""
    times = [at.astimezone(UTC) + n * HALF_MONTH for n in range(25)]
    wanted = [time.astimezone(zone).utcoffset() for time in times]
    for name in (OSLO.key, *_names()):
        if [time.astimezone(ZoneInfo(name)).utcoffset() for time in times] == wanted:
            yield name


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(name for name in available_timezones() if "/" in name))
