"""Contacts: registering, roles at companies, visibility, undo, and what is never kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.errors import ChangedMeanwhile, InvalidFields, InvalidInput, NotFound
from crm_lab.settings import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.domain.customers import Customer
    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]

TODAY = utc_now().date()
NATIONAL = "01015450068"  # of somebody born in 1854, so it is nobody's


def role(customer: Customer, **values: Any) -> ContactRole:
    return ContactRole(**{"id": new_id(), "customer_id": customer.id} | values)


def test_a_contact_keeps_what_is_private_apart_from_what_is_of_the_work(login: Login) -> None:
    crm = login("ola")
    acme, bakeri = crm.customers.create(name="Acme AS"), crm.customers.create(name="Bakeri AS")
    roles = (
        role(acme, title="Daglig leder", phone="22 22 22 22", email="per@ACME.no", is_decision_maker=True, started_on=date(2020, 1, 1)),
        role(bakeri, title="Styreleder", started_on=date(2018, 5, 1), ended_on=date(2019, 12, 31)),
    )
    made = crm.contacts.create(
        first_name="Per", last_name="Åsheim", phone="91 23 45 67", mobile="+46 70 123 45 67", email="per@hjemme.no",
        birth_date=date(1980, 2, 29), language="en", note="Liker\nfisk", consent_on=TODAY, consent_note="nyhetsbrev",
        roles=roles, addresses=(Address(kind=AddressKind.POSTAL, street="Veien 1", postal_code="7014", city="TRONDHEIM"),),
    )  # fmt: skip
    found = crm.contacts.get(id=made.id)
    assert found == made
    assert (found.phone, found.mobile, found.email) == ("+4791234567", "+46701234567", "per@hjemme.no")
    assert (found.owner_id, found.owner_only, found.is_incomplete) == (crm.me.id, False, False)
    now, ended = sorted(found.roles, key=lambda r: r.title)
    assert (now.phone, now.email, now.is_decision_maker) == ("+4722222222", "per@acme.no", True)
    assert (now.lasts_on(TODAY), ended.lasts_on(date(2019, 12, 30)), ended.lasts_on(date(2019, 12, 31))) == (True, True, False)


def test_the_list_shows_the_company_of_today_and_its_phone(login: Login) -> None:
    crm = login("ola")
    old, new = crm.customers.create(name="Gamle AS"), crm.customers.create(name="Nye AS")
    crm.contacts.create(
        last_name="Åsheim", mobile="91234567",
        roles=(
            role(old, title="Selger", phone="22222222", ended_on=TODAY),
            role(new, title="Sjef", phone="73521040", email="sjef@nye.no"),
        ),
    )  # fmt: skip
    crm.contacts.create(last_name="Zahl", mobile="91234567", roles=(role(old, title="Selger", ended_on=TODAY + timedelta(days=30)),))
    crm.contacts.create(last_name="Bakken", first_name="Ida")
    frame = crm.contacts.list()
    assert frame.last_name.tolist() == ["Bakken", "Zahl", "Åsheim"]
    assert frame.company.tolist() == ["", "Gamle AS", "Nye AS"]
    assert frame.phone.tolist() == ["", "+4791234567", "+4773521040"]
    assert frame.email.tolist() == ["", "", "sjef@nye.no"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"last_name": " "}, "last_name"),
        ({"last_name": "x" * 1_000_000}, "last_name"),
        ({"last_name": "nul\x00"}, "last_name"),
        ({"phone": "tolv"}, "phone"),
        ({"mobile": "1"}, "mobile"),
        ({"email": "ikke en adresse"}, "email"),
        ({"birth_date": date(1899, 12, 31)}, "birth_date"),
        ({"birth_date": TODAY + timedelta(days=2)}, "birth_date"),
        ({"birth_date": "31.12.1980"}, "birth_date"),
        ({"consent_on": TODAY + timedelta(days=2)}, "consent_on"),
        ({"consent_note": "nyhetsbrev"}, "consent_on"),
        ({"language": "klingon"}, "language"),
        ({"owner_id": None, "owner_only": True}, "owner_only"),
        ({"owner_id": new_id()}, "owner_id"),
        ({"categories": (new_id(),)}, "categories"),
        ({"addresses": (Address(kind=AddressKind.POSTAL, postal_code="12"),)}, "postal.postal_code"),
    ],
)
def test_bad_input_names_the_field_and_saves_nothing(login: Login, values: dict[str, Any], field: str) -> None:
    crm = login("kari")
    with pytest.raises(InvalidInput) as caught:
        crm.contacts.create(**{"last_name": "Bakken"} | values)
    assert caught.value.field == field
    assert caught.value.message
    assert crm.contacts.count() == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"phone": "tolv"}, "roles.2.phone"),
        ({"email": "x@"}, "roles.2.email"),
        ({"title": "x" * 300}, "roles.2.title"),
        ({"started_on": date(2024, 1, 2), "ended_on": date(2024, 1, 1)}, "roles.2.ended_on"),
    ],
)
def test_a_fault_in_a_role_names_the_role(login: Login, values: dict[str, Any], field: str) -> None:
    crm = login("kari")
    acme = crm.customers.create(name="Acme AS")
    with pytest.raises(InvalidFields) as caught:
        crm.contacts.create(last_name="Bakken", phone="tolv", roles=(role(acme), role(acme, **values)))
    assert set(caught.value.fields) == {"phone", field}
    assert crm.contacts.count() == 0


def test_text_comes_back_as_it_was_written(login: Login) -> None:
    crm = login("kari")
    for name in ("Åse 😀", "'; DROP TABLE contact; --", "<script>alert(1)</script>", "مرحبا"):
        assert crm.contacts.get(id=crm.contacts.create(last_name=name).id).last_name == name


def test_a_national_identity_number_is_never_kept(login: Login, database: Database) -> None:
    crm = login("kari")
    acme = crm.customers.create(name="Acme AS")
    made = crm.contacts.create(last_name="Bakken")
    for attempt in (
        lambda: crm.contacts.create(last_name="Bakken", note=f"fnr {NATIONAL}"),
        lambda: crm.contacts.create(last_name="Bakken", roles=(role(acme, phone=NATIONAL),)),
        lambda: crm.contacts.change(id=made.id, version=1, note=f"fnr {NATIONAL}"),
        lambda: crm.contacts.rename(id=made.id, version=1, first_name="", last_name=NATIONAL),
        lambda: crm.contacts.create(last_name="Bakken", duplicate_reason=NATIONAL),
    ):
        with pytest.raises(InvalidInput, match="fødselsnummer"):
            attempt()
    assert (crm.contacts.get(id=made.id), crm.contacts.count()) == (made, 1)
    with database.reading() as connection:
        kept = [connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall() for table in ("audit", "request", "contact")]
    assert NATIONAL not in str(kept) and "Bakken" in str(kept)


def test_a_change_leaves_the_other_fields_and_the_same_roles_alone(login: Login) -> None:
    crm = login("kari")
    acme, bakeri = crm.customers.create(name="Acme AS"), crm.customers.create(name="Bakeri AS")
    made = crm.contacts.create(last_name="Bakken", consent_on=TODAY, consent_note="brev", roles=(role(acme, title="Selger"), role(bakeri)))
    kept, other = made.roles
    after = crm.contacts.change(id=made.id, version=1, note="ny", roles=(kept, role(acme, title="Sjef")))
    assert (after.version, after.note, after.consent_note) == (2, "ny", "brev")
    assert kept in after.roles and other not in after.roles and len(after.roles) == 2
    with pytest.raises(InvalidInput):
        crm.contacts.change(id=made.id, version=2, consent_on=None)
    with pytest.raises(ChangedMeanwhile):
        crm.contacts.change(id=made.id, version=1, note="sen")
    assert crm.contacts.get(id=made.id) == after


def test_a_role_is_ended_or_taken_away_and_both_are_undone(login: Login) -> None:
    crm = login("ola")
    acme = crm.customers.create(name="Acme AS")
    made = crm.contacts.create(last_name="Bakken", roles=(role(acme, title="Selger"),))
    ended = replace(made.roles[0], ended_on=TODAY - timedelta(days=1))
    after = crm.contacts.change(id=made.id, version=1, roles=(ended,))
    assert after.roles == (ended,), "it is the same role"
    assert [c.id for c in crm.contacts.of_customer(customer_id=acme.id)] == [made.id], "history stays on the company"
    assert crm.contacts.list().company.tolist() == [""]
    crm.history.undo(request_id=crm.last_request)
    assert crm.contacts.get(id=made.id).roles == made.roles
    crm.contacts.change(id=made.id, version=3, roles=())
    assert crm.contacts.of_customer(customer_id=acme.id) == []
    crm.history.undo(request_id=crm.last_request)
    assert crm.contacts.get(id=made.id).roles == made.roles


def test_a_colleagues_private_customer_never_shows_through_a_contact_and_is_kept(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    acme, secret = kari.customers.create(name="Acme AS"), kari.customers.create(name="Hemmelig AS", owner_only=True)
    made = kari.contacts.create(last_name="Bakken", roles=(role(secret, title="Sjef", phone="22222222"), role(acme, title="Selger")))
    seen = ola.contacts.get(id=made.id)
    assert [r.customer_id for r in seen.roles] == [acme.id]
    assert ola.contacts.of_customer(customer_id=secret.id) == []
    assert ola.customers.named(ids=(secret.id, acme.id)) == ola.customers.suggest(text="acme")
    assert "Hemmelig" not in ola.contacts.list().to_csv() and "22222222" not in ola.contacts.list().to_csv()
    changed = ola.contacts.change(id=made.id, version=1, roles=(role(acme, title="Salgssjef"),))
    assert [r.title for r in changed.roles] == ["Salgssjef"]
    assert {r.title for r in kari.contacts.get(id=made.id).roles} == {"Sjef", "Salgssjef"}
    with pytest.raises(InvalidInput) as caught:
        ola.contacts.change(id=made.id, version=2, roles=(role(secret),))
    assert caught.value.field == "roles"
    ola.contacts.delete(id=made.id, version=2)
    ola.history.undo(request_id=ola.last_request)
    assert {r.title for r in kari.contacts.get(id=made.id).roles} == {"Sjef", "Salgssjef"}


def test_the_key_of_anothers_role_changes_nothing_of_it(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    acme, secret = kari.customers.create(name="Acme AS"), kari.customers.create(name="Hemmelig AS", owner_only=True)
    made = kari.contacts.create(last_name="Bakken", roles=(role(secret, title="Sjef"),))
    other = ola.contacts.create(last_name="Dahl", roles=(role(acme, id=made.roles[0].id, title="Selger"),))
    assert other.roles[0].id != made.roles[0].id
    ola.contacts.change(id=made.id, version=1, roles=(role(acme, id=made.roles[0].id, title="Selger"),))
    assert made.roles[0] in kari.contacts.get(id=made.id).roles


def test_a_private_contact_is_hidden_in_every_read_and_write(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS")
    secret = kari.contacts.create(last_name="Hemmelig", owner_only=True, roles=(role(acme),))
    assert (kari.contacts.count(), ola.contacts.count(), len(ola.contacts.list())) == (1, 0, 0)
    assert ola.contacts.of_customer(customer_id=acme.id) == []
    for attempt in (
        lambda: ola.contacts.get(id=secret.id),
        lambda: ola.contacts.change(id=secret.id, version=1, note="min"),
        lambda: ola.contacts.rename(id=secret.id, version=1, first_name="", last_name="Min"),
        lambda: ola.contacts.archive(id=secret.id, version=1),
        lambda: ola.contacts.restore(id=secret.id, version=1),
        lambda: ola.contacts.delete(id=secret.id, version=1),
        lambda: ola.contacts.assign(ids=(secret.id,), owner_id=ola.me.id),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert kari.contacts.get(id=secret.id) == secret


def test_a_private_contact_is_handed_over(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    made = kari.contacts.create(last_name="Bakken", owner_only=True)
    given = kari.contacts.change(id=made.id, version=1, owner_id=ola.me.id)
    assert (given.owner_id, given.version) == (ola.me.id, 2)
    assert (kari.contacts.count(), ola.contacts.count()) == (0, 1)
    kari.history.undo(request_id=kari.last_request)
    assert (kari.contacts.count(), ola.contacts.count()) == (1, 0)
    assert kari.contacts.create(last_name="Dahl", owner_id=ola.me.id, owner_only=True).last_name == "Dahl"
    assert ola.contacts.list().last_name.tolist() == ["Dahl"]


def test_many_change_owner_at_once_and_back(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    ids = tuple(kari.contacts.create(last_name=name).id for name in ("Bakken", "Dahl", "Eng"))
    assert kari.contacts.assign(ids=ids[:2], owner_id=ola.me.id) == 2
    assert kari.contacts.list().owner.tolist() == ["Ola Hansen", "Ola Hansen", "Kari Nordmann"]
    kari.history.undo(request_id=kari.last_request)
    assert set(kari.contacts.list().owner) == {"Kari Nordmann"}
    with pytest.raises(InvalidInput):
        kari.contacts.assign(ids=ids, owner_id=new_id())


def test_rename_archive_restore_delete_and_undo(login: Login) -> None:
    crm = login("ola")
    acme = crm.customers.create(name="Acme AS")
    made = crm.contacts.create(first_name="Per", last_name="Bakken", roles=(role(acme, title="Sjef"),))
    create = crm.last_request
    renamed = crm.contacts.rename(id=made.id, version=1, first_name="Per Olav", last_name="Bakken")
    assert (renamed.display_name, renamed.roles) == ("Per Olav Bakken", made.roles)
    crm.history.undo(request_id=crm.last_request)
    assert crm.contacts.get(id=made.id).display_name == "Per Bakken"
    crm.contacts.archive(id=made.id, version=3)
    assert crm.contacts.count() == 0
    assert crm.contacts.get(id=made.id).archived_at
    crm.contacts.restore(id=made.id, version=4)
    assert crm.contacts.count() == 1
    crm.contacts.delete(id=made.id, version=5)
    with pytest.raises(NotFound):
        crm.contacts.get(id=made.id)
    crm.history.undo(request_id=crm.last_request)
    assert crm.contacts.get(id=made.id).roles == made.roles
    with pytest.raises(InvalidInput):
        crm.contacts.rename(id=made.id, version=6, first_name="Per", last_name=" ")
    fresh = crm.contacts.create(last_name="Feil")
    crm.history.undo(request_id=crm.last_request)
    with pytest.raises(NotFound):
        crm.contacts.get(id=fresh.id)
    assert create


def test_companies_are_suggested_by_the_beginnings_of_their_words_and_numbers(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    for name in ("Nordlys Bygg AS", "Tak og Nordlys AS", "Ødegård Bakeri AS", "100% Bygg_AS"):
        kari.customers.create(name=name)
    nordlys = kari.customers.by_number(number=10001)
    kari.customers.change(id=nordlys.id, version=1, organisation_number="923609016")
    kari.customers.create(name="Nordlys Hemmelig AS", owner_only=True)
    gone = kari.customers.create(name="Nordlys Nedlagt AS")
    kari.customers.archive(id=gone.id, version=1)

    def names(text: str) -> list[str]:
        return [found.name for found in ola.customers.suggest(text=text)]

    assert names("nordl") == ["Nordlys Bygg AS", "Tak og Nordlys AS"]
    assert names("byg nord") == ["Nordlys Bygg AS"]
    assert names("odegaard") == ["Ødegård Bakeri AS"]
    assert names("923 609") == names("10001") == ["Nordlys Bygg AS"]
    assert names("lys") == names("") == names("%") == names("_") == names("x" * 1_000_000) == []
    assert len(ola.customers.suggest(text="n", limit=-1)) == 1


def test_a_person_is_tied_to_a_party_and_untied_but_not_forgotten(login: Login) -> None:
    crm = login("ola")
    acme = crm.customers.create(name="Acme AS")
    per = crm.contacts.create_by_name(name="Per Nilsen")
    made = crm.contacts.add_role(id=per.id, customer_id=acme.id, title="Selger", phone="22 22 22 22")
    tied = crm.contacts.get(id=per.id)
    assert (tied.roles, tied.is_incomplete, tied.version) == ((made,), True, per.version + 1)
    with pytest.raises(InvalidFields):
        crm.contacts.add_role(id=per.id, customer_id=acme.id, email="ingen")
    with pytest.raises(ChangedMeanwhile):  # a form that was open all the time
        crm.contacts.change(id=per.id, version=per.version, roles=())
    crm.contacts.change_role(role_id=made.id, title="Salgssjef", is_decision_maker=True)
    ended = crm.contacts.end_role(role_id=made.id)
    assert (ended.title, ended.ended_on, ended.lasts_on(TODAY)) == ("Salgssjef", TODAY, False)
    crm.history.undo(request_id=crm.last_request)
    assert [role.ended_on for role in crm.contacts.get(id=per.id).roles] == [None]
    future = crm.contacts.add_role(id=per.id, customer_id=acme.id, started_on=TODAY + timedelta(days=9))
    assert crm.contacts.end_role(role_id=future.id).ended_on == TODAY + timedelta(days=9)
