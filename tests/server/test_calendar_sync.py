"""Calendars kept alike with a real CalDAV server, Radicale: both ways, what clashes is shown, nothing lost and nothing doubled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from crm_lab.connection import Connection, Local
from crm_lab.domain.access import Role
from crm_lab.domain.calendar_sync import Side
from crm_lab.domain.tasks import TaskKind, TaskStatus
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.exchange.calendar import CalendarAway, CalendarRefused, CalendarServer, NoSuchCalendar
from crm_lab.i18n import OSLO
from crm_lab.server.calendar_sync import Calendars
from crm_lab.services.calendar_accounts import CalendarTaken
from crm_lab.store import tables
from crm_lab.store.engine import Database
from tests.calendar_server import PASSWORD, USER, RadicaleServer, calendar_server, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.domain.calendar_accounts import CalendarAccount
    from crm_lab.domain.tasks import Task

pytestmark = pytest.mark.fault
NOW = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
SOON = NOW + timedelta(days=7)
SERIES = ("RRULE:FREQ=WEEKLY;COUNT=6",)


@pytest.fixture(scope="module")
def radicale() -> Iterator[RadicaleServer]:
    with calendar_server() as server:
        yield server


@pytest.fixture
def there(radicale: RadicaleServer, request: pytest.FixtureRequest) -> str:
    """A calendar of the test's own."""
    return radicale.calendar("".join(c for c in request.node.name.lower() if c.isalnum())[:60])


@pytest.fixture
def account(kari: Connection, there: str) -> CalendarAccount:
    made = kari.calendar_accounts.add(url=there, user_name=USER, secret=PASSWORD, are_private=False)
    return kari.calendar_accounts.switch(id=made.id, version=made.version, is_on=True)


def sync(database: Database, account: CalendarAccount) -> None:
    Calendars(database).round(account)


def at(moment: datetime) -> str:
    return f"{moment.astimezone(OSLO):%Y%m%dT%H%M%S}"


def meeting(title: str, begins: datetime = SOON, *more: str) -> str:
    return event(f"{title}@elsewhere", title, at(begins), at(begins + timedelta(hours=1)), *more)


def tasks(kari: Connection) -> dict[str, Task]:
    frame = kari.tasks.list(view="all")
    found = [kari.tasks.get(id=key) for key in frame["id"]] if len(frame) else []
    return {one.title: one for one in found}


def error(kari: Connection) -> str:
    (one,) = kari.calendar_accounts.list()
    return one.error


def test_appointments_go_both_ways(database: Database, kari: Connection, radicale: RadicaleServer, there: str, account: CalendarAccount) -> None:
    radicale.put(there, "one.ics", meeting("Befaring", SOON, "LOCATION:Storgata 1", "DESCRIPTION:Ta med hjelm", "ATTENDEE:mailto:per@test.no"))
    mine = kari.tasks.create(title="Kundemøte", kind=TaskKind.MEETING, starts_at=SOON, is_all_day=False, minutes=45, text="Tilbud")
    kari.tasks.create(title="Ring", due_at=SOON)
    sync(database, account)
    assert error(kari) == ""
    found = tasks(kari)["Befaring"]
    assert (found.kind, found.starts_at, found.minutes, found.text) == (TaskKind.MEETING, SOON, 60, "Sted: Storgata 1\nTa med hjelm")
    assert radicale.names(there) == sorted(["one.ics", f"{mine.id}.ics"])
    assert "SUMMARY:Kundemøte" in radicale.get(there, f"{mine.id}.ics")
    # changed here, changed there: each shows in the other, what only the other keeps stays
    kari.tasks.change(id=found.id, version=found.version, starts_at=SOON + timedelta(hours=2), text="Sted: Storgata 1\nTa med hjelm og vest")
    radicale.change(there, f"{mine.id}.ics", "SUMMARY:Kundemøte", "SUMMARY:Kundemøte hos dem")
    sync(database, account)
    written = radicale.get(there, "one.ics")
    assert f"DTSTART;TZID=Europe/Oslo:{at(SOON + timedelta(hours=2))}" in written
    assert all(line in written for line in ("ATTENDEE:mailto:per@test.no", "LOCATION:Storgata 1", "DESCRIPTION:Ta med hjelm og vest", "UID:Befaring@elsewhere"))
    assert kari.tasks.get(id=mine.id).title == "Kundemøte hos dem"
    # removed here, removed there
    gone = kari.tasks.get(id=found.id)
    kari.tasks.delete(id=gone.id, version=gone.version)
    radicale.delete(there, f"{mine.id}.ics")
    sync(database, account)
    assert radicale.names(there) == []
    assert set(tasks(kari)) == {"Ring"}
    kari.history.undo(request_id=kari.last_request)  # the deletion here, which was also done there
    sync(database, account)
    assert radicale.names(there) == [f"{gone.id}.ics"]


def test_nothing_happens_where_nothing_changed(database: Database, kari: Connection, radicale: RadicaleServer, there: str, account: CalendarAccount) -> None:
    radicale.put(there, "one.ics", meeting("Befaring", SOON, *SERIES))
    kari.tasks.create(title="Kundemøte", kind=TaskKind.MEETING, starts_at=SOON, is_all_day=False, rrule="FREQ=DAILY;COUNT=5", remind_at=SOON - timedelta(minutes=15))
    kari.tasks.create(title="Ferie", kind=TaskKind.MEETING, starts_at=SOON, due_at=SOON + timedelta(days=4), is_all_day=True, owner_only=True)
    sync(database, account)
    def all_of_it() -> Any:
        with database.reading() as connection:
            n_noted = len(connection.execute(select(tables.audit)).all())
        return n_noted, {name: radicale.get(there, name) for name in radicale.names(there)}

    before = all_of_it()
    for _n in range(3):
        sync(database, account)
    assert all_of_it() == before
    assert len(before[1]) == 3


def test_what_both_changed_waits_for_a_choice(database: Database, kari: Connection, radicale: RadicaleServer, there: str, account: CalendarAccount) -> None:
    for title in ("Ett", "To"):
        radicale.put(there, f"{title}.ics", meeting(title))
    sync(database, account)
    for n, title in enumerate(("Ett", "To")):
        task = tasks(kari)[title]
        kari.tasks.change(id=task.id, version=task.version, starts_at=SOON + timedelta(hours=3), text="Her")
        radicale.change(there, f"{title}.ics", f"DTSTART;TZID=Europe/Oslo:{at(SOON)}", f"DTSTART;TZID=Europe/Oslo:{at(SOON + timedelta(minutes=5 + n))}")
    sync(database, account)
    first, second = kari.calendar_accounts.conflicts()
    assert {first.units, second.units} == {("when",)}
    assert (first.ours.when.begins, first.theirs.when.begins) == (SOON + timedelta(hours=3), SOON + timedelta(minutes=5))
    assert kari.calendar_accounts.list()[0].n_conflicts == 2
    sync(database, account)  # nothing is written over while it waits
    assert at(SOON + timedelta(minutes=5)) in radicale.get(there, "Ett.ics")
    kari.calendar_accounts.settle(id=first.id, keep=Side.OURS)
    kari.calendar_accounts.settle(id=second.id, keep=Side.THEIRS)
    with pytest.raises(NotFound):
        kari.calendar_accounts.settle(id=second.id, keep=Side.THEIRS)
    sync(database, account)
    assert kari.calendar_accounts.conflicts() == ()
    assert f"DTSTART;TZID=Europe/Oslo:{at(SOON + timedelta(hours=3))}" in radicale.get(there, "Ett.ics")
    assert tasks(kari)["To"].starts_at == SOON + timedelta(minutes=6)
    for title in ("Ett", "To"):
        assert tasks(kari)[title].text == "Her"
        assert "DESCRIPTION:Her" in radicale.get(there, f"{title}.ics")


def test_series_with_changed_times(database: Database, kari: Connection, radicale: RadicaleServer, there: str, account: CalendarAccount) -> None:
    third = SOON + timedelta(days=14)
    moved = meeting("Ukemøte", third + timedelta(hours=4), f"RECURRENCE-ID;TZID=Europe/Oslo:{at(third)}").replace("SUMMARY:Ukemøte", "SUMMARY:Ukemøte flyttet")
    radicale.put(there, "week.ics", meeting("Ukemøte", SOON, *SERIES), moved)
    sync(database, account)
    found = tasks(kari)
    assert found["Ukemøte flyttet"].starts_at == third + timedelta(hours=4)
    series = found["Ukemøte"]
    assert (series.rrule, series.skipped) == ("FREQ=WEEKLY;COUNT=6", (third,))
    # one more time is left out here, the moved one gets another title, and the next one is put off
    kari.tasks.skip(id=series.id, version=series.version, at=SOON + timedelta(days=7))
    alone = found["Ukemøte flyttet"]
    kari.tasks.change(id=alone.id, version=alone.version, title="Ukemøte på kvelden")
    sync(database, account)
    written = radicale.get(there, "week.ics")
    assert f"EXDATE;TZID=Europe/Oslo:{at(SOON + timedelta(days=7))}" in written
    assert "SUMMARY:Ukemøte på kvelden" in written
    assert "SUMMARY:Ukemøte flyttet" not in written
    assert radicale.names(there) == ["week.ics"]
    # done once here, the series goes on there under its own name
    series = kari.tasks.get(id=series.id)
    kari.tasks.complete(id=series.id, version=series.version)
    sync(database, account)
    assert error(kari) == ""
    assert len([one for one in tasks(kari).values() if one.title == "Ukemøte"]) == 1
    assert f"DTSTART;TZID=Europe/Oslo:{at(third + timedelta(days=7))}" in radicale.get(there, "week.ics")
    assert "RRULE:FREQ=WEEKLY;COUNT=3" in radicale.get(there, "week.ics")
    before = {name: radicale.get(there, name) for name in radicale.names(there)}
    sync(database, account)
    assert {name: radicale.get(there, name) for name in radicale.names(there)} == before


def test_an_appointment_of_a_card_is_cancelled_and_one_that_is_over_stays(
    database: Database, kari: Connection, radicale: RadicaleServer, there: str, account: CalendarAccount
) -> None:
    party = kari.customers.create(name="Nordlys AS")
    kari.tasks.create(title="Hos kunden", kind=TaskKind.MEETING, starts_at=SOON, is_all_day=False, customer_id=party.id)
    kari.tasks.create(title="I går", kind=TaskKind.MEETING, starts_at=NOW - timedelta(days=2), is_all_day=False, minutes=30)
    sync(database, account)
    for name in radicale.names(there):
        radicale.delete(there, name)
    sync(database, account)
    found = tasks(kari)
    assert (found["Hos kunden"].status, found["I går"].status) == (TaskStatus.CANCELLED, TaskStatus.OPEN)
    sync(database, account)
    assert radicale.names(there) == []
    kari.tasks.reopen(id=found["Hos kunden"].id, version=found["Hos kunden"].version)
    sync(database, account)
    assert radicale.names(there) == [f"{found['Hos kunden'].id}.ics"]
    kari.tasks.change(id=found["Hos kunden"].id, version=found["Hos kunden"].version + 1, status=TaskStatus.CANCELLED)
    sync(database, account)
    assert radicale.names(there) == []


@pytest.mark.parametrize("ends_before", ["nothing is written", "it is noted"])
def test_an_end_at_any_moment_doubles_nothing(
    database: Database, kari: Connection, radicale: RadicaleServer, there: str, account: CalendarAccount, monkeypatch: pytest.MonkeyPatch, ends_before: str
) -> None:
    radicale.put(there, "one.ics", meeting("Befaring"))
    kari.tasks.create(title="Kundemøte", kind=TaskKind.MEETING, starts_at=SOON, is_all_day=False)
    put = CalendarServer.put

    def ended(self: CalendarServer, *arguments: Any) -> Any:
        if ends_before == "it is noted":
            put(self, *arguments)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(CalendarServer, "put", ended)
        with pytest.raises(SystemExit):
            sync(database, account)
    sync(database, account)
    assert len(radicale.names(there)) == 2
    assert len(kari.tasks.list(view="all")) == 2
    task = tasks(kari)["Kundemøte"]
    kari.tasks.change(id=task.id, version=task.version, title="Kundemøte 2")
    sync(database, account)
    assert "SUMMARY:Kundemøte 2" in radicale.get(there, f"{task.id}.ics")
    assert kari.calendar_accounts.conflicts() == ()


def test_a_calendar_is_found_and_what_goes_wrong_is_said(database: Database, kari: Connection, radicale: RadicaleServer, there: str, account: CalendarAccount) -> None:
    found = kari.calendar_accounts.try_out(url=radicale.url, user_name=USER, secret=PASSWORD)
    assert there in {one.url for one in found}
    assert [one.url for one in kari.calendar_accounts.try_out(url=there, user_name=USER, secret=PASSWORD)] == [there]
    for url, secret, expected, field in (
        (there, "feil", CalendarRefused, "secret"), (radicale.url + "nobody/", PASSWORD, CalendarRefused, "secret"), ("http://calendar.test.no/", "x", InvalidInput, "url"),
        ("ikke en adresse", "x", InvalidInput, "url"), ("http://127.0.0.1:9/", "x", CalendarAway, ""),
    ):  # fmt: skip
        with pytest.raises(expected) as caught:
            kari.calendar_accounts.try_out(url=url, user_name=USER, secret=secret)
        assert not field or caught.value.field == field  # type: ignore[attr-defined]
    with CalendarServer(there + "none/", USER, PASSWORD) as server, pytest.raises(NoSuchCalendar):
        server.etags()
    with pytest.raises(CalendarTaken):
        kari.calendar_accounts.add(url=there, user_name=USER, secret=PASSWORD)
    changed = kari.calendar_accounts.change(id=account.id, version=account.version, url=there, user_name=USER, secret="feil")
    sync(database, changed)
    assert "godtar ikke brukernavn" in error(kari)
    changed = kari.calendar_accounts.change(id=account.id, version=changed.version, url=there, user_name=USER, secret=PASSWORD)
    radicale.stop()
    sync(database, changed)
    assert "kan ikke nås" in error(kari)
    radicale.start()
    sync(database, changed)
    assert error(kari) == ""


def test_what_is_private_stays_so_and_colleagues_see_nothing_of_an_account(
    database: Database, kari: Connection, radicale: RadicaleServer, there: str, account: CalendarAccount
) -> None:
    kari.employees.add(name="Ola Dal", username="ola", password="et langt passord", roles=(Role.SELLER,))
    ola = Connection(Local(database, user="ola"))
    account = kari.calendar_accounts.change(id=account.id, version=account.version, url=there, user_name=USER, are_private=True)
    radicale.put(there, "one.ics", meeting("Tannlege"))
    kari.tasks.create(title="Åpent møte", kind=TaskKind.MEETING, starts_at=SOON, is_all_day=False)
    sync(database, account)
    assert tasks(kari)["Tannlege"].owner_only
    assert "CLASS" not in radicale.get(there, "one.ics")
    assert set(tasks(ola)) == {"Åpent møte"}
    assert ola.calendar_accounts.list() == []
    with pytest.raises(NotFound):
        ola.calendar_accounts.remove(id=account.id, version=account.version)
    # it goes into the calendars of those who take part too, and they leave it by removing it there
    radicale.change(there, "one.ics", "SUMMARY:Tannlege", "SUMMARY:Tannlege igjen")
    sync(database, account)
    assert tasks(kari)["Tannlege igjen"].owner_only


@pytest.mark.parametrize("body", ["", "BEGIN:VCALENDAR", "BEGIN:VEVENT\nUID:x\nSUMMARY:Uten tid\nEND:VEVENT"])
def test_what_cannot_be_read_is_named_and_stops_nothing(
    database: Database, kari: Connection, radicale: RadicaleServer, there: str, account: CalendarAccount, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    radicale.put(there, "one.ics", meeting("Befaring"))
    radicale.put(there, "two.ics", meeting("Uforståelig"))
    read = CalendarServer._read

    def spoiled(self: CalendarServer, answer: bytes) -> Any:
        for href, props in read(self, answer):
            for data in props.iter("{urn:ietf:params:xml:ns:caldav}calendar-data"):
                if "Uforst" in (data.text or ""):
                    data.text = f"BEGIN:VCALENDAR\n{body}\nEND:VCALENDAR" if body.startswith("BEGIN:VEVENT") else body or "tull"
            yield href, props

    monkeypatch.setattr(CalendarServer, "_read", spoiled)
    sync(database, account)
    assert set(tasks(kari)) == {"Befaring"}
    (one,) = kari.calendar_accounts.list()
    assert one.error == ""
    assert len(one.left_out) == 1
