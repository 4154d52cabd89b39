"""Clusters of doubles: made-up parties and persons, each with one that is the same and one that only looks so."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import pandas as pd
import pytest

from crm_lab.analysis.duplicates import COLUMNS, clusters
from crm_lab.domain.duplicates import SURE
from crm_lab.domain.names import name_key

TEXTS = (
    "organisation_number", "bank_account", "phone", "mobile", "email", "invoice_email", "website", "work_phones", "work_emails", "former_keys",
    "birth_date", "postal_code", "street", "owner",
)  # fmt: skip
NUMBER, OTHER = "923609016", "974760673"
FIRST, SECOND = ("Nordlys", "Fjellheim", "Havblikk", "Solsiden", "Granlia", "Elvebakken"), ("Bygg", "Regnskap", "Transport", "Eiendom", "Frisør")


def key(n: int) -> str:
    return str(UUID(int=n))


def rows(*parties: dict[str, Any], is_person: bool = False) -> pd.DataFrame:
    """Parties as `crm.merges.clues()` tells of them, numbered from 1 in the order given."""
    empty = dict.fromkeys(TEXTS, "") | {"is_person": is_person, "owner_only": False, "created_at": None}
    made = [empty | {"id": key(n), "number": n, "name_key": name_key(p["name"]), "n_filled": len(p)} | p for n, p in enumerate(parties, 1)]
    return pd.DataFrame(made)


def found(frame: pd.DataFrame, *distinct: tuple[int, int]) -> list[set[int]]:
    told = clusters(frame, [(UUID(int=a), UUID(int=b)) for a, b in distinct])
    return [set(members.number) for _n, members in told.groupby("cluster")]


@pytest.mark.parametrize(
    "double",
    [
        {"name": "Nordlys Bygg AS"},
        {"name": "NORDLYS BYGG A/S"},
        {"name": "Bygg Nordlys", "phone": "+4722334455"},
        {"name": "Nordlsy Bygg", "phone": "+4722334455"},
        {"name": "Nordlys Bgyg AS", "email": "post@nordlys.no"},
        {"name": "Noe helt annet", "organisation_number": NUMBER},
        {"name": "Noe helt annet", "bank_account": "86011117947"},
        {"name": "Nye Nordlys", "former_keys": "nordlys bygg\nnordlys", "phone": "+4722334455"},
    ],
)
def test_a_double_is_found(double: dict[str, Any]) -> None:
    known = {
        "name": "Nordlys Bygg AS", "phone": "+4722334455", "email": "post@nordlys.no", "organisation_number": NUMBER, "bank_account": "86011117947",
    }  # fmt: skip
    others = [{"name": f"{a} {b} AS"} for a in FIRST[1:] for b in SECOND[1:]]
    assert found(rows(known, *others, double)) == [{1, len(others) + 2}]


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Nordlys Bygg AS", "organisation_number": OTHER},
        {"name": "Nordlys Bygg AS", "organisation_number": OTHER, "phone": "+4722334455", "email": "post@nordlys.no"},
        {"name": "Nordlys Byggdrift AS"},
        {"name": "Sørlys Eiendom AS", "phone": "+4722334455"},
        {"name": "Nordlis Bygg AS"},
        {"name": "Nordlys Bygg AS", "owner_only": True},
    ],
)
def test_who_only_looks_so_is_not(other: dict[str, Any]) -> None:
    known = {"name": "Nordlys Bygg AS", "phone": "+4722334455", "email": "post@nordlys.no", "organisation_number": NUMBER}
    assert found(rows(known, other)) == []


@pytest.mark.parametrize(
    ("double", "is_one"),
    [
        ({"name": "Ida Berg", "phone": "+4791234567"}, True),
        ({"name": "Ida K. Berg", "phone": "+4791234567"}, True),
        ({"name": "Berg Ida", "birth_date": "1980-05-01"}, True),
        ({"name": "Ida Berg"}, False),
        ({"name": "Per Berg", "phone": "+4791234567", "email": "ida@berg.no"}, False),
        ({"name": "Per Berg", "street": "Storgata 1", "postal_code": "0155", "phone": "+4791234567"}, False),
        ({"name": "Ida Berg", "birth_date": "2012-11-30"}, False),
    ],
)
def test_persons_need_more_than_a_name_and_never_less(double: dict[str, Any], *, is_one: bool) -> None:
    known = {
        "name": "Ida Berg", "phone": "+4791234567", "email": "ida@berg.no", "birth_date": "1980-05-01", "street": "Storgata 1", "postal_code": "0155",
    }  # fmt: skip
    assert found(rows(known, double, is_person=True)) == ([{1, 2}] if is_one else [])


def test_no_cluster_holds_two_organisation_numbers_or_a_pair_that_is_two() -> None:
    same = {"name": "Nordlys Bygg AS", "phone": "+4722334455"}
    frame = rows(same | {"organisation_number": NUMBER}, same, same | {"organisation_number": OTHER}, same)
    for one in found(frame):
        assert not {1, 3} <= one
    assert found(frame, (1, 2), (2, 3), (2, 4)) != found(frame)
    assert not any({2, 4} <= one for one in found(frame, (1, 2), (2, 3), (2, 4)))


def test_what_many_share_says_nothing() -> None:
    """A switchboard's number, and a name that everybody has."""
    many = [{"name": f"Ansatt {n} Etternavn{n}", "phone": "+4722334455"} for n in range(80)]
    assert found(rows(*many, is_person=True)) == []


def test_the_fullest_stays_and_reasons_are_told() -> None:
    poor = {"name": "Nordlys AS", "phone": "+4722334455"}
    full = poor | {"organisation_number": NUMBER, "email": "post@nordlys.no"}
    told = clusters(rows(poor, full))
    assert list(told.columns) == list(COLUMNS)
    assert told[["number", "is_kept", "is_sure"]].to_numpy().tolist() == [[2, True, True], [1, False, True]]
    assert set(told.reasons) == {"Samme telefonnummer\nSamme navn"}
    assert told.score.min() >= SURE


def test_an_empty_company_has_none() -> None:
    assert clusters(rows({"name": "Alene AS"})).empty
    assert clusters(rows({"name": "Alene AS"}).iloc[:0]).empty


def test_a_hundred_misspelt_ones_are_found_among_a_thousand() -> None:
    rng = random.Random(7)
    letters = "abcdefghijklmnoprstuv"
    names = ["".join(rng.choices(letters, k=8)).title() + " " + rng.choice(SECOND) for _ in range(1000)]
    parties = [{"name": name, "phone": f"+4722{n:06d}"} for n, name in enumerate(names)]
    doubles = []
    for n in range(0, 1000, 10):
        at = rng.randrange(1, 7)
        doubles.append({"name": names[n][:at] + names[n][at + 1 :], "phone": f"+4722{n:06d}"})
    want = [{n + 1, 1001 + n // 10} for n in range(0, 1000, 10)]
    got = found(rows(*parties, *doubles))
    assert sum(pair in got for pair in want) >= 98
    assert all(pair in want for pair in got)
