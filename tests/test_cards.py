"""A card as frames."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import crm_lab
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.connection import Connection


@pytest.fixture
def crm(company_url: str) -> Iterator[Connection]:
    connection = crm_lab.connect("kari", url=company_url)
    yield connection
    connection.close()


def test_all_of_a_card_is_a_frame(crm: Connection) -> None:
    gold = crm.categories.create(name="Gull")
    acme = crm.customers.create(name="Acme AS", categories=(gold.id,))
    per = crm.contacts.create(last_name="Nilsen", roles=(ContactRole(id=new_id(), customer_id=acme.id, title="Sjef"),))
    crm.notes.create(text="Hei", customer_id=acme.id)
    crm.tasks.create(title="Ring", customer_id=acme.id)
    crm.projects.create(name="Nybygg", customer_id=acme.id, budget=Decimal("10.50"), contacts=(per.id,))
    crm.ledger.post(customer_id=acme.id, kind="invoice", amount=Decimal("1234.50"), posted_on=date(2026, 1, 2), due_on=date(2026, 1, 16))
    crm.ledger.post(customer_id=acme.id, ledger="AP", kind="invoice", amount=Decimal(-5), posted_on=date(2026, 1, 2), due_on=date(2999, 1, 1))
    for which in (acme.number, acme.id, str(acme.id)):
        card = crm.customers.card(which)
        assert (card.facts["number"], card.facts["owner"], card.facts.name) == (acme.number, "Kari Nordmann", "Acme AS")
        assert (card.people.title.tolist(), card.notes.text.tolist(), card.tasks.title.tolist()) == (["Sjef"], ["Hei"], ["Ring"])
        assert (card.categories.name.tolist(), card.projects.budget_minor.tolist()) == (["Gull"], [1050])
        assert card.standing.values.tolist() == [["AR", "NOK", 123450, 123450], ["AP", "NOK", 500, 0]]
        assert card.postings.amount_minor.tolist() == [123450, -500]
        assert "customers.create" in card.changes.action.tolist()
    person = crm.contacts.card(per.id)
    assert person.people[["company", "company_number", "title"]].values.tolist() == [["Acme AS", acme.number, "Sjef"]]
    assert (person.projects.name.tolist(), len(person.postings), len(person.standing)) == (["Nybygg"], 0, 0)


def test_an_empty_card_has_its_columns(crm: Connection) -> None:
    card = crm.customers.card(crm.customers.create(name="Tom AS").number)
    for name in ("people", "notes", "tasks", "projects", "postings", "standing", "addresses", "former_owners"):
        frame = getattr(card, name)
        assert len(frame) == 0 and len(frame.columns) > 1, name
    with pytest.raises(NotFound):
        crm.customers.card(99999)
    with pytest.raises(NotFound):
        crm.contacts.card(new_id())
