"""Addresses: which one stands in for a missing one, and what is refused where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.addresses import FALLBACK, MOST_DELIVERIES, Address, AddressKind, clean_addresses, effective_address
from crm_lab.errors import Faults, InvalidFields

K = AddressKind
addresses = st.builds(
    Address, kind=st.sampled_from(AddressKind), name=st.text(max_size=9), street=st.text(max_size=9), city=st.text(max_size=9),
    postal_code=st.from_regex(r"[0-9]{4}", fullmatch=True) | st.just(""), country=st.sampled_from(["NO", "no", "SE", ""]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("known", "wanted", "used"),
    [
        ([K.VISITING], K.INVOICE, K.VISITING),
        ([K.VISITING, K.POSTAL], K.INVOICE, K.POSTAL),
        ([K.VISITING, K.POSTAL, K.INVOICE], K.INVOICE, K.INVOICE),
        ([K.POSTAL, K.VISITING], K.DELIVERY, K.VISITING),
        ([K.POSTAL], K.DELIVERY, K.POSTAL),
        ([K.POSTAL], K.VISITING, None),
        ([K.VISITING], K.POSTAL, K.VISITING),
        ([K.INVOICE, K.POSTAL], K.APPROVAL, K.INVOICE),
        ([K.DELIVERY], K.INVOICE, None),
        ([], K.INVOICE, None),
    ],
)
def test_which_address_is_used(known: list[AddressKind], wanted: AddressKind, used: AddressKind | None) -> None:
    found = effective_address([Address(kind=kind, city="OSLO") for kind in known], wanted)
    assert (found.kind if found else None) == used


@given(st.lists(addresses), st.sampled_from(AddressKind))
def test_the_used_address_is_one_of_those_given(given_ones: list[Address], kind: AddressKind) -> None:
    found = effective_address(given_ones, kind)
    useful = [a for a in given_ones if not a.is_empty and a.kind in {kind, *FALLBACK[kind]}]
    assert (found in useful) if found else not useful
    own = [a for a in useful if a.kind is kind]
    assert not own or found == own[0]


@given(st.lists(addresses, max_size=4))
def test_cleaning_twice_is_cleaning_once(given_ones: list[Address]) -> None:
    faults = Faults()
    once = clean_addresses(given_ones, faults)
    if not faults.found:
        assert clean_addresses(once, faults) == once
        assert not any(a.is_empty for a in once)


@pytest.mark.parametrize(
    ("given_ones", "field"),
    [
        ([Address(kind=K.INVOICE, postal_code="12")], "invoice.postal_code"),
        ([Address(kind=K.INVOICE, city="x", country="XX")], "invoice.country"),
        ([Address(kind=K.POSTAL, street="x" * 251)], "postal.street"),
        ([Address(kind=K.DELIVERY, city="a"), Address(kind=K.DELIVERY, postal_code="abcd")], "delivery.2.postal_code"),
        ([Address(kind=K.POSTAL, city="a")] * 2, "postal"),
        ([Address(kind=K.DELIVERY, city="a")] * (MOST_DELIVERIES + 1), "delivery"),
    ],
)
def test_a_fault_stands_at_its_part(given_ones: list[Address], field: str) -> None:
    faults = Faults()
    clean_addresses(given_ones, faults)
    with pytest.raises(InvalidFields) as caught:
        faults.tell()
    assert list(caught.value.fields) == [field]


def test_abroad_any_postcode_will_do() -> None:
    faults = Faults()
    (one,) = clean_addresses([Address(kind=K.POSTAL, postal_code="SW1A 1AA", city="London", country="gb")], faults)
    assert (one.country, one.lines, faults.found) == ("GB", ("SW1A 1AA London", "GB"), {})
