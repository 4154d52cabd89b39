"""Lists as they were: replayed from the history, and only what one might have seen."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from crm_lab.domain.past import PastList
from crm_lab.domain.tasks import TaskStatus
from crm_lab.i18n import business_day
from crm_lab.settings import utc_now
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]
TODAY = business_day(utc_now())


def days_pass(database: Database, days: int) -> None:
    """Let all that has been done so far have been done so many days ago."""
    a = tables.audit
    with database.writing() as connection:
        connection.execute(update(a).values(done_at=a.c.done_at - timedelta(days=days)))
        for table in {tables.metadata.tables[name] for name in ("customer", "contact", "opportunity", "task", "project", "sales_order", "product")}:
            connection.execute(update(table).values(created_at=table.c.created_at - timedelta(days=days)))


def then(crm: Connection, what: PastList, days: int = 5) -> dict[str, Any]:
    frame = crm.past.list(what=what, day=TODAY - timedelta(days=days))
    key = "title" if "title" in frame else "name"
    return {row[key]: row for row in frame.to_dict("records")}


def test_a_list_is_as_it_was(login: Login, database: Database) -> None:
    kari = login("kari")
    kept, renamed, deleted, archived = (kari.customers.create(name=name, phone="22222222") for name in ("Urørt", "Gammelt", "Slettet", "Arkivert"))
    task = kari.tasks.create(title="Ring", customer_id=kept.id)
    person = kari.contacts.create(first_name="Per", last_name="Dal")
    days_pass(database, 10)
    kari.customers.rename(id=renamed.id, name="Nytt", version=renamed.version)
    again = kari.customers.get(id=renamed.id)
    kari.customers.change(id=renamed.id, version=again.version, phone="33333333")
    kari.customers.delete(id=deleted.id, version=deleted.version)
    kari.customers.archive(id=archived.id, version=archived.version)
    kari.customers.create(name="Siden")
    kari.tasks.complete(id=task.id, version=task.version)
    kari.contacts.change(id=person.id, version=person.version, mobile="90000000")
    before = then(kari, PastList.CUSTOMERS)
    assert set(before) == {"Urørt", "Gammelt", "Slettet", "Arkivert"}
    assert [(before[name]["phone"], before[name]["changed"], before[name]["gone"]) for name in ("Urørt", "Gammelt", "Slettet")] == [
        ("+4722222222", False, False), ("+4722222222", True, False), ("+4722222222", True, True),
    ]  # fmt: skip
    assert set(then(kari, PastList.CUSTOMERS, 0)) == {"Urørt", "Nytt", "Siden"}
    assert then(kari, PastList.CUSTOMERS, 20) == {}
    assert (then(kari, PastList.TASKS)["Ring"]["status"], then(kari, PastList.TASKS)["Ring"]["party"]) == (TaskStatus.OPEN, "Urørt")
    assert then(kari, PastList.TASKS, 0)["Ring"]["status"] == TaskStatus.DONE
    assert then(kari, PastList.CONTACTS)["Per Dal"]["mobile"] == ""
    assert kari.past.since() is not None


def test_amounts_and_stages_are_those_of_then(login: Login, database: Database) -> None:
    kari = login("kari")
    party = kari.customers.create(name="Nordlys AS")
    made = kari.opportunities.create(customer_id=party.id, title="Tak", amount=Decimal("1500.50"))
    product = kari.products.create(number="1", name="Takstein", price=Decimal("10.25"))
    project = kari.projects.create(name="Ombygging", customer_id=party.id)
    days_pass(database, 10)
    kari.opportunities.change(id=made.id, version=made.version, amount=Decimal(9000))
    kari.products.change(id=product.id, version=product.version, price=Decimal(12))
    kari.projects.change(id=project.id, version=project.version, name="Nybygg")
    was, is_now = then(kari, PastList.OPPORTUNITIES)["Tak"], then(kari, PastList.OPPORTUNITIES, 0)["Tak"]
    assert (was["amount"], is_now["amount"], was["party"], was["owner"]) == (Decimal("1500.50"), Decimal("9000.00"), "Nordlys AS", "Kari Nordmann")
    assert was["stage"] == is_now["stage"] != ""
    assert then(kari, PastList.PRODUCTS)["Takstein"]["price"] == Decimal("10.2500")
    assert "Ombygging" in then(kari, PastList.PROJECTS)


def test_the_past_tells_nothing_that_the_present_hides(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    private, later, gone = (ola.customers.create(name=name, owner_only=name != "Siden privat") for name in ("Bare Olas", "Siden privat", "Olas slettede"))
    task = ola.tasks.create(title="Hemmelig", customer_id=private.id)
    own = ola.tasks.create(title="Bare min", owner_only=True)
    days_pass(database, 10)
    for party in (private, later):
        now = ola.customers.get(id=party.id)
        ola.customers.change(id=party.id, version=now.version, phone="22222222", owner_only=True)
    ola.customers.delete(id=gone.id, version=gone.version)
    ola.tasks.complete(id=task.id, version=task.version)
    ola.tasks.complete(id=own.id, version=own.version)
    assert set(then(ola, PastList.CUSTOMERS)) == {"Bare Olas", "Siden privat", "Olas slettede"}
    assert then(kari, PastList.CUSTOMERS) == {}
    assert set(then(ola, PastList.TASKS)) == {"Hemmelig", "Bare min"}
    assert then(kari, PastList.TASKS) == {}


@pytest.mark.parametrize("what", list(PastList))
def test_every_list_of_an_empty_company(login: Login, what: PastList) -> None:
    assert len(login("kari").past.list(what=what, day=TODAY)) == 0


def test_what_was_changed_lately_is_told_once_and_to_who_may_know(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    party = kari.customers.create(name="Nordlys AS")
    kari.tasks.create(title="Ring", customer_id=party.id)
    private = ola.customers.create(name="Bare Olas", owner_only=True)
    ola.tasks.create(title="Hemmelig", customer_id=private.id)
    kari.customers.rename(id=party.id, name="Nordlys Bygg AS", version=party.version)
    gone = kari.contacts.create(last_name="Slettet")
    kari.contacts.delete(id=gone.id, version=gone.version)
    assert [(one.kind, one.name, one.who, one.is_new) for one in kari.history.recent()] == [
        ("customer", "Nordlys Bygg AS", "Kari Nordmann", False), ("task", "Ring", "Kari Nordmann", True),
    ]  # fmt: skip
    assert [one.name for one in ola.history.recent(mine=True)] == ["Hemmelig", "Bare Olas"]
    assert {one.name for one in ola.history.recent()} == {"Hemmelig", "Bare Olas", "Nordlys Bygg AS", "Ring"}
