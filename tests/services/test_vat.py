"""The VAT codes that apply on a day, as the reference data has them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from crm_lab.domain.vat import vat_name, vat_on
from crm_lab.services.vat import vat_codes

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection


def test_the_codes_of_today(login: Callable[[str], Connection]) -> None:
    told = {one.code: (one.rate, one.category) for one in login("kari").vat.codes(on=date(2026, 12, 1))}
    assert told == {
        "3": (Decimal(25), "S"), "31": (Decimal(15), "S"), "32": (Decimal("11.11"), "S"), "33": (Decimal(12), "S"), "5": (Decimal(0), "Z"),
        "51": (Decimal(0), "AE"), "52": (Decimal(0), "G"), "6": (Decimal(0), "E"), "7": (Decimal(0), "E"),
    }  # fmt: skip
    assert all(vat_name(code) != code for code in told)


def test_each_code_has_one_rate_at_a_time_and_no_gap() -> None:
    for code in {one.code for one in vat_codes()}:
        rows = sorted((one for one in vat_codes() if one.code == code), key=lambda one: one.first_day)
        assert all(one.source for one in rows)
        assert [one.last_day is None for one in rows] == [False] * (len(rows) - 1) + [True]
        for before, after in pairwise(rows):
            assert before.last_day is not None
            assert (after.first_day - before.last_day).days == 1
    assert vat_on(vat_codes(), "33", date(2021, 9, 30)).rate == Decimal(6)
