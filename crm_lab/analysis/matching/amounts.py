"""Rules by amount alone: exact amount, consecutive oldest items, unique subset sum, whole balance.

For parties with at most `MOST_ITEMS` free items all four are one search: every minimal set that comes to zero, and
what it is called by. Rivals are then all other such sets. Larger parties get the three that need no search, and
rivals there are single items only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_lab.analysis.matching.items import dense
from crm_lab.analysis.matching.picks import Picks, exact_sets, rank, sums
from crm_lab.analysis.matching.subsets import MOST_ITEMS, chance_of_zero, zero_sums
from crm_lab.domain.ledger import MatchRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.analysis.matching.items import Flags, Ints, Items
    from crm_lab.analysis.matching.subsets import ZeroSums

PAIR = 2
SEARCHED = (MatchRule.EXACT_AMOUNT, MatchRule.OLDEST, MatchRule.SUBSET_SUM, MatchRule.WHOLE_BALANCE)


def amounts(items: Items) -> Iterator[Picks]:
    """Large parties first, then the search; at last what is ambiguous, for a person to decide."""
    for rule in (large_pairs, large_runs, whole_balances):
        picks = rule(items, _in_groups_of(items, MOST_ITEMS + 1, None))
        yield picks.only(picks.n_rivals == 0)
    doubtful = []
    for picks in searched(items):
        yield picks.only(picks.n_rivals == 0)
        doubtful.append(picks.only(picks.n_rivals > 0))
    yield whole_balances(items, _in_groups_of(items, PAIR, MOST_ITEMS))
    for picks in doubtful:
        yield from _one_by_one(items, picks)
    yield large_pairs(items, _in_groups_of(items, PAIR, None))


def _eligible(items: Items) -> Flags:
    """Money with a KID that no open claim of the party has was meant for something else: it is not guessed about."""
    named = np.zeros(len(items.due), bool)
    named[items.named[:, 0]] = True
    return items.free & (~items.is_money | (items.kid < 0) | named | (items.due > 0))


def _in_groups_of(items: Items, least: int, most: int | None) -> Ints:
    """Eligible rows of groups with so many of them, on both sides."""
    rows = np.flatnonzero(_eligible(items))
    n = int(items.group.max(initial=-1)) + 1
    group = items.group[rows]
    size = np.bincount(group, minlength=n)
    claims = np.bincount(group[items.due[rows] > 0], minlength=n)
    good = (size >= least) & (claims > 0) & (claims < size) & (size <= (size if most is None else most))
    return rows[good[group]]


def _unnamed(items: Items, rows: Ints) -> Ints:
    """Without what a payer named or what names something: that has better evidence than an amount."""
    open_pairs = items.named[items.free[items.named].all(axis=1)]
    return rows[~np.isin(rows, open_pairs)]


def large_pairs(items: Items, rows: Ints) -> Picks:
    """One claim and one payment of the same amount."""
    rows = _unnamed(items, rows)
    amount, n_amounts = dense(np.abs(items.due[rows]))
    key, n = dense(items.group[rows] * max(n_amounts, 1) + amount)
    claims = np.bincount(key[items.due[rows] > 0], minlength=n)
    both = (claims > 0) & (claims < np.bincount(key, minlength=n))
    kept = both[key]
    found, sets, rivals = exact_sets(items, rows[kept], key[kept])
    return Picks.of_labels(MatchRule.EXACT_AMOUNT, found, sets, rivals, "exact_amount_singles")


def large_runs(items: Items, rows: Ints) -> Picks:
    """The oldest claims in a row that one or several payments in a row come to: where both running sums meet."""
    rows = _unnamed(items, rows)
    order = np.lexsort((rows, items.day[rows], items.due[rows] < 0, items.group[rows]))
    rows = rows[order]
    label, n = dense(items.group[rows] * 2 + (items.due[rows] < 0))
    size = np.abs(items.due[rows])
    running = np.cumsum(size)
    first = np.flatnonzero(np.r_[True, label[1:] != label[:-1]]) if len(label) else np.zeros(0, np.int64)
    running -= np.repeat((running - size)[first], np.diff(np.r_[first, len(label)]))
    group, n = dense(items.group[rows])
    span = int(running.max(initial=0)) + 1
    if n * span >= 1 << 62:
        return Picks.of_labels(MatchRule.OLDEST, rows[:0], label[:0])
    key = group * span + running
    is_claim = items.due[rows] > 0
    meets = np.intersect1d(key[is_claim], key[~is_claim])
    segment = np.searchsorted(meets, key)
    closed = segment < len(meets)
    closed[closed] = meets[segment[closed]] // span == group[closed]
    return Picks.of_labels(MatchRule.OLDEST, rows[closed], segment[closed], None, "oldest")


def whole_balances(items: Items, rows: Ints) -> Picks:
    """Everything of a party, where it comes to zero."""
    group, n = dense(items.group[rows])
    zero = (sums(items.due[rows], group, n) == 0)[group]
    return Picks.of_labels(MatchRule.WHOLE_BALANCE, rows[zero], group[zero], None, "whole_balance")


def searched(items: Items) -> Iterator[Picks]:
    """Every minimal set with sum 0, of parties by their number of items."""
    rows = _in_groups_of(items, PAIR, MOST_ITEMS)
    rows = rows[np.lexsort((rows, items.day[rows], items.group[rows]))]
    group, n_groups = dense(items.group[rows])
    size = np.bincount(group, minlength=n_groups)
    for n_items in range(PAIR, MOST_ITEMS + 1):
        of_size = rows[(size == n_items)[group]].reshape(-1, n_items)
        if len(of_size):
            due = items.due[of_size]
            found = zero_sums(due, _needs(items, of_size))
            if len(found.party):
                yield from _as_picks(items, of_size, found)


def _needs(items: Items, of_size: Ints) -> Ints:
    """For each item the bits of those it was named together with."""
    place = np.full(len(items.due), -1, np.int64)
    place[of_size.ravel()] = np.arange(of_size.size)
    pairs = items.named[(place[items.named] >= 0).all(axis=1)]
    needs = np.zeros(of_size.size, np.int64)
    n_items = of_size.shape[1]
    for one, other in ((0, 1), (1, 0)):
        np.bitwise_or.at(needs, place[pairs[:, one]], 1 << (place[pairs[:, other]] % n_items))
    return needs.reshape(of_size.shape)


def _as_picks(items: Items, of_size: Ints, found: ZeroSums) -> Iterator[Picks]:
    """The sets by what they are called, plainest first."""
    n_items = of_size.shape[1]
    inside = (found.mask[:, None] >> np.arange(n_items)) & 1 == 1
    rows = of_size[found.party]
    of, _column = np.nonzero(inside)
    n = inside.sum(axis=1)
    is_claim = items.due[rows] > 0
    place = np.cumsum(is_claim, axis=1)
    n_claims = (inside & is_claim).sum(axis=1)
    oldest = (np.where(inside & is_claim, place, 0).max(axis=1) == n_claims) & (n_claims > 1)
    chance = chance_of_zero(items.due[of_size])[found.party] if len(of_size) else np.zeros(0)
    called = np.select([n == PAIR, n == n_items, oldest], [0, 3, 1], 2)
    for number, rule in enumerate(SEARCHED):
        reason = np.full(len(n), str(rule), object)
        yield Picks(rule, rows[inside], of.astype(np.int64), found.n_rivals, reason, chance).only(called == number)


def _one_by_one(items: Items, picks: Picks) -> Iterator[Picks]:
    """Of sets that share items, the one with the fewest items and the oldest: round by round, until none is free."""
    while len(picks):
        still = np.ones(len(picks), bool)
        still[picks.of[~items.free[picks.rows]]] = False
        picks = picks.only(still)
        n = np.bincount(picks.of, minlength=len(picks))
        oldest = np.full(len(picks), np.iinfo(np.int64).max)
        np.minimum.at(oldest, picks.of, picks.rows)
        group = np.zeros(len(picks), np.int64)
        group[picks.of] = items.group[picks.rows]
        first = rank(group, n, oldest) == 0
        yield picks.only(first)
        picks = picks.only(~first)  # whether or not somebody took them
