"""`crm-lab check` names each kind of fault in a damaged copy, and nothing in a sound one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert, update

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.services.check import check
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Executable

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database


@pytest.fixture
def filled(login: Callable[[str], Connection], database: Database) -> Database:
    crm = login("kari")
    label = crm.categories.create(name="Merke", for_contacts=True)
    address = Address(kind=AddressKind.POSTAL, city="OSLO")
    party = crm.customers.create(name="Nordlys AS", phone="22222222", is_supplier=True, addresses=(address,), categories=(label.id,))
    crm.customers.rename(id=party.id, name="Sørlys AS", version=1)
    crm.contacts.create(last_name="Berg", roles=(ContactRole(id=new_id(), customer_id=party.id),), categories=(label.id,))
    return database


def test_a_sound_company_has_no_fault(filled: Database) -> None:
    assert check(filled) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (delete(tables.customer), ("address.customer_id", "contact_role.customer_id", "category_link.customer_id", "former_name.customer_id")),
        (delete(tables.contact), ("contact_role.contact_id", "category_link.contact_id")),
        (delete(tables.category), ("category_link.category_id",)),
        (delete(tables.employee), ("customer.owner_id", "contact.owner_id")),
        (update(tables.counter).where(tables.counter.c.name == "customer").values(value=1), ("customer",)),
        (update(tables.counter).where(tables.counter.c.name == "supplier").values(value=1), ("supplier",)),
        (delete(tables.counter), ("customer", "supplier")),
        (insert(tables.clue).values(value="phone +4722222222", source_id=new_id()), ("kjennetegn for dubletter",)),
        (delete(tables.clue), ("kjennetegn for dubletter",)),
    ],
)
@pytest.mark.one_file
def test_each_damage_is_named(filled: Database, damage: Executable, named: tuple[str, ...]) -> None:
    with filled.writing() as connection:
        connection.execute(damage)
    faults = check(filled)
    for name in named:
        assert any(name in fault for fault in faults), faults
