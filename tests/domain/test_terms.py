"""Terms: inherited from category and company, and what is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.terms import INHERITED, STANDARD, Terms, TermSource, clean_terms, effective_terms
from crm_lab.errors import Faults

days = st.none() | st.integers(0, 365)


@pytest.mark.parametrize(
    ("own", "first", "second", "company", "value", "source", "name"),
    [
        (5, 6, 7, 8, 5, TermSource.OWN, ""),
        (0, 6, 7, 8, 0, TermSource.OWN, ""),
        (None, 6, 7, 8, 6, TermSource.CATEGORY, "A"),
        (None, None, 7, 8, 7, TermSource.CATEGORY, "B"),
        (None, None, None, 8, 8, TermSource.COMPANY, ""),
        (None, None, None, None, STANDARD.payment_days, TermSource.COMPANY, ""),
    ],
)
def test_inheritance(own: Any, first: Any, second: Any, company: Any, value: int, source: TermSource, name: str) -> None:
    labels = [("A", Terms(payment_days=first)), ("B", Terms(payment_days=second))]
    found = effective_terms(Terms(payment_days=own), labels, Terms(payment_days=company))["payment_days"]
    assert (found.value, found.source, found.name) == (value, source, name)


@given(days, days, days)
def test_every_setting_has_a_value(own: int | None, label: int | None, company: int | None) -> None:
    found = effective_terms(Terms(payment_days=own), [("A", Terms(payment_days=label))], Terms(payment_days=company))
    assert set(found) == {f.name for f in fields(Terms)}
    assert all(term.value is not None for term in found.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payment_days", -1), ("payment_days", 366), ("supplier_payment_days", 1000), ("discount", Decimal("100.01")), ("discount", Decimal("-0.01")),
        ("discount", Decimal("1.005")), ("discount", Decimal("NaN")), ("discount", Decimal("Infinity")), ("category_discount", Decimal(101)),
        ("invoice_language", "sv"), ("currency", "KR"), ("supplier_currency", ""), ("invoice_copies", "a@b.no, tull"), ("bic", "DNB"),
        ("price_list", "x" * 251), ("default_account", "nul\x00"), ("approver", "\ud800"),
    ],
)  # fmt: skip
def test_what_is_refused(name: str, value: object) -> None:
    faults = Faults()
    clean_terms(replace(INHERITED, **{name: value}), faults)
    assert list(faults.found) == [f"terms.{name}"]


@given(
    st.builds(
        Terms, payment_days=days, discount=st.none() | st.decimals(0, 100, places=2), bic=st.sampled_from([None, "", "dnbanokk"]),
        currency=st.sampled_from([None, "nok", "EUR"]), invoice_copies=st.sampled_from([None, "", "a@b.no;c@D.no", " a@b.no  c@d.no "]),
        price_list=st.none() | st.text(max_size=20),
    )
)  # fmt: skip
def test_cleaning_twice_is_cleaning_once(terms: Terms) -> None:
    faults = Faults()
    once = clean_terms(terms, faults)
    if not faults.found:
        assert clean_terms(once, faults) == once
