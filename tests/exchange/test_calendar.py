"""iCalendar: what is read, what is refused and why, and that what is written is read back."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from icalendar import Calendar

from crm_lab.domain.calendar import Entry
from crm_lab.domain.ids import new_id
from crm_lab.domain.recurrence import clock_of, occurrences
from crm_lab.domain.tasks import Priority, Task, TaskKind, TaskStatus, start_of
from crm_lab.errors import CrmError
from crm_lab.exchange.calendar import NoCalendar, read_calendar, write_calendar
from crm_lab.i18n import OSLO

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SUITE = Path(__file__).parents[3] / "shared" / "data" / "6_crm" / "icalendar"
NEW_YORK = """BEGIN:VTIMEZONE
TZID:Kontoret i USA
BEGIN:STANDARD
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*parts: str, extra: str = "") -> bytes:
    body = "\n".join(f"BEGIN:VEVENT\n{part}\nEND:VEVENT" if "BEGIN:" not in part else part for part in parts)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{extra}{body}\nEND:VCALENDAR\n".replace("\n", "\r\n").encode()


def only(data: bytes) -> Entry:
    file = read_calendar(data, NOW)
    assert file.left_out == ()
    (entry,) = file.entries
    return entry


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("DTSTART:20261201T090000Z\nDTEND:20261201T100000Z", {"starts_at": datetime(2026, 12, 1, 9, tzinfo=UTC), "minutes": 60, "is_all_day": False}),
        ("DTSTART:20261201T090000\nDURATION:PT45M", {"starts_at": datetime(2026, 12, 1, 9, tzinfo=OSLO), "minutes": 45}),
        ("DTSTART;TZID=America/New_York:20261201T090000", {"starts_at": datetime(2026, 12, 1, 14, tzinfo=UTC), "minutes": None}),
        ("DTSTART;TZID=W. Europe Standard Time:20261201T090000", {"starts_at": datetime(2026, 12, 1, 8, tzinfo=UTC)}),
        ("DTSTART;VALUE=DATE:20261201", {"starts_at": start_of(date(2026, 12, 1)), "is_all_day": True, "due_at": None}),
        ("DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261204", {"due_at": start_of(date(2026, 12, 3)), "is_all_day": True}),
        ("DTSTART:20261201T090000Z\nCLASS:PRIVATE\nPRIORITY:2", {"owner_only": True, "priority": Priority.HIGH}),
        ("DTSTART:20261201T090000Z\nLOCATION:Rom 2\nDESCRIPTION:Om budsjettet", {"text": "Sted: Rom 2\nOm budsjettet"}),
        ("DTSTART:20250101T090000Z", {"status": TaskStatus.DONE, "percent": 100}),
        ("DTSTART:20261201T090000Z\nBEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:-PT15M\nEND:VALARM", {"remind_at": datetime(2026, 12, 1, 8, 45, tzinfo=UTC)}),
    ],
)
def test_an_event(lines: str, expected: dict[str, Any]) -> None:
    entry = only(calendar(f"BEGIN:VEVENT\nUID:a\nSUMMARY:Møte\n{lines}\nEND:VEVENT"))
    assert (entry.uid, entry.title, entry.kind) == ("a", "Møte", TaskKind.MEETING)
    assert {name: getattr(entry, name) for name in expected} == expected


def test_a_to_do() -> None:
    entry = only(calendar("BEGIN:VTODO\nUID:t\nSUMMARY:Ring\nDUE;VALUE=DATE:20261201\nSTATUS:IN-PROCESS\nPERCENT-COMPLETE:40\nEND:VTODO"))
    assert (entry.kind, entry.due_at, entry.status, entry.percent, entry.is_all_day) == (TaskKind.TASK, start_of(date(2026, 12, 1)), TaskStatus.STARTED, 40, True)


def test_a_series_with_times_left_out_moved_and_added() -> None:
    head = "UID:s\nSUMMARY:Mandag\n"
    file = read_calendar(
        calendar(
            f"{head}DTSTART;TZID=Europe/Oslo:20261207T090000\nRRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Oslo:20261214T090000\nRDATE;TZID=Europe/Oslo:20261209T100000",
            f"{head}RECURRENCE-ID;TZID=Europe/Oslo:20261221T090000\nDTSTART;TZID=Europe/Oslo:20261221T130000",
            f"{head}RECURRENCE-ID;TZID=Europe/Oslo:20261228T090000\nDTSTART;TZID=Europe/Oslo:20261228T090000\nSTATUS:CANCELLED",
        ),
        NOW,
    )
    assert file.left_out == ()
    series = next(e for e in file.entries if e.rrule)
    times = occurrences(series.rrule, series.recurs_from, series.starts_at, series.starts_at + timedelta(days=60), clock_of(series.zone), [])
    skips = set(series.skips.split(","))
    assert [f"{at:%d}" for at in times if f"{at:%Y%m%dT%H%M%SZ}" not in skips] == ["07"]
    assert sorted(f"{e.starts_at.astimezone(OSLO):%d %H}" for e in file.entries if not e.rrule) == ["09 10", "21 13"]


def test_a_zone_of_its_own_is_recognised_by_its_clock() -> None:
    entry = only(calendar("UID:z\nSUMMARY:Call\nDTSTART;TZID=Kontoret i USA:20261201T090000\nRRULE:FREQ=WEEKLY", extra=NEW_YORK))
    assert entry.starts_at == datetime(2026, 12, 1, 14, tzinfo=UTC)
    winter, summer = (datetime(2027, month, 1, tzinfo=UTC).astimezone(clock_of(entry.zone)).utcoffset() for month in (1, 7))
    assert (winter, summer) == (timedelta(hours=-5), timedelta(hours=-4))


@pytest.mark.parametrize(
    "lines",
    [
        "DTSTART;TZID=Ingensteds:20261201T090000", "DTSTART:i morgen", "SUMMARY:Uten tid", "DTSTART:20261201T090000Z\nDTEND:20261201T080000Z",
        "DTSTART;VALUE=DATE:20261201\nDTEND:20261201T080000Z", "DTSTART:20261201T090000Z\nRRULE:FREQ=SECONDLY", "DTSTART:20261201T090000Z\nRRULE:FREQ=TIDT",
        "DTSTART:20261201T090000Z\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "DTSTART:20261201T090000Z\nRRULE:FREQ=DAILY;COUNT=1\nEXDATE:20261201T090000Z",
        "DTSTART:20261201T090000Z\nSTATUS:CANCELLED",
    ],
)  # fmt: skip
def test_what_cannot_be_read_whole_is_left_out_with_a_reason(lines: str) -> None:
    file = read_calendar(calendar(f"UID:b\n{lines}", "UID:god\nSUMMARY:God\nDTSTART:20261201T090000Z"), NOW)
    assert [e.uid for e in file.entries] == ["god"]
    (left_out,) = file.left_out
    assert left_out.reason.endswith((".", "'", "TIDT", "INVALID-DATE")) or ":" in left_out.reason


@pytest.mark.parametrize("data", [b"", b"Navn;Telefon\n", b"\xff\xfe\x00", b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n", b"BEGIN:VCALENDAR\r\n"])
def test_no_calendar_is_refused(data: bytes) -> None:
    with pytest.raises(NoCalendar):
        read_calendar(data, NOW)


def suite() -> list[Path]:
    return sorted(SUITE.rglob("*.ics"))


@pytest.mark.skipif(not suite(), reason="the public iCalendar files are not here")
def test_every_public_file_is_read_or_refused_with_a_sentence() -> None:
    read = refused = 0
    for path in suite():
        try:
            file = read_calendar(path.read_bytes(), NOW)
        except NoCalendar:
            refused += 1
            continue
        read += 1
        assert all(one.reason for one in file.left_out), path.name
        assert len({e.uid for e in file.entries}) == len(file.entries), path.name
    assert (read > 100, refused < 30) == (True, True)


@pytest.mark.skipif(not suite(), reason="the public iCalendar files are not here")
def test_the_series_of_public_files_come_when_dateutil_says() -> None:
    """The first twenty times of each, from the file's own words with its own zone."""
    compared = 0
    for path in suite():
        try:
            entries = {e.uid: e for e in read_calendar(path.read_bytes(), NOW).entries if e.rrule}
            parts = [p for c in Calendar.from_ical(path.read_bytes(), multiple=True) for p in c.walk("VEVENT")]
        except (CrmError, ValueError):
            continue
        for part in parts:
            entry = entries.get(str(part.get("UID", "")))
            if entry is None or "RECURRENCE-ID" in part or "RRULE" not in part or "EXDATE" in part:
                continue
            begin = part["DTSTART"].dt
            begin = begin if isinstance(begin, datetime) else start_of(begin)
            begin = begin if begin.tzinfo else begin.replace(tzinfo=OSLO)
            rule = part["RRULE"].to_ical().decode()
            if "UNTIL" in rule and not rule.partition("UNTIL=")[2].partition(";")[0].endswith("Z"):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wanted = [at.astimezone(UTC) for at, _n in zip(rrulestr(rule, dtstart=begin), range(20), strict=False)]
            last = wanted[-1] + timedelta(seconds=1)
            assert occurrences(entry.rrule, entry.recurs_from, wanted[0], last, clock_of(entry.zone))[:20] == wanted, path.name
            compared += 1
    assert compared > 5


def task(**fields: Any) -> Task:
    made = {"id": new_id(), "title": "Møte", "owner_id": new_id(), "created_by": new_id(), "created_at": NOW, "kind": TaskKind.MEETING, "is_all_day": False}
    return Task(**(made | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"starts_at": datetime(2026, 12, 1, 9, tzinfo=OSLO), "minutes": 90, "text": "æøå, semikolon; og\nlinje" * 20},
        {"starts_at": start_of(date(2026, 12, 1)), "due_at": start_of(date(2026, 12, 3)), "is_all_day": True},
        {"kind": TaskKind.TASK, "due_at": start_of(date(2026, 12, 1)), "is_all_day": True, "priority": Priority.LOW},
        {"kind": TaskKind.TASK, "is_all_day": True},
        {"starts_at": datetime(2026, 12, 1, 9, tzinfo=OSLO), "minutes": 30, "rrule": "FREQ=WEEKLY;COUNT=5", "recurs_from": datetime(2026, 12, 1, 9, tzinfo=OSLO), "skips": "20261208T080000Z"},
        {"starts_at": start_of(date(2026, 12, 1)), "is_all_day": True, "rrule": "FREQ=DAILY;UNTIL=20261231T225959Z", "recurs_from": start_of(date(2026, 12, 1)), "skips": "20261202T230000Z"},
        {"starts_at": datetime(2026, 12, 1, 14, tzinfo=UTC), "minutes": 30, "rrule": "FREQ=WEEKLY", "recurs_from": datetime(2026, 12, 1, 14, tzinfo=UTC), "zone": "America/New_York"},
        {"starts_at": datetime(2026, 12, 1, 9, tzinfo=OSLO), "minutes": 30, "owner_only": True, "remind_at": datetime(2026, 12, 1, 8, 30, tzinfo=OSLO)},
    ],
)  # fmt: skip
def test_what_is_written_is_read_back(fields: dict[str, Any]) -> None:
    one = task(**fields)
    written = write_calendar([one], "Kari")
    assert all(len(line) <= 75 for line in written.split(b"\r\n")), "lines are folded (section 3.1)"
    entry = only(written)
    same = ("title", "text", "starts_at", "due_at", "minutes", "rrule", "skips", "zone", "owner_only", "remind_at", "kind", "priority", "is_all_day")
    assert {name: getattr(entry, name) for name in same if name != "rrule"} == {name: getattr(one, name) for name in same if name != "rrule"}
    if one.rrule:
        ahead = one.starts_at + timedelta(days=200)
        assert occurrences(entry.rrule, entry.recurs_from, one.starts_at, ahead, clock_of(entry.zone)) == occurrences(one.rrule, one.recurs_from, one.starts_at, ahead, one.clock)
    assert write_calendar([one], "Kari") == written


def test_zones_are_described_and_errors_are_none() -> None:
    calendar = Calendar.from_ical(write_calendar([task(starts_at=datetime(2026, 12, 1, 9, tzinfo=OSLO))], "Kari"))
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Oslo"]
    assert [part.errors for part in calendar.walk() if part.errors] == []
    assert calendar.walk("VEVENT")[0]["DTSTART"].params["TZID"] == "Europe/Oslo"


def test_a_series_put_off_is_written_as_that_time_and_the_rest() -> None:
    monday = datetime(2026, 12, 7, 9, tzinfo=OSLO)
    put_off = task(starts_at=monday + timedelta(days=1), minutes=60, rrule="FREQ=WEEKLY;COUNT=3", recurs_from=monday)
    events = Calendar.from_ical(write_calendar([put_off], "Kari")).walk("VEVENT")
    assert [f"{e['DTSTART'].dt:%d}" for e in events] == ["08", "14"]
    assert events[1]["RRULE"].to_ical() == b"FREQ=WEEKLY;COUNT=2"
