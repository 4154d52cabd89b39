"""Tasks: what may be written, when they are late, when they come again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.ids import new_id
from crm_lab.domain.recurrence import clean_rule, next_occurrence
from crm_lab.domain.tasks import Task, TaskStatus, clean_task, start_of
from crm_lab.errors import InvalidFields, InvalidInput
from crm_lab.i18n import OSLO, business_day

AT = datetime(2026, 11, 24, 8, 0, tzinfo=OSLO)


def made(**fields: object) -> Task:
    return Task(**({"id": new_id(), "title": "Ring", "owner_id": new_id(), "created_by": new_id(), "created_at": AT} | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 251}, "title"),
        ({"title": "Ring", "percent": 101}, "percent"),
        ({"title": "Ring", "percent": -1}, "percent"),
        ({"title": "Ring", "minutes": 0}, "minutes"),
        ({"title": "Ring", "starts_at": AT, "due_at": AT - timedelta(minutes=1)}, "due_at"),
        ({"title": "Ring", "rrule": "FREQ=WEEKLY"}, "rrule"),
        ({"title": "Ring", "due_at": AT, "rrule": "hver mandag"}, "rrule"),
        ({"title": "Ring", "due_at": AT, "rrule": "FREQ=SOMETIMES"}, "rrule"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        clean_task(fields)  # type: ignore[arg-type]
    assert set(caught.value.fields) == {field}


def test_a_change_is_checked_with_what_stays() -> None:
    before = {"title": "Ring", "starts_at": AT, "due_at": None}
    with pytest.raises(InvalidFields):
        clean_task({"due_at": AT - timedelta(days=1)}, before)
    assert clean_task({"due_at": AT}, before) == {"due_at": AT}


@pytest.mark.parametrize(
    ("task", "now", "late"),
    [
        (made(due_at=start_of(date(2026, 11, 24))), datetime(2026, 11, 24, 23, 59, tzinfo=OSLO), False),
        (made(due_at=start_of(date(2026, 11, 24))), datetime(2026, 11, 25, 0, 0, tzinfo=OSLO), True),
        (made(due_at=AT, is_all_day=False), AT, True),
        (made(due_at=AT, is_all_day=False), AT - timedelta(seconds=1), False),
        (made(due_at=AT, status=TaskStatus.DONE), AT + timedelta(days=9), False),
        (made(), AT, False),
    ],
)
def test_when_a_task_is_late(task: Task, now: datetime, late: bool) -> None:
    assert task.is_overdue(now) is late


@pytest.mark.parametrize(
    ("rule", "first", "after", "then"),
    [
        ("FREQ=DAILY", AT, AT, datetime(2026, 11, 25, 8, tzinfo=OSLO)),
        ("FREQ=WEEKLY;BYDAY=MO,TH", AT, AT, datetime(2026, 11, 26, 8, tzinfo=OSLO)),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", AT, AT, datetime(2026, 11, 30, 8, tzinfo=OSLO)),
        ("FREQ=WEEKLY", datetime(2026, 3, 23, 9, tzinfo=OSLO), datetime(2026, 3, 23, 9, tzinfo=OSLO), datetime(2026, 3, 30, 9, tzinfo=OSLO)),
        ("FREQ=DAILY;COUNT=2", AT, AT, datetime(2026, 11, 25, 8, tzinfo=OSLO)),
        ("FREQ=DAILY;COUNT=2", AT, AT + timedelta(days=1), None),
        ("FREQ=DAILY;UNTIL=20261125T230000Z", AT, AT + timedelta(days=1), None),
    ],
)
def test_when_it_comes_again(rule: str, first: datetime, after: datetime, then: datetime | None) -> None:
    """Also over the change to summer time on 29 March 2026, when nine o'clock stays nine o'clock."""
    assert next_occurrence(clean_rule(rule), first, after) == then


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the strategy's own bounds
def test_a_day_begins_in_oslo(at: datetime) -> None:
    day = business_day(at)
    assert start_of(day) <= at < start_of(day + timedelta(days=1))


def test_a_rule_is_stored_without_its_name() -> None:
    assert clean_rule("RRULE:freq=weekly;byday=mo") == "FREQ=WEEKLY;BYDAY=MO"
    with pytest.raises(InvalidInput):
        clean_rule("FREQ=WEEKLY;BYDAY=XX")
