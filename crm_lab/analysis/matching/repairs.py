"""A KID that was copied wrongly, and a claim of the party with the same amount whose KID it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_lab.analysis.matching.items import dense, texts
from crm_lab.analysis.matching.picks import Picks
from crm_lab.analysis.matching.references import joined, tokens
from crm_lab.domain.kid import slip_between
from crm_lab.domain.ledger import MatchRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.analysis.matching.items import Ints, Items

MOST_PAIRS = 200_000
"""Bound of the only loop in Python: pairs of the same party and amount, compared character by character."""


def kid_repairs(items: Items) -> Iterator[Picks]:
    """One payment, one claim, the same amount, and KIDs one slip apart, in its field or in the text."""
    pairs, slips = _slips(items)
    if not len(pairs):
        return
    n_claims = np.bincount(dense(pairs[:, 0])[0])[dense(pairs[:, 0])[0]]
    n_money = np.bincount(dense(pairs[:, 1])[0])[dense(pairs[:, 1])[0]]
    first = np.zeros(len(pairs), bool)
    taken: set[int] = set()
    for at, (money, claim) in enumerate(pairs.tolist()):
        if money not in taken and claim not in taken:
            first[at] = True
            taken |= {money, claim}
    kept = pairs[first]
    label = np.repeat(np.arange(len(kept)), 2)
    picks = Picks.of_labels(MatchRule.KID_REPAIR, kept.ravel(), label, np.repeat((n_claims + n_money - 2)[first], 2))
    picks.reason[:] = slips[first]
    yield picks


def _slips(items: Items) -> tuple[Ints, np.ndarray]:
    """(money, claim) with KIDs one slip apart, and which slip."""
    money = items.rows(items.is_money & (items.due < 0))
    with_kid = money[items.kid[money] >= 0]
    typed = list(zip(with_kid.tolist(), texts(items.frame["kid"].iloc[with_kid]).to_pylist(), strict=True))
    without = money[items.kid[money] < 0]
    at, found = tokens(items, without)
    typed += zip(at.tolist(), found.to_pylist(), strict=True)
    claims = items.rows((items.kid >= 0) & (items.due > 0))
    if not typed or not len(claims):
        return np.empty((0, 2), np.int64), np.empty(0, object)
    rows = np.array([row for row, _kid in typed], np.int64)
    everything = np.r_[rows, claims]
    amount, n = dense(np.abs(items.due[everything]))
    key = items.group[everything] * n + amount
    at_claims = joined(key[: len(rows)], np.arange(len(rows)), key[len(rows) :], claims)[:MOST_PAIRS]
    meant = texts(items.frame["kid"].iloc[at_claims[:, 1]]).to_pylist()
    slips = [slip_between(typed[at][1], kid) for at, kid in zip(at_claims[:, 0].tolist(), meant, strict=True)]
    good = [at for at, slip in enumerate(slips) if slip is not None]
    pairs = np.c_[rows[at_claims[good, 0]], at_claims[good, 1]].astype(np.int64)
    _pairs, once = np.unique(pairs, axis=0, return_index=True)
    return pairs[once], np.array([f"kid_{slips[good[at]]}" for at in once], object)
