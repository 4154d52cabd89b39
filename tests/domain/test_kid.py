"""KIDs copied wrongly: every single slip is found again, and a right KID is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.kid import KidSlip, bare_kid, is_kid, repairs, slip_between
from crm_lab.domain.values import KID

BODIES = st.text("0123456789", min_size=3, max_size=20)
RULES = st.sampled_from(["mod10", "mod11"])


@given(BODIES, RULES)
def test_a_made_kid_is_one(body: str, rule: str) -> None:
    made = KID.make(body, rule=rule)
    assert is_kid(made, rule=rule)
    assert repairs(made, rule=rule) == {}


@given(BODIES, RULES, st.data())
def test_one_slip_is_taken_back(body: str, rule: str, data: st.DataObject) -> None:
    made = str(KID.make(body, rule=rule))
    at = data.draw(st.integers(0, len(made) - 2))
    digit = data.draw(st.sampled_from([c for c in "0123456789" if c != made[at]]))
    for written in (made[:at] + digit + made[at + 1 :], made[:at] + made[at + 1] + made[at] + made[at + 2 :]):
        if written == made or "-" in written[:-1] or is_kid(written, rule=rule):
            continue  # some transpositions pass MOD10 (09 and 90): nothing tells that they are wrong
        assert made in repairs(written, rule=rule)


@pytest.mark.parametrize(
    ("written", "meant", "slip"),
    [
        ("100171002454", "100171002544", KidSlip.TRANSPOSED),
        ("100171002554", "100171002544", KidSlip.DIGIT),
        ("000000100171002544", "100171002544", KidSlip.ZEROS),
        ("1009-", "1009-", None),
        ("1008-", "1009-", KidSlip.DIGIT),
        ("100171002445", "100171002544", None),
        ("10017100254", "100171002544", None),
    ],
)
def test_slips_are_told_apart(written: str, meant: str, slip: KidSlip | None) -> None:
    assert slip_between(written, meant) == slip


@given(BODIES, st.integers(1, 5))
def test_zeros_in_front_do_not_matter(body: str, zeros: int) -> None:
    made = str(KID.make("1" + body))
    assert bare_kid("0" * zeros + made) == made
    assert slip_between("0" * zeros + made, made) is KidSlip.ZEROS


def test_what_is_no_number_is_not_repaired() -> None:
    assert repairs("Takk for levering") == {}
    assert repairs("") == {}
