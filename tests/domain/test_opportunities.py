"""Opportunities: what is accepted, and what one is worth."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crm_lab.domain.ids import new_id
from crm_lab.domain.opportunities import (
    Opportunity,
    OpportunityContact,
    OpportunityStatus,
    SellerShare,
    clean_opportunity,
    nok,
)
from crm_lab.errors import InvalidFields

KEY, OTHER = new_id(), new_id()
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "x" * 251}, "title"),
        ({"customer_id": None}, "customer_id"),
        ({"amount": Decimal("-0.01")}, "amount"),
        ({"amount": Decimal("0.001")}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"amount": Decimal("1e30")}, "amount"),
        ({"probability": -1}, "probability"),
        ({"probability": 101}, "probability"),
        ({"currency": "kroner"}, "currency"),
        ({"status": "halvveis"}, "status"),
        ({"status": "lost"}, "lost_reason"),
        ({"status": "lost", "lost_reason": " "}, "lost_reason"),
        ({"status": "lost", "lost_reason": "x" * 501}, "lost_reason"),
        ({"next_step": "\x00"}, "next_step"),
        ({"products": "x" * 501}, "products"),
        ({"rate": Decimal(0)}, "rate"),
        ({"rate": Decimal("0.0000001")}, "rate"),
        ({"sellers": (SellerShare(employee_id=KEY, percent=99),)}, "sellers"),
        ({"sellers": (SellerShare(employee_id=KEY, percent=50), SellerShare(employee_id=KEY, percent=50))}, "sellers"),
        ({"sellers": (SellerShare(employee_id=KEY, percent=-10), SellerShare(employee_id=OTHER, percent=110))}, "sellers"),
        ({"contacts": (OpportunityContact(contact_id=KEY, role="x" * 61),)}, "contacts"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(given, field):
    with pytest.raises(InvalidFields) as caught:
        clean_opportunity({"title": "Kran", "customer_id": KEY} | given)
    assert list(caught.value.fields) == [field]


def test_only_what_is_lost_has_a_reason():
    lost = {"title": "Kran", "status": OpportunityStatus.LOST, "lost_reason": "Pris"}
    assert "lost_reason" not in clean_opportunity({"title": "Kran 2"}, lost)
    assert clean_opportunity({"status": OpportunityStatus.OPEN}, lost)["lost_reason"] == ""
    with pytest.raises(InvalidFields):
        clean_opportunity({"lost_reason": ""}, lost)


@pytest.mark.parametrize(
    ("status", "amount", "probability", "weighted"),
    [
        ("open", "1000.00", 25, "250.00"),
        ("open", "0.01", 50, "0.01"),
        ("open", "0.01", 49, "0.00"),
        ("open", "333.33", 33, "110.00"),
        ("open", "1000.00", 0, "0.00"),
        ("won", "1000.00", 25, "1000.00"),
        ("lost", "1000.00", 25, "0.00"),
        ("open", None, 25, None),
    ],
)
def test_what_one_is_worth(status, amount, probability, weighted):
    one = Opportunity(
        id=KEY, title="Kran", customer_id=KEY, owner_id=KEY, created_by=KEY, created_at=NOW, stage_since=NOW, touched_at=NOW, stage_id=KEY,
        status=OpportunityStatus(status), amount=Decimal(amount) if amount else None, probability=probability,
    )  # fmt: skip
    assert one.weighted == (Decimal(weighted) if weighted else None)


@pytest.mark.parametrize(
    ("amount", "rate", "expected"),
    [("100", "11.7345", "1173.45"), ("0.01", "0.5", "0.01"), ("0.01", "0.49", "0.00"), (None, "1", None), ("100", None, None)],
)
def test_kroner_are_rounded_half_up_and_unknown_where_the_rate_is(amount, rate, expected):
    given = [None if text is None else Decimal(text) for text in (amount, rate, expected)]
    assert nok(given[0], given[1]) == given[2]
