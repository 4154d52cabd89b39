"""The ladder of rules, and what it proposes as two frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_lab.analysis.matching.amounts import amounts
from crm_lab.analysis.matching.items import Items
from crm_lab.analysis.matching.picks import sums
from crm_lab.analysis.matching.references import (
    credit_notes,
    invoice_number_parts,
    invoice_numbers,
    kid_parts,
    kids,
    name_claims,
    reversals,
)
from crm_lab.analysis.matching.repairs import kid_repairs
from crm_lab.analysis.matching.tolerance import Tolerance, differences, nearly, oldest_first
from crm_lab.domain.ledger import EVIDENT, MatchRule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from crm_lab.analysis.matching.items import Ints
    from crm_lab.analysis.matching.picks import Picks

DEFAULT_RULES = frozenset(MatchRule) - {MatchRule.MANUAL, MatchRule.FIFO, MatchRule.ALIAS}
CERTAINTY = {
    MatchRule.REVERSAL: 0.99, MatchRule.KID: 0.99, MatchRule.INVOICE_NUMBER: 0.98, MatchRule.CREDIT_NOTE: 0.98,
    MatchRule.KID_REPAIR: 0.95, MatchRule.KID_OTHER_AMOUNT: 0.9, MatchRule.EXACT_AMOUNT: 0.85, MatchRule.OLDEST: 0.85,
    MatchRule.SUBSET_SUM: 0.8, MatchRule.WHOLE_BALANCE: 0.85, MatchRule.TOLERANCE: 0.6, MatchRule.FIFO: 0.3,
}  # fmt: skip
"""Where a rule without rivals starts from; `what_if` measures it on a company's own past."""
WITH_RESIDUAL = 0.8


@dataclass(frozen=True, slots=True)
class Proposals:
    """What may be linked: one row a proposal, and one row for each posting in one. No posting is in two.

    Attributes
    ----------
    proposals : `frames.PROPOSALS`; the most money times certainty first. Amounts in øre.
    items : proposal, posting_id, and the number of the open match that the posting speaks for, where it is in one.
    """

    proposals: pd.DataFrame
    items: pd.DataFrame

    def __len__(self) -> int:
        return len(self.proposals)

    @property
    def sure(self) -> pd.DataFrame:
        """The proposals that may be carried out without a person, where that is switched on."""
        return self.proposals[self.proposals["is_sure"]]


def propose(
    items: pd.DataFrame, rules: Collection[MatchRule] = DEFAULT_RULES, tolerance: Tolerance | None = None,
    dismissed: Iterable[Collection[str]] = (),
) -> Proposals:  # fmt: skip
    """What of the open items belongs together, by a ladder of rules: an item taken by one is not seen by the next.

    Parameters
    ----------
    items : `crm.ledger.open_items()`, of one party or of all. Nothing in it is changed.
    rules : those to use. `MatchRule.FIFO` follows no evidence and is used only where it is named.
    dismissed : sets of posting ids that somebody refused: they are not proposed, and what is in them is free for other rules.

    Raises
    ------
    WrongFrame
    """
    chosen = frozenset(rules)
    read = Items.of(items)
    refused = _rows_of(items, dismissed)
    found = []
    for picks in _ladder(read, chosen, tolerance or Tolerance()):
        if len(picks) and picks.rule in chosen:
            left = picks.without(refused) if refused else picks
            read.free[left.rows] = False
            found.append(left)
    return _as_frames(read, found, tolerance or Tolerance())


def _rows_of(items: pd.DataFrame, dismissed: Iterable[Collection[str]]) -> set[frozenset[int]]:
    """Sets of postings by their places in the frame; those with a posting that is not open are no matter."""
    sets = [tuple(ids) for ids in dismissed]
    if not sets:
        return set()
    places = np.flatnonzero(items["posting_id"].isin({key for ids in sets for key in ids}).to_numpy())
    at = dict(zip(items["posting_id"].iloc[places], places.tolist(), strict=True))
    return {frozenset(at[key] for key in ids) for ids in sets if all(key in at for key in ids)}


def _ladder(items: Items, chosen: frozenset[MatchRule], tolerance: Tolerance) -> Iterator[Picks]:
    """Rule by rule; whoever takes a set marks it before asking for the next.

    What leaves something over comes after all that comes to zero, but what a payer named binds the rules by amount.
    """
    for rule, step in ((MatchRule.REVERSAL, reversals), (MatchRule.KID, kids), (MatchRule.INVOICE_NUMBER, invoice_numbers),
                       (MatchRule.CREDIT_NOTE, credit_notes), (MatchRule.KID_REPAIR, kid_repairs)):  # fmt: skip
        if rule in chosen:
            yield from step(items)
    name_claims(items)
    if chosen & {MatchRule.EXACT_AMOUNT, MatchRule.OLDEST, MatchRule.SUBSET_SUM, MatchRule.WHOLE_BALANCE}:
        yield from amounts(items)
    if MatchRule.KID_OTHER_AMOUNT in chosen:
        yield from kid_parts(items)
    if MatchRule.INVOICE_NUMBER in chosen:
        yield from invoice_number_parts(items)
    if MatchRule.TOLERANCE in chosen:
        yield from nearly(items, tolerance)
    if MatchRule.FIFO in chosen:
        yield from oldest_first(items)


def _as_frames(items: Items, found: list[Picks], tolerance: Tolerance) -> Proposals:
    starts = np.cumsum([0, *(len(picks) for picks in found)])
    n = int(starts[-1])
    rows = np.concatenate([np.zeros(0, np.int64), *(picks.rows for picks in found)])
    of = np.concatenate([np.zeros(0, np.int64), *(picks.of + start for picks, start in zip(found, starts, strict=False))])
    due = items.due[rows]
    residual = sums(due, of, n)
    claims, money = sums(np.maximum(due, 0), of, n), sums(np.maximum(-due, 0), of, n)
    rivals = np.concatenate([np.zeros(0, np.int64), *(picks.n_rivals for picks in found)])
    rule = _repeated(found, np.array([str(picks.rule) for picks in found], object))
    difference, account = differences(residual, claims, tolerance)
    certainty = _certainty(found, rivals, residual)
    settled = np.minimum(claims, money)
    first = np.full(n, len(items.due), np.int64)
    np.minimum.at(first, of, rows)
    frame = items.frame[["customer_id", "ledger", "account", "currency"]].iloc[first].reset_index(drop=True)
    is_sure = (rivals == 0) & (residual == 0) & _repeated(found, np.array([picks.rule in EVIDENT for picks in found], bool))
    side = np.where(frame["ledger"].to_numpy() == "AP", -1, 1) if n else 1
    frame = frame.assign(
        rule=pd.array(rule, "str"), certainty=certainty, n_rivals=rivals, n_items=np.bincount(of, minlength=n),
        amount_minor=settled, residual_minor=residual * side,
        reason=pd.array(np.concatenate([np.empty(0, object), *(picks.reason for picks in found)]), "str"),
        difference=pd.array(difference, "str"), difference_account=pd.array(account, "str"), is_sure=is_sure,
    )  # fmt: skip
    return _ordered(items, frame, rows, of, np.lexsort((first, -settled * certainty)))


def _ordered(items: Items, frame: pd.DataFrame, rows: Ints, of: Ints, order: Ints) -> Proposals:
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    frame = frame.iloc[order].reset_index(drop=True)
    frame.insert(0, "proposal", np.arange(len(order)))
    by_proposal = np.lexsort((rows, place[of]))
    postings = items.frame[["posting_id", "match_number"]].iloc[rows[by_proposal]].reset_index(drop=True)
    postings.insert(0, "proposal", place[of][by_proposal])
    return Proposals(frame, postings)


def _repeated(found: list[Picks], values: Any) -> np.ndarray:
    """One value of each lot of sets, for each of its sets."""
    return np.repeat(np.asarray(values), np.array([len(picks) for picks in found], np.int64))


def _certainty(found: list[Picks], rivals: Ints, residual: Ints) -> np.ndarray:
    """The rule's own, less for rivals, for what is left over, and for sums that accident would also give."""
    chance = np.concatenate([np.zeros(0), *(np.zeros(len(p)) if p.chance is None else p.chance for p in found)])
    base = _repeated(found, np.array([CERTAINTY[picks.rule] for picks in found], np.float64))
    made: np.ndarray = base / (1 + rivals) / (1 + chance) * np.where(residual == 0, 1.0, WITH_RESIDUAL)
    return made
