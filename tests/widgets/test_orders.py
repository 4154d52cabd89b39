"""Orders without a browser: the list, the form with its lines, the tab of the card, the invoice and crediting it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from crm_lab.domain.ids import new_id
from crm_lab.domain.invoicing import InvoicingSettings, OrderFinding
from crm_lab.domain.orders import OrderLine, OrderStatus
from crm_lab.domain.terms import Terms
from crm_lab.errors import InvalidInput
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.invoices import InvoicePage
from crm_lab.widgets.invoicing import InvoicingForm
from crm_lab.widgets.letterhead import LetterheadScreen
from crm_lab.widgets.order_form import OrderForm, OrderStart
from crm_lab.widgets.orders import OrderList
from crm_lab.widgets.reminders import ReminderScreen


@pytest.fixture(autouse=True)
def seller(crm):
    crm.invoices.set_settings(settings=InvoicingSettings(organisation_number="974760673"))


def show(app, path, screen):
    app.go(path)
    shown = app.main.children[0]
    assert isinstance(shown, screen), getattr(shown, "html", "")[:500]
    return shown


def lines(n):
    return tuple(OrderLine(id=new_id(), text=f"Vare {at}", quantity=Decimal(2), price=Decimal(100)) for at in range(n))


def heard(editor, monkeypatch):
    """The messages that go to the page."""
    found = []
    monkeypatch.setattr(editor, "send", lambda message, *_rest: found.append(message))
    return found


def test_an_order_is_written_invoiced_and_credited(app, crm, acme, monkeypatch):
    crm.products.create(name="Hammer", number="H1", price=Decimal("249.50"))
    start = show(app, "orders/new", OrderStart)
    start.act("customer_query", value="acme")
    start.act("customer", id=str(acme.id))
    form = app.main.children[0]
    assert isinstance(form, OrderForm) and "Firmaets standard" in form.head.html
    editor, said = form.editor, heard(form.editor, monkeypatch)
    (key,) = editor._lines
    editor.fire("find", id=key, field="number", text="h1")
    (found,) = said.pop()["found"]
    editor.fire("pick", id=key, product=found[0])
    assert said[-1]["row"]["price"] == "249,50" and said[-1]["focus"] == [key, "quantity"]
    editor.fire("edit", id=key, field="quantity", value="to")
    assert said[-1]["row"]["errors"]["quantity"]
    form.foot.act("save")
    assert "Rett" in app.said[-1]["toast"] and len(crm.orders.list()) == 0
    editor.fire("edit", id=key, field="quantity", value="2")
    editor.fire("add", after=key)
    other = said[-1]["added"]["id"]
    editor.fire("edit", id=other, field="text", value="Frakt")
    editor.fire("edit", id=other, field="price", value="100")
    editor.fire("move", id=other, to=0, field="text")
    assert form.is_begun
    form.head.act("typed", name="buyer_reference", values={"buyer_reference": "Ola"})
    form.foot.act("save")
    (order,) = [crm.orders.get(id=key) for key in crm.orders.list().id]
    assert [(line.text, line.net) for line in order.lines] == [("Frakt", Decimal(100)), ("Hammer", Decimal(499))] and order.buyer_reference == "Ola"
    form = show(app, f"orders/{order.id}", OrderForm)
    form.head.act("status", value="confirmed")
    assert crm.orders.get(id=order.id).status is OrderStatus.CONFIRMED
    app.main.children[0].head.act("invoice")
    page = app.main.children[0]
    assert isinstance(page, InvoicePage) and "Hammer" in page.html and "Faktura 10001" in page.html
    page.act("credit_start")
    page.act("credit", values={"line.1": "", "line.2": "3", "reason": ""})
    assert page.data["problem"]
    page.act("credit", values={"line.1": "", "line.2": "1", "reason": "Retur"})
    assert "Kreditnota 10002" in app.main.children[0].html
    assert show(app, f"orders/{order.id}", OrderForm).editor.fixed


def test_a_change_among_200_lines_sends_its_row_and_the_sums(app, crm, acme, monkeypatch):
    order = crm.orders.create(customer_id=acme.id, lines=lines(200))
    editor = show(app, f"orders/{order.id}", OrderForm).editor
    said = heard(editor, monkeypatch)
    began = time.perf_counter()
    for key in list(editor._lines)[:20]:
        editor.fire("edit", id=key, field="quantity", value="3")
    print("ms a change:", (time.perf_counter() - began) / 20 * 1000)
    assert set(said[-1]) == {"row", "totals"} and said[-1]["totals"][0][1].replace("\u00a0", " ") == "42 000,00"


def test_the_list_filters_moves_on_merges_and_invoices_what_can_be(app, crm, acme):
    blocked = crm.customers.create(name="Sperret AS", email="s@s.no", terms=Terms(is_blocked=True))
    for party in (acme, acme, blocked):
        crm.orders.create(customer_id=party.id, lines=lines(1))
    screen = show(app, "orders", OrderList)
    pick(screen, [0, 1, 2])
    screen._menu("confirmed")
    assert set(crm.orders.list().status) == {"confirmed"}
    pick(screen, [1, 2])
    screen._menu("merge")
    pick(screen, [0, 1])
    screen._menu("invoice")
    assert crm.orders.list().status.tolist() == ["confirmed", "invoiced"] and "sperret for" in screen.head.html
    screen.head.act("status", value="invoiced")
    assert screen.frame.invoice_number.tolist() == [10001]


def pick(screen, rows):
    import numpy as np

    screen.grid.selected = np.array(rows, "int32").tobytes()


def test_the_card_has_its_orders_and_makes_one_of_what_is_won(app, crm, acme):
    won = crm.opportunities.create(title="Kran", customer_id=acme.id, amount=Decimal(1000), status="won")
    card = show(app, f"customers/{acme.number}", CustomerCard)
    assert "Ny ordre" in card.html
    card.act("order_from", id=str(won.id))
    order = crm.orders.by_number(number=1001)
    card = show(app, f"customers/{acme.number}/orders", CustomerCard)
    assert "1001" in card.html and "Utkast" in card.html
    card.act("order_delete", id=str(order.id))
    assert len(crm.orders.list()) == 0
    app.router.fire("undo", id=app.said[-1]["id"])
    crm.orders.invoice(order.id)
    card.reload()
    assert "10001" in card.html


def test_the_company_says_what_is_on_its_invoices(app, crm):
    form = show(app, "settings/invoicing", InvoicingForm)
    form.act("save", values={"organisation_number": "123", "first_invoice": "x"})
    assert "first_invoice" in form.errors
    form.act("save", values={"organisation_number": "974760673", "first_invoice": "500", "kid_rule": "mod11", "closed_until": "2026-01-31"})
    assert (crm.invoices.settings().first_invoice, crm.invoices.settings().kid_rule) == (500, "mod11")


def test_what_receivers_would_refuse_is_told_at_its_line(app, crm, acme, monkeypatch):
    crm.invoices.set_settings(settings=InvoicingSettings(organisation_number="974760673", city="Oslo"))
    monkeypatch.setattr("crm_lab.services.invoices.findings_of", lambda *_rest: [OrderFinding(line=2, field="price", message="Ikke under null"), OrderFinding(field="seller", message="Adressen mangler")])
    order = crm.orders.create(customer_id=acme.id, lines=lines(2))
    form = show(app, f"orders/{order.id}", OrderForm)
    key = str(order.lines[1].id)
    assert "Adressen mangler" in form.head.html and form.editor._row(key)["warning"] == "Ikke under null"
    form.editor.fire("edit", id=key, field="price", value="5")
    assert form.editor._row(key)["warning"] == "" and not form.editor.errors
    form.head.act("invoice")
    assert "Linje 2: Ikke under null" in app.said[-1]["toast"] and len(crm.invoices.list()) == 0


def test_two_people_change_the_same_order(app, crm, acme):
    order = crm.orders.create(customer_id=acme.id, lines=lines(3))
    form = show(app, f"orders/{order.id}", OrderForm)
    first, second, third = order.lines
    form.editor.fire("edit", id=str(first.id), field="quantity", value="5")
    form.editor.fire("edit", id=str(second.id), field="text", value="Min")
    other = replace(second, text="Kollegas")
    crm.orders.change(id=order.id, version=1, lines=(first, other, replace(third, price=Decimal(7))), note="Hei")
    form.foot.act("save")
    assert "kollega" in form.head.html and form.editor._row(str(second.id))["warning"].startswith("En kollega endret den til: Kollegas")
    assert crm.orders.get(id=order.id).lines[1].text == "Kollegas"
    form.foot.act("save")
    saved = crm.orders.get(id=order.id)
    assert [(line.text, line.quantity, line.price) for line in saved.lines] == [("Vare 0", 5, 100), ("Min", 2, 100), ("Vare 2", 2, 7)] and saved.note == "Hei"
    form = show(app, f"orders/{order.id}", OrderForm)
    crm.orders.change(id=order.id, version=saved.version, note="Annet")
    form.head.act("invoice")
    assert "imens" in app.said[-1]["toast"] and len(crm.invoices.list()) == 0


def test_papers_of_an_order_and_of_many(app, crm, acme, monkeypatch):
    shown = []
    monkeypatch.setattr(app, "download", lambda name, data, *, is_shown=False: shown.append((name, data[:4], is_shown)))
    orders = [crm.orders.create(customer_id=acme.id, lines=lines(1)) for _ in range(2)]
    form = show(app, f"orders/{orders[0].id}", OrderForm)
    form.head.act("pdf")
    crm.orders.confirm(id=orders[0].id, version=1)
    show(app, f"orders/{orders[0].id}", OrderForm).head.act("print")
    assert shown == [("Tilbud 1001.pdf", b"%PDF", False), ("Ordrebekreftelse 1001.pdf", b"%PDF", True)]
    form = app.main.children[0]
    form.head.act("send_start")
    form.head.act("send", values={"recipient": "kjop@acme.no"})
    assert "kjop@acme.no" in app.main.children[0].head.html
    screen = show(app, "orders", OrderList)
    pick(screen, [0, 1])
    screen._menu("print")
    assert shown[-1] == ("Ordrer.zip", b"PK\x03\x04", False)
    with pytest.raises(InvalidInput):
        screen._invoices([orders[0].id])


def test_reminders_from_the_list_stand_on_the_invoice(app, crm, acme, monkeypatch):
    shown = []
    monkeypatch.setattr(app, "download", lambda name, data, *, is_shown=False: shown.append((name, is_shown)))
    (one,) = crm.orders.invoice(crm.orders.create(customer_id=acme.id, lines=lines(1)).id, on=date(2026, 1, 2))
    screen = show(app, "ledger/reminders", ReminderScreen)
    pick(screen, [0])
    screen._menu("print")
    screen.head.act("remind")
    page = show(app, f"invoices/{one.id}", InvoicePage)
    assert "Betales innen" in page.html
    page.act("letter", id=str(crm.reminders.of(invoice_id=one.id)[0].id))
    assert shown == [("Purring 1.pdf", True), ("Purring.pdf", True)]


def test_logo_and_colour_are_set(app, crm):
    screen = show(app, "settings/letterhead", LetterheadScreen)
    screen._file("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="4" height="4"/></svg>')
    assert "data:image/svg+xml;base64," in screen.form.html
    screen._file("x.svg", b"<svg")
    assert "PNG" in screen.form.problem
    screen.form.act("save", values={"accent": "#ffffff", "foot": ""})
    assert "lys" in screen.form.errors["accent"]
    screen.form.act("save", values={"accent": "#145a3c", "foot": "Medlem"})
    screen.form.act("remove")
    assert crm.letterhead.get().foot == "Medlem" and crm.letterhead.get().logo == b""


def test_a_fee_comes_from_the_customers_settings(app, crm):
    crm.invoices.set_settings(settings=InvoicingSettings(organisation_number="974760673", invoice_fee=Decimal(45)))
    payer = crm.customers.create(name="Gebyr AS", email="g@g.no", terms=Terms(charges_fee=True))
    order = crm.orders.create(customer_id=payer.id, lines=lines(1))
    assert (order.net, order.gross, order.invoice_fee) == (Decimal("245.00"), Decimal("306.25"), Decimal("45.00")) and "invoice_fee" in order.origins
    assert "Fra kunden" in show(app, f"orders/{order.id}", OrderForm).head.html
    (made,) = crm.orders.invoice(order.id)
    assert [line.text for line in crm.invoices.document(id=made.id).lines] == ["Vare 0", "Fakturagebyr"] and made.gross == order.gross
    other = crm.orders.create(customer_id=payer.id, lines=lines(1), invoice_fee=None)
    assert other.net == Decimal(200) and "invoice_fee" not in other.origins


def test_a_quote_that_would_end_before_it_begins_is_told_at_its_field(app, crm, acme):
    quote = crm.orders.create(customer_id=acme.id, status="quote", ordered_on=date(2026, 3, 2), valid_until=date(2026, 3, 9), lines=lines(1))
    form = show(app, f"orders/{quote.id}", OrderForm)
    assert "Utløpt tilbud" in form.head.html
    form.head.act("save", values={**form.head.values, "valid_until": "2026-03-01"})
    assert "Et tilbud kan ikke utløpe før sin egen dato" in form.head.html and crm.orders.get(id=quote.id).valid_until == date(2026, 3, 9)
    screen = show(app, "orders", OrderList)
    screen.head.act("status", value="expired")
    assert screen.frame.number.tolist() == [quote.number]
