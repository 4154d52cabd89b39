"""Cards: everything of one party in one answer."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.domain.terms import Terms, TermSource
from crm_lab.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

MOST_STATEMENTS = 12
"""What opening a card may cost the database: one for the party and one for each kind of thing linked to it."""


def test_a_customer_with_all_that_is_linked_to_it(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    gold = kari.categories.create(name="Gull", terms=Terms(discount=10))
    made = kari.customers.create(name="Fjord AS", categories=(gold.id,))
    renamed = kari.customers.rename(id=made.id, name="Fjord Drift AS", version=made.version)
    kari.customers.assign(ids=(made.id,), owner_id=ola.me.id)
    role = ContactRole(id=new_id(), customer_id=made.id, title="Daglig leder", phone="+4722334455")
    left = ContactRole(id=new_id(), customer_id=made.id, title="Styreleder", ended_on=date(2020, 1, 1))
    kari.contacts.create(first_name="Åse", last_name="Aas", roles=(left, role))
    kari.contacts.create(first_name="Bo", last_name="Berg", mobile="+4799887766", roles=(ContactRole(id=new_id(), customer_id=made.id),))

    card = ola.cards.customer(number=made.number)
    assert (card.customer.id, card.customer.display_name) == (made.id, renamed.display_name)
    assert (card.owner, [owner.name for owner in card.former_owners]) == ("Ola Hansen", ["Kari Nordmann"])
    assert card.former_names == ("Fjord AS",)
    assert [category.name for category in card.categories] == ["Gull"]
    assert card.terms["discount"].source is TermSource.CATEGORY
    assert [(person.name, person.title, person.phone) for person in card.contacts] == [
        ("Bo Berg", "", "+4799887766"), ("Åse Aas", "Daglig leder", "+4722334455"),
    ]  # fmt: skip


def test_a_contact_with_the_companies_one_may_see(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    known, secret = kari.customers.create(name="Åpen AS"), kari.customers.create(name="Hemmelig AS", owner_only=True)
    roles = tuple(ContactRole(id=new_id(), customer_id=party.id) for party in (known, secret))
    made = kari.contacts.create(last_name="Moen", roles=roles)
    kari.contacts.rename(id=made.id, version=made.version, first_name="", last_name="Moe")
    assert {company.name for company in kari.cards.contact(id=made.id).companies} == {"Åpen AS", "Hemmelig AS"}
    card = ola.cards.contact(id=made.id)
    assert [company.name for company in card.companies] == ["Åpen AS"]
    assert card.former_names == ("Moen",)


def test_what_is_hidden_has_no_card(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    secret = kari.customers.create(name="Hemmelig AS", owner_only=True)
    person = kari.contacts.create(last_name="Hemmelig", owner_only=True)
    with pytest.raises(NotFound):
        ola.cards.customer(number=secret.number)
    with pytest.raises(NotFound):
        ola.cards.contact(id=person.id)


def test_a_card_is_followed_until_it_is_hidden_or_let_go(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    acme, per = kari.customers.create(name="Acme AS"), kari.contacts.create(first_name="Per", last_name="Nilsen")
    for _time in range(2):
        ola.cards.follow(customer_id=acme.id)
    ola.cards.follow(contact_id=per.id)
    assert [(card.name, card.customer_number, card.contact_id) for card in ola.cards.followed()] == [
        ("Per Nilsen", None, per.id), ("Acme AS", acme.number, None),
    ]  # fmt: skip
    assert kari.cards.followed() == [], "what one follows is one's own affair"
    ola.cards.follow(contact_id=per.id, follows=False)
    secret = kari.customers.change(id=acme.id, version=acme.version, owner_only=True)
    assert ola.cards.followed() == []
    with pytest.raises(NotFound):
        ola.cards.follow(customer_id=acme.id)
    with pytest.raises(InvalidInput):
        ola.cards.follow()
    kari.customers.delete(id=acme.id, version=secret.version)
    kari.history.undo(request_id=kari.last_request)
    kari.customers.change(id=acme.id, version=kari.customers.get(id=acme.id).version, owner_only=False)
    assert [card.name for card in ola.cards.followed()] == ["Acme AS"]


@pytest.mark.one_file
def test_a_card_costs_few_statements(database: Database, login: Callable[[str], Connection]) -> None:
    """DuckDB takes a millisecond or two for each, whatever it reads."""
    crm = login("kari")
    made = crm.customers.create(name="Fjord AS")
    for last_name in ("Aas", "Berg", "Dahl"):
        crm.contacts.create(last_name=last_name, roles=(ContactRole(id=new_id(), customer_id=made.id),))
    crm.cards.customer(number=made.number)
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _cursor, sql, *_rest: statements.append(sql))
    crm.cards.customer(number=made.number)
    of_the_card = [sql for sql in statements if "WHERE employee.username" not in sql]
    assert len(of_the_card) == MOST_STATEMENTS, statements
