"""Searching one's own: what is found, in which order, and what never is."""

from __future__ import annotations

import csv
import random
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.customers import Customer
from crm_lab.domain.ids import new_id
from crm_lab.domain.search import Match, understand
from crm_lab.services.customers import add_customers
from crm_lab.settings import utc_now
from crm_lab.store.engine import Database
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import Callable

Login = "Callable[[str], Connection]"
DEMO = Path(__file__).parents[2] / "data" / "demo" / "enheter.csv"


@pytest.fixture
def kari(login: Callable[[str], Connection]) -> Connection:
    return login("kari")


@pytest.fixture
def ola(login: Callable[[str], Connection]) -> Connection:
    return login("ola")


def names(crm: Connection, text: str, **more: object) -> list[str]:
    return [hit.name for hit in crm.search.find(text=text, **more).customers.hits]


def role(customer: Customer, **more: object) -> ContactRole:
    return ContactRole(id=new_id(), customer_id=customer.id, **more)


COMPANIES = (
    "Nordlys Bygg AS", "Nordlys Reklame AS", "Bygg Nordlys AS", "Nordlys AS", "Sør-Varanger Nordlysbadet KF", "Ødegård Transport AS",
    "Aasen & Farstad AS", "Ærlig Mat AS", "Fjellheimen Drift SA", "Trondheim Rør AS",
)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("nordlys", ["Nordlys AS", "Nordlys Bygg AS", "Nordlys Reklame AS", "Bygg Nordlys AS", "Sør-Varanger Nordlysbadet KF"]),
        ("Nordlys Bygg", ["Nordlys Bygg AS", "Bygg Nordlys AS"]),
        ("bygg nord", ["Bygg Nordlys AS", "Nordlys Bygg AS"]),
        ("NORDLYS BYGG A/S", ["Nordlys Bygg AS", "Bygg Nordlys AS"]),
        ("odegard", ["Ødegård Transport AS"]),
        ("Oedegaard", ["Ødegård Transport AS"]),
        ("ødegå", ["Ødegård Transport AS"]),
        ("åsen og far", ["Aasen & Farstad AS"]),
        ("aerlig", ["Ærlig Mat AS"]),
        ("varanger nordlys", ["Sør-Varanger Nordlysbadet KF"]),
        ("fjelheimen", ["Fjellheimen Drift SA"]),
        ("fjellhiemen drfit", ["Fjellheimen Drift SA"]),
        ("trondhem rør", ["Trondheim Rør AS"]),
        ("tronhdeim", ["Trondheim Rør AS"]),
        ("ordlys rek", ["Nordlys Reklame AS"]),
        ("nordl zzz", []),
        ("xyz", []),
        ("", []),
        ("  \t ", []),
        ('"* OR NEAR(', []),
        ("%_'--", []),
    ],
)
def test_the_order_of_hits(kari: Connection, typed: str, found: list[str]) -> None:
    for name in COMPANIES:
        kari.customers.create(name=name)
    assert names(kari, typed) == found
    assert kari.search.find(text=typed).customers.total == len(found)


def test_a_beginning_is_not_stretched_to_another_name(kari: Connection) -> None:
    kari.customers.create(name="Nordskog AS")
    assert names(kari, "nordl") == []
    assert names(kari, "nordksog") == ["Nordskog AS"]


@pytest.mark.parametrize(
    ("typed", "match"),
    [
        ("10001", Match.NUMBER),
        ("50001", Match.NUMBER),
        ("923609016", Match.ORGANISATION_NUMBER),
        ("NO 923 609 016 MVA", Match.ORGANISATION_NUMBER),
        ("9236", Match.ORGANISATION_NUMBER),
        ("22 22 22 22", Match.PHONE),
        ("+47 22222222", Match.PHONE),
        ("0047 22 22 22 22", Match.PHONE),
        ("2222", Match.PHONE),
        ("Post@Nordlys.no", Match.EMAIL),
        ("post@nord", Match.EMAIL),
        ("faktura@nordlys.no", Match.EMAIL),
    ],
)
def test_numbers_and_addresses_in_any_writing(kari: Connection, typed: str, match: Match) -> None:
    kari.customers.create(
        name="Nordlys Bygg AS", organisation_number="923609016", phone="22222222", email="post@nordlys.no",
        invoice_email="faktura@nordlys.no", is_supplier=True,
    )  # fmt: skip
    kari.customers.create(name="Annet AS", organisation_number="974760673", phone="33333333")
    (hit,) = kari.search.find(text=typed).customers.hits
    assert (hit.name, hit.match) == ("Nordlys Bygg AS", match)


def test_the_whole_number_comes_before_a_name_that_has_it(kari: Connection) -> None:
    kari.customers.create(name="Første AS")
    kari.customers.create(name="10001 Butikk AS")
    assert names(kari, "10001") == ["Første AS", "10001 Butikk AS"]


@pytest.mark.parametrize("typed", ["hav", "ha"])
@pytest.mark.parametrize("limit", [8, 3])
def test_recent_then_own_then_the_shorter_name(kari: Connection, ola: Connection, typed: str, limit: int) -> None:
    for crm, name in ((ola, "Havn AS"), (kari, "Havn Drift AS"), (ola, "Havn Rør og Varme AS")):
        crm.customers.create(name=name)
    ola.customers.create(name="Havet AS", owner_only=True)
    assert names(kari, typed, limit=limit) == ["Havn Drift AS", "Havn AS", "Havn Rør og Varme AS"]
    assert names(ola, typed, limit=limit) == ["Havn AS", "Havet AS", "Havn Rør og Varme AS", "Havn Drift AS"][:limit]
    recent = ("10003", "rubbish", "9" * 40, "")
    assert names(kari, typed, limit=limit, recent=recent) == ["Havn Rør og Varme AS", "Havn Drift AS", "Havn AS"]
    assert kari.search.find(text=typed, limit=limit).customers.total == 3
    ola.customers.create(name=typed)
    assert names(kari, typed, limit=limit, recent=recent)[0] == typed


def test_contacts_by_name_work_phone_and_address(kari: Connection) -> None:
    acme = kari.customers.create(name="Acme AS")
    kari.contacts.create(first_name="Åse", last_name="Ødegård", roles=(role(acme, phone="91234567", email="ase@acme.no"),))
    for typed in ("ase ode", "ødegaard", "912 34 567", "ase@acme", "Ødegård, Åse"):
        (hit,) = kari.search.find(text=typed).contacts.hits
        assert (hit.name, hit.place) == ("Åse Ødegård", "Acme AS")


def test_former_names_are_found_after_those_of_today(kari: Connection) -> None:
    old = kari.customers.create(name="Gammelt Navn AS")
    kari.customers.rename(id=old.id, name="Nytt Navn AS", version=old.version)
    kari.customers.create(name="Gammel Sti AS")
    first, second = kari.search.find(text="gammel").customers.hits
    assert first.name == "Gammel Sti AS"
    assert (second.name, second.match, second.text) == ("Nytt Navn AS", Match.FORMER_NAME, "Gammelt Navn AS")
    (hit,) = kari.search.find(text="nytt").customers.hits
    assert hit.match is Match.NAME


# what must never be seen


def test_private_parties_are_neither_shown_nor_counted(kari: Connection, ola: Connection) -> None:
    hidden = ola.customers.create(name="Hemmelig AS", organisation_number="923609016", phone="22222222", owner_only=True)
    ola.contacts.create(first_name="Siri", last_name="Hemmelig", mobile="91234567", owner_only=True, roles=(role(hidden),))
    for typed in ("hemmelig", "hemelig", "923609016", "9236", "22 22 22 22", "912 34 567", "siri", str(hidden.number)):
        theirs, mine = kari.search.find(text=typed), ola.search.find(text=typed)
        assert (theirs.customers.total, theirs.contacts.total, theirs.customers.hits, theirs.contacts.hits) == (0, 0, (), ())
        assert mine.customers.total + mine.contacts.total > 0, typed
        assert len(kari.search(text=typed)) == 0
    assert len(kari.search()) == 0 and len(ola.search()) == 2
    ola.customers.change(id=hidden.id, version=hidden.version, owner_only=False)
    assert names(kari, "hemmelig") == ["Hemmelig AS"]


def test_the_private_company_of_an_open_contact_is_not_told(kari: Connection, ola: Connection) -> None:
    hidden = ola.customers.create(name="Hemmelig AS", owner_only=True)
    ola.contacts.create(first_name="Per", last_name="Moe", roles=(role(hidden, phone="91234567"),))
    (hit,) = kari.search.find(text="moe").contacts.hits
    assert hit.place == "" and kari.search(text="moe").company.tolist() == [""]
    assert kari.search.find(text="91234567").contacts.total == 0
    assert ola.search.find(text="91234567").contacts.hits[0].place == "Hemmelig AS"
    ola.customers.change(id=hidden.id, version=hidden.version, owner_only=False)
    assert kari.search.find(text="91234567").contacts.hits[0].place == "Hemmelig AS"


# staying right


def test_it_follows_every_change_and_undo(kari: Connection) -> None:
    assert names(kari, "fjell") == []
    made = kari.customers.create(name="Fjellheimen AS", phone="22222222")
    creation = kari.last_request
    assert names(kari, "fjell") == ["Fjellheimen AS"]
    kari.customers.rename(id=made.id, name="Dalheimen AS", version=1)
    assert names(kari, "dalh") == ["Dalheimen AS"]
    kari.history.undo(request_id=kari.last_request)
    assert (names(kari, "dalh"), names(kari, "fjell")) == ([], ["Fjellheimen AS"])
    kari.customers.change(id=made.id, version=3, phone="33333333")
    assert (names(kari, "22222222"), names(kari, "33333333")) == ([], ["Fjellheimen AS"])
    kari.customers.archive(id=made.id, version=4)
    assert names(kari, "fjell") == [] and kari.search(text="fjell", active=False).name.tolist() == ["Fjellheimen AS"]
    kari.history.undo(request_id=kari.last_request)
    assert names(kari, "fjell") == ["Fjellheimen AS"]
    with pytest.raises(Exception, match="endret"):
        kari.history.undo(request_id=creation)
    assert names(kari, "fjell") == ["Fjellheimen AS"], "what was refused has changed nothing"
    kari.customers.delete(id=made.id, version=6)
    assert names(kari, "fjell") == []


def test_undo_of_a_creation(kari: Connection) -> None:
    kari.customers.create(name="Angret AS")
    assert names(kari, "angret") == ["Angret AS"]
    kari.history.undo(request_id=kari.last_request)
    assert names(kari, "angret") == []


def test_contacts_follow_their_companies(kari: Connection) -> None:
    acme = kari.customers.create(name="Acme AS")
    kari.contacts.create(first_name="Per", last_name="Moe", roles=(role(acme),))
    assert kari.search.find(text="moe").contacts.hits[0].place == "Acme AS"
    kari.customers.rename(id=acme.id, name="Emca AS", version=acme.version)
    assert kari.search.find(text="moe").contacts.hits[0].place == "Emca AS"


def test_an_import_of_ten_thousand_and_a_restart(database: Database, kari: Connection) -> None:
    assert names(kari, "import") == []
    many = [Customer(id=new_id(), name=f"Import {n:05d} Rørvik AS") for n in range(10_000)]
    with database.writing() as connection:
        add_customers(Work(connection, None, utc_now()), many)
    assert kari.search.find(text="rørvik").customers.total == 10_000
    assert names(kari, "import 09999") == ["Import 09999 Rørvik AS"]
    assert len(kari.search(text="rørvik")) == 2000
    url = database.engine.url
    database.close()
    again = Database(str(url))
    assert names(Connection(Local(again, user="kari")), "import 00042") == ["Import 00042 Rørvik AS"]
    again.close()


def test_what_is_rolled_back_was_never_there(database: Database, kari: Connection) -> None:
    assert names(kari, "spøkelse") == []

    def fail() -> None:
        with database.writing() as connection:
            add_customers(Work(connection, None, utc_now()), [Customer(id=new_id(), name="Spøkelse AS")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(kari, "spøkelse") == []


# registered by name alone


def test_a_party_by_name_alone_is_incomplete_until_it_is_changed(kari: Connection) -> None:
    made = kari.customers.create_by_name(name="  Nordl ")
    assert (made.name, made.is_incomplete, made.owner_id) == ("Nordl", True, kari.me.id)
    assert kari.search.find(text="nordl").customers.hits[0].is_incomplete
    assert kari.search(incomplete=True).name.tolist() == ["Nordl"]
    renamed = kari.customers.rename(id=made.id, name="Nordlys AS", version=made.version)
    assert renamed.is_incomplete
    assert not kari.customers.change(id=made.id, version=renamed.version, phone="22222222").is_incomplete
    assert len(kari.search(incomplete=True)) == 0


@pytest.mark.parametrize(("typed", "first", "last"), [("Kari Marie Moe", "Kari Marie", "Moe"), ("Moe", "", "Moe")])
def test_a_contact_by_name_alone(kari: Connection, typed: str, first: str, last: str) -> None:
    made = kari.contacts.create_by_name(name=typed)
    assert (made.first_name, made.last_name, made.is_incomplete) == (first, last, True)
    assert kari.search(incomplete=True).kind.tolist() == ["contact"]


@pytest.mark.parametrize("service", ["customers", "contacts"])
def test_nothing_is_no_name_and_nobody_sets_the_mark_by_hand(kari: Connection, service: str) -> None:
    with pytest.raises(Exception, match="navn"):
        getattr(kari, service).create_by_name(name="  ")
    with pytest.raises(Exception, match="is_incomplete"):
        getattr(kari, service).create(**{"name" if service == "customers" else "last_name": "X"}, is_incomplete=False)


# the frame


def test_filters_of_the_frame(kari: Connection, ola: Connection) -> None:
    label = kari.categories.create(name="Rammeavtale", for_customers=True)
    kari.customers.create(name="Bygg AS", industry_code="41.000", industry="Oppføring av bygninger", categories=(label.id,))
    kari.customers.create(name="Handel AS", is_customer=False, is_supplier=True)
    ola.customers.create(name="Moe", first_name="Eva", is_person=True)
    ola.contacts.create(first_name="Per", last_name="Moe", birth_date=date(1980, 1, 1))
    assert kari.search().name.tolist() == ["Bygg AS", "Eva Moe", "Handel AS", "Per Moe"]
    assert kari.search().kind.tolist() == ["customer", "person", "supplier", "contact"]
    for filters, found in (
        ({"type": "supplier"}, ["Handel AS"]), ({"type": "person"}, ["Eva Moe"]), ({"type": "contact"}, ["Per Moe"]),
        ({"category": "rammeavtale"}, ["Bygg AS"]), ({"owner": "ola"}, ["Eva Moe", "Per Moe"]), ({"industry": "41"}, ["Bygg AS"]),
        ({"industry": "bygning"}, ["Bygg AS"]), ({"text": "moe"}, ["Eva Moe", "Per Moe"]), ({"text": "moe", "type": "contact"}, ["Per Moe"]),
        ({"municipality": "OSLO"}, []), ({"type": "nonsense"}, []), ({"category": "finnes ikke"}, []), ({"industry": "%"}, []),
    ):  # fmt: skip
        assert kari.search(**filters).name.tolist() == found, filters


# typing errors in real names


def misspelt(name: str, rng: random.Random) -> str:
    """A name with one slip of the fingers in its longest word."""
    word = max(name.split(), key=len)
    at = rng.randrange(1, len(word) - 1)
    other = rng.choice("abdefghiklmnoprstuvåø")
    made = rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + other + word[at:],
            word[:at] + other + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at] + word[at:],
        )
    )
    return name.replace(word, made, 1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_misspelt_real_names_are_among_the_first_ten(database: Database, kari: Connection) -> None:
    with DEMO.open(encoding="utf-8") as lines:
        real = [row["navn"] for row in csv.DictReader(lines)]
    with database.writing() as connection:
        add_customers(Work(connection, None, utc_now()), [Customer(id=new_id(), name=name) for name in real])
    rng = random.Random(2026)
    long = [name for name in real if len(max(name.split(), key=len)) >= 5]
    wrong = [(misspelt(name, rng), name) for name in rng.sample(long, 400)]
    missed = [(typed, name) for typed, name in wrong if name not in names(kari, typed, limit=10)]
    assert len(missed) <= 0.05 * len(wrong), missed[:20]


@pytest.mark.parametrize("text", ["x" * 10_000, "a " * 500, "😀", "\x00", "ﷺ" * 50, "NO" * 40, "+" * 99, "1" * 99])
def test_no_text_is_too_odd(kari: Connection, text: str) -> None:
    understand(text)
    assert kari.search.find(text=text).customers.total == 0
