"""Merging on screen: who is proposed, the two side by side, the line on the card, and many at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.terms import Terms
from crm_lab.errors import NotFound
from crm_lab.widgets.contacts import ContactCard
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.duplicates import DuplicateScreen
from crm_lab.widgets.merges import MergeScreen

if TYPE_CHECKING:
    from crm_lab.connection import Connection
    from crm_lab.domain.customers import Customer
    from crm_lab.widgets.shell import App


@pytest.fixture
def double(crm: Connection, acme: Customer) -> Customer:
    """Acme once more, with things of its own."""
    made: Customer = crm.customers.create(
        name=acme.name.upper(), phone="22334455", note="<b>Ring</b> først", terms=Terms(payment_days=30, discount=Decimal(5)),
        addresses=(Address(kind=AddressKind.VISITING, street="Storgata 1", city="OSLO"),), language="en",
    )  # fmt: skip
    crm.notes.create(text="Hei", customer_id=made.id)
    crm.ledger.post(customer_id=made.id, kind="manual", amount=Decimal(5), posted_on=date(2026, 1, 2))
    return made


def at(app: App, path: str) -> Any:
    app.go(path)
    (shown,) = app.main.children
    return shown


def test_who_it_may_be_with_reasons(app: App, acme: Customer, double: Customer) -> None:
    screen = at(app, f"customers/{acme.number}/merge")
    assert isinstance(screen, MergeScreen)
    assert [(d.number, path) for d, path, _sure in screen.data["rows"]] == [(double.number, f"customers/{acme.number}/merge/{double.number}")]
    for words in ("Kan være samme", "Samme navn", "Sannsynlig"):
        assert words in screen.html
    screen.act("dismiss", id=str(double.number))
    assert screen.data["rows"] == []
    assert "Ingen duplikater funnet" in screen.html


def test_another_is_searched_for(app: App, crm: Connection, acme: Customer) -> None:
    other = crm.customers.create(name="Helt Annet AS")
    screen = at(app, f"customers/{acme.number}/merge")
    screen.act("query", value="helt")
    assert [name for _id, name, _detail in screen.data["options"]] == ["Helt Annet AS"]
    screen.act("other", id="99999")
    assert app.router.path == f"customers/{acme.number}/merge"
    screen.act("other", id=str(other.number))
    assert app.router.path == f"customers/{acme.number}/merge/{other.number}"


def test_the_two_side_by_side_and_back(app: App, crm: Connection, acme: Customer, double: Customer) -> None:
    screen = at(app, f"customers/{acme.number}/merge/{double.number}")
    labels = {field["name"]: (field["label"], field["kept"], field["other"]) for field in screen.data["fields"]}
    assert labels["terms.payment_days"] == ("Betalingsfrist, dager", "", "30 dager")
    assert labels["address.visiting"][2] == "Storgata 1, OSLO"
    assert labels["language"][2] == "Engelsk"
    assert "&lt;b&gt;Ring&lt;/b&gt; først" in screen.html
    for words in ("1 notat flyttes over.", "1 post blir stående slik de er ført", f"Kundenummer {double.number}"):
        assert words in screen.html
    screen.act("merge", values={"take:name": "other", "take:phone": "kept", "take:note": "other"})
    card = app.main.children[0]
    assert isinstance(card, CustomerCard)
    assert (card.party.name, card.party.phone, card.party.note) == (acme.name.upper(), acme.phone, "<b>Ring</b> først")
    assert f"Flettet med {double.name} (kundenr. {double.number})" in card.html
    assert at(app, f"customers/{double.number}").party.number == acme.number
    (merge,) = app.main.children[0].data["merged"]
    app.main.children[0].act("unmerge", id=str(merge.id))
    assert app.main.children[0].data["merged"] == []
    assert crm.customers.by_number(number=double.number).note == "<b>Ring</b> først"
    assert app.main.children[0].party.name == acme.name


def test_numbers_that_differ_are_confirmed(app: App, crm: Connection, acme: Customer) -> None:
    other = crm.customers.create(name=acme.name, organisation_number="974760673")
    screen = at(app, f"customers/{acme.number}/merge/{other.number}")
    values: dict[str, Any] = {f"take:{field['name']}": "kept" for field in screen.data["fields"]}
    screen.act("merge", values=values)
    assert "Organisasjonsnumrene er ulike" in screen.html
    assert crm.customers.count() == 2
    screen.act("merge", values=values | {"numbers_may_differ": True})
    assert crm.customers.count() == 1


def test_contacts_are_merged_alike(app: App, crm: Connection) -> None:
    kept, other = (crm.contacts.create(first_name=name, last_name="Berg", mobile="91234567") for name in ("Ida", "Ida K."))
    (group,) = at(app, "duplicates/contacts").data["groups"]
    assert group["compare"] == f"contacts/{kept.id}/merge/{other.id}"
    screen = at(app, f"contacts/{kept.id}/merge")
    assert [d.contact_id for d, _path, _sure in screen.data["rows"]] == [other.id]
    screen = at(app, f"contacts/{kept.id}/merge/{other.id}")
    screen.act("merge", values={"take:name": "other"})
    card = app.main.children[0]
    assert isinstance(card, ContactCard)
    assert card.party.display_name == "Ida K. Berg"
    assert at(app, f"contacts/{other.id}").party.id == kept.id
    app.main.children[0].act("unmerge", id="made up")
    assert crm.contacts.count() == 1


def test_many_at_once(app: App, crm: Connection, acme: Customer, double: Customer) -> None:
    del double
    for n in range(2):
        crm.customers.create(name=f"Fjellheim {'Transport' * (n == 0) or 'transport'}", email="post@fjellheim.no")
    screen = at(app, "duplicates")
    assert isinstance(screen, DuplicateScreen)
    sure, likely = screen.data["groups"]
    assert (sure["is_chosen"], likely["is_chosen"]) == (True, False)
    assert sure["why"] == "Samme e-postadresse · Samme navn"
    screen.act("merge", values={})
    assert len(screen.data["groups"]) == 2
    screen.act("merge", values={f"merge:{sure['key']}": True, f"keep:{sure['key']}": sure["members"][1]["id"]})
    assert [group["members"][0]["id"] for group in screen.data["groups"]] == [str(acme.id)]
    assert crm.customers.by_number(number=sure["members"][0]["number"]).number == sure["members"][1]["number"]
    screen.act("dismiss", key=likely["key"])
    assert screen.data["groups"] == []
    assert at(app, "duplicates").data["groups"] == []


def test_what_is_hidden_has_no_screen(app: App, crm: Connection, acme: Customer) -> None:
    for path in ("customers/99999/merge", f"customers/{acme.number}/merge/99999", f"contacts/{acme.id}/merge"):
        assert type(at(app, path)).__name__ == "Missing"
    with pytest.raises(NotFound):
        crm.merges.of(kind="customer", id=crm.me.id)
