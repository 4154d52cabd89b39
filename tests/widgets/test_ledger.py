"""The ledger's screen without a browser: what the actions do, what the page then says, and in the browser the grid alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from crm_lab.i18n import business_day
from crm_lab.settings import utc_now
from crm_lab.widgets.ledger import LedgerScreen
from crm_lab.widgets.shell import App

CHOSEN = "window.sent.filter(m => m.event === 'menu').map(m => m.id)"


def post(crm, party, *amounts, **fields):
    for n, amount in enumerate(amounts):
        given = {"kind": "invoice" if amount > 0 else "payment", "posted_on": date(2026, 1, 1 + n), "text": f"Post {amount}"}
        crm.ledger.post(customer_id=party.id, amount=Decimal(amount), **given | fields)


@pytest.fixture
def screen(app, crm, acme):
    """Five postings of one party: 100 and its payment, 50 with a part paid, and ten euro."""
    post(crm, acme, 100, -100, 50, -20)
    post(crm, acme, 10, currency="EUR")
    app.go("ledger")
    shown = app.main.children[0]
    assert isinstance(shown, LedgerScreen)
    return shown


def mark(screen, *amounts):
    """Mark the rows of these amounts, in kroner."""
    numbers = [screen.frame.number[screen.frame.amount_minor == 100 * a].iloc[0] for a in amounts]
    screen.grid.selected = np.array(numbers, "int32").tobytes()


def test_linking_closes_counts_and_is_undone_without_leaving_the_view(app, crm, screen):
    screen.head.act("state", value="all")
    mark(screen, 100, -100)
    screen.grid.fire("menu", id="link")
    assert app.said[-1]["toast"] == "2 poster er koblet og lukket."
    assert len(crm.ledger.closed_items()) == 2
    assert [n for _state, _label, n in screen.head.data["states"]] == [3, 2, 5]
    app.router.fire("undo", id=app.said[-1]["id"])
    assert crm.ledger.closed_items().empty
    assert app.main.children[0] is screen
    assert screen.state == "all"


def test_a_link_with_a_rest_says_so_and_can_be_taken_apart(app, crm, screen):
    mark(screen, 50, -20)
    screen.grid.fire("menu", id="link")
    assert app.said[-1]["toast"] == "Kobling 1: 2 poster, 30,00 NOK gjenstår."
    mark(screen, 50)
    screen.grid.fire("menu", id="unlink")
    assert app.said[-1]["toast"] == "2 poster er åpne igjen."
    assert crm.ledger.matches().empty


def test_a_posting_is_taken_out_of_its_link(app, crm, screen):
    mark(screen, 100, 50, -20)
    screen.grid.fire("menu", id="link")
    mark(screen, 100)
    screen.grid.fire("menu", id="remove")
    assert app.said[-1]["toast"] == "1 post er tatt ut av koblingen."
    assert crm.ledger.matches().n_postings.tolist() == [2]


def test_an_action_brings_its_selection_along(crm, screen):
    """A changed trait may still wait in the browser when the action is sent."""
    mark(screen, 100, -100)
    marked = bytes(screen.grid.selected)
    screen.grid.selected = b""
    screen.grid._receive(screen.grid, {"event": "menu", "id": "link"}, [memoryview(marked)])
    assert crm.ledger.matches().n_postings.tolist() == [2]


@pytest.mark.parametrize("forged", ["", "delete", "__init__"])
def test_a_forged_action_does_nothing(crm, screen, forged):
    mark(screen, 100, -100)
    screen.grid.fire("menu", id=forged)
    screen.grid.selected = np.array([-1, 99, 2**31 - 1], "int64").tobytes()
    screen.grid.fire("menu", id="link")
    assert crm.ledger.matches().empty


def test_who_was_faster_is_told_and_the_screen_shows_it(app, crm, screen):
    mark(screen, 100, -100)
    keys = crm.ledger.open_items()
    crm.ledger.match(posting_ids=keys.posting_id[keys.amount_minor.abs() == 10000].tolist())
    screen.grid.fire("menu", id="link")
    assert "Kari Nordmann endret koblingen" in app.said[-1]["toast"]
    assert len(screen.shown) == 3


def test_colleagues_writing_leaves_the_selection(crm, acme, screen):
    mark(screen, 50)
    post(crm, acme, 7, posted_on=date(2025, 12, 1))
    screen.reload()
    assert screen.shown.amount_minor.iloc[screen.grid.selected_rows].tolist() == [5000]


def test_currencies_are_apart_and_the_past_is_read_only(screen):
    assert [row["currency"] for row in screen.head.data["standing"]] == ["NOK", "EUR"]
    assert screen.head.data["standing"][0]["stats"][0][1] == "30,00"
    screen.head.act("as_of", value="2026-01-01")
    assert len(screen.shown) == 2
    assert "ved utgangen av 01.01.2026" in screen.head.html
    assert [item["id"] for item in screen.grid.menu] == ["show"]
    mark(screen, 100)
    screen.grid.fire("menu", id="unlink")
    screen.head.act("as_of", value="<script>")
    assert screen.as_of == date(2026, 1, 1)
    screen.head.act("as_of", value="")
    assert len(screen.shown) == 5


def test_one_party_has_its_own_page(app, crm, acme, screen):
    other = crm.customers.create(name="Annen AS")
    post(crm, other, 1)
    app.go(f"customers/{acme.number}/ledger")
    assert len(app.main.children[0].shown) == 5
    assert "Acme AS" in app.main.children[0].card.html
    app.go(f"customers/{acme.number}")
    assert f'data-route="customers/{acme.number}/ledger"' in app.main.children[0].html


def test_a_seller_reads_only(crm, screen, tmp_path):
    crm.employees.add(username="ola", name="Ola Hansen", password="hemmelig-nok", roles=("seller",))
    crm.transport._user = "ola"
    ola = App(crm)
    ola.go("ledger")
    assert [item["id"] for item in ola.main.children[0].grid.menu] == ["show"]
    assert len(ola.main.children[0].shown) == 5
    for path in ("ledger/proposals", "ledger/rules", "ledger/reminders", "imports/saft"):
        ola.go(path)
        assert "Bare regnskapsførere" in ola.main.children[0].html


def test_a_link_tells_who_made_it_and_why(app, crm, acme, screen):
    mark(screen, 50, -20)
    screen.grid.fire("menu", id="link")
    mark(screen, 50)
    screen.grid.fire("menu", id="show")
    assert all(text in screen.detail.html for text in ("Kobling 1", "Kari Nordmann", "Manuelt", "30,00 NOK"))
    screen.detail.act("hide")
    assert "Kobling 1" not in screen.detail.html
    app.go(f"customers/{acme.number}/ledger")
    party = app.main.children[0]
    party.grid.fire("open", row=int(party.shown.index[party.shown.amount_minor == -2000][0]))
    assert "Kobling 1" in party.detail.html


def test_a_posting_by_hand_is_reversed_from_the_menu(app, crm, screen):
    mark(screen, 50)
    screen.grid.fire("menu", id="reverse")
    assert app.said[-1]["toast"] == "1 post er tilbakeført."
    assert sorted(crm.ledger.closed_items().amount_minor) == [-5000, 5000]


def test_a_write_that_is_none_of_the_ledgers_reads_nothing_again(crm, acme, screen):
    frame = screen.frame
    crm.customers.create(name="Uten poster AS")
    screen.reload()
    assert screen.frame is frame
    post(crm, acme, 3)
    screen.reload()
    assert len(screen.frame) == len(frame) + 1


@pytest.mark.parametrize("name", ["ageing-pdf", "ageing-xlsx", "ageing-html", "open-xlsx"])
def test_reports_are_handed_over(handed, screen, name):
    screen.head.act(name)
    assert [file.rpartition(".")[2] for file in handed] == [name.partition("-")[2]]


@pytest.mark.parametrize("form", ["pdf", "xlsx", "html"])
@pytest.mark.usefixtures("screen")
def test_a_partys_statement_is_handed_over(app, handed, acme, form):
    app.go(f"customers/{acme.number}/ledger")
    app.main.children[0].head.act(f"statement-{form}")
    assert list(handed) == [f"kontoutskrift-{acme.number}-{business_day(utc_now())}.{form}"]


def test_the_form_posts_by_hand_and_tells_what_is_wrong(app, crm, acme):
    app.go(f"customers/{acme.number}/ledger/new")
    form = app.main.children[0]
    form.act("typed", name="kind", values={"kind": "payment"})
    assert form.values["side"] == "credit"
    wrong = {"amount": "0", "kid": "12345", "currency": "kroner", "posted_on": "31.02.2026", "account": "", "due_on": "", "kind": "payment", "side": "credit"}
    form.act("save", values=wrong)
    assert set(form.errors) == {"amount", "kid", "currency", "posted_on"}
    assert crm.ledger.all_items().empty
    form.act("save", values=wrong | {"amount": "1 250,50", "kid": "", "currency": "nok", "posted_on": "2.3.2026", "text": "Fra hånden"})
    (row,) = crm.ledger.all_items().itertuples()
    assert (row.amount_minor, row.currency, row.kind, row.text, row.account) == (-125050, "NOK", "payment", "Fra hånden", "1500")
    app.router.fire("undo", id=app.said[-1]["id"])
    assert crm.ledger.closed_items().amount_minor.tolist() == [-125050, 125050]


def test_the_grid_sums_by_currency_and_offers_what_fits(mount, screen):
    page = mount(screen.grid)
    rows = page.locator(".crm-tr:not([hidden])")
    assert page.locator(".total").inner_text() == "Sum NOK 30,00 · EUR 10,00"
    buttons = page.locator(".crm-bar button:not(.x)")
    rows.filter(has_text="Post 100").click()
    assert [buttons.nth(n).is_enabled() for n in range(4)] == [False, False, False, False]
    rows.filter(has_text="Post -100").click(modifiers=["Control"])
    assert [buttons.nth(n).is_enabled() for n in range(4)] == [True, False, False, False]
    assert page.locator(".crm-bar .sum.zero").inner_text() == "Sum 0,00"
    rows.filter(has_text="Post 10").last.click(modifiers=["Control"])
    assert not buttons.nth(0).is_enabled()
    assert page.locator(".crm-bar .sum").inner_text() == "Sum NOK 0,00 · EUR 10,00"
    page.keyboard.press("k")
    assert page.evaluate(CHOSEN) == []
    rows.filter(has_text="Post 10").last.click(modifiers=["Control"])
    page.evaluate("model.set('data', model.get('data').map(c => ({...c})))")  # a colleague wrote something
    assert page.locator(".crm-tr[aria-selected=true]").count() == 2
    page.keyboard.press("k")
    assert page.evaluate(CHOSEN) == ["link"]
