"""Repetition: what people choose and read, and every rule against dateutil's own reckoning, also over changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.recurrence import (
    Every,
    Repeat,
    clean_repeat,
    clean_rule,
    next_occurrence,
    occurrences,
    plain_repeat,
    rule_words,
)
from crm_lab.errors import InvalidFields, InvalidInput
from crm_lab.i18n import OSLO, use_locale

NEW_YORK = ZoneInfo("America/New_York")
REPEATS = st.builds(
    Repeat, every=st.sampled_from(Every), interval=st.integers(1, 5), weekdays=st.sets(st.integers(0, 6), max_size=4).map(lambda s: tuple(sorted(s))),
    until=st.none() | st.dates(date(2026, 1, 1), date(2028, 1, 1)), times=st.none() | st.integers(1, 40),
)  # fmt: skip
STARTS = st.builds(datetime, st.integers(2025, 2026), st.integers(1, 12), st.integers(1, 28), st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
PARTS = st.lists(st.sampled_from(["BYMONTH=3,10", "BYMONTHDAY=-1", "BYMONTHDAY=29,30", "BYDAY=SU", "BYDAY=MO,WE", "BYSETPOS=-1", "WKST=SU"]), max_size=3, unique=True)


@given(st.sampled_from(Every), st.integers(1, 3), PARTS, STARTS, st.sampled_from([OSLO, NEW_YORK, UTC]), st.integers(0, 400), st.booleans())
def test_it_comes_when_dateutil_says(every: Every, interval: int, parts: list[str], begin: datetime, zone: ZoneInfo, ahead: int, ends: bool) -> None:
    until = (begin + timedelta(days=300)).replace(tzinfo=zone).astimezone(UTC)
    said = [f"FREQ={every}", f"INTERVAL={interval}", *{p.partition("=")[0]: p for p in parts}.values()]
    if any(p.startswith("BYSETPOS") for p in said) and not any(p.startswith(("BYDAY", "BYMONTHDAY")) for p in said):
        said = [p for p in said if not p.startswith("BYSETPOS")]
    rule = ";".join([*said, f"UNTIL={until:%Y%m%dT%H%M%SZ}"] if ends else said)
    first = begin.replace(tzinfo=zone)
    since = first + timedelta(days=ahead)
    oracle = rrulestr(rule, dtstart=first).xafter(since - timedelta(days=2), inc=True)
    wanted = []
    for at in oracle:
        if at.astimezone(UTC) >= since.astimezone(UTC) + timedelta(days=120):
            break
        if at.astimezone(UTC) >= since.astimezone(UTC):
            wanted.append(at.astimezone(UTC))
    found = occurrences(rule, first, since, since.astimezone(UTC) + timedelta(days=120), zone)
    assert found == wanted
    assert next_occurrence(rule, first, since - timedelta(minutes=1), zone) == (wanted[0] if wanted else next_occurrence(rule, first, since, zone))


def test_nine_stays_nine_where_the_clock_changes() -> None:
    first = datetime(2026, 3, 23, 9, tzinfo=OSLO)
    found = occurrences("FREQ=DAILY", first, first, first + timedelta(days=10))
    assert [at.astimezone(OSLO).hour for at in found] == [9] * len(found)
    assert {(b - a).total_seconds() / 3600 for a, b in pairwise(found)} == {24, 23}
    in_new_york = occurrences("FREQ=WEEKLY", datetime(2026, 3, 2, 9, tzinfo=NEW_YORK), first, first + timedelta(days=20), NEW_YORK)
    assert [at.astimezone(OSLO).hour for at in in_new_york] == [14, 15, 15], "a week after Oslo New York's is nine in the afternoon again"


def test_a_time_that_the_clock_leaps_over_comes_an_hour_later() -> None:
    """RFC 5545 section 3.3.5: the offset before the gap applies."""
    first = datetime(2026, 3, 28, 2, 30, tzinfo=OSLO)
    assert [at.astimezone(OSLO).strftime("%d %H.%M") for at in occurrences("FREQ=DAILY;COUNT=3", first, first, first + timedelta(days=5))] == [
        "28 02.30", "29 03.30", "30 02.30",
    ]  # fmt: skip


def test_what_is_left_out_does_not_come() -> None:
    first = datetime(2026, 11, 2, 9, tzinfo=OSLO)
    left_out = [first + timedelta(days=1)]
    assert next_occurrence("FREQ=DAILY", first, first, skipped=[at.astimezone(UTC) for at in left_out]) == first + timedelta(days=2)
    assert len(occurrences("FREQ=DAILY;COUNT=4", first, first, first + timedelta(days=9), skipped=[at.astimezone(UTC) for at in left_out])) == 3


@given(REPEATS)
def test_what_is_chosen_is_read_back(repeat: Repeat) -> None:
    weekdays = repeat.weekdays if repeat.every is Every.WEEK else ()
    kept = Repeat(every=repeat.every, interval=repeat.interval, weekdays=weekdays, until=repeat.until, times=None if repeat.until else repeat.times)
    assert plain_repeat(clean_rule(repeat.rule)) == kept
    assert rule_words(repeat.rule)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", ""),
        ("FREQ=DAILY", "Hver dag"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR", "Annenhver uke: mandag, onsdag og fredag"),
        ("FREQ=MONTHLY;INTERVAL=3;COUNT=4", "Hver 3. måned, 4 ganger"),
        ("FREQ=YEARLY;UNTIL=20271231T225959Z", "Hvert år, til og med 31.12.2027"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "Etter egen regel: FREQ=MONTHLY;BYDAY=-1FR"),
    ],
)
def test_in_words(rule: str, words: str) -> None:
    with use_locale("nb"):
        assert rule_words(rule) == words


@pytest.mark.parametrize(
    "rule",
    ["FREQ=SECONDLY", "FREQ=DAILY;BYMINUTE=1,2", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=0",
     "FREQ=DAILY;COUNT=0", "FREQ=DAILY;UNTIL=i morgen", "DAILY", "FREQ=WEEKLY;BYDAY=", "x" * 501],
)  # fmt: skip
def test_what_never_comes_or_too_often_is_refused(rule: str) -> None:
    with pytest.raises(InvalidInput):
        clean_rule(rule)


def test_a_rule_out_of_step_with_its_start_is_not_looked_for_for_ever() -> None:
    tuesday = datetime(2026, 11, 3, 9, tzinfo=OSLO)
    assert next_occurrence("FREQ=DAILY;INTERVAL=7;BYDAY=MO", tuesday, tuesday) is None
    with pytest.raises(InvalidInput):
        clean_rule("FREQ=DAILY;INTERVAL=7;BYDAY=MO", tuesday)


def test_numbers_out_of_bounds() -> None:
    with pytest.raises(InvalidFields) as caught:
        clean_repeat(Repeat(every=Every.DAY, interval=0, times=1000))
    assert set(caught.value.fields) == {"interval", "times"}
