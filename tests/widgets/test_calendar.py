"""The calendar on the screen: what stands where, moving, free time, and the form of a task."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crm_lab.domain.calendar import Appointment
from crm_lab.domain.ids import new_id
from crm_lab.domain.tasks import TaskKind, start_of
from crm_lab.i18n import OSLO, business_day
from crm_lab.server.calendar_sync import Calendars
from crm_lab.settings import utc_now
from crm_lab.widgets.calendar_layout import days_of, hours_of, placed, step
from tests.calendar_server import PASSWORD as SECRET
from tests.calendar_server import USER, calendar_server
from tests.company import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from crm_lab.connection import Connection
    from crm_lab.widgets.shell import App

MONDAY = datetime(2026, 3, 23, 9, 0, tzinfo=OSLO)
WEEK = "calendar?view=week&day=2026-03-25"


def meeting(crm: Connection, title: str = "Møte", at: datetime = MONDAY, **fields: Any) -> Any:
    return crm.tasks.create(**({"title": title, "kind": TaskKind.MEETING, "starts_at": at, "is_all_day": False, "minutes": 60} | fields))


def appointment(at: datetime, minutes: int) -> Appointment:
    who = new_id()
    return Appointment(task_id=new_id(), owner_id=who, people=(who,), starts_at=at, ends_at=at + timedelta(minutes=minutes), is_all_day=False)


def screen(app: App, path: str) -> Any:
    app.go(path)
    return app.main.children[0]


def test_what_overlaps_stands_side_by_side() -> None:
    nine = datetime(2026, 11, 25, 9, 0, tzinfo=OSLO)
    standing = [appointment(nine, 120), appointment(nine + timedelta(hours=1), 30), appointment(nine + timedelta(minutes=90), 60), appointment(nine + timedelta(hours=4), 30)]
    found = placed(standing, nine.date())
    assert [(p.top // 60, p.lane, p.lanes) for p in found] == [(9, 0, 2), (10, 1, 2), (10, 1, 2), (13, 0, 1)]
    assert hours_of([found]) == (7, 18)
    assert hours_of([placed([appointment(nine.replace(hour=5), 30), appointment(nine.replace(hour=22), 300)], nine.date())]) == (5, 24)


def test_the_days_of_a_view() -> None:
    day = date(2026, 2, 18)
    assert days_of("week", day)[0] == date(2026, 2, 16)
    assert (days_of("month", day)[0], len(days_of("month", day))) == (date(2026, 1, 26), 35)
    assert len(days_of("month", date(2026, 8, 1))) == 42
    assert (step("month", date(2026, 1, 31), 1), step("month", date(2026, 1, 31), -1), step("week", day, -1)) == (date(2026, 2, 1), date(2025, 12, 1), date(2026, 2, 11))


def test_a_week_moved_and_undone(app: App) -> None:
    task = meeting(app.crm, rrule="FREQ=WEEKLY")
    shown = screen(app, WEEK)
    assert "Uke 13, mars 2026" in shown.board.html
    assert 'aria-label="Møte, 09.00–10.00, Kari Nordmann"' in shown.board.html
    (key,) = shown._standing
    for wrong in ({"key": "x"}, {"day": "i morgen"}, {"minute": 9999}, {"minute": True}, {"minutes": -5}, {"key": 7}):
        shown.drag.fire("move", **({"key": key, "day": "2026-03-24", "minute": 660, "minutes": 0} | wrong))
    assert app.crm.tasks.get(id=task.id).version == 1, "messages that somebody made up change nothing"
    shown.drag.fire("move", key=key, day="2026-03-24", minute=660, minutes=0)
    assert "Møte, 11.00–12.00" in shown.board.html
    assert app.said[-1]["toast"] == "Bare denne ene gangen er flyttet."
    app._undo(app.said[-1]["id"])
    assert "Møte, 09.00–10.00" in shown.board.html


def test_private_time_of_a_colleague_is_busy(app: App, crm: Connection, company_url: str) -> None:
    ola = crm.employees.add(username="ola", name="Ola Hansen", password=PASSWORD)
    meeting(crm, "Kundemøte", owner_id=ola.id)
    secret = meeting(crm, "Tannlege", owner_id=ola.id, owner_only=True)
    html = screen(app, f"{WEEK}&people={ola.id}").board.html
    assert "Kundemøte" in html and "Opptatt" in html
    assert "Tannlege" not in html and str(secret.id) not in html


@pytest.mark.parametrize("view", ["day", "week", "month", "year"])
def test_every_view_is_drawn(app: App, view: str) -> None:
    meeting(app.crm, "Messe <b>", start_of(date(2026, 3, 24)), due_at=start_of(date(2026, 3, 26)), is_all_day=True, minutes=None)
    for n in range(6):
        meeting(app.crm, f"Møte {n}", MONDAY.replace(hour=9 + n))
    html = screen(app, f"calendar?view={view}&day=2026-03-23").board.html
    assert "Møte 0" in html or view == "year"
    assert "Messe <b>" not in html
    assert ("2 til" in html) is (view == "month")


def test_a_new_appointment_from_an_empty_place(app: App) -> None:
    screen(app, WEEK).drag.fire("new", day="2026-03-26", minute=630, person=str(app.me.id))
    form = app.main.children[0]
    assert (form.values["start_day"], form.values["start_time"], form.values["minutes"], form.values["kind"]) == ("2026-03-26", "10:30", "1:00", "meeting")
    form.act("save", values={"title": "Befaring"})
    assert app.router.path == WEEK
    assert "Befaring" in app.main.children[0].board.html


def test_free_time_is_told_and_taken(app: App) -> None:
    monday = business_day(utc_now()) + timedelta(days=14 - utc_now().weekday())
    meeting(app.crm, "Opptatt", datetime.combine(monday, datetime.min.time(), OSLO).replace(hour=8), minutes=60)
    shown = screen(app, "calendar")
    shown.board.act("free", values={"minutes": "1:30", "since": monday.isoformat(), "opens": "08:00", "closes": "16:00"})
    first = shown.board.data["free"][0]
    assert "09.00–10.30" in first["words"]
    shown.board.act("free", values={"minutes": "x", "since": "", "opens": "08:00", "closes": "16:00"})
    assert "minutes" in shown.board.data["errors"]
    app.go(first["path"])
    assert app.main.children[0].values["minutes"] == "1:30"


def test_a_series_in_the_form(app: App) -> None:
    series = meeting(app.crm, rrule="FREQ=WEEKLY")
    second = MONDAY + timedelta(days=7)
    form = screen(app, f"tasks/{series.id}?at={second.isoformat().replace('+', '%2B')}&from=calendar")
    assert (form.values["start_day"], form.values["scope"]) == ("2026-03-30", "one")
    form.act("typed", name="scope", values={"scope": "all"})
    assert (form.values["start_day"], form.data["rule_words"]) == ("2026-03-23", "Hver uke")
    form.act("typed", name="scope", values={"scope": "one"})
    form.act("save", values={"title": "Bare denne", "start_time": "12:00"})
    found = app.crm.calendar.between(people=(app.me.id,), since=date(2026, 3, 23), until=date(2026, 4, 7))
    assert [(a.title, a.starts_at.astimezone(OSLO).hour) for a in found] == [("Møte", 9), ("Bare denne", 12), ("Møte", 9)]


def test_what_is_wrong_in_the_form_stands_at_its_field(app: App) -> None:
    form = screen(app, "tasks/new")
    form.act("save", values={"title": "", "minutes": "lenge", "percent": "mye", "repeat": "WEEKLY", "ends": "until", "all_day": False, "start_day": "2026-03-23", "start_time": "x"})
    assert {"title", "minutes", "percent", "until", "start_time"} <= set(form.errors)
    form.act("save", values={"title": "Ring", "minutes": "", "percent": "10", "repeat": "", "all_day": True, "start_day": "", "due_day": "2026-03-23", "remind": "1440"})
    task = app.crm.tasks.get(id=next(iter(app.crm.tasks.list().id)))
    assert (task.due_at, task.remind_at) == (start_of(date(2026, 3, 23)), datetime(2026, 3, 22, 8, tzinfo=OSLO))


def test_done_put_off_and_deleted_from_the_form(app: App) -> None:
    task = app.crm.tasks.create(title="Ring", due_at=MONDAY, is_all_day=False)
    tomorrow = business_day(utc_now()) + timedelta(days=1)
    screen(app, f"tasks/{task.id}").act("postpone", to="tomorrow")
    assert business_day(app.crm.tasks.get(id=task.id).due_at) == tomorrow
    screen(app, f"tasks/{task.id}").act("done")
    assert app.crm.tasks.get(id=task.id).is_closed
    screen(app, f"tasks/{task.id}").act("done")
    assert not app.crm.tasks.get(id=task.id).is_closed
    screen(app, f"tasks/{task.id}").act("delete")
    assert len(app.crm.tasks.list()) == 0
    app._undo(app.said[-1]["id"])
    assert len(app.crm.tasks.list()) == 1


def test_moved_by_pointer_and_by_keyboard(app: App, mount: Callable[..., Page]) -> None:
    meeting(app.crm)
    shown = screen(app, WEEK)
    page = mount(shown.board)
    page.evaluate("document.getElementById('el').style.cssText = 'display:block;height:700px;overflow:auto'")
    page.evaluate(
        """async ([esm, html]) => {
          const module = await import(URL.createObjectURL(new Blob([esm], {type: 'text/javascript'})));
          const el = document.body.appendChild(document.createElement('div'));
          module.default.render({model: {get: () => 15, send: m => window.sent.push(m)}, el, signal: new AbortController().signal});
        }""",
        [str(shown.drag._esm), ""],
    )
    item = page.locator(".cal-item")
    box, column = item.bounding_box(), page.locator(".cal-col").nth(2).bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(column["x"] + 10, box["y"] + 10 + 46, steps=5)
    page.mouse.up()
    page.mouse.move(box["x"] + 10, box["y"] + box["height"] - 3)
    page.mouse.down()
    page.mouse.move(box["x"] + 10, box["y"] + box["height"] - 3 + 23, steps=5)
    page.mouse.up()
    item.focus()
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowUp")
    page.mouse.click(column["x"] + 20, column["y"] + 46 * 5 + 2)
    sent = [m for m in page.evaluate("window.sent") if "event" in m]
    assert [(m["event"], m["day"], m["minute"], m.get("minutes")) for m in sent] == [
        ("move", "2026-03-25", 600, 0), ("move", "2026-03-23", 540, 90), ("move", "2026-03-23", 555, 0), ("move", "2026-03-24", 540, 0),
        ("move", "2026-03-23", 540, 45), ("new", "2026-03-25", 720, None),
    ]  # fmt: skip


def test_a_reminder_comes_up_when_it_is_due_and_stays_gone_once_seen(app: App, mount: Callable[..., Page]) -> None:
    now = utc_now()
    meeting(app.crm, "Straks <i>", now + timedelta(minutes=15), remind_at=now - timedelta(minutes=1))
    meeting(app.crm, "Om litt", now + timedelta(hours=1), remind_at=now + timedelta(minutes=45))
    app.changed()
    assert [one["title"] for one in app.alarms.due] == ["Straks <i>", "Om litt"]
    page = mount(app.alarms)
    assert page.locator(".reminder a").all_inner_texts() == ["Straks <i>"]
    page.evaluate("window.model.set('due', window.model.get('due').map(one => ({...one, at: new Date(Date.now() + 300).toISOString()})))")
    page.wait_for_function("document.querySelectorAll('.reminder').length === 2")
    page.locator(".reminder button").first.click()
    page.wait_for_function("document.querySelectorAll('.reminder').length === 1")
    page.evaluate("window.model.set('due', [...window.model.get('due')])")
    assert page.locator(".reminder").count() == 1, "what was seen stays gone"


def test_a_task_is_opened_from_the_list_and_leads_to_its_party(app: App) -> None:
    acme = app.crm.customers.create(name="Acme AS")
    person = app.crm.contacts.create(last_name="Dahl")
    for title, about in (("Ring", {"customer_id": acme.id}), ("Skriv", {"contact_id": person.id})):
        task = app.crm.tasks.create(title=title, due_at=MONDAY, is_all_day=False, **about)
        listed = screen(app, "tasks")
        listed.grid.fire("open", row=list(listed.frame.id).index(str(task.id)))
        form = app.main.children[0]
        assert (app.router.path, form.title) == (f"tasks/{task.id}", title)
        assert f"{'customers/' + str(acme.number) if about.get('customer_id') else 'contacts/' + str(person.id)}" in form.html


def test_a_calendar_elsewhere_is_connected_and_what_clashes_is_settled(app: App, crm: Connection) -> None:
    app.go("profile/calendar")
    shown: Any = app.main.children[0]
    assert "Ingen kalender er koblet til" in shown.html
    with calendar_server() as radicale:
        there = radicale.calendar("jobb")
        shown.act("edit")
        shown.act("typed", values={"url": "ikke en adresse", "user_name": USER, "secret": SECRET})
        shown.act("find")
        assert set(shown.data["errors"]) == {"url"}
        shown.act("typed", values={"url": radicale.url, "user_name": USER, "secret": "feil", "are_private": False})
        shown.act("find")
        assert set(shown.data["errors"]) == {"secret"}
        shown.act("typed", values={"url": radicale.url, "user_name": USER, "secret": SECRET, "are_private": False})
        shown.act("find")
        assert (shown.data["values"]["url"], shown.data["values"]["name"]) == (there, "jobb")
        shown.act("save", values=shown.data["values"])
        shown.act("switch")
        begins = utc_now().replace(microsecond=0) + timedelta(days=3)
        made = crm.tasks.create(title="Befaring", kind=TaskKind.MEETING, starts_at=begins, is_all_day=False, minutes=60)
        calendars = Calendars(crm.transport.dispatcher.database)
        account = crm.calendar_accounts.list()[0]
        calendars.round(account)
        crm.tasks.change(id=made.id, version=1, title="Befaring 1", starts_at=begins + timedelta(days=1))
        radicale.change(there, f"{made.id}.ics", "SUMMARY:Befaring", "SUMMARY:Befaring 2")
        calendars.round(account)
    assert "1 avtale er endret i begge kalendere." in screen(app, WEEK).board.html
    app.go("profile/calendar")
    shown = app.main.children[0]
    (clash,) = shown.data["conflicts"]
    assert clash["lines"] == [{"label": "Emne", "ours": "Befaring 1", "theirs": "Befaring 2"}]
    shown.act("keep", id=clash["id"], side="theirs")
    assert crm.tasks.get(id=made.id).title == "Befaring 2"
    assert shown.data["conflicts"] == []
    shown.act("ask")
    shown.act("remove")
    assert crm.calendar_accounts.list() == []
