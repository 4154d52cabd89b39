"""The warning of doubles: every sign finds, nothing private leaks, nonsense finds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest

from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.services.customers import AlreadyRegistered

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection

NUMBER, ACCOUNT = "923609016", "86011117947"
FULL = {
    "name": "Nordlys Bygg AS", "organisation_number": NUMBER, "phone": "22222222", "mobile": "41234567", "email": "post@nordlys.no",
    "invoice_email": "faktura@regnskap-nord.no", "website": "www.nordlys.no/om", "bank_account": ACCOUNT,
}  # fmt: skip


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "nordlys bygg"},
        {"name": "Nordlis Bygg AS"},
        {"organisation_number": "NO 923 609 016 MVA"},
        {"phone": "+47 22 22 22 22"},
        {"mobile": "22222222"},
        {"phone": "412 34 567"},
        {"email": "POST@nordlys.no"},
        {"email": "faktura@regnskap-nord.no"},
        {"email": "ola@nordlys.no"},
        {"website": "nordlys.no"},
        {"bank_account": "8601.11.17947"},
        {"name": "Annet", "phone": "22 11", "email": "post@", "organisation_number": NUMBER},
    ],
)
def test_each_sign_finds_the_party(login: Callable[[str], Connection], typed: dict[str, Any]) -> None:
    kari, ola = login("kari"), login("ola")
    made = kari.customers.create(**FULL)
    kari.customers.create(name="Helt Annen AS", organisation_number="974760673", email="post@annen.no", phone="33333333")
    (found,) = ola.customers.duplicates(**typed)
    assert (found.number, found.name, found.owner, found.is_hidden) == (made.number, "Nordlys Bygg AS", "Kari Nordmann", False)
    assert found.reasons
    assert ola.customers.duplicates(**typed, exclude=made.id) == []
    kari.customers.archive(id=made.id, version=made.version)
    assert ola.customers.duplicates(**typed) == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"name": "Nordlys Bygg"}, True),
        ({"organisation_number": NUMBER}, True),
        ({"phone": "22222222"}, True),
        ({"email": "post@nordlys.no"}, True),
        ({"bank_account": ACCOUNT}, True),
        ({"name": "Nordlis Bygg"}, False),
        ({"email": "ola@nordlys.no"}, False),
        ({"website": "nordlys.no"}, False),
    ],
)
def test_of_a_private_party_only_that_it_exists(login: Callable[[str], Connection], typed: dict[str, Any], told: bool) -> None:
    kari, ola = login("kari"), login("ola")
    kari.customers.create(**FULL, owner_only=True)
    found = ola.customers.duplicates(**typed)
    assert len(found) == told
    for one in found:
        assert one.is_hidden
        assert (one.number, one.contact_id, one.name, one.owner) == (None, None, "", "Kari Nordmann")
        assert one.reasons == ("Finnes, eies av Kari Nordmann.",)
    secrets = ("ordlys", NUMBER, "10001", "22222222", ACCOUNT)
    assert not any(secret in msgspec.json.encode(found).decode() for secret in secrets)
    assert kari.customers.duplicates(**typed)[0].name == "Nordlys Bygg AS"


def test_private_parties_of_one_owner_are_told_once(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    for _n in range(3):
        kari.customers.create(name="Hemmelig AS", owner_only=True)
    assert len(ola.customers.duplicates(name="Hemmelig")) == 1


def test_a_former_name_of_a_private_party_is_not_told(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    made = kari.customers.create(name="Gammelt Navn AS", owner_only=True)
    kari.customers.rename(id=made.id, name="Nytt AS", version=made.version)
    assert ola.customers.duplicates(name="Gammelt Navn") == []
    assert kari.customers.duplicates(name="Gammelt Navn")[0].reasons == ("Het Gammelt Navn AS",)


def test_a_phone_of_a_role_finds_party_and_person(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    party = kari.customers.create(name="Nordlys AS")
    role = ContactRole(id=new_id(), customer_id=party.id, phone="91234567", email="ida@nordlys.no")
    person = kari.contacts.create(first_name="Ida", last_name="Berg", roles=(role,))
    assert [d.number for d in ola.customers.duplicates(phone="91234567")] == [party.number]
    assert [d.contact_id for d in ola.contacts.duplicates(last_name="Nes", work_emails=("IDA@nordlys.no",))] == [person.id]
    kari.contacts.change(id=person.id, version=1, owner_only=True)
    assert ola.customers.duplicates(phone="91234567") == []
    assert ola.contacts.duplicates(work_phones=("91234567",)) == []


def test_contacts_are_found_by_name_and_told_of_when_private(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    made = kari.contacts.create(first_name="Åse", last_name="Bjørnstad", mobile="41234567")
    assert [d.contact_id for d in ola.contacts.duplicates(first_name="Aase", last_name="Bjornstad")] == [made.id]
    assert ola.contacts.duplicates(first_name="Aase", last_name="Bjornstad")[0].name == "Åse Bjørnstad"
    kari.contacts.change(id=made.id, version=1, owner_only=True)
    (found,) = ola.contacts.duplicates(mobile="41234567")
    assert (found.is_hidden, found.name, found.contact_id) == (True, "", None)


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "x" * 1_000_000, "'; DROP TABLE customer; --", "%_%", "\u202e", "😀", "(" * 9999, "٣" * 9])
def test_nonsense_finds_nothing(login: Callable[[str], Connection], text: str) -> None:
    crm = login("kari")
    crm.customers.create(**FULL)
    fields = ("name", "first_name", "organisation_number", "phone", "mobile", "email", "website", "bank_account")
    assert crm.customers.duplicates(**dict.fromkeys(fields, text)) == []
    assert crm.contacts.duplicates(first_name=text, last_name=text, email=text, work_phones=(text,)) == []


def test_ten_at_most_surest_first(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    for n in range(12):
        crm.customers.create(name="Nordlys AS", phone="22222222" if n == 7 else "")
    found = crm.customers.duplicates(name="Nordlys", phone="22222222")
    assert len(found) == 10
    assert found[0].number == 10008
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)


def test_a_second_one_needs_a_reason_that_is_kept(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    kari.customers.create(**FULL)
    with pytest.raises(AlreadyRegistered):
        ola.customers.create(name="Nordlys avdeling Bodø", organisation_number=NUMBER, duplicate_reason="  ")
    second = ola.customers.create(name="Nordlys avdeling Bodø", organisation_number=NUMBER, duplicate_reason=" Egen avdeling, egen faktura ")
    assert second.duplicate_reason == "Egen avdeling, egen faktura"
    renamed = ola.customers.rename(id=second.id, name="Nordlys Bodø", version=second.version)
    assert renamed.duplicate_reason == "Egen avdeling, egen faktura"
    person = ola.contacts.create(last_name="Berg", duplicate_reason="En annen med samme navn")
    assert ola.contacts.get(id=person.id).duplicate_reason == "En annen med samme navn"


def test_identifiers_that_are_none_are_refused(login: Callable[[str], Connection]) -> None:
    assert login("kari").customers.duplicates(name="x", exclude=UUID(int=0)) == []
