"""Numbers with check digits, phones, e-mail, money."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.values import (
    KID,
    BankAccount,
    Email,
    InvalidKID,
    MixedCurrencies,
    Money,
    OrgNumber,
    Phone,
    clean_text,
    mod11,
    parse_day,
)
from crm_lab.errors import InvalidInput

VECTORS = list(csv.DictReader((Path(__file__).parent / "check_digits.csv").open(encoding="utf-8")))
PARSERS = {"orgnr": OrgNumber.parse, "mva": OrgNumber.parse, "kontonr": BankAccount.parse, "phone_NO": Phone.parse}


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] in {"orgnr", "kontonr"}], ids=lambda v: f"{v['kind']} {v['value']}")
def test_the_published_vectors(vector: dict[str, str]) -> None:
    parse = PARSERS[vector["kind"]]
    if vector["verdict"] == "valid":
        assert parse(vector["value"])
    else:
        with pytest.raises(InvalidInput):
            parse(vector["value"])


@pytest.mark.parametrize(("body", "mod10", "eleven"), [("1234", "12344", "12343"), ("60224", "602243", None), ("1009", None, "1009-")])
def test_kid(body: str, mod10: str | None, eleven: str | None) -> None:
    if mod10:
        assert KID.make(body) == mod10
    if eleven:
        assert KID.make(body, rule="mod11") == eleven


@given(st.from_regex(r"[0-9]{1,24}", fullmatch=True))
def test_a_made_kid_is_a_kid_and_one_wrong_digit_is_not_its_mod10(body: str) -> None:
    kid = KID.make(body)
    assert KID.parse(kid) == kid
    assert KID.parse(body + mod11(body))
    wrong = str((int(kid[0]) + 1) % 10) + kid[1:]
    if not wrong.endswith(mod11(wrong[:-1])):
        with pytest.raises(InvalidKID):
            KID.parse(wrong)


@given(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15))
def test_money_is_exact(a: int, b: int) -> None:
    assert (Money.from_minor(a) + Money.from_minor(b)).minor == a + b
    assert (Money.from_minor(a) - Money.from_minor(b)).minor == a - b


def test_money_rounds_half_up_and_keeps_currencies_apart() -> None:
    assert Money(Decimal("0.005")).minor == 1
    with pytest.raises(MixedCurrencies):
        Money(Decimal(1)) + Money(Decimal(1), "EUR")


def test_email_and_text() -> None:
    assert Email.parse("Kari@NORDLYS.no") == "Kari@nordlys.no"
    for wrong in ("kari", "kari@", "@no.no", "a b@c.no", "a@b"):
        with pytest.raises(InvalidInput):
            Email.parse(wrong)
    assert clean_text("  a\u030a ", "name", max_length=9) == "å"


@pytest.mark.parametrize("text", ["5.3.2026", " 05.03.2026", "05032026", "2026-03-05", "5/3/2026", "5 3 2026"])
def test_a_day_in_every_spelling(text: str) -> None:
    assert parse_day(text, "from") == date(2026, 3, 5)


@pytest.mark.parametrize("text", ["", "i går", "31.02.2026", "5.3.26", "2026-13-01", "32.01.2026", "٥.٣.٢٠٢٦", "0.0.0000", "5.3.20260"])
def test_what_is_no_day_is_told_at_its_field(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_day(text, "roles.1.started_on")
    assert caught.value.field == "roles.1.started_on"
