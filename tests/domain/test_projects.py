"""Projects: what is accepted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from crm_lab.domain.projects import clean_project
from crm_lab.errors import InvalidFields


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 251}, "name"),
        ({"name": "Bygg", "starts_on": date(2026, 2, 1), "ends_on": date(2026, 1, 31)}, "ends_on"),
        ({"name": "Bygg", "budget": Decimal("-0.01")}, "budget"),
        ({"name": "Bygg", "budget": Decimal("0.001")}, "budget"),
        ({"name": "Bygg", "budget": Decimal("Infinity")}, "budget"),
        ({"name": "Bygg", "budget": Decimal("NaN")}, "budget"),
        ({"name": "Bygg", "budget": Decimal("1e30")}, "budget"),
        ({"name": "Bygg", "text": "\x00"}, "text"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(given, field):
    with pytest.raises(InvalidFields) as caught:
        clean_project(given)
    assert list(caught.value.fields) == [field]


def test_what_is_given_is_checked_with_what_stays():
    before = {"name": "Bygg", "starts_on": date(2026, 2, 1)}
    with pytest.raises(InvalidFields):
        clean_project({"ends_on": date(2026, 1, 1)}, before)
    assert clean_project({"budget": Decimal("1000.50")}, before) == {"budget": Decimal("1000.50")}
    assert clean_project({"name": " Bygg trinn 2 "})["name"] == "Bygg trinn 2"
