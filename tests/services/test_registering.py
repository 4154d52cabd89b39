"""Registering in full: categories, terms, owners in bulk, what the register said, former names, two people at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.ids import new_id
from crm_lab.domain.terms import Terms, TermSource
from crm_lab.errors import CrmError, Forbidden, InvalidInput, NotFound
from crm_lab.services.categories import CategoryTaken
from crm_lab.store.records import ChangedMeanwhile

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection


def test_every_field_comes_back(login: Callable[[str], Connection]) -> None:
    crm = login("ola")
    addresses = tuple(Address(kind=kind, city="OSLO", postal_code="0155") for kind in AddressKind)
    made = crm.customers.create(
        name="Nordlys AS", is_supplier=True, organisation_number="923609016", phone="22222222", mobile="41234567", email="a@B.no",
        invoice_email="f@b.no", website="B.no", industry="Bygg", n_employees=12, language="en", bank_account="8601.11.17947",
        gln="7080000000005", note="en\nto", addresses=addresses, terms=Terms(discount=Decimal("12.50"), is_blocked=True),
    )  # fmt: skip
    found = crm.customers.get(id=made.id)
    assert found == made
    assert (found.number, found.supplier_number) == (10001, 50001)
    assert (found.phone, found.email, found.website, found.bank_account) == ("+4722222222", "a@b.no", "https://b.no", "86011117947")
    assert set(found.addresses) == set(addresses)
    assert found.terms == Terms(discount=Decimal("12.50"), is_blocked=True)
    assert crm.customers.by_number(number=10001) == found


def test_a_setting_says_where_it_comes_from(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    with pytest.raises(Forbidden):
        ola.categories.create(name="Offentlig", terms=Terms(payment_days=30))
    label = kari.categories.create(name="Offentlig", terms=Terms(payment_days=30))
    kari.run("company", "set_terms", {"terms": Terms(payment_days=20, discount=Decimal(5))}, writes=True)
    made = ola.customers.create(name="Kommunen", categories=(label.id,))
    terms = ola.customers.terms(id=made.id)
    assert (terms["payment_days"].value, terms["payment_days"].source, terms["payment_days"].name) == (30, TermSource.CATEGORY, "Offentlig")
    assert (terms["discount"].value, terms["discount"].source) == (Decimal(5), TermSource.COMPANY)
    ola.customers.change(id=made.id, version=1, terms=Terms(payment_days=7))
    own = ola.customers.terms(id=made.id)["payment_days"]
    assert (own.value, own.source) == (7, TermSource.OWN)
    assert ola.customers.effective_terms(own=Terms(), categories=(label.id,))["payment_days"].value == 30


def test_categories_are_unique_and_of_the_right_kind(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    label = crm.categories.create(name="Ærlig kunde")
    with pytest.raises(CategoryTaken):
        crm.categories.create(name="aerlig KUNDE")
    for actions, fields in ((crm.contacts, {"last_name": "Berg"}), (crm.customers, {"name": "Nordlys AS"})):
        wrong = (label.id,) if "last_name" in fields else (new_id(),)
        with pytest.raises(InvalidInput) as caught:
            actions.create(**fields, categories=wrong)
        assert caught.value.field == "categories"
    assert (crm.customers.count(), crm.contacts.count()) == (0, 0)


@pytest.mark.parametrize("service", ["customers", "contacts"])
def test_many_get_a_new_owner_or_none_does(login: Callable[[str], Connection], service: str) -> None:
    kari, ola = login("kari"), login("ola")
    fields = {"name": "Nordlys"} if service == "customers" else {"last_name": "Berg"}
    actions, hers = getattr(ola, service), getattr(kari, service)
    made = [actions.create(**fields).id for _n in range(5)]
    hidden = hers.create(**fields, owner_only=True).id
    with pytest.raises(NotFound):
        actions.assign(ids=(*made, hidden), owner_id=kari.me.id)
    with pytest.raises(InvalidInput):
        actions.assign(ids=tuple(made), owner_id=new_id())
    assert {actions.get(id=i).owner_id for i in made} == {ola.me.id}
    assert actions.assign(ids=tuple(made), owner_id=kari.me.id) == 5
    assert {actions.get(id=i).owner_id for i in made} == {kari.me.id}
    ola.history.undo(request_id=ola.last_request)
    assert {actions.get(id=i).owner_id for i in made} == {ola.me.id}


def test_a_field_keeps_its_source_until_somebody_writes_it(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    made = crm.customers.create(name="Nordlys AS", industry="Bygg", website="b.no", from_register=("name", "industry", "website"))
    assert set(made.sources) == {"name", "industry", "website"}
    changed = crm.customers.change(id=made.id, version=1, industry="Anlegg", website="b.no")
    assert set(changed.sources) == {"name", "website"}
    renamed = crm.customers.rename(id=made.id, name="Sørlys AS", version=2)
    assert set(renamed.sources) == {"website"}
    again = crm.customers.change(id=made.id, version=3, name="Nordlys AS", from_register=("name",))
    assert set(again.sources) == {"name", "website"}


def test_former_names_find_and_spellings_leave_none(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    made = crm.customers.create(name="Nordlys AS")
    crm.customers.rename(id=made.id, name="NORDLYS ASA", version=1)
    crm.customers.rename(id=made.id, name="Sørlys AS", version=2)
    assert [d.reasons for d in crm.customers.duplicates(name="Nordlys")] == [("Het NORDLYS ASA",)]


@pytest.mark.parametrize("service", ["customers", "contacts"])
def test_of_two_changes_at_once_one_wins_and_the_other_is_told(login: Callable[[str], Connection], service: str) -> None:
    people = [login("kari"), login("ola")]
    made = getattr(people[0], service).create(**({"name": "Nordlys"} if service == "customers" else {"last_name": "Berg"}))
    start = threading.Barrier(2)

    def change(n: int) -> str:
        start.wait()
        try:
            getattr(people[n], service).change(id=made.id, version=made.version, note=f"fra {n}")
        except ChangedMeanwhile:
            return ""
        return f"fra {n}"

    with ThreadPoolExecutor(2) as pool:
        notes = list(pool.map(change, range(2)))
    assert sorted(map(bool, notes)) == [False, True]
    found = getattr(people[0], service).get(id=made.id)
    assert (found.note, found.version) == ("".join(notes), made.version + 1)


def test_both_series_are_gapless_when_many_register_at_once(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    start = threading.Barrier(8)

    def register(worker: int) -> list[tuple[int, int | None]]:
        start.wait()
        made = []
        for i in range(4):
            try:
                crm.customers.create(name="", is_supplier=True)  # refused: takes no number
            except CrmError:
                party = crm.customers.create(name=f"Kunde {worker}-{i}", is_supplier=i % 2 == 0)
                made.append((party.number, party.supplier_number))
        return made

    with ThreadPoolExecutor(8) as pool:
        given = [pair for some in pool.map(register, range(8)) for pair in some]
    assert sorted(number for number, _supplier in given) == list(range(10001, 10033))
    assert sorted(supplier for _number, supplier in given if supplier) == list(range(50001, 50017))


def test_delete_takes_everything_and_undo_gives_it_back(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    label = crm.categories.create(name="Merke", for_contacts=True)
    made = crm.contacts.create(last_name="Berg", email="a@b.no", categories=(label.id,), addresses=(Address(kind=AddressKind.POSTAL, city="OSLO"),))
    crm.contacts.delete(id=made.id, version=1)
    with pytest.raises(NotFound):
        crm.contacts.get(id=made.id)
    crm.history.undo(request_id=crm.last_request)
    assert crm.contacts.get(id=made.id).addresses == made.addresses
    assert crm.contacts.get(id=made.id).categories == (label.id,)


def test_categories_are_put_on_and_taken_off_one_at_a_time(login: Callable[[str], Connection]) -> None:
    crm = login("ola")
    label, other = crm.categories.create(name="Gull"), crm.categories.create(name="Person", for_customers=False, for_contacts=True)
    made = crm.customers.create_by_name(name="Nordlys AS")
    for _time in range(2):
        crm.categories.put(id=label.id, customer_id=made.id)
    now = crm.customers.get(id=made.id)
    assert (now.categories, now.is_incomplete) == ((label.id,), True)
    with pytest.raises(InvalidInput):
        crm.categories.put(id=other.id, customer_id=made.id)
    with pytest.raises(InvalidInput):
        crm.categories.put(id=label.id)
    with pytest.raises(ChangedMeanwhile):
        crm.customers.change(id=made.id, version=made.version, categories=())
    crm.categories.take(id=label.id, customer_id=made.id)
    assert crm.customers.get(id=made.id).categories == ()
    crm.history.undo(request_id=crm.last_request)
    assert crm.customers.get(id=made.id).categories == (label.id,)


def test_two_categories_become_one_and_undo_parts_them(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    gold, best = kari.categories.create(name="Gull"), kari.categories.create(name="Best", for_contacts=True)
    both = kari.customers.create(name="Begge AS", categories=(gold.id, best.id))
    one = kari.customers.create(name="En AS", categories=(best.id,))
    secret = ola.customers.create(name="Hemmelig AS", categories=(best.id,), owner_only=True)
    person = kari.contacts.create(last_name="Berg", categories=(best.id,))
    with pytest.raises(Forbidden):
        ola.categories.merge(id=best.id, version=best.version, into=gold.id)
    with pytest.raises(InvalidInput):
        kari.categories.merge(id=best.id, version=best.version, into=best.id)
    assert kari.categories.merge(id=best.id, version=best.version, into=gold.id) == 3, "the private one is moved, not told"
    assert [label.name for label in kari.categories.list()] == ["Gull"]
    assert kari.categories.list()[0].for_contacts, "it is used for all that the other was used for"
    parties = [kari.customers.get(id=both.id), kari.customers.get(id=one.id), ola.customers.get(id=secret.id), kari.contacts.get(id=person.id)]
    assert [party.categories for party in parties] == [(gold.id,)] * 4
    kari.history.undo(request_id=kari.last_request)
    assert set(kari.customers.get(id=both.id).categories) == {gold.id, best.id}
    assert kari.customers.get(id=one.id).categories == ola.customers.get(id=secret.id).categories == (best.id,)
