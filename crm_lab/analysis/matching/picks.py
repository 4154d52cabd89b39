"""Sets of items that a rule picked, and the two ways of settling claims by a reference they share with money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crm_lab.analysis.matching.items import dense

if TYPE_CHECKING:
    from collections.abc import Collection

    from crm_lab.analysis.matching.items import Flags, Ints, Items
    from crm_lab.domain.ledger import MatchRule


@dataclass(slots=True)
class Picks:
    """Disjoint sets of rows: `rows[i]` belongs to set `of[i]`; the rest is one value a set.

    Attributes
    ----------
    n_rivals : how many other sets the same evidence would allow.
    reason : a word that `reasons.in_words` turns into a sentence.
    chance : how many such sets would be expected if the amounts were accidental.
    """

    rule: MatchRule
    rows: Ints
    of: Ints
    n_rivals: Ints
    reason: np.ndarray
    chance: np.ndarray | None = None

    @classmethod
    def of_labels(cls, rule: MatchRule, rows: Ints, label: Ints, rivals: Ints | None = None, reason: str = "") -> Picks:
        """Rows with the same label are one set; `rivals` is given for each row."""
        of, n = dense(label)
        n_rivals = np.zeros(n, np.int64)
        if rivals is not None:
            n_rivals[of] = rivals
        return cls(rule, rows, of, n_rivals, np.full(n, reason, object))

    def __len__(self) -> int:
        return len(self.n_rivals)

    def only(self, wanted: Flags) -> Picks:
        """Some of the sets."""
        kept = wanted[self.of]
        renumbered = np.cumsum(wanted) - 1
        chance = None if self.chance is None else self.chance[wanted]
        return Picks(self.rule, self.rows[kept], renumbered[self.of[kept]], self.n_rivals[wanted], self.reason[wanted], chance)

    def without(self, refused: Collection[frozenset[int]]) -> Picks:
        """The sets that are none of these sets of rows."""
        touched = np.isin(self.rows, np.array(sorted(set().union(*refused)), np.int64))
        kept = np.ones(len(self), bool)
        for at in np.unique(self.of[touched]):
            kept[at] = frozenset(self.rows[self.of == at].tolist()) not in refused
        return self if kept.all() else self.only(kept)

    def residual(self, items: Items) -> Ints:
        """What each set leaves over, in øre: positive is still owed."""
        return sums(items.due[self.rows], self.of, len(self))


def sums(values: Ints, of: Ints, n: int) -> Ints:
    """Exact sums by set."""
    made = np.zeros(n, np.int64)
    np.add.at(made, of, values)
    return made


def rank(*keys: Ints) -> Ints:
    """The place of each row within its (first) key when sorted by the others."""
    order = np.lexsort(keys[::-1])
    sorted_key = keys[0][order]
    starts = np.flatnonzero(np.r_[True, sorted_key[1:] != sorted_key[:-1]]) if len(order) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(order)])
    made = np.empty(len(order), np.int64)
    made[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return made


def exact_sets(items: Items, rows: Ints, label: Ints) -> tuple[Ints, Ints, Ints]:
    """Sets with sum 0 among rows that share a label: (rows, label of the set, rivals), set labels being new.

    All of a label where it sums to 0, else pairs of equal amounts, oldest first. Where there are more claims than
    settlements of one amount, the other claims are rivals. Where there are more settlements, those of a later day
    are not: the claim was closed when they came.
    """
    label, n = dense(label)
    due = items.due[rows]
    whole = (sums(due, label, n) == 0) & (np.bincount(label, due > 0, n) > 0)
    in_whole = whole[label]
    left = np.flatnonzero(~in_whole)
    pair_rows, pair_label, pair_rivals = _pairs(items, rows[left], label[left])
    return (
        np.r_[rows[in_whole], pair_rows],
        np.r_[label[in_whole], pair_label + n],
        np.r_[np.zeros(in_whole.sum(), np.int64), pair_rivals],
    )


def _pairs(items: Items, rows: Ints, label: Ints) -> tuple[Ints, Ints, Ints]:
    due = items.due[rows]
    amounts, _n = dense(np.abs(due))
    size = int(amounts.max(initial=0)) + 1
    key, n = dense(label * size + amounts)
    is_claim = due > 0
    n_claims, n_money = (np.bincount(key[side], minlength=n) for side in (is_claim, ~is_claim))
    both = np.minimum(n_claims, n_money)
    some = both[key] > 0
    rows, key, is_claim = rows[some], key[some], is_claim[some]
    place = rank(key * 2 + is_claim, items.day[rows], rows)
    used = place < both[key]
    day = items.day[rows]
    last = np.full(n, -1, np.int64)
    ends = used & ~is_claim & (place == both[key] - 1)
    last[key[ends]] = day[ends]
    too_late = np.bincount(key[~used & ~is_claim & (day == last[key])], minlength=n)
    rivals = np.where(n_claims > n_money, n_claims - 1, too_late)
    all_used = n_claims == n_money
    rows, key, place = rows[used], key[used], place[used]
    most = int(place.max(initial=0)) + 1
    return rows, key * most + np.where(all_used[key], 0, place), rivals[key]


def part_sets(items: Items, rows: Ints, label: Ints, *, many_claims: bool) -> tuple[Ints, Ints]:
    """Sets that leave something over: a label's one claim with its money, as much of it as the claim takes, oldest first.

    With `many_claims`, a label of several claims is taken as a whole.
    """
    label, n = dense(label)
    due = items.due[rows]
    n_claims, n_money = (np.bincount(label[side], minlength=n) for side in (due > 0, due < 0))
    good = (n_money > 0) & ((n_claims > 0) if many_claims else (n_claims == 1))
    kept = good[label]
    rows, label, due = rows[kept], label[kept], due[kept]
    order = np.lexsort((rows, items.day[rows], due < 0, label))
    rows, label, due = rows[order], label[order], due[order]
    before = np.cumsum(due) - due
    starts = np.flatnonzero(np.r_[True, label[1:] != label[:-1]]) if len(label) else np.zeros(0, np.int64)
    offset = np.repeat(before[starts], np.diff(np.r_[starts, len(label)]))
    needed = (due > 0) | (before - offset > 0)
    return rows[needed], label[needed]
