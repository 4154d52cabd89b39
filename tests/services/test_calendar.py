"""The calendar: what stands in it and for whom, moving it, and one time of a series."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from icalendar import Calendar

from crm_lab.domain.access import Role
from crm_lab.domain.calendar import BroughtIn, Entry
from crm_lab.domain.tasks import TaskKind, TaskStatus, start_of
from crm_lab.errors import Forbidden, InvalidFields, InvalidInput, NotFound
from crm_lab.i18n import OSLO
from crm_lab.settings import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection

MONDAY = datetime(2026, 3, 23, 9, 0, tzinfo=OSLO)
"""The week before summer time begins on Sunday 29 March 2026."""
WEEK, THREE_WEEKS = {"since": date(2026, 3, 23), "until": date(2026, 3, 30)}, {"since": date(2026, 3, 23), "until": date(2026, 4, 13)}


def meeting(crm: Connection, title: str = "Møte", at: datetime = MONDAY, **fields: Any) -> Any:
    return crm.tasks.create(**({"title": title, "kind": TaskKind.MEETING, "starts_at": at, "is_all_day": False, "minutes": 60} | fields))


def shown(crm: Connection, *people: Connection, **span: Any) -> list[tuple[str, str, str]]:
    asked = tuple(one.me.id for one in people or (crm,))
    found = crm.calendar.between(people=asked, **(span or WEEK))
    clock = [(a.starts_at.astimezone(OSLO), a.ends_at.astimezone(OSLO)) for a in found]
    return [(a.title, f"{begins:%d.%m %H.%M}", f"{ends:%d.%m %H.%M}") for a, (begins, ends) in zip(found, clock, strict=True)]


def test_what_stands_in_a_week(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    meeting(kari, members=(ola.me.id,))
    kari.tasks.create(title="Ring", kind=TaskKind.CALL, due_at=MONDAY + timedelta(hours=2), is_all_day=False)
    kari.tasks.create(title="Rapport", due_at=start_of(date(2026, 3, 24)))
    kari.tasks.create(title="Uten dag")
    meeting(kari, "Neste uke", MONDAY + timedelta(days=7))
    meeting(kari, "Avlyst", status=TaskStatus.CANCELLED)
    meeting(kari, "Messe", start_of(date(2026, 3, 21)), due_at=start_of(date(2026, 3, 24)), is_all_day=True, minutes=None)
    assert shown(kari) == [
        ("Messe", "21.03 00.00", "25.03 00.00"), ("Møte", "23.03 09.00", "23.03 10.00"), ("Ring", "23.03 11.00", "23.03 11.30"),
        ("Rapport", "24.03 00.00", "25.03 00.00"),
    ]  # fmt: skip
    assert shown(ola) == [("Møte", "23.03 09.00", "23.03 10.00")]
    (both,) = [a for a in kari.calendar.between(people=(kari.me.id, ola.me.id), **WEEK) if a.title == "Møte"]
    assert set(both.people) == {kari.me.id, ola.me.id}
    with pytest.raises(InvalidInput):
        kari.calendar.between(people=(kari.me.id,), since=date(2026, 1, 1), until=date(2026, 12, 1))


def test_a_series_keeps_its_hour_over_the_change_of_the_clock(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    meeting(kari, rrule="FREQ=WEEKLY")
    assert [begins for _title, begins, _ends in shown(kari, **THREE_WEEKS)] == ["23.03 09.00", "30.03 09.00", "06.04 09.00"]
    assert [begins for _title, begins, _ends in shown(kari, since=date(2027, 3, 22), until=date(2027, 4, 1))] == ["22.03 09.00", "29.03 09.00"]
    (found,) = kari.calendar.between(people=(kari.me.id,), since=date(2026, 3, 30), until=date(2026, 3, 31))
    assert (found.starts_at, found.recurs) == (datetime(2026, 3, 30, 7, tzinfo=UTC), True)


def test_private_time_is_only_taken(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    secret = kari.customers.create(name="Hemmelig AS", owner_only=True)
    meeting(kari, "Tannlege", owner_only=True, text="Rotfylling", rrule="FREQ=DAILY;COUNT=2")
    meeting(kari, "Hemmelig kunde", MONDAY + timedelta(hours=3), customer_id=secret.id, members=(ola.me.id,))
    kari.tasks.create(title="Handle gave", due_at=start_of(date(2026, 3, 24)), owner_only=True)
    found = ola.calendar.between(people=(kari.me.id, ola.me.id), **WEEK)
    assert [(a.task_id, a.version, a.title, a.party, a.owner_only, a.recurs, a.people) for a in found] == [(None, 0, "", "", False, False, (kari.me.id,))] * 3
    assert [a.starts_at for a in found] == [MONDAY, MONDAY + timedelta(hours=3), MONDAY + timedelta(days=1)]
    assert {title for title, *_times in shown(kari)} == {"Tannlege", "Hemmelig kunde", "Handle gave"}


def test_moving(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    task = meeting(kari, remind_at=MONDAY - timedelta(minutes=15))
    summer = datetime(2026, 3, 30, 11, 0, tzinfo=OSLO)
    moved = kari.calendar.move(id=task.id, version=task.version, at=MONDAY, to=summer)
    assert (moved.starts_at, moved.remind_at, moved.minutes) == (summer, summer - timedelta(minutes=15), 60)
    longer = kari.calendar.move(id=task.id, version=moved.version, at=summer, to=summer, minutes=90)
    assert shown(kari, **THREE_WEEKS) == [("Møte", "30.03 11.00", "30.03 12.30")]
    with pytest.raises(InvalidFields):
        kari.calendar.move(id=task.id, version=longer.version, at=summer, to=summer, minutes=0)
    kari.history.undo(request_id=kari.last_request)
    ends = kari.tasks.create(title="Slutt", kind=TaskKind.MEETING, starts_at=MONDAY, due_at=MONDAY + timedelta(hours=1), is_all_day=False)
    kari.calendar.move(id=ends.id, version=1, at=MONDAY, to=MONDAY, minutes=30)
    assert kari.tasks.get(id=ends.id).due_at == MONDAY + timedelta(minutes=30)


def test_one_time_of_a_series_is_moved_alone(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    series = meeting(kari, rrule="FREQ=WEEKLY;COUNT=3", members=(ola.me.id,))
    second, third = datetime(2026, 3, 30, 9, tzinfo=OSLO), datetime(2026, 4, 6, 9, tzinfo=OSLO)
    kari.calendar.move(id=series.id, version=1, at=second, to=second.replace(hour=13))
    assert [begins for _title, begins, _ends in shown(ola, **THREE_WEEKS)] == ["23.03 09.00", "30.03 13.00", "06.04 09.00"]
    kari.history.undo(request_id=kari.last_request)
    assert [begins for _title, begins, _ends in shown(ola, **THREE_WEEKS)] == ["23.03 09.00", "30.03 09.00", "06.04 09.00"]
    with pytest.raises(NotFound):
        kari.tasks.single_out(id=series.id, version=3, at=second + timedelta(hours=1), title="Aldri da")
    kari.tasks.single_out(id=series.id, version=3, at=MONDAY, title="Første")
    kari.tasks.single_out(id=series.id, version=4, at=second, title="Andre")
    last = kari.tasks.single_out(id=series.id, version=5, at=third, title="Siste")
    assert (last.id, last.rrule) == (series.id, ""), "what is left of the series is this one"
    assert [title for title, *_times in shown(kari, **THREE_WEEKS)] == ["Første", "Andre", "Siste"]


def test_one_time_is_left_out(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    series = meeting(kari, rrule="FREQ=WEEKLY;COUNT=2")
    with pytest.raises(Forbidden):
        ola.tasks.skip(id=series.id, version=1, at=MONDAY)
    kari.tasks.skip(id=series.id, version=1, at=MONDAY)
    assert [begins for _title, begins, _ends in shown(kari, **THREE_WEEKS)] == ["30.03 09.00"]
    kari.tasks.skip(id=series.id, version=2, at=MONDAY + timedelta(days=7))
    assert shown(kari, **THREE_WEEKS) == []
    kari.history.undo(request_id=kari.last_request)
    assert len(shown(kari, **THREE_WEEKS)) == 1


def test_a_series_moved_as_a_whole_keeps_what_is_left_out(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    series = meeting(kari, rrule="FREQ=DAILY;COUNT=4")
    kari.tasks.skip(id=series.id, version=1, at=MONDAY + timedelta(days=1))
    kari.tasks.change(id=series.id, version=2, starts_at=MONDAY.replace(hour=10))
    assert [begins for _title, begins, _ends in shown(kari)] == ["23.03 10.00", "25.03 10.00", "26.03 10.00"]
    kari.tasks.complete(id=series.id, version=3)
    assert [begins for _title, begins, _ends in shown(kari)] == ["23.03 10.00", "25.03 10.00", "26.03 10.00"]


def _next_tuesday() -> datetime:
    today = utc_now().astimezone(OSLO).date()
    return start_of(today + timedelta(days=1 + -today.weekday() % 7)).astimezone(OSLO)


def test_free_time(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    day = _next_tuesday()
    meeting(ola, "Hemmelig", day.replace(hour=8), owner_only=True, minutes=120)
    meeting(kari, "Midt på dagen", day.replace(hour=11), minutes=240)
    kari.tasks.create(title="Hele dagen, men opptar ingen", due_at=day)
    asked = {"people": (kari.me.id, ola.me.id), "since": day.date(), "until": day.date() + timedelta(days=2)}
    found = kari.calendar.free(minutes=60, **asked)
    days = {day.date(): "tirsdag", day.date() + timedelta(days=1): "onsdag"}
    starts = [slot.starts_at.astimezone(OSLO) for slot in found]
    assert [f"{days[at.date()]} {at:%H.%M}" for at in starts] == ["tirsdag 10.00", "tirsdag 15.00", "onsdag 08.00"]
    assert len(kari.calendar.free(minutes=60, **(asked | {"until": day.date() + timedelta(days=60)}))) == 10


def test_what_one_is_reminded_of(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    soon = utc_now().replace(microsecond=0) + timedelta(hours=1)
    quarter = timedelta(minutes=15)
    meeting(kari, "Snart", soon, remind_at=soon - quarter, members=(ola.me.id,))
    meeting(kari, "Privat", soon, remind_at=soon - quarter, members=(ola.me.id,), owner_only=True)
    meeting(kari, "Hver dag", soon - timedelta(days=30), remind_at=soon - timedelta(days=30) - quarter, rrule="FREQ=DAILY")
    late = meeting(kari, "For lengst", soon - timedelta(days=9), remind_at=soon - timedelta(days=9))
    done = meeting(kari, "Gjort", soon, remind_at=soon)
    kari.tasks.complete(id=done.id, version=1)
    assert [r.title for r in ola.calendar.reminders()] == ["Snart"]
    assert sorted(r.title for r in kari.calendar.reminders()) == ["Hver dag"] * 3 + ["Privat", "Snart"]
    assert late.id not in {r.task_id for r in kari.calendar.reminders()}


def test_put_off_until_a_day(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    tomorrow = utc_now().astimezone(OSLO).date() + timedelta(days=1)
    late, bare = meeting(kari), kari.tasks.create(title="En gang")
    assert kari.tasks.postpone_to(ids=(late.id, bare.id), day=tomorrow) == 2
    at = kari.tasks.get(id=late.id).starts_at.astimezone(OSLO)
    assert (at.date(), at.hour, kari.tasks.get(id=bare.id).due_at) == (tomorrow, 9, start_of(tomorrow))
    with pytest.raises(InvalidInput):
        kari.tasks.postpone_to(ids=(late.id,), day=tomorrow - timedelta(days=2))


def test_a_task_administrator_hands_out_others_tasks(login: Callable[[str], Connection]) -> None:
    kari, ola, ingrid = login("kari"), login("ola"), login("ingrid")
    task = ola.tasks.create(title="Ring")
    record = next(e for e in kari.employees.list() if e.username == "ingrid")
    kari.employees.change(id=record.id, version=record.version, name=record.name, email="", roles=(Role.SELLER, Role.COORDINATOR))
    assert ingrid.tasks.assign(ids=(task.id,), owner_id=ingrid.me.id) == 1


def entry(uid: str, **fields: Any) -> Entry:
    return Entry(**({"uid": uid, "title": uid, "kind": TaskKind.MEETING, "starts_at": MONDAY, "is_all_day": False, "minutes": 30} | fields))


def test_the_same_file_twice_brings_nothing_twice(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    entries = [entry("a"), entry("b", rrule="FREQ=WEEKLY", recurs_from=MONDAY)]
    assert (kari.calendar.bring_in(entries=entries).n_new, kari.calendar.bring_in(entries=entries).n_new) == (2, 0)
    assert kari.calendar.bring_in(entries=[*entries, entry("c")]) == BroughtIn(n_new=1, n_known=2)
    assert ola.calendar.bring_in(entries=entries).n_new == 2, "each has a calendar of their own"
    with pytest.raises(InvalidInput):
        kari.calendar.bring_in(entries=[entry("d"), entry("e", title="")])
    assert len(kari.calendar.between(people=(kari.me.id,), **WEEK)) == 3, "nothing by halves"
    kari.calendar.bring_in(entries=[entry("f"), entry("g")])
    kari.history.undo(request_id=kari.last_request)
    assert kari.calendar.bring_in(entries=[entry("f")]).n_new == 1, "what was undone can come again"


def test_a_file_is_read_through_the_connection(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    meeting(kari, "Ukesmøte", rrule="FREQ=WEEKLY;COUNT=3")
    exported = kari.calendar.export().encode()
    brought = login("ola").calendar.read("kalender.ics", exported + b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    assert (brought.n_new, len(brought.left_out)) == (1, 1)
    assert [begins for _title, begins, _ends in shown(login("ola"), **THREE_WEEKS)] == ["23.03 09.00", "30.03 09.00", "06.04 09.00"]


def test_the_feed_shows_what_its_owner_sees_until_it_is_revoked(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    soon = utc_now() + timedelta(days=1)
    secret = kari.customers.create(name="Hemmelig AS", owner_only=True)
    meeting(kari, "Felles", soon, members=(ola.me.id,))
    meeting(kari, "Privat", soon, owner_only=True, members=(ola.me.id,))
    meeting(kari, "Om hemmelig kunde", soon, customer_id=secret.id, members=(ola.me.id,))
    meeting(kari, "Lenge siden")
    tokens = {"kari": kari.calendar.open_feed().token, "ola": ola.calendar.open_feed().token}
    titles = {who: {str(e["SUMMARY"]) for e in Calendar.from_ical(kari.calendar.feed(token=token)).walk("VEVENT")} for who, token in tokens.items()}
    assert titles["ola"] == {"Felles"}
    assert titles["kari"] >= {"Felles", "Privat", "Om hemmelig kunde"}
    (feed,) = ola.calendar.feeds()
    assert feed.token == "", "the secret is told once"
    kari.calendar.close_feed(id=feed.id)
    assert ola.calendar.feeds() == [feed], "another's is not mine to revoke"
    ola.calendar.close_feed(id=feed.id)
    record = next(e for e in kari.employees.list() if e.username == "ola")
    again = ola.calendar.open_feed().token
    kari.employees.deactivate(id=record.id, version=record.version)
    for token in (tokens["ola"], again, "x" * 43, ""):
        with pytest.raises(NotFound):
            kari.calendar.feed(token=token)
