"""Where things stand in a calendar: columns of a day for each colleague, hours down, what overlaps side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crm_lab.domain.tasks import start_of
from crm_lab.i18n import OSLO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from crm_lab.domain.calendar import Appointment

OPENS, CLOSES = 7, 18
"""The hours that a calendar shows at least; more where something stands outside them."""
SHORTEST = 20
"""So many minutes of height has what lasts shorter, or it could not be read."""
A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Placed:
    """An appointment in one column: minutes of that day on the wall clock, and its lane among those it overlaps."""

    appointment: Appointment
    top: int
    bottom: int
    lane: int = 0
    lanes: int = 1


def days_of(view: str, at: date) -> list[date]:
    """The days a view shows: one, the week, or the weeks that the month lies in."""
    if view == "day":
        return [at]
    first = at if view == "week" else at.replace(day=1)
    monday = first - timedelta(days=first.weekday())
    if view == "week":
        return [monday + timedelta(days=n) for n in range(7)]
    after = (first + timedelta(days=31)).replace(day=1)
    n_weeks = -(-(after - monday).days // 7)
    return [monday + timedelta(days=n) for n in range(7 * n_weeks)]


def step(view: str, at: date, by: int) -> date:
    """The day that the previous or next page shows."""
    if view == "month":
        return (at.replace(day=15) + timedelta(days=31 * by)).replace(day=1)
    return at + timedelta(days=by if view == "day" else 7 * by)


def on_day(appointments: Iterable[Appointment], day: date, person: UUID | None = None) -> list[Appointment]:
    """What stands on a day, of one person or of all; each of those that last several days."""
    begin, end = start_of(day), start_of(day + timedelta(days=1))
    return [a for a in appointments if a.starts_at < end and a.ends_at > begin and (person is None or person in a.people)]


def placed(appointments: Sequence[Appointment], day: date) -> list[Placed]:
    """The timed appointments of one column, each with its lane."""
    spans = sorted(
        (_minute(a.starts_at, day), max(_minute(a.ends_at, day), _minute(a.starts_at, day) + SHORTEST), n) for n, a in enumerate(appointments) if not a.is_all_day
    )
    found: list[Placed] = []
    cluster: list[tuple[int, int, int, int]] = []
    until = -1
    for top, bottom, n in [*spans, (A_DAY * 9, 0, -1)]:
        if top >= until:
            width = 1 + max((lane for *_span, lane in cluster), default=0)
            found += [Placed(appointments[m], t, min(b, A_DAY), lane, width) for t, b, m, lane in cluster]
            cluster, until = [], -1
        taken = {lane for _t, b, _m, lane in cluster if b > top}
        cluster.append((top, bottom, n, next(lane for lane in range(len(cluster) + 1) if lane not in taken)))
        until = max(until, bottom)
    return found


def _minute(at: datetime, day: date) -> int:
    """Minutes from midnight as the clock on the wall shows them, within the day."""
    local = at.astimezone(OSLO)
    return 0 if local.date() < day else A_DAY if local.date() > day else local.hour * 60 + local.minute


def hours_of(columns: Iterable[Sequence[Placed]]) -> tuple[int, int]:
    """The first hour and the one after the last that a calendar must show."""
    all_ = [item for column in columns for item in column]
    return min([OPENS, *(item.top // 60 for item in all_)]), max([CLOSES, *(-(-item.bottom // 60) for item in all_)])


def style(item: Placed, first: int, last: int) -> dict[str, Any]:
    """Where an item stands within its column, in per cent."""
    whole = (last - first) * 60
    return {
        "top": round(100 * (item.top - first * 60) / whole, 3), "height": round(100 * (item.bottom - item.top) / whole, 3),
        "left": round(100 * item.lane / item.lanes, 3), "width": round(100 / item.lanes, 3),
    }  # fmt: skip
