"""The copy of the register: what it keeps, what it finds first, and what it survives."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crm_lab.domain.names import name_key
from crm_lab.exchange.register import TruncatedFile, as_entity, place, read_entities
from crm_lab.store.register import CopyDamaged, RegisterFile, RegisterRow, build, change
from tests.misspellings import misspell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARED = Path(os.environ.get("CRM_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "2_enhetsregisteret"
REAL = SHARED / "bulk" / "enheter-selection_dev.csv"
needs_real = pytest.mark.skipif(not REAL.exists(), reason="the shared register files are not here")
NAMES = (
    "NORDLYS BYGG AS", "NORDLYS BYGG OG ANLEGG AS", "NORD-LYS TAXI", "BYGG NORDLYS DA", "ØDEGÅRD & SØNNER ANS",
    "ODEGAARD REGNSKAP AS", "ÅS KOMMUNE", "ÅSA HANSEN", "BERG", "BERGEN KOMMUNE", "KAFÉ MÜNCHEN AS", "1000 BOLIG AS",
    "ELEKTROSERVICE VEST AS", "REGNSKAPSFØREREN AS", "HANSEN RØR AS", "JANSEN RØR AS",
)  # fmt: skip
LARGE = {"BERGEN KOMMUNE": 0, "NORDLYS BYGG OG ANLEGG AS": 1}


def row(number: int, name: str, place: int = 6) -> RegisterRow:
    return RegisterRow.of(str(number), name, place, {"navn": name, "organisasjonsnummer": str(number)})


def make(path: Path, names: tuple[str, ...] = NAMES) -> RegisterFile:
    build(path, (row(900_000_000 + i, n, LARGE.get(n, 6)) for i, n in enumerate(names)), {"made": "1"}, check=lambda _n: None)
    return RegisterFile(path)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegisterFile]:
    made = make(tmp_path_factory.mktemp("register") / "register.sqlite")
    yield made
    made.close()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegisterFile]:
    path = tmp_path_factory.mktemp("real") / "register.sqlite"
    rows = (RegisterRow.of(e["organisasjonsnummer"], e["navn"], place(e), e) for e in read_entities(REAL, []))
    build(path, rows, {}, check=lambda _n: None)
    made = RegisterFile(path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("900000003", ["BYGG NORDLYS DA"]),
        ("900 000 003", ["BYGG NORDLYS DA"]),
        ("90000000", [NAMES[9], NAMES[1], NAMES[0], *NAMES[2:9]]),
        ("1000", ["1000 BOLIG AS"]),
        ("nordlys bygg", ["NORDLYS BYGG AS", "NORDLYS BYGG OG ANLEGG AS", "BYGG NORDLYS DA"]),
        ("Nordlys Bygg ASA", ["NORDLYS BYGG AS", "NORDLYS BYGG OG ANLEGG AS", "BYGG NORDLYS DA"]),
        ("nord", ["NORDLYS BYGG OG ANLEGG AS", "NORDLYS BYGG AS", "NORD-LYS TAXI", "BYGG NORDLYS DA"]),
        ("by nor", ["NORDLYS BYGG OG ANLEGG AS", "NORDLYS BYGG AS", "BYGG NORDLYS DA"]),
        ("nordlys bygg a", ["NORDLYS BYGG OG ANLEGG AS", "NORDLYS BYGG AS", "BYGG NORDLYS DA"]),
        ("odegard", ["ØDEGÅRD & SØNNER ANS", "ODEGAARD REGNSKAP AS"]),
        ("Oedegaard og sonner", ["ØDEGÅRD & SØNNER ANS"]),
        ("ås", ["ÅS KOMMUNE", "ÅSA HANSEN"]),
        ("berg", ["BERG", "BERGEN KOMMUNE"]),
        ("bregen komune", ["BERGEN KOMMUNE"]),
        ("kafe munchen", ["KAFÉ MÜNCHEN AS"]),
        ("elektro service", ["ELEKTROSERVICE VEST AS"]),
        ("nordlysbygg", ["NORDLYS BYGG AS", "NORDLYS BYGG OG ANLEGG AS"]),
        ("rengskapsføreren", ["REGNSKAPSFØREREN AS"]),
        ("nansen rør", ["HANSEN RØR AS", "JANSEN RØR AS"]),
        ("finnes overhodet ikke", []),
        ('"; DROP TABLE entity', []),
        ("'* OR NEAR(", []),
        ("—", []),
        ("", []),
    ],
)
def test_ranking(copy: RegisterFile, typed: str, found: list[str]) -> None:
    assert [hit["navn"] for hit in copy.search(typed, 10)] == found


def test_no_more_than_asked_for(copy: RegisterFile) -> None:
    assert len(copy.search("nord", 2)) == 2


def test_a_number_of_its_own(copy: RegisterFile) -> None:
    found = copy.get("900000006")
    assert found and found["navn"] == "ÅS KOMMUNE"
    assert copy.get("900000099") is None
    assert (copy.count(), copy.facts()) == (len(NAMES), {"made": "1"})


def test_where_there_is_no_copy_nothing_is_found(tmp_path: Path) -> None:
    none = RegisterFile(tmp_path / "register.sqlite")
    assert (none.exists, none.count(), none.get("900000000"), none.search("nord", 5), none.facts()) == (False, 0, None, [], {})


def test_the_first_of_two_with_one_number_is_kept(tmp_path: Path) -> None:
    copy = make(tmp_path / "r.sqlite", ("EN",))
    build(tmp_path / "r.sqlite", [row(900_000_000, "EN", 3), row(900_000_000, "TO", 4)], {}, check=lambda _n: None)
    assert (copy.count(), copy.search("to", 5)) == (1, [])


def test_changes_are_found_under_their_new_name_only(tmp_path: Path) -> None:
    copy = make(tmp_path / "r.sqlite")
    assert copy.search("nordlys bygg", 1)
    change(tmp_path / "r.sqlite", [row(900_000_000, "SOLGLØTT AS", 2), row(900_000_050, "FERSK FISK")], ["900000001"], {"made": "2"})
    assert [hit["navn"] for hit in copy.search("nordlys", 9)] == ["BYGG NORDLYS DA"]
    assert [hit["navn"] for hit in copy.search("solglot", 9)] == ["SOLGLØTT AS"]
    assert [hit["navn"] for hit in copy.search("fersj fisk", 9)] == ["FERSK FISK"]
    assert copy.get("900000001") is None
    assert (copy.count(), copy.facts()) == (len(NAMES), {"made": "2"})


def test_a_reader_sees_one_file_or_the_other(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    reader = make(path, ("GAMMEL AS",))
    seen = [reader.search("gammel", 5)]

    def rows() -> Iterator[RegisterRow]:
        seen.append(reader.search("gammel", 5))
        yield row(900_000_001, "NY AS")
        seen.append(reader.search("ny", 5))

    build(path, rows(), {}, check=lambda _n: None)
    assert [len(hits) for hits in seen] == [1, 1, 0]
    assert [hit["navn"] for hit in reader.search("ny", 5)] == ["NY AS"]
    assert reader.search("gammel", 5) == []


@pytest.mark.parametrize("spoil", [lambda _w: b"", lambda _w: b"no database" * 500, lambda w: w[:5000], lambda w: w[:9000] + b"\0" * 9000])
def test_a_spoilt_copy_is_told_in_a_sentence(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "r.sqlite"
    copy = make(path)
    copy.close()
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(CopyDamaged):
        [copy.search("nord", 5), copy.get("900000001")]
    make(path)
    assert copy.search("nord", 5)


def test_a_build_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    copy = make(path)
    before = path.read_bytes()

    def rows() -> Iterator[RegisterRow]:
        yield row(900_000_001, "NY AS")
        raise TruncatedFile("enheter.json.gz", 1)

    with pytest.raises(TruncatedFile):
        build(path, rows(), {}, check=lambda _n: None)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["r.sqlite"]
    assert copy.search("nordlys", 1)


@pytest.mark.fault
def test_a_build_that_is_killed_leaves_the_former_copy(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    copy = make(path)
    endless = (
        "import itertools, sys; from pathlib import Path; from crm_lab.store.register import RegisterRow, build\n"
        "def rows():\n"
        "    for n in itertools.count(910_000_000):\n"
        "        if n == 910_020_000: print('busy', flush=True)\n"
        "        yield RegisterRow.of(str(n), f'NAVN {n}', 6, {'n': n})\n"
        "build(Path(sys.argv[1]), rows(), {}, check=lambda n: None)"
    )
    process = subprocess.Popen([sys.executable, "-c", endless, str(path)], stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b"busy\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert copy.count() == len(NAMES)
    assert list(tmp_path.glob("*.part"))
    make(path)
    assert [p.name for p in tmp_path.iterdir()] == ["r.sqlite"]


@needs_real
def test_every_field_of_every_real_entity_comes_back(real: RegisterFile) -> None:
    with REAL.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert real.count() == len(rows) == 2459
    for row_ in rows:
        record = real.get(row_["organisasjonsnummer"])
        assert record is not None
        assert {key: record.get(key) or "" for key in row_} == {k: "" if v == "false" else v for k, v in row_.items()}
        assert as_entity(record) == as_entity(row_)


@needs_real
@pytest.mark.parametrize(("edits", "least", "step"), [(0, 0.995, 5), (1, 0.95, 1), (2, 0.9, 3)])
def test_real_names_are_found_misspelt(real: RegisterFile, edits: int, least: float, step: int) -> None:
    entities = [e for e in read_entities(REAL, []) if len(name_key(e["navn"])) >= 4][::step]
    missed = [
        (typed, entity["navn"])
        for seed, entity in enumerate(entities)
        if (typed := misspell(entity["navn"], seed, edits=edits))
        and entity["organisasjonsnummer"] not in {hit["organisasjonsnummer"] for hit in real.search(typed, 10)}
    ]
    recall = 1 - len(missed) / len(entities)
    print(f"recall@10 of {len(entities)} names with {edits} edits: {recall:.3f}")
    assert recall >= least, missed[:20]
