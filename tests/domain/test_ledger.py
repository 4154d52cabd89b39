"""Linking: the rules as tables, and what must hold of any ledger whatever is linked and taken apart."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.ledger import CannotLink, Place, TooFewPostings, check_places, dissolved, linked, without

A, B, C, D, E = (UUID(int=n) for n in range(5))
HOME = Place(customer_id=A, ledger="AR", account="1500", currency="NOK")


@pytest.mark.parametrize(
    ("before", "chosen", "after"),
    [
        ({}, [A, B], {A: 9, B: 9}),
        ({A: 3, B: 3}, [A, C], {A: 3, B: 3, C: 3}),
        ({A: 5, B: 5, C: 2, D: 2}, [A, C], {A: 2, B: 2, C: 2, D: 2}),
        ({A: 5, B: 5, C: 2, D: 2}, [A, C, E], {A: 2, B: 2, C: 2, D: 2, E: 2}),
        ({A: 3, B: 3}, [A, B], {A: 3, B: 3}),
        ({A: 3, B: 3}, [C, D], {A: 3, B: 3, C: 9, D: 9}),
    ],
)
def test_linking(before: dict[UUID, int], chosen: list[UUID], after: dict[UUID, int]) -> None:
    assert linked(before, chosen, 9) == after


@pytest.mark.parametrize(
    ("before", "chosen", "after"),
    [
        ({A: 1, B: 1, C: 1}, [A], {B: 1, C: 1}),
        ({A: 1, B: 1}, [A], {}),
        ({A: 1, B: 1, C: 1}, [A, B], {}),
        ({A: 1, B: 1, C: 1, D: 2, E: 2}, [A, D], {B: 1, C: 1}),
        ({A: 1, B: 1}, [C], {A: 1, B: 1}),
    ],
)
def test_taking_postings_out(before: dict[UUID, int], chosen: list[UUID], after: dict[UUID, int]) -> None:
    assert without(before, chosen) == after


def test_dissolving_frees_all_of_a_match_and_no_other() -> None:
    assert dissolved({A: 1, B: 1, C: 2, D: 2}, [1]) == {C: 2, D: 2}


@pytest.mark.parametrize(
    ("places", "error"),
    [
        ([HOME], TooFewPostings),
        ([], TooFewPostings),
        ([HOME, Place(B, "AR", "1500", "NOK")], CannotLink),
        ([HOME, Place(A, "AP", "1500", "NOK")], CannotLink),
        ([HOME, Place(A, "AR", "1510", "NOK")], CannotLink),
        ([HOME, Place(A, "AR", "1500", "EUR")], CannotLink),
    ],
)
def test_what_cannot_be_linked(places: list[Place], error: type[Exception]) -> None:
    with pytest.raises(error):
        check_places(places)


POSTINGS = [UUID(int=n) for n in range(8)]
SETS = st.lists(st.sampled_from(POSTINGS), min_size=2, max_size=4, unique=True)
STEPS = st.lists(st.tuples(st.sampled_from(["link", "dissolve", "remove"]), SETS), max_size=12)


def history(steps: list[tuple[str, list[UUID]]]) -> list[dict[UUID, int]]:
    """The links after each step; numbers are given out in order."""
    states: list[dict[UUID, int]] = [{}]
    for fresh, (what, chosen) in enumerate(steps, 1):
        links = states[-1]
        after = {
            "link": lambda links=links, chosen=chosen, fresh=fresh: linked(links, chosen, fresh),
            "dissolve": lambda links=links, chosen=chosen: dissolved(links, {links[p] for p in chosen if p in links}),
            "remove": lambda links=links, chosen=chosen: without(links, chosen),
        }[what]()
        states.append(after)
    return states


@given(steps=STEPS, amounts=st.lists(st.integers(-9999, 9999), min_size=8, max_size=8))
def test_no_linking_changes_what_is_owed(steps: list[tuple[str, list[UUID]]], amounts: list[int]) -> None:
    amount = dict(zip(POSTINGS, (Decimal(a).scaleb(-2) for a in amounts), strict=True))
    for links in history(steps):
        in_matches = sum((amount[p] for p in links), Decimal(0))
        free = sum((amount[p] for p in POSTINGS if p not in links), Decimal(0))
        assert in_matches + free == sum(amount.values())
        assert min(Counter(links.values()).values(), default=2) >= 2


def groups(links: dict[UUID, int]) -> set[frozenset[UUID]]:
    return {frozenset(p for p in links if links[p] == n) for n in links.values()}


@given(sets=st.lists(SETS, max_size=6), order=st.randoms(use_true_random=False))
def test_the_order_of_linking_changes_no_group(sets: list[list[UUID]], order: object) -> None:
    other = sets.copy()
    order.shuffle(other)  # type: ignore[attr-defined]
    one = history([("link", chosen) for chosen in sets])[-1]
    two = history([("link", chosen) for chosen in other])[-1]
    assert groups(one) == groups(two)
    assert all(set(chosen) <= group for chosen in sets for group in groups(one) if set(chosen) & group)


@given(steps=STEPS, chosen=SETS)
def test_linking_what_is_free_and_dissolving_it_is_nothing(steps: list[tuple[str, list[UUID]]], chosen: list[UUID]) -> None:
    links = history(steps)[-1]
    free = [p for p in chosen if p not in links]
    if len(free) >= 2:
        assert dissolved(linked(links, free, 99), [99]) == links
