"""Customer screens without a browser: the actions, and what the page then says."""

from __future__ import annotations

import io
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from crm_lab.domain.past import PastList
from crm_lab.i18n import business_day
from crm_lab.settings import utc_now
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.customer_form import CustomerForm
from crm_lab.widgets.customers import CustomerList


def form(app, **values):
    app.go("customers/new")
    screen = app.main.children[0]
    assert isinstance(screen, CustomerForm)
    screen.act("save", values=screen.data["values"] | values)
    return screen


def test_a_saved_customer_opens_and_can_be_undone(app, crm):
    form(app, name="Acme AS", organisation_number="923 609 016", **{"visiting.city": "Oslo"})
    card = app.main.children[0]
    assert isinstance(card, CustomerCard)
    assert "Acme AS" in card.html and "923 609 016" in card.html and "Oslo" in card.html
    assert app.said[-1]["undo"]
    app.router.fire("undo", **{k: v for k, v in app.said[-1].items() if k == "id"})
    assert crm.customers.count() == 0


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {}),
        ("organisation_number", {"name": "A", "organisation_number": "123456789"}),
        ("phone", {"name": "A", "phone": "abc"}),
        ("email", {"name": "A", "email": "nobody"}),
    ],
)
def test_a_fault_is_told_at_its_field_and_nothing_is_lost(app, crm, field, values):
    screen = form(app, **values)
    assert screen.data["errors"][field]
    assert f'aria-describedby="d-{field}"' in screen.html and f'id="d-{field}"' in screen.html
    assert all(f'value="{v}"' in screen.html for v in values.values())
    assert crm.customers.count() == 0


def test_choosing_another_type_keeps_what_is_typed(app):
    app.go("customers/new")
    screen = app.main.children[0]
    screen.act("typed", name="kind", values=screen.data["values"] | {"kind": "person", "name": "Hansen", "phone": "91234567"})
    assert screen.data["values"]["kind"] == "person"
    assert 'value="Hansen"' in screen.html and 'value="91234567"' in screen.html


def test_names_are_text_never_markup(app, crm):
    evil = '<img src=x onerror=alert(1)>"\'{{ 1234*4321 }}'
    made = crm.customers.create(name=evil, note=evil)
    app.go(f"customers/{made.number}")
    for html in (app.main.children[0].html, app.nav.html):
        assert "<img" not in html and "&lt;img" in html
        assert "5332114" not in html
    assert 'href="javascript:' not in app.main.children[0].html


def test_rename_keeps_the_card_and_offers_undo(app, crm, acme):
    app.go(f"customers/{acme.number}")
    card = app.main.children[0]
    card.act("rename_start")
    card.act("rename", values={"name": "Acme Nordic AS"})
    assert "Acme Nordic AS" in card.html and app.said[-1]["undo"]
    assert crm.customers.get(id=acme.id).name == "Acme Nordic AS"


def test_a_rename_on_an_old_version_is_refused_with_a_sentence(app, crm, acme):
    app.go(f"customers/{acme.number}")
    card = app.main.children[0]
    crm.customers.rename(id=acme.id, name="Theirs AS", version=acme.version)
    card.act("rename", values={"name": "Mine AS"})
    assert crm.customers.get(id=acme.id).name == "Theirs AS"
    assert app.said[-1]["toast"]


def test_archiving_leads_to_the_list(app, crm, acme):
    app.go(f"customers/{acme.number}")
    app.main.children[0].act("archive")
    assert app.router.path == "customers" and crm.customers.count() == 0
    app.router.fire("undo", **{k: v for k, v in app.said[-1].items() if k == "id"})
    assert crm.customers.count() == 1


def test_the_list_comes_back_as_it_was_left_with_what_is_new(app, crm, acme):
    app.go("customers")
    left = app.main.children[0]
    left.head.act("filter", value="acme")
    left.grid.selected = np.array([0], "int32").tobytes()
    left._menu("assign")
    app.go("profile")
    crm.customers.create(name="Nordlys Bygg AS")
    app.go("customers")
    assert app.main.children == (left,)
    assert left.grid.filter == "acme" and 'value="acme"' in left.head.html and "ask-owner" not in left.head.html
    assert left.grid.n_rows == 2 and not left.grid.selected
    app.go("customers")
    assert app.main.children[0].grid.filter == "", "who asks for it again gets all of it"


def test_the_list_opens_the_row_of_the_browser_and_no_other(app, acme):
    app.go("customers")
    screen = app.main.children[0]
    assert isinstance(screen, CustomerList)
    for row in (-1, 1, 10**9, "x", None, [0]):
        screen.grid.fire("open", row=row)
        assert app.router.path == "customers"
    screen.grid.fire("open", row=0)
    assert app.router.path == f"customers/{acme.number}"


def said_of(screen):
    """What the status column says of each row, as the browser gets it."""
    (sent,) = [c for c in screen.grid.data if c["key"] == "state"]
    return [sent["dict"][code] for code in np.frombuffer(sent["data"], "int32")]


@pytest.mark.parametrize("noun", ["customers", "contacts"])
def test_the_list_marks_those_registered_by_name_alone_as_they_come(app, crm, noun):
    app.go(noun)
    screen = app.main.children[0]
    (column,) = [c for c in screen.grid.columns if c["key"] == "state"]
    assert column["spare"] and column["map"]["incomplete"] == "Ufullstendig"
    assert set(said_of(screen)) <= {""}
    getattr(crm, noun).create_by_name(name="Bare Navn")
    screen.reload()
    assert said_of(screen)[-1] == "incomplete"


def test_the_gravest_of_what_is_said_is_shown(app, crm, acme):
    crm.customers.change(id=acme.id, version=acme.version, register_status="bankrupt")
    crm.customers.create_by_name(name="Aa")
    app.go("customers")
    assert sorted(said_of(app.main.children[0])) == ["bankrupt", "incomplete"]
    crm.customers.archive(id=acme.id, version=acme.version + 1)
    app.go("search?active=every")
    assert sorted(said_of(app.main.children[0])) == ["archived", "incomplete"]


def test_the_rows_shown_are_exported_and_no_cell_is_a_formula(app, crm):
    for name in ("Øst; Vest AS", '=HYPERLINK("http://x")', "@sum", "-2+3", "Sist AS"):
        crm.customers.create(name=name, phone="22 22 22 22")
    app.go("customers")
    screen = app.main.children[0]
    files = []
    app.router.send = lambda message, buffers=(): files.append((message, *buffers))
    rows = [i for i in (*reversed(range(5)), 5, -1) if i < 0 or i == 5 or screen.frame.name[i] != "Sist AS"]
    screen.head.act("export_csv")
    screen.grid._handle_custom_msg({"event": "rows"}, [memoryview(np.array(rows, "int32").tobytes())])
    message, data = files[-1]
    assert message == {"download": "kunder.csv", "media": "text/csv", "shown": False}
    assert data.startswith('\ufeff"Kundenummer";"Navn";"Type";'.encode())
    found = pd.read_csv(io.BytesIO(data), sep=";", dtype=str, keep_default_na=False)
    in_order = [name for name in reversed(screen.frame.name.tolist()) if name != "Sist AS"]
    assert [name.removeprefix("'") for name in found["Navn"]] == in_order
    assert sorted(n for n in found["Navn"] if n.startswith("'")) == ["'-2+3", "'=HYPERLINK(\"http://x\")", "'@sum"]
    assert set(found["Telefon"]) == {"'+4722222222"}


@pytest.mark.parametrize("buffers", [[], [memoryview(b"abc")], [memoryview(b"\xff" * 8)]])
def test_rows_that_are_made_up_export_nothing(app, acme, buffers):
    app.go("customers")
    files = []
    app.router.send = lambda _message, buffers=(): files.extend(buffers)
    app.main.children[0].head.act("export_csv")
    app.main.children[0].grid._handle_custom_msg({"event": "rows"}, buffers)
    assert [len(file.splitlines()) for file in files] == [1]


def test_the_card_tells_who_owned_it_before(app, crm, acme):
    ola = crm.employees.add(username="ola", name="Ola Hansen", password="hemmelig-nok")
    crm.customers.assign(ids=(acme.id,), owner_id=ola.id)
    app.go(f"customers/{acme.number}")
    assert [owner.name for owner in app.main.children[0].data["former_owners"]] == ["Kari Nordmann"]
    assert "Tidligere eiere" in app.main.children[0].html


def test_a_list_as_it_was(app, crm, acme):
    crm.customers.rename(id=acme.id, name="Nytt navn AS", version=acme.version)
    crm.products.create(number="1", name="Takstein", price=Decimal("10.25"))
    app.go("past?list=customers")
    screen = app.main.children[0]
    assert len(screen.frame) == 0  # a month ago
    screen.head.act("day", value=f"{business_day(utc_now())}")
    assert list(screen.frame.name) == ["Nytt navn AS"]
    screen.head.act("day", value="2099-01-01")
    assert "tidligere dag" in screen.head.html
    for what in PastList:
        screen.head.act("list", value=what)
        assert screen.grid.columns[-1]["label"] == "Siden da"
    screen.head.act("list", value="customers")
    screen.grid.fire("open", row=0)
    assert isinstance(app.main.children[0], CustomerCard)


def test_what_was_changed_lately(app, crm, acme):
    app.go("recent")
    screen = app.main.children[0]
    assert f'data-route="customers/{acme.number}"' in screen.html
    screen.act("whose", mine="mine")
    assert screen.data["mine"] and "Acme" in screen.html
