"""Our copy of the register: loaded whole or not at all, then kept up to date from the feed."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from benchmarks.entities import numbers
from crm_lab.cli import main
from crm_lab.domain.customers import RegisterStatus
from crm_lab.domain.register import RegisterSource
from crm_lab.exchange.register import DamagedFile, RegisterApi, RegisterAway, TruncatedFile, read_entities
from crm_lab.services.register import TooFewEntities, follow_register, load_register
from crm_lab.settings import utc_now
from crm_lab.store.register import register_at
from tests.register_server import BANKRUPT, DELETED, EQUINOR, REMOVED, SUB_UNIT, UNKNOWN, RegisterServer, enhet, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crm_lab.connection import Connection

SHARED = Path(os.environ.get("CRM_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "2_enhetsregisteret"
NUMBER = EQUINOR["organisasjonsnummer"]
MADE = datetime(2026, 11, 23, 4, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RegisterServer]:
    with running() as started:
        monkeypatch.setenv("CRM_REGISTER_URL", started.url)
        yield started


@pytest.fixture
def bulk(tmp_path: Path) -> Path:
    path = tmp_path / "enheter.json.gz"
    path.write_bytes(gzip.compress(json.dumps([EQUINOR, BANKRUPT, SUB_UNIT]).encode()))
    return path


@pytest.fixture
def copy(tmp_path: Path, bulk: Path) -> Path:
    path = tmp_path / "register.sqlite"
    load_register(path, [bulk], made_at=MADE)
    return path


def crm_lab(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    return done.exit_code, done.output


@pytest.mark.one_file
def test_the_copy_answers_first(copy: Path, server: RegisterServer, login: Callable[[str], Connection]) -> None:
    crm = login("ola")
    answer = crm.register.look_up(organisation_number=SUB_UNIT["organisasjonsnummer"])
    assert answer.entity and answer.main_unit
    assert (answer.entity.name, answer.main_unit.name) == ("EQUINOR ASA AVD STAVANGER", "EQUINOR ASA")
    assert (answer.source, answer.read_at, answer.away) == (RegisterSource.LOCAL, MADE, False)
    hits = crm.register.search(text="eqiunor")
    assert [e.organisation_number for e in hits.entities] == [NUMBER, SUB_UNIT["organisasjonsnummer"]]
    assert (hits.source, server.asked, register_at(copy).count()) == (RegisterSource.LOCAL, [], 3)


def test_what_the_copy_does_not_know_is_asked_for(copy: Path, server: RegisterServer, login: Callable[[str], Connection]) -> None:
    answer = login("ola").register.look_up(organisation_number=DELETED["organisasjonsnummer"])
    assert answer.entity and answer.entity.register_status is RegisterStatus.DELETED
    assert answer.source is RegisterSource.API
    server.faults.extend([500] * 3)
    open_question = login("ola").register.look_up(organisation_number=UNKNOWN)
    assert (open_question.entity, open_question.away) == (None, True)
    assert copy.exists()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda whole: whole[: len(whole) // 2], TruncatedFile),
        (lambda whole: whole[:-20], TruncatedFile),
        (lambda whole: whole[:40] + b"\0\1\2\3" + whole[44:], DamagedFile),
        (lambda whole: gzip.compress(gzip.decompress(whole)[:-30]), TruncatedFile),
        (lambda whole: gzip.compress(gzip.decompress(whole).replace(b'"navn":', b'"navn"')), DamagedFile),
        (lambda _whole: gzip.compress(b"[]"), TooFewEntities),
    ],
)
def test_a_bad_file_changes_nothing(copy: Path, bulk: Path, spoil: Callable[[bytes], bytes], error: type[Exception]) -> None:
    before = copy.read_bytes()
    many = gzip.compress(json.dumps([EQUINOR, BANKRUPT, SUB_UNIT] * 50).encode())
    bulk.write_bytes(spoil(many))
    with pytest.raises(error):
        load_register(copy, [bulk], made_at=NOW)
    assert copy.read_bytes() == before
    assert sorted(p.name for p in copy.parent.iterdir()) == ["enheter.json.gz", "register.sqlite"]


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_large_file_is_read_in_a_process_of_its_own(
    copy: Path, bulk: Path, monkeypatch: pytest.MonkeyPatch, is_cut: bool
) -> None:
    monkeypatch.setattr("crm_lab.services.register.LARGE", 0)
    entities = [enhet(number, f"NAVN {number}") for number in numbers(6000)]
    whole = json.dumps([*entities, {"navn": "UTEN NUMMER"}]).encode()
    bulk.write_bytes(whole[:-100] if is_cut else whole)
    if is_cut:
        with pytest.raises(TruncatedFile, match="enheter"):
            load_register(copy, [bulk], made_at=NOW)
    else:
        report = load_register(copy, [bulk], made_at=NOW)
        assert (report.n_read, [fault.line for fault in report.faults]) == (6000, [6001])
    assert register_at(copy).count() == (3 if is_cut else 6000)


def test_far_fewer_entities_are_taken_by_force_only(copy: Path, bulk: Path) -> None:
    bulk.write_bytes(json.dumps([BANKRUPT]).encode())
    with pytest.raises(TooFewEntities, match=r"1 .* 3 "):
        load_register(copy, [bulk], made_at=NOW)
    load_register(copy, [bulk], made_at=NOW, is_forced=True)
    assert register_at(copy).count() == 1


def test_the_feed_is_applied_and_goes_on_where_it_was_left(copy: Path, server: RegisterServer) -> None:
    new = enhet("974760673", "HELT NYTT AS")
    del server.enheter[DELETED["organisasjonsnummer"]]
    server.enheter |= {new["organisasjonsnummer"]: new, NUMBER: EQUINOR | {"navn": "EQUINOR ENERGI ASA"}}
    server.enheter[BANKRUPT["organisasjonsnummer"]] = {**BANKRUPT, "slettedato": "2026-11-24"}
    server.removed[SUB_UNIT["organisasjonsnummer"]] = REMOVED
    for number, what in (
        (NUMBER, "Endring"), (new["organisasjonsnummer"], "Ny"), (BANKRUPT["organisasjonsnummer"], "Sletting"),
        (UNKNOWN, "Ny"), (UNKNOWN, "Fjernet"),
    ):  # fmt: skip
        server.change("enheter", number, what)
    server.change("underenheter", SUB_UNIT["organisasjonsnummer"], "Fjernet")
    api = RegisterApi(server.url)
    assert follow_register(copy, api, now=NOW) == 5
    file = register_at(copy)
    assert [hit["navn"] for hit in file.search("equinor", 5)] == ["EQUINOR ENERGI ASA"]
    assert [hit["navn"] for hit in file.search("helt nytt", 5)] == ["HELT NYTT AS"]
    gone = file.get(BANKRUPT["organisasjonsnummer"])
    assert gone and (gone["slettedato"], gone["forretningsadresse.poststed"]) == ("2026-11-24", "STAVANGER")
    assert file.get(SUB_UNIT["organisasjonsnummer"]) is None
    assert file.facts()["read_at"] == NOW.isoformat()
    asked = len(server.asked)
    assert follow_register(copy, api, now=NOW) == 0
    assert server.asked[asked:] == ["/oppdateringer/enheter", "/oppdateringer/underenheter"]
    server.change("enheter", NUMBER, "Endring")
    server.enheter[NUMBER] = EQUINOR
    assert follow_register(copy, api, now=NOW) == 1
    assert [hit["navn"] for hit in file.search("equinor", 5)] == ["EQUINOR ASA"]


def test_a_feed_that_breaks_off_changes_nothing(copy: Path, server: RegisterServer) -> None:
    before = copy.read_bytes()
    server.change("enheter", NUMBER, "Endring")
    server.faults.extend([0, 500, 500, 500])
    server.faults[0] = "slow"
    with pytest.raises(RegisterAway):
        follow_register(copy, RegisterApi(server.url), now=NOW)
    assert copy.read_bytes() == before


def test_the_first_update_fetches_everything_and_the_next_one_little(tmp_path: Path, server: RegisterServer) -> None:
    data = str(tmp_path / "co")
    code, said = crm_lab("register", "update", "--data", data)
    assert (code, server.asked[:2]) == (0, ["/enheter/lastned", "/underenheter/lastned"])
    assert "4 enheter" in said
    assert register_at(tmp_path / "co" / "register.sqlite").count() == 4
    assert [p.name for p in (tmp_path / "co").iterdir()] == ["register.sqlite"]
    asked = len(server.asked)
    server.change("enheter", NUMBER, "Endring", f"{utc_now():%Y-%m-%dT%H:%M:%S.000Z}")
    code, said = crm_lab("register", "update", "--data", data)
    assert (code, server.asked[asked : asked + 2]) == (0, ["/oppdateringer/enheter", "/enheter"])
    assert "1 endring" in said


def test_a_download_goes_on_where_it_broke_off(tmp_path: Path, server: RegisterServer) -> None:
    server.faults.append("cut")
    code, _said = crm_lab("register", "update", "--data", str(tmp_path))
    assert code == 0
    assert len(server.ranges) == 1
    assert server.asked[:3] == ["/enheter/lastned", "/enheter/lastned", "/underenheter/lastned"]
    assert register_at(tmp_path / "register.sqlite").count() == 4


def test_a_broken_download_is_told_in_a_sentence(tmp_path: Path, server: RegisterServer) -> None:
    server.bulk["enheter"] = gzip.compress(json.dumps([EQUINOR] * 50).encode())[:-30]
    code, said = crm_lab("register", "update", "--data", str(tmp_path))
    assert (code, (tmp_path / "register.sqlite").exists()) == (2, False)
    assert "slutter midt i" in said


@pytest.mark.one_file
def test_import_of_a_file_makes_the_copy(tmp_path: Path, bulk: Path, login: Callable[[str], Connection]) -> None:
    code, said = crm_lab("import", "register", str(bulk), "--data", str(tmp_path / "new"))
    assert (code, "3 enheter" in said) == (0, True)
    (tmp_path / "new" / "register.sqlite").rename(tmp_path / "register.sqlite")  # the company there is open in this process
    assert login("ola").register.search(text="equinor").source is RegisterSource.LOCAL


@pytest.mark.skipif(not SHARED.exists(), reason="the shared register files are not here")
@pytest.mark.parametrize(
    "years", [[f"small-history/{year}-enheter.csv" for year in range(2015, 2019)], ["history/2022-enheter.csv", "history/2023-enheter.csv"]]
)
def test_one_years_file_after_the_other(tmp_path: Path, years: list[str]) -> None:
    """The copy is what the newest file says, and CRM data beside it is not touched."""
    path = tmp_path / "register.sqlite"
    for year in years:
        file = SHARED / "bulk" / year
        load_register(path, [file], made_at=MADE, is_forced=True)
        newest: dict[str, Any] = {}
        for entity in read_entities(file, []):
            newest.setdefault(entity["organisasjonsnummer"], entity)
        copy = register_at(path)
        assert copy.count() == len(newest)
        assert all((copy.get(number) or {}).get("navn") == entity["navn"] for number, entity in newest.items())
