"""Projects: numbers, people, tasks, undo, and whom they are hidden from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crm_lab.domain.projects import ProjectStatus
from crm_lab.errors import ChangedMeanwhile, Conflict, InvalidFields, InvalidInput, NotFound
from crm_lab.services.check import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]


def test_a_project_from_first_to_last(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme, per = kari.customers.create(name="Acme AS"), kari.contacts.create(last_name="Nilsen")
    first = kari.projects.create(name="Intern")
    made = kari.projects.create(
        name="Nybygg", status="active", customer_id=acme.id, contacts=(per.id,), members=(ola.me.id,),
        starts_on=date(2026, 1, 1), budget=Decimal("1250000.50"), text="To\ntrinn",
    )  # fmt: skip
    assert (first.number, made.number, made.leader, made.customer, made.customer_number) == (1001, 1002, "Kari Nordmann", "Acme AS", acme.number)
    assert ola.projects.by_number(number=1002) == made
    assert ola.projects.get(id=made.id).members == (ola.me.id,)
    frame = kari.projects.list()
    assert frame.number.tolist() == [1002, 1001]
    assert frame.budget_minor.tolist()[0] == 125000050 and frame.budget_minor.isna().tolist() == [False, True]
    assert [p.number for p in kari.cards.customer(number=acme.number).projects] == [1002]
    assert [p.number for p in kari.cards.contact(id=per.id).projects] == [1002]
    changed = ola.projects.change(id=made.id, version=1, status="done", members=(), contacts=())
    assert (changed.status, changed.members, changed.contacts, changed.budget) == (ProjectStatus.DONE, (), (), Decimal("1250000.50"))
    assert kari.projects.count() == 1, "one that is over does not count"
    with pytest.raises(ChangedMeanwhile):
        kari.projects.change(id=made.id, version=1, name="Samtidig")
    ola.history.undo(request_id=ola.last_request)
    assert kari.projects.get(id=made.id).contacts == (per.id,)
    assert check(database) == []


def test_a_number_is_never_used_twice(login: Login) -> None:
    crm = login("kari")
    made = crm.projects.create(name="En")
    crm.projects.delete(id=made.id, version=1)
    assert crm.projects.create(name="To").number == 1002
    with pytest.raises(InvalidFields):
        crm.projects.create(name="")
    assert crm.projects.create(name="Tre").number == 1003


def test_people_who_are_not_there_are_refused(login: Login) -> None:
    crm = login("kari")
    away = crm.employees.add(username="borte", name="Borte", password="hemmelig-nok")
    crm.employees.deactivate(id=away.id, version=away.version)
    for name, given in (("leader_id", away.id), ("members", (away.id,))):
        with pytest.raises(InvalidInput) as caught:
            crm.projects.create(name="X", **{name: given})
        assert caught.value.field == name
    with pytest.raises(NotFound):
        crm.projects.create(name="X", customer_id=away.id)
    with pytest.raises(NotFound):
        crm.projects.create(name="X", contacts=(away.id,))
    assert len(crm.projects.list()) == 0


def test_tasks_of_a_project_go_with_its_customer(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    secret, acme = kari.customers.create(name="Hemmelig AS", owner_only=True), kari.customers.create(name="Acme AS")
    made = kari.projects.create(name="Nybygg")
    task = kari.tasks.create(title="Grav", project_id=made.id)
    assert [t.title for t in ola.tasks.of(project_id=made.id)] == ["Grav"]
    moved = kari.projects.change(id=made.id, version=1, customer_id=secret.id)
    assert kari.tasks.get(id=task.id).customer_id == secret.id
    with pytest.raises(NotFound):
        ola.tasks.get(id=task.id)
    with pytest.raises(NotFound):
        ola.tasks.of(project_id=made.id)
    with pytest.raises(NotFound):
        ola.tasks.create(title="X", project_id=made.id)
    task = kari.tasks.change(id=task.id, version=kari.tasks.get(id=task.id).version, customer_id=None)
    assert task.customer_id == secret.id, "it cannot be shown to more than its project"
    kari.projects.change(id=made.id, version=moved.version, customer_id=acme.id)
    assert ola.tasks.get(id=task.id).customer_id == acme.id
    other = kari.tasks.create(title="Om en annen", project_id=made.id, customer_id=secret.id)
    assert other.customer_id == secret.id
    assert [t.title for t in ola.tasks.of(project_id=made.id)] == ["Grav"]


def test_a_deleted_project_leaves_its_tasks_and_comes_back_with_them(login: Login) -> None:
    crm = login("kari")
    made = crm.projects.create(name="Nybygg", members=(login("ola").me.id,))
    task = crm.tasks.create(title="Grav", project_id=made.id)
    crm.projects.delete(id=made.id, version=1)
    assert crm.tasks.get(id=task.id).project_id is None
    crm.history.undo(request_id=crm.last_request)
    assert crm.tasks.get(id=task.id).project_id == made.id
    assert crm.projects.get(id=made.id).members == made.members


def test_projects_and_their_parties(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    acme, per = kari.customers.create(name="Acme AS"), kari.contacts.create(last_name="Nilsen")
    hidden = kari.contacts.create(last_name="Hemmelig", owner_only=True)
    made = kari.projects.create(name="Nybygg", customer_id=acme.id, contacts=(per.id, hidden.id))
    assert ola.projects.get(id=made.id).contacts == (per.id,)
    ola.projects.change(id=made.id, version=1, contacts=())
    assert kari.projects.get(id=made.id).contacts == (hidden.id,), "whom one does not see one does not remove"
    with pytest.raises(Conflict):
        kari.customers.delete(id=acme.id, version=acme.version)
    kari.contacts.delete(id=hidden.id, version=hidden.version)
    assert kari.projects.get(id=made.id).contacts == ()
    kari.history.undo(request_id=kari.last_request)
    assert kari.projects.get(id=made.id).contacts == (hidden.id,)


def test_a_project_is_found_by_its_number_and_the_words_of_its_name(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    secret, acme = kari.customers.create(name="Hemmelig AS", owner_only=True), kari.customers.create(name="Acme AS")
    kari.projects.create(name="Nytt lager på Åsane", customer_id=acme.id)
    kari.projects.create(name="Lager for 1001 paller", customer_id=secret.id)
    kari.projects.create(name="Internt")
    assert [(f.project_number, f.party, f.who) for f in kari.projects.search(text="LAGER")] == [(1002, "Hemmelig AS", "Kari Nordmann"), (1001, "Acme AS", "Kari Nordmann")]
    assert [f.project_number for f in ola.projects.search(text="lager")] == [1001]
    assert [f.project_number for f in kari.projects.search(text="åsane  lager")] == [1001]
    assert [f.project_number for f in kari.projects.search(text="1001")] == [1002, 1001]
    assert [f.project_number for f in kari.projects.search(text="1003")] == [1003]
    for text in ("", "  ", "%", "100", "lager x"):
        assert [f.project_number for f in kari.projects.search(text=text)] == ([1002] if text == "100" else []), text
    assert len(kari.projects.search(text="lager", limit=-1)) == 1
