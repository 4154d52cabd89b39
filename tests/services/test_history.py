"""History and undo: what is told, to whom, and that taking back leaves everything as it was or alone."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.domain.terms import Terms
from crm_lab.errors import CrmError, Forbidden, NotFound
from crm_lab.services.history import CannotUndo
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

NEVER_TAKEN_BACK = {"audit", "request", "session", "login_attempt", "counter"}
"""Counters among them: a number once given is never given again, or a paper already sent would name somebody else."""


def content(database: Database) -> dict[str, set[str]]:
    """Every row of every table but for its version."""
    with database.reading() as connection:
        return {
            name: {repr(sorted((k, v) for k, v in row.items() if k != "version")) for row in connection.execute(select(table)).mappings()}
            for name, table in tables.metadata.tables.items()
            if name not in NEVER_TAKEN_BACK
        }


def role_at(customer_id: UUID, title: str = "Daglig leder") -> ContactRole:
    return ContactRole(id=new_id(), customer_id=customer_id, title=title, phone="91234567")


def test_a_customers_history_tells_who_changed_what(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    label = kari.categories.create(name="Rammeavtale")
    made = ola.customers.create(name="Nordlys AS", addresses=(Address(kind=AddressKind.POSTAL, city="OSLO"),))
    ola.customers.rename(id=made.id, name="Sørlys AS", version=1)
    kari.customers.assign(ids=(made.id,), owner_id=kari.me.id)
    kari.customers.change(id=made.id, version=3, categories=(label.id,), terms=Terms(payment_days=30), addresses=())
    kari.contacts.create(first_name="Ida", last_name="Berg", roles=(role_at(made.id),))
    told = [(c.who, c.action, c.field, c.before, c.after) for c in ola.history.of(entity="customer", id=made.id)]
    assert set(told) >= {
        ("Ola Hansen", "customers.create", "", None, "Nordlys AS"),
        ("Ola Hansen", "customers.create", "addresses", None, "postal, OSLO, NO"),
        ("Ola Hansen", "customers.rename", "name", "Nordlys AS", "Sørlys AS"),
        ("Kari Nordmann", "customers.assign", "owner_id", "Ola Hansen", "Kari Nordmann"),
        ("Kari Nordmann", "customers.change", "categories", None, "Rammeavtale"),
        ("Kari Nordmann", "customers.change", "terms.payment_days", None, "30"),
        ("Kari Nordmann", "customers.change", "addresses", "postal, OSLO, NO", None),
        ("Kari Nordmann", "contacts.create", "roles", None, "Ida Berg, Daglig leder, +4791234567"),
    }
    assert told[-1][1] == "customers.create"
    assert not any(c[2] in {"name_key", "name_bits", "version", "id"} for c in told)


def test_history_is_as_private_as_the_record(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    open_party = kari.customers.create(name="Åpen AS")
    person = kari.contacts.create(first_name="Skjult", last_name="Person", roles=(role_at(open_party.id),), owner_only=True)
    assert "Skjult" in repr(kari.history.of(entity="customer", id=open_party.id))
    assert "Skjult" not in repr(ola.history.of(entity="customer", id=open_party.id))
    for entity, record in (("contact", person.id), ("customer", person.id), ("contact", new_id())):
        with pytest.raises(NotFound):
            ola.history.of(entity=entity, id=record)


def test_undo_gives_back_a_deleted_party_with_all_its_parts(login: Callable[[str], Connection], database: Database) -> None:
    kari = login("kari")
    label = kari.categories.create(name="Rammeavtale")
    made = kari.customers.create(
        name="Nordlys AS", is_supplier=True, email="post@nordlys.no", terms=Terms(payment_days=30), categories=(label.id,),
        addresses=(Address(kind=AddressKind.POSTAL, city="OSLO"), Address(kind=AddressKind.DELIVERY, city="BODØ")),
    )  # fmt: skip
    kari.customers.rename(id=made.id, name="Sørlys AS", version=1)
    kari.contacts.create(last_name="Berg", roles=(role_at(made.id),))
    before = content(database)
    kari.customers.delete(id=made.id, version=2)
    assert kari.customers.duplicates(email="post@nordlys.no") == []
    kari.history.undo(request_id=kari.last_request)
    assert content(database) == before
    assert len(kari.customers.duplicates(email="post@nordlys.no")) == 1
    kari.history.undo(request_id=kari.last_request)
    assert kari.customers.count() == 0


def undo_refused(crm: Connection, request: UUID | None, database: Database) -> None:
    before = content(database)
    with pytest.raises(CannotUndo):
        crm.history.undo(request_id=request)
    assert content(database) == before


def test_undo_refuses_where_others_built_on_it(login: Callable[[str], Connection], database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    party = kari.customers.create(name="Nordlys AS")
    created = kari.last_request
    person = ola.contacts.create(last_name="Berg", roles=(role_at(party.id),))
    undo_refused(kari, created, database)  # a role would hang in the air

    ola.contacts.change(id=person.id, version=1, roles=())
    left = ola.last_request
    kari.contacts.change(id=person.id, version=2, roles=(role_at(party.id, "Styreleder"),))
    undo_refused(ola, left, database)  # two roles where nobody wanted them

    kari.customers.delete(id=party.id, version=1)
    deleted = kari.last_request
    ola.contacts.delete(id=person.id, version=3)
    undo_refused(kari, deleted, database)  # the role's person is gone


def test_undo_of_a_category_refuses_where_it_is_in_use(login: Callable[[str], Connection], database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    label = ola.categories.create(name="Ny")
    created = ola.last_request
    party = kari.customers.create(name="Nordlys AS", categories=(label.id,))
    undo_refused(ola, created, database)
    kari.categories.delete(id=label.id, version=1)
    deleted = kari.last_request
    kari.customers.delete(id=party.id, version=1)
    undo_refused(kari, deleted, database)


def test_a_part_changed_behind_its_party_is_not_overwritten(login: Callable[[str], Connection], database: Database) -> None:
    kari = login("kari")
    kari.customers.create(name="Nordlys AS", addresses=(Address(kind=AddressKind.POSTAL, city="OSLO"),))
    with database.writing() as connection:
        connection.execute(tables.address.update().values(city="BERGEN"))
    undo_refused(kari, kari.last_request, database)


def test_who_is_administrator_no_more_undoes_nothing_of_that(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    her = next(e for e in kari.employees.list() if e.username == "ola")
    kari.employees.change(id=her.id, version=her.version, name=her.name, roles=("seller", "admin"))
    me = next(e for e in kari.employees.list() if e.username == "kari")
    kari.employees.change(id=me.id, version=me.version, name=me.name, roles=("seller",))
    with pytest.raises(Forbidden):
        kari.history.undo(request_id=kari.last_request)
    assert ola.me.roles


def one_action(crm: Connection, rng: random.Random) -> None:
    """Something an employee might do now, to whatever is there."""
    parties = [crm.customers.get(id=i) for i in crm.customers.list().id.tolist()]
    persons = [crm.contacts.get(id=i) for i in crm.contacts.list().id.tolist()]
    labels = crm.categories.list()
    party, person = rng.choice(parties), rng.choice(persons)
    city = rng.choice(["OSLO", "BODØ", ""])
    employee = rng.choice(crm.employees.list()).id
    actions: list[Callable[[], Any]] = [
        lambda: crm.customers.create(name=f"Kunde {rng.randrange(9)}", is_supplier=rng.random() < 0.3, phone="22222222"),
        lambda: crm.customers.change(
            id=party.id, version=party.version, email=rng.choice(["a@x.no", "b@x.no"]), is_supplier=True,
            addresses=(Address(kind=AddressKind.POSTAL, city=city),), categories=tuple(c.id for c in labels[:1]),
        ),
        lambda: crm.customers.rename(id=party.id, name=f"Nytt {rng.randrange(9)}", version=party.version),
        lambda: crm.customers.assign(ids=tuple(p.id for p in parties), owner_id=employee),
        lambda: crm.customers.archive(id=party.id, version=party.version),
        lambda: crm.customers.delete(id=party.id, version=party.version),
        lambda: crm.contacts.create(last_name=f"Berg {rng.randrange(9)}", roles=(role_at(party.id),)),
        lambda: crm.contacts.change(id=person.id, version=person.version, roles=(role_at(party.id),), mobile="41234567"),
        lambda: crm.contacts.delete(id=person.id, version=person.version),
        lambda: crm.categories.create(name=f"Merke {rng.randrange(99)}"),
        lambda: crm.categories.delete(id=labels[0].id, version=labels[0].version),
    ]  # fmt: skip
    rng.choice(actions)()


@pytest.mark.parametrize("seed", range(3))
def test_undo_restores_exactly_or_changes_nothing(login: Callable[[str], Connection], database: Database, seed: int) -> None:
    rng = random.Random(seed)
    people = [login("kari"), login("ola")]
    done: list[tuple[Connection, UUID | None]] = []
    undone = 0
    for n in range(8):
        crm = rng.choice(people)
        crm.customers.create(name=f"Kunde {n}")
        crm.contacts.create(last_name=f"Berg {n}")
        before = content(database)
        try:
            one_action(crm, rng)
        except (CrmError, IndexError):
            assert content(database) == before
        now = content(database)
        if now != before:
            done.append((crm, crm.last_request))
            crm.history.undo(request_id=crm.last_request)
            assert content(database) == before
            crm.history.undo(request_id=crm.last_request)
            assert content(database) == now
            undone += 1
        if done and rng.random() < 0.5:
            crm, request = rng.choice(done)
            try:
                crm.history.undo(request_id=request)
            except CannotUndo:
                assert content(database) == now
    assert undone
