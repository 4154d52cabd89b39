"""Calendars: how long things last, and free time against a search of every quarter of an hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.calendar import check_search, ends_at, free_slots
from crm_lab.domain.ids import new_id
from crm_lab.domain.tasks import TaskKind
from crm_lab.errors import InvalidInput
from crm_lab.i18n import OSLO

DAY = datetime(2026, 3, 27, tzinfo=OSLO)
"""A Friday; the clock changes on the Sunday after it."""
QUARTER = timedelta(minutes=15)
BUSY = st.lists(st.tuples(st.integers(0, 5 * 1440), st.integers(1, 600)), max_size=12)


@pytest.mark.parametrize(
    ("starts", "due", "minutes", "kind", "is_all_day", "over"),
    [
        (DAY.replace(hour=9), None, 45, TaskKind.MEETING, False, DAY.replace(hour=9, minute=45)),
        (DAY.replace(hour=9), DAY.replace(hour=11), None, TaskKind.MEETING, False, DAY.replace(hour=11)),
        (DAY.replace(hour=9), DAY + timedelta(days=5), None, TaskKind.TASK, False, DAY.replace(hour=9, minute=30)),
        (None, DAY.replace(hour=9), None, TaskKind.CALL, False, DAY.replace(hour=9, minute=30)),
        (DAY, None, None, TaskKind.MEETING, True, DAY + timedelta(days=1)),
        (DAY, DAY + timedelta(days=3), None, TaskKind.MEETING, True, DAY + timedelta(days=4)),
        (DAY, None, 2 * 1440, TaskKind.MEETING, True, DAY + timedelta(days=2)),
    ],
)
def test_how_long_it_stands(starts: datetime, due: datetime, minutes: int, kind: TaskKind, is_all_day: bool, over: datetime) -> None:
    assert ends_at(starts or due, starts, due, minutes=minutes, kind=kind, is_all_day=is_all_day) == over


@given(BUSY, st.integers(1, 480), st.integers(0, 5 * 1440), st.sampled_from([(8, 16), (9, 12), (0, 23)]))
def test_free_time_is_what_looking_everywhere_finds(busy: list[tuple[int, int]], minutes: int, ahead: int, hours: tuple[int, int]) -> None:
    start = DAY.astimezone(UTC)
    taken = [(start + timedelta(minutes=at), start + timedelta(minutes=at + lasts)) for at, lasts in busy]
    after, lasts = start + timedelta(minutes=ahead), timedelta(minutes=minutes)
    days = [date(2026, 3, 27) + timedelta(days=n) for n in range(5)]
    opens, closes = (time(hour) for hour in hours)
    found = list(free_slots(taken, minutes, days, opens, closes, after))
    fitting = []
    for day in days:
        at, end = (datetime.combine(day, clock, OSLO).astimezone(UTC) for clock in (opens, closes))
        while at + lasts <= end:
            if day.weekday() < 5 and at >= after and not any(begins < at + lasts and ends > at for begins, ends in taken):
                fitting.append(at)
            at += QUARTER
    # the first of every run: what is free and could not begin a quarter earlier
    assert {slot.starts_at for slot in found} <= set(fitting)
    assert {at for at in fitting if at - QUARTER not in fitting} <= {slot.starts_at for slot in found}
    assert all(slot.ends_at - slot.starts_at == lasts for slot in found)


@pytest.mark.parametrize(
    ("people", "minutes", "days", "opens", "closes"),
    [(0, 30, 5, 8, 16), (31, 30, 5, 8, 16), (1, 0, 5, 8, 16), (1, 481, 5, 8, 16), (1, 30, 0, 8, 16), (1, 30, 63, 8, 16), (1, 30, 5, 16, 8)],
)
def test_what_cannot_be_looked_for(people: int, minutes: int, days: int, opens: int, closes: int) -> None:
    with pytest.raises(InvalidInput):
        check_search([new_id() for _n in range(people)], minutes, DAY.date(), DAY.date() + timedelta(days=days), time(opens), time(closes))
