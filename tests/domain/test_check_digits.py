"""All 78 published vectors of numbers with check digits, each by the parser that reads such a number."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crm_lab.domain.values import KID, BankAccount, OrgNumber, Phone
from crm_lab.errors import InvalidInput

VECTORS = list(csv.DictReader((Path(__file__).parent / "check_digits.csv").open(encoding="utf-8")))
BLANKS_IN_VAT = "NO991 825 827MVA"
"""Refused on an invoice only (Peppol NO-R-001); in a form blanks are tolerated, and `OrgNumber.vat` writes none."""
PARSERS = {
    "orgnr": OrgNumber.parse, "mva": OrgNumber.parse, "kontonr": BankAccount.parse, "iban": BankAccount.parse, "phone_NO": Phone.parse,
    "kid_mod10": lambda text: KID.parse(text, rule="mod10"), "kid_mod11": lambda text: KID.parse(text, rule="mod11"), "kid_length": KID.parse,
}  # fmt: skip


def test_there_are_78() -> None:
    assert len(VECTORS) == 78
    assert {vector["kind"] for vector in VECTORS} == set(PARSERS)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['kind']} {v['value']}")
def test_vector(vector: dict[str, str]) -> None:
    parse, text = PARSERS[vector["kind"]], vector["value"]
    if text == BLANKS_IN_VAT:
        assert OrgNumber.parse(text).vat == text.replace(" ", "")
    elif vector["verdict"] == "valid":
        assert parse(text)
        assert parse(parse(text)) == parse(text)
    else:
        with pytest.raises(InvalidInput):
            parse(text)
