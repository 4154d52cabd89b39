"""Opportunities without a browser: the box and the tab of the card, the list and the form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

import crm_lab
from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.opportunities import OpportunityStatus, SellerShare
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.opportunities import OpportunityForm, OpportunityList
from crm_lab.widgets.shell import App, Missing

SPACE = "\u00a0"


def show(app, path, screen=None):
    app.go(path)
    shown = app.main.children[0]
    assert screen is None or isinstance(shown, screen)
    return shown


def undo(app):
    app.router.fire("undo", id=app.said[-1]["id"])


def only(crm, customer):
    (one,) = crm.opportunities.of(customer_id=customer.id)
    return one


@pytest.mark.parametrize("tab", ["", "/opportunities"])
def test_one_is_added_changed_won_reopened_lost_and_removed_on_the_card(app, crm, acme, tab):
    card = show(app, f"customers/{acme.number}{tab}", CustomerCard)
    card.act("opportunity_start")
    assert 'id="opportunity-form"' in card.html
    card.act("opportunity_add", values={"title": "Kran", "amount": "250 000", "probability": "40 %", "expected_close_on": "2099-01-31", "next_step": "Ring"})
    one = only(crm, acme)
    assert (one.title, one.amount, one.probability, one.expected_close_on, one.next_step) == ("Kran", Decimal(250_000), 40, date(2099, 1, 31), "Ring")
    assert 'id="opportunity-form"' not in card.html and "Kran" in card.html and card.data["n_opportunities"] == 1
    card.act("opportunity_edit", id=str(one.id))
    assert 'value="250000"' in card.html
    card.act("opportunity_save", id=str(one.id), values={"title": "To kraner", "amount": "", "probability": "", "expected_close_on": "", "next_step": ""})
    assert (only(crm, acme).title, only(crm, acme).amount, only(crm, acme).probability) == ("To kraner", None, 10)
    undo(app)
    assert only(crm, acme).title == "Kran" and "Kran" in card.html
    card.act("opportunity_win", id=str(one.id))
    assert only(crm, acme).status is OpportunityStatus.WON and "Vunnet" in card.html and card.data["n_opportunities"] == 0
    card.act("opportunity_reopen", id=str(one.id))
    card.act("opportunity_lose", id=str(one.id))
    card.act("opportunity_lost", id=str(one.id), values={"lost_reason": " "})
    assert only(crm, acme).is_open and "Skriv hvorfor den gikk tapt." in card.html
    card.act("opportunity_lost", id=str(one.id), values={"lost_reason": "Pris"})
    assert only(crm, acme).lost_reason == "Pris" and "Tapt" in card.html
    card.act("opportunity_delete", id=str(one.id))
    assert crm.opportunities.of(customer_id=acme.id) == [] and "Kran" not in card.html
    undo(app)
    assert only(crm, acme).lost_reason == "Pris"


@pytest.mark.parametrize(
    ("field", "text"), [("title", ""), ("amount", "-1"), ("amount", "mye"), ("probability", "101"), ("probability", "-5"), ("probability", "halvt"), ("expected_close_on", "i går")]
)
def test_what_is_wrong_is_told_at_its_field_on_the_card_and_in_the_form(app, crm, acme, field, text):
    given = {"title": "Kran", "amount": "1", "probability": "50", "expected_close_on": "", "next_step": "Ring"} | {field: text}
    card = show(app, f"customers/{acme.number}", CustomerCard)
    card.act("opportunity_start")
    card.act("opportunity_add", values=given)
    assert list(card.data["opportunity_errors"]) == [field] and f'id="d-{field}"' in card.html and 'value="Ring"' in card.html
    card.reload()
    assert f'id="d-{field}"' in card.html, "what a colleague does leaves the form alone"
    form = show(app, f"opportunities/new/{acme.number}", OpportunityForm)
    form.act("save", values=form.data["values"] | given)
    assert list(form.data["errors"]) == [field]
    assert crm.opportunities.of(customer_id=acme.id) == []


def test_what_is_made_up_reaches_nothing(app, crm, acme):
    made = crm.opportunities.create(title="Kran", customer_id=acme.id)
    card = show(app, f"customers/{acme.number}", CustomerCard)
    for act, arguments in (
        ("opportunity_edit", {"id": "x"}), ("opportunity_lose", {"id": str(new_id())}), ("opportunity_win", {"id": "x"}),
        ("opportunity_save", {"id": str(made.id), "values": {"title": "Nei"}}), ("opportunity_add", {"values": {"customer_id": "x", "status": "won"}}),
    ):  # fmt: skip
        card.act(act, **arguments)
    assert only(crm, acme).version == 1
    form = show(app, f"opportunities/new/{acme.number}", OpportunityForm)
    for forged in ({"status": "halvveis"}, {"owner_id": "x"}, {"contact_id": "x"}, {"customer_id": "x"}, {"owner_id": str(new_id())}, {"customer_id": str(new_id())}):
        form = show(app, f"opportunities/new/{acme.number}", OpportunityForm)
        form.act("save", values=form.data["values"] | {"title": "X"} | forged)
        assert form.data["errors"] or form.data["problem"], forged
    assert only(crm, acme).title == "Kran"


def test_a_colleague_who_was_faster_is_not_written_over(app, crm, acme):
    made = crm.opportunities.create(title="Kran", customer_id=acme.id)
    card = show(app, f"customers/{acme.number}", CustomerCard)
    card.act("opportunity_edit", id=str(made.id))
    crm.opportunities.change(id=made.id, version=1, next_step="Ring i morgen")
    card.reload()
    card.act("opportunity_save", id=str(made.id), values={"title": "Kran", "next_step": ""})
    assert only(crm, acme).next_step == "Ring i morgen" and "i mellomtiden" in app.said[-1]["toast"]


def test_the_form_makes_changes_and_loses(app, crm, acme):
    per = crm.contacts.create(first_name="Per", last_name="Nilsen")
    crm.contacts.add_role(id=per.id, customer_id=acme.id)
    form = show(app, "opportunities/new", OpportunityForm)
    form.act("save", values=form.data["values"] | {"title": "Kran"})
    assert list(form.data["errors"]) == ["customer_id"] and "Velg en kunde" in form.html
    form.act("customer_query", value="acme")
    form.act("customer", id=str(acme.id))
    assert [name for _key, name in form.data["contacts"]] == ["Ingen", "Per Nilsen"]
    form.act("save", values=form.data["values"] | {"contact_id": str(per.id), "amount": "1 000", "currency": "eur", "status": "lost"})
    assert list(form.data["errors"]) == ["lost_reason"]
    form.act("save", values=form.data["values"] | {"status": "won"})
    assert app.router.path == "opportunities"
    one = only(crm, acme)
    assert (one.contact, one.currency, one.status, one.owner) == ("Per Nilsen", "EUR", OpportunityStatus.WON, "Kari Nordmann")
    form = show(app, f"opportunities/{one.id}?from=customers/{acme.number}/opportunities", OpportunityForm)
    form.act("save", values=form.data["values"] | {"status": "lost", "lost_reason": "Angret"})
    assert app.router.path == f"customers/{acme.number}/opportunities" and only(crm, acme).lost_reason == "Angret"
    form = show(app, f"opportunities/{one.id}?from=https://elsewhere.no", OpportunityForm)
    form.act("delete")
    assert app.router.path == "opportunities" and len(crm.opportunities.list()) == 0
    undo(app)
    assert only(crm, acme).title == "Kran"
    show(app, f"opportunities/{new_id()}", Missing)


def test_two_people_who_change_the_same_one_choose(app, crm, acme):
    made = crm.opportunities.create(title="Kran", customer_id=acme.id)
    form = show(app, f"opportunities/{made.id}", OpportunityForm)
    crm.opportunities.change(id=made.id, version=1, title="Kran, stor", next_step="Ring")
    form.act("save", values=form.data["values"] | {"title": "Kran, liten"})
    assert [clash["name"] for clash in form.clashes] == ["title"]
    form.act("save", values=form.data["values"] | {"choose:title": "mine"})
    assert (only(crm, acme).title, only(crm, acme).next_step) == ("Kran, liten", "Ring")


def test_the_list_sums_by_status_and_currency(app, crm, acme):
    for title, fields in {
        "A": {"amount": Decimal(1000), "probability": 25}, "B": {"amount": Decimal("0.50"), "probability": 100}, "C": {},
        "D": {"amount": Decimal(10), "currency": "EUR"}, "E": {"amount": Decimal(7), "status": "won"},
    }.items():  # fmt: skip
        crm.opportunities.create(title=title, customer_id=acme.id, **fields)
    screen = show(app, "opportunities", OpportunityList)
    assert screen.frame.title.tolist() == ["D", "C", "B", "A"]
    assert screen.head.data["sums"] == [(f"1{SPACE}000,50 kr", "250,50 kr"), ("10,00 EUR", "1,00 EUR")]
    screen.head.act("status", value="won")
    assert screen.frame.title.tolist() == ["E"] and screen.head.data["sums"] == [("7,00 kr", "7,00 kr")]
    screen.head.act("status", value="made up")
    screen.head.act("status", value="lost")
    assert screen.grid.n_rows == 0 and screen.head.data["sums"] == []
    screen.head.act("status", value="all")
    screen.grid.fire("open", row=99)
    screen.grid.fire("open", row=0)
    assert isinstance(app.main.children[0], OpportunityForm)


def test_a_hidden_one_is_not_there(app, crm, tmp_path):
    crm.employees.add(username="ola", name="Ola", password="hemmelig-nok", roles=(Role.SELLER,))
    secret = crm.customers.create(name="Hemmelig AS", owner_only=True)
    made = crm.opportunities.create(title="Kran", customer_id=secret.id)
    crm.close()
    ola = crm_lab.connect("ola", url=f"duckdb:///{tmp_path / 'crm.duckdb'}")
    theirs = App(ola)
    for path in (f"opportunities/{made.id}", f"opportunities/new/{secret.number}", f"customers/{secret.number}/opportunities"):
        show(theirs, path, Missing)
    assert show(theirs, "opportunities", OpportunityList).grid.n_rows == 0
    ola.close()


def test_the_form_has_every_field(app, crm, acme):
    per = crm.contacts.create(first_name="Per", last_name="Nilsen")
    crm.contacts.add_role(id=per.id, customer_id=acme.id)
    offer, source = crm.pipelines.list()[0].stages[2], next(c for c in crm.pipelines.choices() if c.kind == "source")
    form = show(app, f"opportunities/new/{acme.number}", OpportunityForm)
    full = form.data["values"] | {
        "title": "Kran", "stage_id": str(offer.id), "category": "commit", "amount": "100", "currency": "EUR", "rate": "11,5", "is_recurring": True,
        "source_id": str(source.id), "products": "Kran 40 t", "competitor": "Fjordtek", "next_step_on": "2027-01-02", "owner_only": True,
        "seller_1": str(app.me.id), "share_1": "90", "who_1": str(per.id), "role_1": "Innkjøper",
    }  # fmt: skip
    form.act("save", values=full)
    assert form.data["errors"] == {"sellers": "Selgerne har 90 % til sammen. Andelene må bli 100 %."}
    form.act("save", values=full | {"share_1": "100"})
    one = crm.opportunities.get(id=only(crm, acme).id)
    assert (one.stage, one.probability, one.category, one.amount_nok, one.source) == ("Tilbud", 50, "commit", Decimal(1150), source.name)
    assert (one.is_recurring, one.owner_only, [s.percent for s in one.sellers], [(c.name, c.role) for c in one.contacts]) == (True, True, [100], [("Per Nilsen", "Innkjøper")])
    form = show(app, f"opportunities/{one.id}?from=pipeline", OpportunityForm)
    form.act("save", values=form.data["values"])
    assert crm.opportunities.get(id=one.id).sellers == one.sellers and app.router.path == "pipeline"


def test_the_form_keeps_all_sellers_however_many(app, crm, acme):
    people = [crm.employees.add(username=f"s{n}", name=f"Selger {n}", password="hemmelig-nok").id for n in range(6)]
    shares = tuple(SellerShare(employee_id=key, percent=percent) for key, percent in zip(people, (50, 10, 10, 10, 10, 10), strict=True))
    one = crm.opportunities.create(title="Kran", customer_id=acme.id, sellers=shares)
    form = show(app, f"opportunities/{one.id}", OpportunityForm)
    assert 'id="f-seller_7"' in form.html and 'id="f-seller_8"' not in form.html
    form.act("save", values=form.data["values"])
    assert len(crm.opportunities.get(id=one.id).sellers) == 6
