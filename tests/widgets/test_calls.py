"""Calls without a browser: the tab of the cards, the log, unknown numbers, and who is calling."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm_lab.domain.calls import CallReport
from crm_lab.settings import utc_now
from crm_lab.widgets.call_tab import AT_A_TIME
from crm_lab.widgets.calls import CallList, UnknownNumbers, length, number_words
from crm_lab.widgets.contacts import ContactCard
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.shell import App

PHONE = "+4722334455"


def show(app, path, screen):
    app.go(path)
    shown = app.main.children[0]
    assert isinstance(shown, screen)
    return shown


def take(crm, number="22334455", n=1, **more):
    now = utc_now()
    reports = [CallReport(call_id=f"{number}{i}", caller=number, called="101", started_at=now - timedelta(minutes=i), **more) for i in range(n)]
    crm.calls.record(reports=reports, source="asterisk")


@pytest.mark.parametrize(("seconds", "words"), [(0, ""), (5, "0:05"), (65, "1:05"), (3665, "1:01:05")])
def test_lengths_in_words(seconds, words):
    assert length(seconds) == words


def test_numbers_in_words():
    assert [number_words(n) for n in ("", PHONE, "+4712", "*99")] == ["Skjult nummer", "22 33 44 55", "+4712", "*99"]


def test_the_tab_shows_notes_and_writes_down_calls(app, crm, acme):
    crm.customers.change(id=acme.id, version=acme.version, phone=PHONE)
    now = utc_now()
    take(crm, answered_at=now, ended_at=now + timedelta(seconds=65))
    card = show(app, f"customers/{acme.number}/calls", CustomerCard)
    assert all(words in card.html for words in ("22 33 44 55", "tel:+4722334455", "Besvart", "1:05", "Inngående"))
    (one,) = crm.calls.of(customer_id=acme.id).calls
    card.act("call_note", id=str(one.id))
    card.act("call_save", id=str(one.id), values={"note": "x" * 3000})
    assert "for lang" in card.html and crm.calls.get(id=one.id).note == ""
    card.act("call_save", id=str(one.id), values={"note": "Vil ha <b>tilbud"})
    assert crm.calls.get(id=one.id).note == "Vil ha <b>tilbud" and "&lt;b&gt;tilbud" in card.html
    app.router.fire("undo", id=app.said[-1]["id"])
    assert crm.calls.get(id=one.id).note == "" and "tilbud" not in card.html
    card.act("call_start")
    card.act("call_cancel")
    card.act("call_start")
    card.act("call_add", values={"direction": "outgoing", "number": "22 33 44 55", "note": "Ringte tilbake"})
    assert crm.calls.of(customer_id=acme.id).n == 2 and "Ringte tilbake" in card.html
    mine = next(call for call in crm.calls.of(customer_id=acme.id).calls if call.source == "manual")
    card.act("call_delete", id=str(mine.id))
    assert crm.calls.of(customer_id=acme.id).n == 1


def test_many_calls_come_page_by_page(app, crm):
    berit = crm.contacts.create(last_name="Berit", mobile=PHONE)
    take(crm, n=AT_A_TIME + 3)
    card = show(app, f"contacts/{berit.id}/calls", ContactCard)
    assert len(card.data["calls"]) == AT_A_TIME and "1–50 av 53" in card.html
    card.act("call_page", id=str(AT_A_TIME))
    assert len(card.data["calls"]) == 3 and "51–53 av 53" in card.html
    card.act("call_page", id="²")
    assert card.data["call_first"] == 1


def test_the_log_and_its_parts(app, crm, acme):
    empty = show(app, "calls", CallList)
    assert empty.grid.n_rows == 0
    crm.customers.change(id=acme.id, version=acme.version, phone=PHONE)
    take(crm, ended_at=utc_now() + timedelta(seconds=5))
    take(crm, "anonymous")
    crm.calls.log(number="99", direction="outgoing")
    empty.reload()
    assert empty.grid.n_rows == 3
    for part, n in (("missed", 1), ("mine", 1), ("all", 3), ("nothing", 3)):
        empty.head.act("show", value=part)
        assert empty.grid.n_rows == n
    empty.head.act("show", value="missed")
    empty.grid.fire("open", row=0)
    assert app.router.path == f"customers/{acme.number}/calls"


def test_an_unknown_number_is_put_on_a_card(app, crm, acme):
    take(crm, n=2)
    screen = show(app, "calls/unknown", UnknownNumbers)
    assert "22 33 44 55" in screen.html
    screen.act("place", id=PHONE)
    screen.act("find", value=acme.display_name[:4])
    screen.act("put", id=f"contact_id:{acme.id}")
    assert crm.calls.of(customer_id=acme.id).n == 0, "only what was offered"
    screen.act("put", id=f"customer_id:{acme.id}")
    assert crm.calls.of(customer_id=acme.id).n == 2 and crm.customers.get(id=acme.id).phone == PHONE
    assert "Ingen ukjente numre" in screen.html
    app.router.fire("undo", id=app.said[-1]["id"])
    assert len(screen.data["rows"]) == 1


def test_who_is_calling_is_told_at_ones_extension(crm, acme):
    me = crm.employees.list()[0]
    crm.employees.change(id=me.id, version=me.version, name=me.name, roles=me.roles, extension="101")
    crm.customers.change(id=acme.id, version=acme.version, phone=PHONE)
    app = App(crm)
    take(crm)
    take(crm, "22334466")
    app.changed()
    told = {one["text"]: one["path"] for one in app.alarms.due}
    assert told == {f"Ringer: {acme.display_name}": f"customers/{acme.number}/calls", "Ringer: 22 33 44 66": "calls/unknown"}
    take(crm, ended_at=utc_now() + timedelta(seconds=5))
    app.changed()
    assert [one["path"] for one in app.alarms.due] == ["calls/unknown"]


def test_the_rules_of_the_log_are_set_and_told(app, crm):
    app.go("settings/calls")
    form = app.main.children[0]
    form.act("save", values={"kept_days": "-1", "logs_unknown": True, "notice": ""})
    assert "kept_days" in form.errors and crm.calls.settings().kept_days == 730
    form.act("save", values={"kept_days": "365", "logs_unknown": False, "notice": "<b>Logges"})
    assert (crm.calls.settings().kept_days, crm.calls.settings().logs_unknown) == (365, False)
    app.go("calls")
    assert "&lt;b&gt;Logges" in app.main.children[0].head.html
