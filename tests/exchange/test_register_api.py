"""The register's service as our client meets it: every answer it documents, and its bad days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from crm_lab.domain.customers import RegisterStatus
from crm_lab.domain.values import InvalidOrgNumber
from crm_lab.exchange.register import ChangeKind, RegisterApi, RegisterAway, RegisterRefused, TooFarDown
from crm_lab.exchange.register.api import KEPT, REST
from tests.company import free_port
from tests.register_server import BANKRUPT, DELETED, EQUINOR, REMOVED, SUB_UNIT, UNKNOWN, RegisterServer, enhet, running

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBER = EQUINOR["organisasjonsnummer"]


class Clock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[RegisterServer]:
    with running() as started:
        yield started


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(server: RegisterServer, clock: Clock) -> Iterator[RegisterApi]:
    made = RegisterApi(server.url, clock=clock, patience=0.8)
    yield made
    made.close()


@pytest.mark.parametrize("written", ["923609016", "923 609 016", "NO923609016MVA"])
def test_an_entity_by_number(api: RegisterApi, written: str) -> None:
    found = api.find(written)
    assert found
    assert (found.organisation_number, found.name, found.n_employees) == ("923609016", "EQUINOR ASA", 21272)
    assert (found.founded_on, found.website) == (date(1972, 9, 18), "https://www.equinor.com")
    assert found.visiting and found.visiting.street == "Forusbeen 50"


def test_a_sub_unit_names_the_unit_above_it(api: RegisterApi, server: RegisterServer) -> None:
    found = api.find(SUB_UNIT["organisasjonsnummer"])
    assert found and (found.parent_number, found.organisation_form) == (NUMBER, "BEDR")
    assert server.asked == ["/enheter/973152351", "/underenheter/973152351"]


@pytest.mark.parametrize(
    ("number", "name", "status"),
    [
        (BANKRUPT["organisasjonsnummer"], "FALLITT HANDEL AS", RegisterStatus.BANKRUPT),
        (DELETED["organisasjonsnummer"], "SLETTET BYGG AS", RegisterStatus.DELETED),
        (REMOVED["organisasjonsnummer"], "", RegisterStatus.DELETED),
    ],
)
def test_what_has_gone_wrong_with_a_company(api: RegisterApi, number: str, name: str, status: RegisterStatus) -> None:
    found = api.find(number)
    assert found and (found.name, found.register_status) == (name, status)


def test_an_unknown_number_is_none_and_a_wrong_one_is_not_sent(api: RegisterApi, server: RegisterServer) -> None:
    assert api.find(UNKNOWN) is None
    asked = len(server.asked)
    with pytest.raises(InvalidOrgNumber):
        api.find("923609017")
    assert len(server.asked) == asked


def test_a_refusal_has_the_services_words(api: RegisterApi) -> None:
    with pytest.raises(RegisterRefused, match="12 er ikke et gyldig organisasjonsnummer"):
        api.fetch("/enheter/12")


def test_what_is_known_is_not_asked_again_until_it_is_old(api: RegisterApi, server: RegisterServer, clock: Clock) -> None:
    assert [api.find(NUMBER), api.find(UNKNOWN)] == [api.find(NUMBER), api.find(UNKNOWN)]
    assert len(server.asked) == 3
    server.enheter[NUMBER] = enhet(NUMBER, "EQUINOR NYTT NAVN ASA")
    clock.now += KEPT + 1
    found = api.find(NUMBER)
    assert found and found.name == "EQUINOR NYTT NAVN ASA"


@pytest.mark.parametrize("faults", [[500], [502, 503], ["slow"], ["cut"], [429]])
def test_a_passing_fault_is_not_noticed(api: RegisterApi, server: RegisterServer, faults: list[int | str]) -> None:
    server.faults.extend(faults)
    found = api.find(NUMBER)
    assert found and found.name == "EQUINOR ASA"
    assert len(server.asked) == 1 + len(faults)


@pytest.mark.parametrize("faults", [[500] * 3, ["broken"], ["slow"] * 3, ["cut"] * 3])
def test_a_service_that_fails_is_left_alone_for_a_while(
    api: RegisterApi, server: RegisterServer, clock: Clock, faults: list[int | str]
) -> None:
    server.faults.extend(faults)
    with pytest.raises(RegisterAway) as away:
        api.find(NUMBER)
    assert away.value.service == "register"
    assert not server.faults
    asked = len(server.asked)
    with pytest.raises(RegisterAway):
        api.find(BANKRUPT["organisasjonsnummer"])
    assert len(server.asked) == asked
    clock.now += REST + 1
    assert api.find(NUMBER)


def test_nobody_there() -> None:
    api = RegisterApi(f"http://127.0.0.1:{free_port()}", patience=0.5)
    with pytest.raises(RegisterAway):
        api.find(NUMBER)
    with pytest.raises(RegisterAway):
        api.search("equinor")


def test_an_answer_that_never_ends_is_given_up(server: RegisterServer) -> None:
    server.faults.append("drip")
    with pytest.raises(RegisterAway):
        RegisterApi(server.url, patience=0.5).find(NUMBER)


def test_an_answer_that_is_not_an_entity_is_no_answer(api: RegisterApi, server: RegisterServer) -> None:
    server.enheter[NUMBER] = {"navn": "UTEN NUMMER"}
    with pytest.raises(RegisterAway):
        api.find(NUMBER)
    server.faults.append("other")
    with pytest.raises(RegisterAway):
        api.search("equinor")


def test_search_pages(api: RegisterApi, server: RegisterServer) -> None:
    for i in range(30):
        number = str(100_000_000 + i)
        server.enheter[number] = enhet("923609016", f"SESAM {i}")
    first, second = api.search("sesam"), api.search("sesam", page=1)
    assert (first.n_found, len(first.entities), len(second.entities)) == (30, 20, 10)
    assert second.entities[0].name == "SESAM 20"
    assert api.search("finnes ikke").entities == ()


def test_search_ends_at_ten_thousand(api: RegisterApi) -> None:
    assert api.search("equinor", page=99, size=100).n_found == 1
    with pytest.raises(TooFarDown):
        api.search("equinor", page=100, size=100)


def test_the_feed_goes_on_where_it_was_left(api: RegisterApi, server: RegisterServer) -> None:
    for kind in ("Ny", "Endring", "Sletting", "Fjernet", "Ukjent", "Noe nytt"):
        server.change("enheter", NUMBER, kind)
    changes = api.changes("enheter", since=datetime(2026, 11, 1, tzinfo=UTC))
    kinds = [ChangeKind.NEW, ChangeKind.CHANGED, ChangeKind.DELETED, ChangeKind.REMOVED, ChangeKind.UNKNOWN, ChangeKind.UNKNOWN]
    assert [c.kind for c in changes] == kinds
    assert [c.number for c in api.changes("enheter", after=changes[3].number)] == [104, 105]
    assert api.changes("enheter", after=changes[-1].number) == ()
    assert api.changes("underenheter") == ()


def test_many_at_once(api: RegisterApi) -> None:
    numbers = [NUMBER, UNKNOWN, BANKRUPT["organisasjonsnummer"]]
    assert {e["navn"] for e in api.fetch_many("enheter", numbers)} == {"EQUINOR ASA", "FALLITT HANDEL AS"}
