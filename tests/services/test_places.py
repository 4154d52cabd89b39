"""Places: a postcode fills the place."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crm_lab.domain.places import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection

REFERENCE = Path(__file__).parents[2] / "data" / "reference"


@pytest.mark.parametrize(
    ("postal_code", "city", "municipality"),
    [
        ("0001", "OSLO", "OSLO"),
        (" 70 14 ", "TRONDHEIM", "TRONDHEIM"),
        ("9520", "KAUTOKEINO", "GUOVDAGEAIDNU KAUTOKEINO"),
        ("6270", "BRATTVÅG", "HARAM"),
        ("8099", "JAN MAYEN", "JAN MAYEN"),
        ("9990", "BÅTSFJORD", "BÅTSFJORD"),
    ],
)
def test_a_postcode_has_a_place(
    login: Callable[[str], Connection], postal_code: str, city: str, municipality: str
) -> None:
    code = postal_code.replace(" ", "")
    found = login("kari").places.find(postal_code=postal_code)
    assert found == Place(postal_code=code, city=city, municipality=municipality)


@pytest.mark.parametrize("postal_code", ["", "9999", "12345", "SW1A 1AA", "postal_code", "٧٠١٤"])
def test_what_is_no_postcode_has_none(login: Callable[[str], Connection], postal_code: str) -> None:
    assert login("kari").places.find(postal_code=postal_code) is None


def test_the_shipped_register_tells_its_source_date_and_terms() -> None:
    read_me = (REFERENCE / "README.md").read_text(encoding="utf-8")
    with (REFERENCE / "postal_codes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert f"{len(rows):,} Norwegian postcodes" in read_me
    assert all(len(row["postal_code"]) == 4 and row["city"] and row["municipality"] for row in rows)
    for fact in ("Bring / Posten Norge AS", "https://www.bring.no/postnummerregister-ansi.txt", "edition of 2024", "names no licence"):
        assert fact in read_me, fact
