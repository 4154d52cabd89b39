"""Open items as arrays: what every rule reads, and what is still free to be proposed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from crm_lab.analysis.frames import OPEN_ITEMS, checked

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Flags: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"
MONEY_KINDS = ("payment", "refund")
PLACE = ("customer_id", "ledger", "account", "currency")


@dataclass(slots=True)
class Items:
    """Open items in the order of their frame. What is linked but not closed stands as one item, with its residual.

    Attributes
    ----------
    group : which party, control account and currency: only items of one group can be linked.
    due : øre, positive for a claim and negative for what settles claims, in both ledgers.
    is_money : a payment or a refund.
    day : of posting, as days since 1970.
    kid : code of the KID without zeros in front, -1 where there is none; `kid_raw` as it stands.
    free : not yet in a proposal.
    """

    frame: pd.DataFrame
    group: Ints
    due: Ints
    is_money: Flags
    day: Ints
    kid: Ints
    kid_raw: Ints
    free: Flags
    named: Ints = field(default_factory=lambda: np.empty((0, 2), np.int64))
    """Pairs (money, claim): what payers named, whether or not the amounts agree."""

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Items:
        """From `crm.ledger.open_items()`. Raises `WrongFrame`."""
        checked(frame, OPEN_ITEMS)
        side = np.where(texts(frame["ledger"]).to_pandas().to_numpy() == "AP", -1, 1)
        match = frame["match_number"].to_numpy(dtype=np.int64, na_value=-1)
        amount = frame["amount_minor"].to_numpy(dtype=np.int64)
        due = np.where(match >= 0, frame["residual_minor"].to_numpy(dtype=np.int64), amount) * side
        is_money = np.isin(texts(frame["kind"]).to_pandas().to_numpy(), MONEY_KINDS)
        free = (due != 0) & _speaks_for_its_match(match, amount * side, due)
        has_party = codes(texts(frame["customer_id"]))[1]
        kid = texts(frame["kid"])
        return cls(
            frame=frame, group=combined(*(codes(texts(frame[name]))[0] for name in PLACE)), due=due,
            is_money=np.where(match >= 0, due < 0, is_money), day=days(frame["posted_on"]), kid=known_codes(bare(kid)),
            kid_raw=known_codes(kid), free=free & has_party,
        )  # fmt: skip

    def text(self, name: str, rows: Ints) -> pa.Array:
        """A column's texts at some rows."""
        return texts(self.frame[name].iloc[rows])

    def rows(self, wanted: Flags | None = None) -> Ints:
        """The free rows, or those of them that are wanted."""
        return np.flatnonzero(self.free if wanted is None else self.free & wanted)


def _speaks_for_its_match(match: Ints, due: Ints, residual: Ints) -> Flags:
    """One row a match: the first whose sign is the residual's."""
    speaks: Flags = match < 0
    inside = np.flatnonzero((match >= 0) & (np.sign(due) == np.sign(residual)))
    _numbers, first = np.unique(match[inside], return_index=True)
    speaks[inside[first]] = True
    return speaks


def texts(column: pd.Series) -> pa.Array:
    """A column as one Arrow array of text, "" for none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    made = pa.array(column, type=pa.large_string(), from_pandas=True)
    whole = made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
    return pc.fill_null(whole, "")


def bare(text: pa.Array) -> pa.Array:
    """KIDs to compare by: no blanks, no zeros in front (as `domain.kid.bare_kid`)."""
    import pyarrow.compute as pc

    return pc.utf8_ltrim(pc.replace_substring_regex(text, r"\s", ""), "0")


def codes(text: pa.Array) -> tuple[Ints, Flags]:
    """A number for each distinct text, and whether it is not empty."""
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(text)
    numbers: Ints = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    filled = pc.not_equal(encoded.dictionary, "").to_numpy(zero_copy_only=False)
    return numbers, filled[numbers] if len(filled) else np.zeros(0, bool)


def known_codes(text: pa.Array) -> Ints:
    """A number for each distinct text, -1 where it is empty."""
    numbers, is_filled = codes(text)
    return np.where(is_filled, numbers, -1)


def combined(*parts: Ints) -> Ints:
    """One dense number for each distinct combination."""
    key = parts[0]
    for part in parts[1:]:
        size = int(part.max(initial=0)) + 1
        key, _n = dense(key * size + part)
    return key


def dense(label: Ints) -> tuple[Ints, int]:
    """Labels numbered from 0 as they come, and how many there are: by hashing, for sorting costs more than all rules."""
    import pandas as pd

    numbers, values = pd.factorize(label)
    return numbers.astype(np.int64), len(values)


def days(column: pd.Series) -> Ints:
    """Dates as days since 1970."""
    import pyarrow as pa

    made = pa.array(column, type=pa.date32(), from_pandas=True)
    whole = made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
    numbers: Ints = whole.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers
