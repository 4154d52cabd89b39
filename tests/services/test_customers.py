"""Customers: registering, numbers, visibility, versions, undo."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.ids import new_id
from crm_lab.errors import ChangedMeanwhile, Conflict, InvalidInput, NotFound
from crm_lab.services.customers import AlreadyRegistered, RegisteredByColleague
from crm_lab.services.history import CannotUndo

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection

ORGNR = "923609016"


def test_a_customer_gets_a_number_an_owner_and_addresses(login: Callable[[str], Connection]) -> None:
    crm = login("ola")
    address = Address(kind=AddressKind.VISITING, street="Storgata 1", postal_code="0155", city="OSLO")
    made = crm.customers.create(name="  Nordlys Bygg AS ", organisation_number="NO 923 609 016 MVA", addresses=(address,))
    found = crm.customers.get(id=made.id)
    assert (found.number, found.name, found.organisation_number) == (10001, "Nordlys Bygg AS", ORGNR)
    assert found.owner_id == crm.me.id
    assert found.addresses == (address,)
    assert crm.customers.list().city.tolist() == ["OSLO"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "   "}, "name"),
        ({"name": "x" * 1_000_000}, "name"),
        ({"name": "nul\x00"}, "name"),
        ({"name": "Bra AS", "organisation_number": "923609017"}, "organisation_number"),
        ({"name": "Bra AS", "organisation_number": "12"}, "organisation_number"),
        ({"name": "Bra AS", "email": "ikke en adresse"}, "email"),
        ({"name": "Bra AS", "phone": "tolv"}, "phone"),
        ({"name": "Ola", "is_person": True, "organisation_number": ORGNR}, "organisation_number"),
        ({"name": "Bra AS", "owner_only": "kanskje"}, "owner_only"),
    ],
)
def test_bad_input_names_the_field_and_saves_nothing(
    login: Callable[[str], Connection], values: dict[str, object], field: str
) -> None:
    crm = login("kari")
    with pytest.raises(InvalidInput) as caught:
        crm.customers.create(**values)
    assert caught.value.field == field
    assert caught.value.message
    assert crm.customers.count() == 0


def test_text_comes_back_as_it_was_written(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    for name in ("Åse & Sønn 😀 AS", "'; DROP TABLE customer; --", "<script>alert(1)</script>", "مرحبا AS"):
        assert crm.customers.get(id=crm.customers.create(name=name).id).name == name


def test_one_organisation_number_is_one_party(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    kari.customers.create(name="Hemmelig AS", organisation_number=ORGNR, owner_only=True)
    with pytest.raises(RegisteredByColleague) as leak:
        ola.customers.create(name="Samme AS", organisation_number=ORGNR)
    assert "Kari Nordmann" in leak.value.message
    assert "Hemmelig" not in leak.value.message
    with pytest.raises(AlreadyRegistered):
        kari.customers.create(name="Samme AS", organisation_number=ORGNR)


def test_a_private_party_is_hidden_in_every_read_and_write(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    secret = kari.customers.create(name="Hemmelig AS", owner_only=True)
    assert kari.customers.count() == 1
    assert ola.customers.count() == 0
    assert ola.customers.list().empty
    for attempt in (
        lambda: ola.customers.get(id=secret.id),
        lambda: ola.customers.by_number(number=secret.number),
        lambda: ola.customers.rename(id=secret.id, name="Min", version=1),
        lambda: ola.customers.archive(id=secret.id, version=1),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_the_second_of_two_changes_is_told(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    made = kari.customers.create(name="Nordlys AS")
    ola.customers.rename(id=made.id, name="Nordlys Bygg AS", version=made.version)
    with pytest.raises(ChangedMeanwhile):
        kari.customers.rename(id=made.id, name="Nordlys Tak AS", version=made.version)
    assert kari.customers.get(id=made.id).name == "Nordlys Bygg AS"


def test_numbers_are_gapless_when_many_register_at_once(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    start = threading.Barrier(8)

    def register(worker: int) -> list[int]:
        start.wait()
        return [crm.customers.create(name=f"Kunde {worker}-{i}").number for i in range(5)]

    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(n for some in pool.map(register, range(8)) for n in some)
    assert numbers == list(range(10001, 10041))


def test_undo_of_create_rename_and_archive(login: Callable[[str], Connection]) -> None:
    crm = login("ola")
    made = crm.customers.create(name="Nordlys AS")
    create = crm.last_request
    renamed = crm.customers.rename(id=made.id, name="Nytt AS", version=1)
    crm.history.undo(request_id=crm.last_request)
    assert crm.customers.get(id=made.id).name == "Nordlys AS"
    crm.customers.archive(id=made.id, version=renamed.version + 1)
    assert crm.customers.count() == 0
    crm.history.undo(request_id=crm.last_request)
    assert crm.customers.count() == 1
    with pytest.raises(CannotUndo):
        crm.history.undo(request_id=create)


def test_undo_of_a_fresh_customer_removes_it_and_its_addresses(login: Callable[[str], Connection]) -> None:
    crm = login("ola")
    made = crm.customers.create(name="Feil AS", addresses=(Address(kind=AddressKind.POSTAL, city="OSLO"),))
    crm.history.undo(request_id=crm.last_request)
    with pytest.raises(NotFound):
        crm.customers.get(id=made.id)


def test_nobody_undoes_what_another_did(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    ola.customers.create(name="Olas AS")
    with pytest.raises(NotFound):
        kari.history.undo(request_id=ola.last_request)


def test_a_repeated_request_is_run_once(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    request = new_id()
    first = crm.transport.call("customers", "create", {"name": "Nordlys AS"}, request_id=request)
    again = crm.transport.call("customers", "create", {"name": "Nordlys AS"}, request_id=request)
    assert first == again
    assert crm.customers.count() == 1
    with pytest.raises(Conflict):
        crm.transport.call("customers", "archive", {"id": first.id, "version": 1}, request_id=request)


def test_a_private_customer_is_handed_over(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    made = kari.customers.create(name="Gitt bort AS", owner_only=True)
    given = kari.customers.change(id=made.id, version=made.version, owner_id=ola.me.id)
    assert (given.owner_id, given.version) == (ola.me.id, made.version + 1)
    assert ola.customers.get(id=made.id).name == "Gitt bort AS"
    with pytest.raises(NotFound):
        kari.customers.get(id=made.id)
