"""Places: a postcode fills the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crm_lab.domain.places import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection


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
