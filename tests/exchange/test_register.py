"""Enhetsregisteret's bulk files of every vintage, whole and broken."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.customers import RegisterStatus
from crm_lab.exchange.register import (
    NotARegisterFile,
    RowFault,
    TruncatedFile,
    as_customer,
    as_entity,
    read_entities,
    register_status,
)

DEMO = Path(__file__).parents[2] / "data" / "demo" / "enheter.csv"
SHARED = Path(os.environ.get("CRM_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "2_enhetsregisteret"
ENTITY = {
    "organisasjonsnummer": "923609016", "navn": "EQUINOR ASA", "organisasjonsform": {"kode": "ASA"}, "konkurs": False,
    "antallAnsatte": 21000, "stiftelsesdato": "1972-09-18",
    "forretningsadresse": {"adresse": ["Forusbeen 50", None, ""], "postnummer": "4035", "poststed": "STAVANGER", "landkode": "NO"},
}  # fmt: skip


def test_the_demo_file_is_whole() -> None:
    faults: list[RowFault] = []
    entities = list(read_entities(DEMO, faults))
    assert (len(entities), faults) == (1146, [])
    assert all(e["organisasjonsform.kode"] != "ENK" for e in entities)
    assert {register_status(e) for e in entities} <= {RegisterStatus.ACTIVE, RegisterStatus.WINDING_UP}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("n", [0, 1, 5000])
def test_json_of_any_length(tmp_path: Path, n: int, packed: bool) -> None:
    text = json.dumps([ENTITY] * n, indent=1).encode()
    path = tmp_path / "enheter.json"
    path.write_bytes(gzip.compress(text) if packed else text)
    found = list(read_entities(path, []))
    assert len(found) == n
    if n:
        customer = as_customer(found[0])
        address = customer.address(AddressKind.VISITING)
        assert address is not None
        assert (address.street, address.city, customer.n_employees) == ("Forusbeen 50", "STAVANGER", 21000)


def test_broken_files_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress(json.dumps([ENTITY] * 500).encode())
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TruncatedFile):
        list(read_entities(cut, []))
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(NotARegisterFile):
        list(read_entities(other, []))


def test_a_row_without_a_number_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('"organisasjonsnummer","navn"\n"123","Feil"\n"923609016","Riktig\nAS"\n', encoding="utf-8")
    faults: list[RowFault] = []
    (entity,) = read_entities(path, faults)
    assert as_customer(entity).name == "Riktig AS"
    assert (faults[0].line, faults[0].field) == (1, "organisasjonsnummer")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared register files are not here")
@pytest.mark.parametrize("name", ["enheter-selection_dev.csv", "history/2022-enheter.csv", "history/2023-enheter.csv", "small-history/2015-enheter.csv"])
def test_every_vintage_is_read(name: str) -> None:
    path = SHARED / "bulk" / name
    faults: list[RowFault] = []
    customers = [as_customer(e) for e in read_entities(path, faults)]
    assert len(customers) > len(faults)
    assert all(c.name for c in customers)


def test_one_entity_as_the_service_answers_it_ends_in_a_newline(tmp_path: Path) -> None:
    path = tmp_path / "enhet.json"
    path.write_text(json.dumps(ENTITY, indent=2) + "\n", encoding="utf-8")
    (entity,) = read_entities(path, [])
    assert as_customer(entity).name == "EQUINOR ASA"


@pytest.mark.parametrize(("written", "year"), [("1972-09-18", 1972), ("18.09.1972", 1972), ("", None), ("tull", None)])
def test_days_are_read_as_every_vintage_writes_them(written: str, year: int | None) -> None:
    founded = as_entity({**ENTITY, "stiftelsesdato": written}).founded_on
    assert (founded and founded.year) == year


@pytest.mark.parametrize(
    ("fact", "status"),
    [
        ({"konkurs": "true"}, RegisterStatus.BANKRUPT),
        ({"konkurs": "J", "slettedato": "2024-01-02"}, RegisterStatus.DELETED),
        ({"underTvangsavviklingEllerTvangsopplosning": True}, RegisterStatus.WINDING_UP),
        ({"konkurs": "N"}, RegisterStatus.ACTIVE),
    ],
)
def test_the_gravest_fact_is_the_status(fact: dict[str, object], status: RegisterStatus) -> None:
    assert register_status({"organisasjonsnummer": "923609016", **fact}) is status
