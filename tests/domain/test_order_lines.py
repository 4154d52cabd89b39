"""Two people change the lines of one order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from crm_lab.domain.ids import new_id
from crm_lab.domain.order_lines import merge_lines
from crm_lab.domain.orders import OrderLine

A, B, C, D, E = (OrderLine(id=new_id(), text=text, price=Decimal(1)) for text in "abcde")
A2, A3, B2 = replace(A, text="a2"), replace(A, text="a3"), replace(B, text="b2")


def test_what_only_one_changed_is_kept():
    cases = [
        ((A, B), (A2, B), (A, B2), (A2, B2)),
        ((A, B), (A, B), (B,), (B,)),
        ((A, B), (B,), (A, B), (B,)),
        ((A, B), (A, D, B), (A, B, E), (A, D, B, E)),
        ((A, B), (B, A), (A2, B), (B, A2)),
        ((A, B), (A2, B), (B, A), (B, A2)),
        ((A,), (A2,), (A2,), (A2,)),
        ((A, B), (B,), (B,), (B,)),
    ]
    for base, mine, theirs, merged in cases:
        assert merge_lines(base, mine, theirs) == (merged, {})


def test_where_both_changed_mine_stands_and_theirs_is_told():
    assert merge_lines((A, B), (A2, B), (A3, B)) == ((A2, B), {A.id: A3})
    assert merge_lines((A, B), (A2, B), (B,)) == ((A2, B), {A.id: None})
    assert merge_lines((A, B), (B,), (A3, B)) == ((A3, B), {A.id: A3})
