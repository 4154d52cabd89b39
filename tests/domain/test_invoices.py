"""Sums of invoices: reckoned by the rules of EN 16931, and against plain fractions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.invoices import (
    Adjustment,
    DocumentKind,
    DocumentLine,
    DocumentParty,
    Invoice,
    credit_of,
    discount,
    totals_of,
)
from crm_lab.domain.vat import UnknownVatCode, VatCategory, VatCode, vat_on

RATES = (Decimal(25), Decimal(15), Decimal("11.11"), Decimal(12))
amounts = st.decimals(min_value="0.01", max_value="99999", places=2)
lines = st.builds(
    lambda price, quantity, percent, rate: DocumentLine(
        text="Vare", price=price, quantity=quantity, adjustments=discount(price, quantity, percent), rate=rate,
    ),
    st.decimals(min_value=0, max_value=99999, places=4), st.decimals(min_value="0.0001", max_value=999, places=4),
    st.decimals(min_value=0, max_value=100, places=2), st.sampled_from(RATES),
)  # fmt: skip


def halves_up(amount: Fraction) -> Fraction:
    """Rounded to hundredths, halves away from zero, without Decimal."""
    hundredths = abs(amount) * 100 + Fraction(1, 2)
    return Fraction(hundredths.numerator // hundredths.denominator, 100) * (1 if amount >= 0 else -1)


@given(st.lists(lines, min_size=1, max_size=12), st.lists(st.builds(Adjustment, amount=amounts, is_charge=st.booleans(), rate=st.sampled_from(RATES)), max_size=3))
def test_the_rounded_parts_add_up_to_the_whole(lines: list[DocumentLine], adjustments: list[Adjustment]) -> None:
    totals = totals_of(lines, adjustments)
    assert totals.lines == sum(line.net for line in lines)
    assert totals.net == totals.lines - totals.allowances + totals.charges == sum(one.base for one in totals.rates)
    assert totals.gross == totals.net + sum(one.vat for one in totals.rates)
    for one in totals.rates:
        assert Fraction(one.vat) == halves_up(Fraction(one.base) * Fraction(one.rate) / 100)


@given(lines)
def test_a_discount_in_per_cent_is_rounded_once(line: DocumentLine) -> None:
    percent = line.adjustments[0].percent if line.adjustments else Decimal(0)
    exact = Fraction(line.price) * Fraction(line.quantity) * (100 - Fraction(percent or 0)) / 100
    assert Fraction(line.net) == halves_up(exact)


@given(st.lists(lines, min_size=1, max_size=12))
def test_a_credit_note_mirrors_its_invoice(lines: list[DocumentLine]) -> None:
    nordlys, havn = DocumentParty(name="Nordlys Bygg AS"), DocumentParty(name="Havnekontoret AS")
    invoice = Invoice(number="10001", issued_on=date(2026, 11, 1), seller=nordlys, buyer=havn, lines=tuple(lines))
    note = credit_of(invoice, number="90001", issued_on=date(2026, 11, 20))
    assert note.totals == invoice.totals
    assert (note.kind, note.credits, note.credits_on) == (DocumentKind.CREDIT_NOTE, "10001", date(2026, 11, 1))


def test_vat_in_kroner_is_told_of_another_currency_only() -> None:
    party = DocumentParty(name="Nordlys Bygg AS")
    line = DocumentLine(text="Vare", price=Decimal("99.99"), rate=Decimal(25))
    told = Invoice(number="1", issued_on=date(2026, 11, 1), seller=party, buyer=party, lines=(line,), currency="EUR", rate=Decimal("11.7345"))
    assert (told.totals.vat, told.vat_in_kroner) == (Decimal("25.00"), Decimal("293.36"))


def test_a_rate_is_that_of_the_day() -> None:
    low = [
        VatCode(code="33", first_day=date(2020, 4, 1), last_day=date(2021, 9, 30), rate=Decimal(6), category=VatCategory.STANDARD),
        VatCode(code="33", first_day=date(2021, 10, 1), last_day=None, rate=Decimal(12), category=VatCategory.STANDARD),
    ]
    assert [vat_on(low, "33", day).rate for day in (date(2021, 9, 30), date(2021, 10, 1), date(2030, 1, 1))] == [6, 12, 12]
    for code, day in (("33", date(2019, 1, 1)), ("1", date(2026, 1, 1))):
        with pytest.raises(UnknownVatCode):
            vat_on(low, code, day)
