"""Almost the amount: cents rounded, a fee, or a rate of exchange; the difference is previewed, and posted by nobody here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from crm_lab.analysis.matching.items import dense
from crm_lab.analysis.matching.picks import Picks
from crm_lab.domain.ledger import MatchRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.analysis.matching.items import Ints, Items


class Difference(StrEnum):
    """What a small residual may be."""

    ROUNDING = "rounding"
    FEE = "fee"
    CURRENCY = "currency"
    SHORT = "short"
    OVER = "over"
    NONE = ""


MOST_CHANCE = 0.5
"""A party with so many claims that one is this often near by accident gets no proposal."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much a payment may differ: in øre, or for exchange in thousandths of the claim."""

    rounding_minor: int = 100
    fee_minor: int = 7500
    currency_thousandths: int = 5


ACCOUNTS = {Difference.ROUNDING: "7740", Difference.FEE: "7770", Difference.CURRENCY: "8160"}
"""Where such a difference is usually posted (NS 4102: 7740 øreavrunding, 7770 bank- og kortgebyr, 8160 valutatap)."""
GAINS = {Difference.FEE: "3950", Difference.CURRENCY: "8060"}
"""The same where more came than was owed (NS 4102: 8060 valutagevinst; a reminder fee is other income)."""
ORDER = (Difference.NONE, Difference.ROUNDING, Difference.CURRENCY, Difference.FEE, Difference.SHORT, Difference.OVER)
KINDS = np.array([str(kind) for kind in ORDER], object)
POSTED_ON = np.array([[table.get(kind, "") for kind in ORDER] for table in (ACCOUNTS, ACCOUNTS | GAINS)], object)


def differences(residual: Ints, claims: Ints, tolerance: Tolerance) -> tuple[np.ndarray, np.ndarray]:
    """What each residual may be, and the account it would be posted on."""
    size = np.abs(residual)
    which = np.select(
        [
            residual == 0, size <= tolerance.rounding_minor, size * 1000 <= claims * tolerance.currency_thousandths,
            size <= tolerance.fee_minor, residual > 0,
        ],
        [0, 1, 2, 3, 4], 5,
    )  # fmt: skip
    is_gain = (residual < 0).astype(np.int64)
    return KINDS[which], POSTED_ON[is_gain, which]


def nearly(items: Items, tolerance: Tolerance) -> Iterator[Picks]:
    """A payment and the one claim within the tolerance of it; other claims and payments that near are rivals."""
    money = items.rows(items.is_money & (items.due < 0) & (items.kid < 0))
    claims = items.rows(items.due > 0)
    group, n = dense(items.group)
    span = 2 * int(np.abs(items.due).max(initial=0)) * 2 + 1
    if n * span >= 1 << 62 or not len(money) or not len(claims):
        return
    claims = claims[np.argsort(group[claims] * span + items.due[claims], kind="stable")]
    key = group[claims] * span + items.due[claims]
    paid = -items.due[money]
    reach = np.maximum(tolerance.fee_minor, paid * tolerance.currency_thousandths // 1000)
    reach = np.minimum(reach, paid // 4)
    at = group[money] * span + paid
    first, end = np.searchsorted(key, at - reach, "left"), np.searchsorted(key, at + reach, "right")
    near = np.flatnonzero(end > first)
    nearest = _nearest(key, at[near], first[near], end[near])
    claim, pay, others = claims[nearest], money[near], (end - first)[near] - 1
    in_time = np.flatnonzero(items.day[claim] <= items.day[pay])
    claim, pay, others, near = claim[in_time], pay[in_time], others[in_time], near[in_time]
    wanted = np.bincount(claim, minlength=len(items.due))
    order = np.lexsort((pay, items.due[pay], items.day[pay], np.abs(items.due[claim] + items.due[pay])))
    claim, pay, others = claim[order], pay[order], others[order]
    _claims, chosen = np.unique(claim, return_index=True)
    claim, pay, rivals = claim[chosen], pay[chosen], others[chosen] + wanted[claim[chosen]] - 1
    chance = _chance(group, claims, items.due[claims], claim, reach[near][order][chosen])
    label = np.repeat(np.arange(len(claim)), 2)
    picks = Picks.of_labels(MatchRule.TOLERANCE, np.c_[claim, pay].ravel(), label, np.repeat(rivals, 2), "tolerance")
    picks.chance = chance
    yield picks.only(chance < MOST_CHANCE)


def _chance(group: Ints, claims: Ints, due: Ints, claim: Ints, reach: Ints) -> np.ndarray:
    """How many claims of the party would lie that near by accident: their number, times the window's part of their range."""
    n = np.bincount(group[claims], minlength=int(group.max(initial=-1)) + 1)
    largest = np.zeros(len(n), np.int64)
    np.maximum.at(largest, group[claims], due)
    return (n[group[claim]] - 1) * np.minimum(1.0, 2 * reach / np.maximum(largest[group[claim]], 1))


def _nearest(key: Ints, at: Ints, first: Ints, end: Ints) -> Ints:
    """The place of the key nearest to `at`, within its window."""
    above = np.clip(np.searchsorted(key, at), first, end - 1)
    below = np.clip(above - 1, first, end - 1)
    nearer = np.abs(key[below] - at) <= np.abs(key[above] - at)
    return np.where(nearer, below, above)


def oldest_first(items: Items) -> Iterator[Picks]:
    """All money of a party on its oldest claims, as far as it reaches: on request only, for it follows no evidence."""
    rows = items.rows()
    group, n = dense(items.group[rows])
    money, claims = (np.bincount(group[side], minlength=n) for side in (items.due[rows] < 0, items.due[rows] > 0))
    rows, group = (kept[((money > 0) & (claims > 0))[group]] for kept in (rows, group))
    order = np.lexsort((rows, items.day[rows], items.due[rows] > 0, group))
    rows, group = rows[order], group[order]
    due = items.due[rows]
    before = np.cumsum(due) - due
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else np.zeros(0, np.int64)
    offset = np.repeat(before[starts], np.diff(np.r_[starts, len(group)]))
    reached = (due < 0) | (before - offset < 0)
    yield Picks.of_labels(MatchRule.FIFO, rows[reached], group[reached], None, "fifo")
