"""Own customers that changed in Enhetsregisteret: told once, taken over or dismissed, and nothing of the CRM is lost."""

from __future__ import annotations

import csv
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.customers import RegisterStatus
from crm_lab.domain.ids import new_id
from crm_lab.domain.notices import Watched
from crm_lab.domain.terms import Terms
from crm_lab.errors import NotFound
from crm_lab.exchange.register import as_entity, read_entities
from crm_lab.services.check import check
from crm_lab.services.history import CannotUndo
from crm_lab.services.notices import compare_with_register
from crm_lab.services.register import import_customers, load_register
from crm_lab.store.register import register_at
from tests.register_server import BANKRUPT, EQUINOR, enhet

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

SHARED = Path(os.environ.get("CRM_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "2_enhetsregisteret"
HISTORY = SHARED / "bulk"
NUMBER, OTHER = EQUINOR["organisasjonsnummer"], BANKRUPT["organisasjonsnummer"]
START = datetime(2026, 11, 1, tzinfo=UTC)
MOVED = {"landkode": "NO", "postnummer": "0250", "poststed": "OSLO", "adresse": ["Nye vei 2"], "kommune": "OSLO"}


class Register:
    """Our copy, made anew as often as the test likes, each time a day later, and compared."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder, self.days = database, folder, 0

    def says(self, *entities: dict[str, Any]) -> int:
        """Have the copy say this of its entities; how many notices are new."""
        bulk = self.folder / "bulk.json"
        bulk.write_text(json.dumps(entities), encoding="utf-8")
        return self.reads(bulk)

    def reads(self, *files: Path) -> int:
        self.days += 1
        now, copy = START + timedelta(days=self.days), self.folder / "register.sqlite"
        load_register(copy, files, made_at=now, is_forced=True)
        return compare_with_register(self.database, register_at(copy), now=now)


@pytest.fixture
def register(database: Database, tmp_path: Path) -> Register:
    return Register(database, tmp_path)


def lines(crm: Connection, **which: Any) -> list[tuple[str, str, str]]:
    return [(str(n.field), n.ours, n.said) for n in crm.register.notices(**which)]


def test_a_change_is_told_accepted_and_undone(login: Callable[[str], Connection], register: Register) -> None:
    crm = login("ola")
    kept = Address(kind=AddressKind.INVOICE, street="Fakturaveien 1", postal_code="0150", city="OSLO")
    ours = Address(kind=AddressKind.VISITING, street="Forusbeen 50", postal_code="4035", city="Stavanger")
    made = crm.customers.create(name="Equinor ASA", organisation_number=NUMBER, note="Husk kaffe", addresses=(kept, ours))
    assert (register.says(EQUINOR), lines(crm)) == (0, [])
    assert register.says({**EQUINOR, "navn": "EQUINOR ENERGI ASA", "konkurs": True, "forretningsadresse": MOVED}) == 3
    assert lines(crm) == lines(crm, customer_id=made.id) == [
        ("register_status", "unknown", "bankrupt"),
        ("name", "Equinor ASA", "EQUINOR ENERGI ASA"),
        ("visiting", "Forusbeen 50, 4035 Stavanger", "Nye vei 2, 0250 OSLO"),
    ]  # fmt: skip
    assert crm.register.n_notices() == 3
    crm.register.accept(ids=tuple(n.id for n in crm.register.notices()))
    now = crm.customers.get(id=made.id)
    assert (now.name, now.register_status, now.note) == ("EQUINOR ENERGI ASA", RegisterStatus.BANKRUPT, "Husk kaffe")
    assert [a.street for a in now.addresses] == ["Fakturaveien 1", "Nye vei 2"]
    assert set(now.sources) == {"name", "register_status", "addresses"}
    assert crm.cards.customer(number=made.number).former_names == ("Equinor ASA",)
    assert crm.register.n_notices() == 0
    crm.history.undo(request_id=crm.last_request)
    assert crm.customers.get(id=made.id).addresses == made.addresses
    assert (crm.customers.get(id=made.id).name, crm.register.n_notices()) == ("Equinor ASA", 3)


def test_one_field_is_accepted_and_another_dismissed_for_good(login: Callable[[str], Connection], register: Register) -> None:
    crm = login("ola")
    made = crm.customers.create(name="Equinor", organisation_number=NUMBER)
    changed = {**EQUINOR, "navn": "EQUINOR ENERGI ASA", "underAvvikling": True}
    register.says(EQUINOR)
    assert register.says(changed) == 2
    status, name = crm.register.notices()
    crm.register.dismiss(ids=(name.id,))
    crm.history.undo(request_id=crm.last_request)
    assert crm.register.n_notices() == 2
    crm.register.dismiss(ids=(name.id,))
    crm.register.accept(ids=(status.id,))
    now = crm.customers.get(id=made.id)
    assert (now.name, now.register_status) == ("Equinor", RegisterStatus.WINDING_UP)
    assert (register.says(changed), register.says(changed | {"hjemmeside": "www.x.no"})) == (0, 0)
    assert register.says(changed | {"navn": "EQUINOR VIND ASA"}) == 1
    assert lines(crm) == [("name", "Equinor", "EQUINOR VIND ASA")]


def test_what_changes_again_is_told_as_it_is_now_and_what_changes_back_is_not(login: Callable[[str], Connection], register: Register) -> None:
    crm = login("ola")
    crm.customers.create(name="Equinor ASA", organisation_number=NUMBER)
    register.says(EQUINOR)
    register.says({**EQUINOR, "navn": "STATOIL ASA"})
    assert register.says({**EQUINOR, "navn": "STATOIL HYDRO ASA"}) == 0
    assert lines(crm) == [("name", "Equinor ASA", "STATOIL HYDRO ASA")]
    register.says(EQUINOR)
    assert lines(crm) == []


def test_who_writes_what_the_register_says_has_answered(login: Callable[[str], Connection], register: Register) -> None:
    crm = login("ola")
    made = crm.customers.create(name="Equinor ASA", organisation_number=NUMBER)
    register.says(EQUINOR)
    register.says({**EQUINOR, "navn": "STATOIL ASA"})
    crm.customers.rename(id=made.id, name="Statoil ASA", version=made.version)
    assert crm.register.n_notices() == 0


def test_the_first_comparison_tells_what_is_grave_and_what_was_taken_from_there(login: Callable[[str], Connection], register: Register) -> None:
    crm = login("ola")
    crm.customers.create(name="Fallitt", organisation_number=OTHER)
    crm.customers.create(name="STATOIL ASA", organisation_number=NUMBER, from_register=("name",))
    assert register.says(EQUINOR, BANKRUPT) == 2
    assert sorted(lines(crm)) == [("name", "STATOIL ASA", "EQUINOR ASA"), ("register_status", "unknown", "bankrupt")]


def test_who_is_gone_from_the_register_is_deleted_there(login: Callable[[str], Connection], register: Register) -> None:
    crm = login("ola")
    crm.customers.create(name="Equinor ASA", organisation_number=NUMBER)
    crm.customers.create(name="Aldri sett AS", organisation_number="974760673")
    register.says(EQUINOR, BANKRUPT)
    assert register.says(BANKRUPT) == 1
    assert lines(crm) == [("register_status", "unknown", "deleted")]


def test_hidden_archived_and_deleted_customers_are_not_told_of(login: Callable[[str], Connection], register: Register, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    secret = kari.customers.create(name="Equinor ASA", organisation_number=NUMBER, owner_only=True)
    fallen = kari.customers.create(name="Fallitt", organisation_number=OTHER)
    register.says(EQUINOR, BANKRUPT)
    register.says({**EQUINOR, "navn": "STATOIL ASA"}, BANKRUPT)
    assert (kari.register.n_notices(), ola.register.n_notices()) == (2, 1)
    assert lines(ola, customer_id=secret.id) == []
    hidden = kari.register.notices(customer_id=secret.id)[0].id
    for refuse in (ola.register.accept, ola.register.dismiss):
        with pytest.raises(NotFound):
            refuse(ids=(hidden,))
    kari.customers.archive(id=fallen.id, version=fallen.version)
    assert (ola.register.n_notices(), lines(ola)) == (0, [])
    kari.customers.delete(id=secret.id, version=secret.version)
    assert (kari.register.n_notices(), check(database)) == (0, [])
    kari.history.undo(request_id=kari.last_request)
    assert [n.said for n in kari.register.notices()] == ["STATOIL ASA"]


def test_an_accepted_notice_that_was_built_on_stays(login: Callable[[str], Connection], register: Register) -> None:
    crm = login("ola")
    made = crm.customers.create(name="Equinor ASA", organisation_number=NUMBER)
    register.says(EQUINOR)
    register.says({**EQUINOR, "navn": "STATOIL ASA"})
    crm.register.accept(ids=(crm.register.notices()[0].id,))
    request = crm.last_request
    crm.customers.rename(id=made.id, name="Noe annet AS", version=2)
    with pytest.raises(CannotUndo):
        crm.history.undo(request_id=request)


@pytest.mark.one_file
def test_the_command_compares_where_nobody_serves(database: Database, login: Callable[[str], Connection], tmp_path: Path) -> None:
    login("kari").customers.create(name="Fallitt", organisation_number=OTHER)
    database.close()
    bulk = tmp_path / "b.json"
    bulk.write_text(json.dumps([BANKRUPT, enhet("974760673", "ANNET AS")]), encoding="utf-8")
    command = ["register", "update", "--data", str(tmp_path), "--file", str(bulk)]
    assert "1 varsel" in CliRunner().invoke(main, command, catch_exceptions=False).output
    assert "0 varsler" in CliRunner().invoke(main, command, catch_exceptions=False).output


YEARS = {"small-history": ("2015", "2016", "2017", "2018"), "history": ("2022", "2023")}


def some(file: Path, folder: Path) -> Path:
    """Every fifth entity of a large file, the same ones every year."""
    with file.open(encoding="utf-8-sig", newline="") as read:
        header, *rows = csv.reader(read)
    at = header.index("organisasjonsnummer")
    made = folder / file.name
    with made.open("w", encoding="utf-8", newline="") as written:
        csv.writer(written).writerows([header, *(row for row in rows if len(rows) < 100 or int(row[at]) // 10 % 5 == 0)])
    return made


@pytest.mark.skipif(not HISTORY.exists(), reason="the register's history is not on this machine")
@pytest.mark.parametrize("folder", YEARS)
def test_years_of_changes_keep_all_that_is_ours(
    folder: str, login: Callable[[str], Connection], register: Register, database: Database, tmp_path: Path
) -> None:
    first, *later = (some(HISTORY / folder / f"{year}-enheter.csv", tmp_path) for year in YEARS[folder])
    import_customers(database, first)
    kari, ola = login("kari"), login("ola")
    parties = [kari.customers.by_number(number=10001 + n) for n in range(len(kari.customers.list()))]
    label = kari.categories.create(name="Viktig", for_contacts=True)
    ours = parties[:20]
    for party in ours:
        kari.customers.change(
            id=party.id, version=party.version, note=f"Notat om {party.number}", owner_id=ola.me.id, categories=(label.id,),
            terms=Terms(price_list="B"), bank_account="86011117947",
        )  # fmt: skip
        ola.notes.create(text=f"Ringte {party.number}, @kari", customer_id=party.id)
        kari.tasks.create(title=f"Følg opp {party.number}", customer_id=party.id)
        kari.contacts.create(last_name=f"Berg {party.number}", roles=(ContactRole(id=new_id(), customer_id=party.id, title="Daglig leder"),))
    assert register.reads(first) == 0
    told = 0
    for file in later:
        told += register.reads(file)
        kari.register.accept(ids=tuple(n.id for n in kari.register.notices()))
        assert kari.register.n_notices() == 0
    assert told
    newest = {e["organisasjonsnummer"]: as_entity(e) for e in read_entities(later[-1], [])}
    for was in parties:
        now, entity = kari.customers.get(id=was.id), newest.get(was.organisation_number)
        assert now.register_status == (entity.register_status if entity else RegisterStatus.DELETED)
        assert entity is None or now.name.casefold() == entity.name.casefold()
        if now.name.casefold() != was.name.casefold():
            assert was.name in kari.cards.customer(number=was.number).former_names
    for was in ours:
        now = kari.customers.get(id=was.id)
        assert (now.number, now.note, now.owner_id, now.categories) == (was.number, f"Notat om {was.number}", ola.me.id, (label.id,))
        assert (now.terms, now.bank_account) == (Terms(price_list="B"), "86011117947")
        assert [c.last_name for c in kari.contacts.of_customer(customer_id=was.id)] == [f"Berg {was.number}"]
        assert [(n.text, n.author_id) for n in kari.notes.of(customer_id=was.id)] == [(f"Ringte {was.number}, @kari", ola.me.id)]
        assert [t.title for t in kari.tasks.of(customer_id=was.id)] == [f"Følg opp {was.number}"]
    assert len(kari.notes.mentioning_me()) == len(ours)
    assert check(database) == []
    assert {n.field for n in kari.register.notices()} <= set(Watched)
