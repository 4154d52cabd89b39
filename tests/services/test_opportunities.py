"""Opportunities: from first to last, undo, what goes with a party, and whom they are hidden from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from crm_lab.domain.opportunities import OpportunityStatus, ProbabilityFrom
from crm_lab.errors import ChangedMeanwhile, Conflict, CrmError, InvalidFields, InvalidInput, NotFound
from crm_lab.services.check import check
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]


def test_an_opportunity_from_first_to_last(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme, per = kari.customers.create(name="Acme AS"), kari.contacts.create(first_name="Per", last_name="Nilsen")
    made = kari.opportunities.create(
        title="Kran", customer_id=acme.id, contact_id=per.id, amount=Decimal("1250000.50"), probability=30,
        expected_close_on=date(2027, 1, 31), next_step="Ring Per",
    )  # fmt: skip
    assert (made.customer, made.customer_number, made.contact, made.owner) == ("Acme AS", acme.number, "Per Nilsen", "Kari Nordmann")
    assert (made.status, made.closed_at, made.weighted) == (OpportunityStatus.OPEN, None, Decimal("375000.15"))
    assert ola.opportunities.get(id=made.id) == made
    won = ola.opportunities.win(id=made.id, version=1)
    assert (won.status, won.probability, won.closed_at is None) == (OpportunityStatus.WON, 30, False)
    assert ola.opportunities.change(id=made.id, version=2, title="To kraner").closed_at == won.closed_at, "it was decided then"
    with pytest.raises(ChangedMeanwhile):
        kari.opportunities.lose(id=made.id, version=1, reason="Pris")
    with pytest.raises(InvalidFields) as caught:
        kari.opportunities.lose(id=made.id, version=3, reason=" ")
    assert list(caught.value.fields) == ["lost_reason"]
    lost = kari.opportunities.lose(id=made.id, version=3, reason="Pris")
    assert (lost.status, lost.lost_reason, lost.closed_at == won.closed_at) == (OpportunityStatus.LOST, "Pris", False)
    again = kari.opportunities.reopen(id=made.id, version=4)
    assert (again.status, again.lost_reason, again.closed_at) == (OpportunityStatus.OPEN, "", None)
    kari.history.undo(request_id=kari.last_request)
    assert kari.opportunities.get(id=made.id).lost_reason == "Pris"
    kari.opportunities.delete(id=made.id, version=kari.opportunities.get(id=made.id).version)
    with pytest.raises(NotFound):
        kari.opportunities.get(id=made.id)
    kari.history.undo(request_id=kari.last_request)
    assert kari.opportunities.get(id=made.id).lost_reason == "Pris"
    assert check(database) == []


def test_the_list_weighs_as_one_does(login: Login) -> None:
    crm = login("kari")
    acme = crm.customers.create(name="Acme AS")
    given: list[dict[str, Any]] = [
        {"amount": Decimal("0.01"), "expected_close_on": date(2027, 1, 1)},
        {"amount": Decimal("333.33"), "probability": 33, "expected_close_on": date(2027, 1, 2)},
        {"amount": Decimal("99999999999.99"), "probability": 99, "expected_close_on": date(2027, 1, 3)},
        {"amount": Decimal(100), "status": "won", "probability": 0, "expected_close_on": date(2027, 1, 4)},
        {"amount": Decimal(100), "status": "lost", "lost_reason": "Pris", "currency": "eur", "expected_close_on": date(2027, 1, 5)},
        {},
    ]
    made = [crm.opportunities.create(title="Kran", customer_id=acme.id, **fields) for fields in given]
    frame = crm.opportunities.list()
    assert frame.id.tolist() == [str(one.id) for one in made], "those expected first on top, the others last"
    assert frame.weighted_minor.tolist()[:5] == [int(one.weighted * 100) for one in made[:5] if one.weighted is not None]
    assert frame.amount_minor.isna().tolist() == frame.weighted_minor.isna().tolist() == [False] * 5 + [True]
    assert frame.amount_minor.tolist()[:5] == [1, 33333, 9999999999999, 10000, 10000]
    assert frame.currency.tolist()[3:5] == ["NOK", "EUR"]
    assert crm.opportunities.count() == 4, "one that is decided does not count"
    assert [one.id for one in crm.opportunities.of(customer_id=acme.id)] == [made[n].id for n in (0, 1, 2, 5, 4, 3)]
    card = crm.cards.customer(number=acme.number)
    assert [(one.id, one.owner) for one in card.opportunities] == [(made[n].id, "Kari Nordmann") for n in (0, 1, 2, 5, 4, 3)]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"title": " "}, "title"), ({"amount": Decimal(-1)}, "amount"), ({"probability": 101}, "probability"), ({"status": "halvveis"}, "status"), ({"customer_id": None}, "customer_id")],
)
def test_what_is_wrong_changes_nothing(login: Login, given: dict[str, Any], field: str) -> None:
    crm = login("kari")
    acme = crm.customers.create(name="Acme AS")
    made = crm.opportunities.create(title="Kran", customer_id=acme.id)
    for ask in (lambda: crm.opportunities.create(**({"title": "X", "customer_id": acme.id} | given)), lambda: crm.opportunities.change(id=made.id, version=1, **given)):
        with pytest.raises(InvalidInput) as caught:
            ask()
        assert caught.value.field == field
    assert [(one.title, one.version, one.probability) for one in crm.opportunities.of(customer_id=acme.id)] == [("Kran", 1, 10)]


def test_who_is_not_there_is_refused(login: Login) -> None:
    crm = login("kari")
    acme = crm.customers.create(name="Acme AS")
    away = crm.employees.add(username="borte", name="Borte", password="hemmelig-nok")
    mine = crm.opportunities.create(title="Kran", customer_id=acme.id, owner_id=away.id)
    crm.employees.deactivate(id=away.id, version=away.version)
    with pytest.raises(InvalidInput) as caught:
        crm.opportunities.create(title="X", customer_id=acme.id, owner_id=away.id)
    assert caught.value.field == "owner_id"
    assert crm.opportunities.change(id=mine.id, version=1, title="To kraner", owner_id=away.id).owner == "Borte", "whose it was it stays"
    for key in ("customer_id", "contact_id"):
        with pytest.raises(NotFound):
            crm.opportunities.create(**({"title": "X", "customer_id": acme.id} | {key: away.id}))
    with pytest.raises(NotFound):
        crm.opportunities.of(customer_id=away.id)
    assert len(crm.opportunities.list()) == 1


def test_it_is_as_visible_as_its_customer_and_its_contact(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    secret, acme = kari.customers.create(name="Hemmelig AS", owner_only=True), kari.customers.create(name="Acme AS")
    hidden = kari.contacts.create(last_name="Hemmelig", owner_only=True)
    kari.opportunities.create(title="A", customer_id=secret.id)
    named = kari.opportunities.create(title="B", customer_id=acme.id, contact_id=hidden.id)
    shown = kari.opportunities.create(title="C", customer_id=acme.id)
    assert (kari.opportunities.count(), ola.opportunities.count()) == (3, 1)
    assert ola.opportunities.list().title.tolist() == ["C"]
    assert [one.title for one in ola.opportunities.of(customer_id=acme.id)] == ["C"]
    assert [one.title for one in ola.cards.customer(number=acme.number).opportunities] == ["C"]
    for ask in (lambda: ola.opportunities.win(id=named.id, version=1), lambda: ola.opportunities.of(customer_id=secret.id), lambda: ola.opportunities.change(id=shown.id, version=1, customer_id=secret.id)):
        with pytest.raises(NotFound):
            ask()


def test_what_becomes_of_it_when_its_party_goes(login: Login, database: Database) -> None:
    crm = login("kari")
    acme, per = crm.customers.create(name="Acme AS"), crm.contacts.create(last_name="Nilsen")
    made = crm.opportunities.create(title="Kran", customer_id=acme.id, contact_id=per.id)
    with pytest.raises(Conflict):
        crm.customers.delete(id=acme.id, version=acme.version)
    crm.contacts.delete(id=per.id, version=per.version)
    assert crm.opportunities.get(id=made.id).contact_id is None
    crm.history.undo(request_id=crm.last_request)
    assert crm.opportunities.get(id=made.id).contact == "Nilsen"
    assert check(database) == []


def test_a_hidden_one_goes_with_its_customer_and_comes_back(login: Login, database: Database) -> None:
    """To refuse would tell that there is one."""
    kari, ola = login("kari"), login("ola")
    acme, hidden = kari.customers.create(name="Acme AS"), kari.contacts.create(last_name="Hemmelig", owner_only=True)
    made = kari.opportunities.create(title="Kran", customer_id=acme.id, contact_id=hidden.id)
    ola.customers.delete(id=acme.id, version=acme.version)
    assert check(database) == []
    ola.history.undo(request_id=ola.last_request)
    assert kari.opportunities.get(id=made.id).title == "Kran"


def test_it_goes_over_with_a_merge_and_back(login: Login) -> None:
    crm = login("kari")
    kept, merged = crm.customers.create(name="Acme AS"), crm.customers.create(name="Acme Oslo")
    per, twin = crm.contacts.create(last_name="Nilsen"), crm.contacts.create(last_name="Nielsen")
    made = crm.opportunities.create(title="Kran", customer_id=merged.id, contact_id=twin.id)
    crm.merges.merge(kind="customer", kept_id=kept.id, merged_id=merged.id)
    crm.merges.merge(kind="contact", kept_id=per.id, merged_id=twin.id)
    one = crm.opportunities.get(id=made.id)
    assert (one.customer_id, one.contact_id) == (kept.id, per.id)
    assert [o.id for o in crm.cards.customer(number=merged.number).opportunities] == [made.id]
    crm.history.undo(request_id=crm.last_request)
    assert crm.opportunities.get(id=made.id).contact_id == twin.id


def test_every_change_is_in_the_audit(login: Login, database: Database) -> None:
    crm = login("kari")
    acme = crm.customers.create(name="Acme AS")
    made = crm.opportunities.create(title="Kran", customer_id=acme.id)
    crm.opportunities.win(id=made.id, version=1)
    with pytest.raises(CrmError):
        crm.opportunities.change(id=made.id, version=1, title="Nei")
    a = tables.audit
    with database.reading() as connection:
        told = connection.execute(a.select().where(a.c.entity == "opportunity").order_by(a.c.done_at)).mappings().all()
    assert [(row["action"], row["customer_id"]) for row in told] == [("opportunities.create", acme.id), ("opportunities.win", acme.id)]
    assert (told[1]["before"]["status"], told[1]["after"]["status"]) == ("open", "won")


def test_its_steps_are_told_to_those_who_may_see_it(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    acme, per = kari.customers.create(name="Acme AS"), kari.contacts.create(first_name="Per", last_name="Vik", owner_only=True)
    one = kari.opportunities.create(title="Kran", customer_id=acme.id, probability=30)
    kari.opportunities.create(title="Hemmelig", customer_id=acme.id, contact_id=per.id)
    one = kari.opportunities.change(id=one.id, version=one.version, next_step="Ring")
    one = ola.opportunities.change(id=one.id, version=one.version, probability=60)
    one = ola.opportunities.lose(id=one.id, version=one.version, reason="Pris")
    one = kari.opportunities.reopen(id=one.id, version=one.version)
    one = kari.opportunities.win(id=one.id, version=one.version)
    kari.opportunities.delete(id=one.id, version=one.version)
    told = [(s.who.split()[0], s.before, s.after, s.probability_before, s.probability, s.lost_reason) for s in ola.opportunities.steps(customer_id=acme.id)]
    still, won, lost = OpportunityStatus.OPEN, OpportunityStatus.WON, OpportunityStatus.LOST
    assert told == [
        ("Kari", None, still, 30, 30, ""), ("Ola", still, still, 30, 60, ""), ("Ola", still, lost, 60, 60, "Pris"),
        ("Kari", lost, still, 60, 60, ""), ("Kari", still, won, 60, 60, ""), ("Kari", won, None, 60, 60, ""),
    ]  # fmt: skip
    assert [s.title for s in kari.opportunities.steps(customer_id=acme.id)][1] == "Hemmelig"


def test_a_probability_is_learned_where_enough_is_decided(login: Login) -> None:
    crm = login("kari")
    acme = crm.customers.create(name="Acme AS")
    stage = crm.pipelines.list()[0].stages[0]
    one = crm.opportunities.create(title="Ny", customer_id=acme.id, stage_id=stage.id, probability_from=ProbabilityFrom.LEARNED)
    assert (one.probability, one.probability_from, crm.opportunities.learned_chances()) == (stage.probability, ProbabilityFrom.LEARNED, {})
    for n in range(20):
        made = crm.opportunities.create(title=f"Salg {n}", customer_id=acme.id, stage_id=stage.id)
        if n < 7:
            crm.opportunities.win(id=made.id, version=made.version)
        else:
            crm.opportunities.lose(id=made.id, version=made.version, reason="Pris")
    assert crm.opportunities.learned_chances() == {str(stage.id): 35}
    learned = crm.opportunities.change(id=one.id, version=one.version, next_step="Ring")
    assert learned.probability == 35
    moved = crm.opportunities.change(id=one.id, version=learned.version, stage_id=crm.pipelines.list()[0].stages[1].id)
    assert (moved.probability, moved.probability_from) == (crm.pipelines.list()[0].stages[1].probability, ProbabilityFrom.LEARNED)
    written = crm.opportunities.change(id=one.id, version=moved.version, probability=66)
    assert (written.probability, written.probability_from) == (66, ProbabilityFrom.MANUAL)
