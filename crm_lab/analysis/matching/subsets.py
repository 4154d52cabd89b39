"""Every subset of a party's open items that comes to zero, for many parties at once.

Meet in the middle (Horowitz and Sahni 1974): the sums of each half of a party's items are laid out, and those of one
half looked up in the sorted other. Bound: at most `MOST_ITEMS` items a party, so 2·2^8 sums each, and parties with
more than `MOST_SOLUTIONS` solutions are only named. Cost is linear in the number of parties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from crm_lab.analysis.matching.items import Flags, Ints

MOST_ITEMS = 16
MOST_SOLUTIONS = 64
SUMS_AT_ONCE = 1 << 20
LARGEST_KEY = 1 << 62
ROUND = (10, 100, 1_000, 10_000, 100_000)


@dataclass(slots=True)
class ZeroSums:
    """Minimal subsets with sum 0: `mask[i]` holds the items (bit j is item j) of party `party[i]`.

    Minimal means that no part of it comes to zero by itself. `n_rivals` is how many other minimal ones share an item.
    `crowded` are the parties with too many to be told one by one.
    """

    party: Ints
    mask: Ints
    n_rivals: Ints
    crowded: Ints


def zero_sums(amounts: Ints, needs: Ints) -> ZeroSums:
    """For parties (rows) and their items (columns, øre, none 0).

    `needs[p, j]` is a mask of items without which item j of party p is in no solution.
    """
    n_items = amounts.shape[1]
    if n_items > MOST_ITEMS:
        message = f"{n_items} items a party are more than {MOST_ITEMS}"
        raise ValueError(message)
    span = 2 * int(np.abs(amounts).sum(axis=1).max(initial=0)) + 1
    at_once = max(1, min(SUMS_AT_ONCE >> (n_items + 1) // 2, LARGEST_KEY // span))
    parts = [_solve(amounts[at : at + at_once], span) for at in range(0, len(amounts), at_once)]
    party = np.concatenate([found[0] + i * at_once for i, found in enumerate(parts)] or [np.zeros(0, np.int64)])
    mask = np.concatenate([found[1] for found in parts] or [np.zeros(0, np.int64)])
    crowded = np.concatenate([found[2] + i * at_once for i, found in enumerate(parts)] or [np.zeros(0, np.int64)])
    good = _keeps_needs(party, mask, needs)
    return _minimal(party[good], mask[good], crowded)


def _solve(amounts: Ints, span: int) -> tuple[Ints, Ints, Ints]:
    """(party, mask) of every subset with sum 0, and the crowded parties, of one slice."""
    n, n_items = amounts.shape
    half = n_items // 2
    left, right = _all_sums(amounts[:, :half]), _all_sums(amounts[:, half:])
    order = np.argsort(right, axis=1, kind="stable")
    offset = (np.arange(n, dtype=np.int64) * span)[:, None]
    keys = (np.take_along_axis(right, order, axis=1) + offset).ravel()
    wanted = (offset - left).ravel()
    first = np.searchsorted(keys, wanted, "left")
    hit = np.flatnonzero(keys[np.minimum(first, len(keys) - 1)] == wanted)
    first = first[hit]
    count = np.searchsorted(keys, wanted[hit], "right") - first
    party = hit // left.shape[1]
    per_party = np.bincount(party, count, n).astype(np.int64) - 1
    told = (per_party <= MOST_SOLUTIONS)[party]
    hit, first, count, party = hit[told], first[told], count[told], party[told]
    at = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    mask = np.repeat(hit % left.shape[1], count) | (order.ravel()[at].astype(np.int64) << half)
    some = mask > 0
    return np.repeat(party, count)[some], mask[some], np.flatnonzero(per_party > MOST_SOLUTIONS)


def _all_sums(amounts: Ints) -> Ints:
    """The sums of all subsets; column number m is the subset whose mask is m."""
    made = np.zeros((len(amounts), 1), np.int64)
    for column in amounts.T:
        made = np.concatenate([made, made + column[:, None]], axis=1)
    return made


def _keeps_needs(party: Ints, mask: Ints, needs: Ints) -> Flags:
    good: Flags = np.ones(len(mask), bool)
    for item in range(needs.shape[1]):
        required = needs[party, item]
        good &= ((mask >> item) & 1 == 0) | (required & ~mask == 0)
    return good


def _minimal(party: Ints, mask: Ints, crowded: Ints) -> ZeroSums:
    one, other = _pairs(party)
    holds_other = (mask[other] & ~mask[one]) == 0
    minimal = np.ones(len(mask), bool)
    minimal[one[holds_other]] = False
    party, mask = party[minimal], mask[minimal]
    one, other = _pairs(party)
    shares = (mask[one] & mask[other]) != 0
    return ZeroSums(party, mask, np.bincount(one[shares], minlength=len(mask)).astype(np.int64), crowded)


def _pairs(party: Ints) -> tuple[Ints, Ints]:
    """Every ordered pair of different places with the same party; `party` is sorted."""
    if not len(party):
        return party, party
    starts = np.flatnonzero(np.r_[True, party[1:] != party[:-1]])
    sizes = np.diff(np.r_[starts, len(party)])
    begin, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    one = np.repeat(np.arange(len(party)), size)
    other = np.repeat(begin, size) + np.arange(len(one)) - np.repeat(np.cumsum(size) - size, size)
    different = one != other
    return one[different], other[different]


def chance_of_zero(amounts: Ints) -> Any:
    """How many subsets of each party would come to zero if its amounts were accidental: subsets times density at 0.

    The sum of a random subset is near a normal with mean Σa/2 and variance Σa²/4, on a grid as coarse as the amounts
    are round: of the largest power of ten that divides them all.
    """
    divisor = np.gcd.reduce(amounts, axis=1)
    grid = np.ones(len(amounts), np.int64)
    for power in ROUND:
        grid[divisor % power == 0] = power
    scaled = amounts / grid[:, None]
    deviation = np.sqrt((scaled**2).sum(axis=1)) / 2
    mean = scaled.sum(axis=1) / 2
    density = np.exp(-((mean / deviation) ** 2) / 2) / (deviation * np.sqrt(2 * np.pi))
    return np.minimum(1.0, density) * 2.0 ** amounts.shape[1]
