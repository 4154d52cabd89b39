"""Looking companies up as a seller does: by number, by name, and when nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.exc import ResourceClosedError

from crm_lab.connection import answer_type
from crm_lab.domain.customers import RegisterStatus
from crm_lab.domain.register import RegisterAnswer, RegisterHits, RegisterSource
from crm_lab.domain.values import InvalidOrgNumber
from crm_lab.store import tables
from tests.register_server import BANKRUPT, EQUINOR, SUB_UNIT, UNKNOWN, RegisterServer, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

NUMBER = EQUINOR["organisasjonsnummer"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RegisterServer]:
    with running() as started:
        monkeypatch.setenv("CRM_REGISTER_URL", started.url)
        yield started


@pytest.fixture
def crm(login: Callable[[str], Connection]) -> Connection:
    return login("ola")


def test_a_company_by_number(crm: Connection, server: RegisterServer) -> None:
    answer = crm.register.look_up(organisation_number="923 609 016")
    assert answer.entity and answer.entity.name == "EQUINOR ASA"
    assert (answer.source, answer.away, answer.main_unit) == (RegisterSource.API, False, None)
    assert answer.read_at and answer.read_at.tzinfo
    assert server.asked == [f"/enheter/{NUMBER}"]


def test_a_sub_unit_comes_with_its_main_unit(crm: Connection, server: RegisterServer) -> None:
    answer = crm.register.look_up(organisation_number=SUB_UNIT["organisasjonsnummer"])
    assert answer.main_unit and answer.main_unit.name == "EQUINOR ASA"
    assert server.asked[-1] == f"/enheter/{NUMBER}"


def test_a_bankrupt_company_is_shown_as_one(crm: Connection, server: RegisterServer) -> None:
    (hit,) = crm.register.search(text="fallitt").entities
    assert hit.register_status is RegisterStatus.BANKRUPT
    assert crm.register.look_up(organisation_number=BANKRUPT["organisasjonsnummer"]).entity == hit
    assert server.faults.maxlen is None


def test_an_unknown_number_is_known_not_to_exist(crm: Connection, server: RegisterServer) -> None:
    answer = crm.register.look_up(organisation_number=UNKNOWN)
    assert (answer.entity, answer.source, answer.away) == (None, RegisterSource.API, False)
    assert len(server.asked) == 2


def test_a_wrong_number_names_its_field(crm: Connection) -> None:
    with pytest.raises(InvalidOrgNumber) as wrong:
        crm.register.look_up(organisation_number="123")
    assert wrong.value.field == "organisation_number"


@pytest.mark.parametrize("text", ["equinor", "EQUINOR ASA", "923609016", "  923 609 016 "])
def test_search(crm: Connection, server: RegisterServer, text: str) -> None:
    hits = crm.register.search(text=text)
    assert [e.organisation_number for e in hits.entities] == [NUMBER]
    assert (hits.source, hits.away) == (RegisterSource.API, False)
    assert len(server.asked) == 1


def test_nothing_is_asked_for_nothing(crm: Connection, server: RegisterServer) -> None:
    assert crm.register.search(text=" ") == RegisterHits()
    assert server.asked == []


@pytest.mark.parametrize("is_switched_off", [True, False])
def test_when_nobody_answers_it_says_so(
    crm: Connection, server: RegisterServer, monkeypatch: pytest.MonkeyPatch, is_switched_off: bool
) -> None:
    if is_switched_off:
        monkeypatch.setenv("CRM_REGISTER_URL", "")
    server.faults.extend([500] * 3)
    assert crm.register.look_up(organisation_number=NUMBER) == RegisterAnswer(away=True)
    assert crm.register.search(text="equinor") == RegisterHits(away=True)


def test_answers_travel_the_wire(crm: Connection, server: RegisterServer) -> None:
    for action, answer in (
        ("look_up", crm.register.look_up(organisation_number=SUB_UNIT["organisasjonsnummer"])),
        ("search", crm.register.search(text="equinor")),
    ):
        assert msgspec.json.decode(msgspec.json.encode(answer), type=answer_type("register", action)) == answer
    assert server.asked


def test_nothing_of_the_database_is_held_while_waiting(database: Database) -> None:
    with database.idle() as connection:
        assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        with pytest.raises(ResourceClosedError):
            connection.execute(select(tables.company))
