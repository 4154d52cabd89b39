"""Rules by what the payer named: a KID, or the number of an invoice or a KID in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_lab.analysis.matching.items import bare, codes, dense, texts
from crm_lab.analysis.matching.picks import Picks, exact_sets, part_sets
from crm_lab.domain.ledger import MatchRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from crm_lab.analysis.matching.items import Ints, Items

SHORTEST_REFERENCE = 4
"""Digits that a number in a text must have to be taken for a reference."""


def reversals(items: Items) -> Iterator[Picks]:
    """Money taken back, with the payment it takes back: the same KID and payer, the opposite amount."""
    rows = items.rows(items.is_money)
    back = rows[items.due[rows] > 0]
    rows = rows[np.isin(items.group[rows], items.group[back])]
    payer, _is_known = codes(items.text("payer_account", rows))
    label, _n = dense((items.group[rows] * (int(payer.max(initial=0)) + 1) + payer) * (int(items.kid.max(initial=0)) + 2) + items.kid[rows] + 1)
    found, label, rivals = exact_sets(items, rows, label)
    yield Picks.of_labels(MatchRule.REVERSAL, found, label, rivals, "reversal")


def kids(items: Items) -> Iterator[Picks]:
    """Claims and money with the same KID that come to zero; two KIDs that differ in zeros in front are rivals."""
    rows, label = _by_kid(items)
    found, sets, rivals = exact_sets(items, rows, label)
    doubled = _spellings(items, rows, label)
    position = np.searchsorted(rows, found)
    yield Picks.of_labels(MatchRule.KID, found, sets, rivals + doubled[label[position]], "kid")


def kid_parts(items: Items) -> Iterator[Picks]:
    """One claim and the money with its KID that is too little, or too much."""
    rows, label = _by_kid(items)
    found, sets = part_sets(items, rows, label, many_claims=False)
    yield Picks.of_labels(MatchRule.KID_OTHER_AMOUNT, found, sets, None, "kid_other_amount")


def _by_kid(items: Items) -> tuple[Ints, Ints]:
    rows = items.rows(items.kid >= 0)
    label, _n = dense(items.group[rows] * (int(items.kid.max(initial=0)) + 1) + items.kid[rows])
    return rows, label


def _spellings(items: Items, rows: Ints, label: Ints) -> Ints:
    """For each label, how many other KIDs of claims differ from it by zeros in front only."""
    n = int(label.max(initial=-1)) + 1
    claims = items.due[rows] > 0
    label, raw = label[claims], items.kid_raw[rows][claims]
    usual = np.full(n, -1, np.int64)
    usual[label] = raw
    other = raw != usual[label]
    pairs = np.unique(np.c_[label[other], raw[other]], axis=0)
    return np.bincount(pairs[:, 0], minlength=n)


def name_claims(items: Items) -> None:
    """Note in `items.named` which free money names which free claim, by KID or in its text."""
    rows, label = _by_kid(items)
    is_claim = items.due[rows] > 0
    by_kid = joined(label[~is_claim], rows[~is_claim], label[is_claim], rows[is_claim])
    money = items.rows(items.is_money & (items.due < 0))
    items.named = np.unique(np.r_[by_kid, _named_in_text(items, money)], axis=0)


def invoice_numbers(items: Items) -> Iterator[Picks]:
    """Money whose text names claims, where both come to zero."""
    money = items.rows(items.is_money & (items.due < 0))
    rows, label = _components(_named_in_text(items, money))
    found, sets, rivals = exact_sets(items, rows, label)
    yield Picks.of_labels(MatchRule.INVOICE_NUMBER, found, sets, rivals, "invoice_number")


def invoice_number_parts(items: Items) -> Iterator[Picks]:
    """Money whose text names claims, where something is left over."""
    pairs = items.named[items.free[items.named].all(axis=1)]
    rows, label = _components(pairs)
    found, sets = part_sets(items, rows, label, many_claims=True)
    yield Picks.of_labels(MatchRule.INVOICE_NUMBER, found, sets, None, "invoice_other_amount")


def credit_notes(items: Items) -> Iterator[Picks]:
    """A credit note whose text names the invoice it takes back, of the same amount."""
    notes = items.rows(~items.is_money & (items.due < 0))
    pairs = _named_in_text(items, notes)
    pairs = pairs[items.due[pairs].sum(axis=1) == 0] if len(pairs) else pairs
    rows, label = _components(pairs)
    found, sets, rivals = exact_sets(items, rows, label)
    yield Picks.of_labels(MatchRule.CREDIT_NOTE, found, sets, rivals, "credit_note")


def _named_in_text(items: Items, naming: Ints) -> Ints:
    """Pairs (row that names, row named): numbers in the one's text that are the other's own number or KID."""
    naming, numbers = tokens(items, naming)
    claims = items.rows(~items.is_money)
    claims = claims[np.isin(items.group[claims], items.group[naming])]
    keys, own = _own_numbers(items, claims)
    import pyarrow as pa

    code, _filled = codes(pa.concat_arrays([numbers, own]))
    size = int(code.max(initial=0)) + 1
    left, right = items.group[naming] * size + code[: len(naming)], items.group[keys] * size + code[len(naming) :]
    pairs = joined(left, naming, right, keys)
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


def tokens(items: Items, rows: Ints) -> tuple[Ints, pa.Array]:
    """The numbers in the rows' texts, each with its row: as written, and with blanks, dots and dashes taken out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = items.text("text", rows)
    worth = pc.match_substring_regex(text, r"[0-9]")
    rows, text = rows[worth.to_numpy(zero_copy_only=False)], pc.filter(text, worth)
    found = [_digits(text), _digits(pc.replace_substring_regex(text, r"([0-9])[ .\-/]+", r"\1"))]
    return np.concatenate([rows[at] for at, _number in found]), pa.concat_arrays([number for _at, number in found])


def _digits(text: pa.Array) -> tuple[Ints, pa.Array]:
    """Every long enough run of digits, without zeros in front, and which text it stands in."""
    import pyarrow.compute as pc

    parts = pc.split_pattern(pc.replace_substring_regex(text, r"[^0-9]+", " "), " ")
    at, number = pc.list_parent_indices(parts), pc.utf8_ltrim(pc.list_flatten(parts), "0")
    long = pc.greater_equal(pc.utf8_length(number), SHORTEST_REFERENCE)
    return pc.filter(at, long).to_numpy(zero_copy_only=False).astype(np.int64), pc.filter(number, long)


def _own_numbers(items: Items, rows: Ints) -> tuple[Ints, pa.Array]:
    """What claims are called: their number, the voucher's and their KID, digits only."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [name for name in ("document_number", "voucher", "kid") if name in items.frame.columns]
    own = [bare(pc.replace_substring_regex(texts(items.frame[name].iloc[rows]), r"[^0-9]+", "")) for name in names]
    number = pa.concat_arrays(own)
    long = pc.greater_equal(pc.utf8_length(number), SHORTEST_REFERENCE)
    return np.tile(rows, len(names))[long.to_numpy(zero_copy_only=False)], pc.filter(number, long)


def joined(left: Ints, left_rows: Ints, right: Ints, right_rows: Ints) -> Ints:
    """Pairs of rows with the same key."""
    order = np.argsort(right, kind="stable")
    right, right_rows = right[order], right_rows[order]
    first, end = np.searchsorted(right, left, "left"), np.searchsorted(right, left, "right")
    n = end - first
    at = np.repeat(first, n) + np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    pairs: Ints = np.c_[np.repeat(left_rows, n), right_rows[at]].astype(np.int64).reshape(-1, 2)
    return pairs


def _components(pairs: Ints) -> tuple[Ints, Ints]:
    """Rows that are joined by pairs, and for each the smallest place it is joined with."""
    rows, at = np.unique(pairs, return_inverse=True)
    at = at.reshape(-1, 2)
    label = np.arange(len(rows))
    while len(at):
        lower = np.minimum(label[at[:, 0]], label[at[:, 1]])
        before = label.copy()
        np.minimum.at(label, at[:, 0], lower)
        np.minimum.at(label, at[:, 1], lower)
        label = label[label]
        if (label == before).all():
            break
    return rows, label
