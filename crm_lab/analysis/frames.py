"""Frames as declared: which columns, of which kind. A plain table, because pandera's import alone takes half a second."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    DAY = "day"
    FLAG = "yes or no"
    SHARE = "share from 0 to 1"


class WrongFrame(InvalidInput):
    """A frame lacks a column, or one holds something else than declared."""


OPEN_ITEMS: dict[str, Kind] = {
    "posting_id": Kind.TEXT, "customer_id": Kind.TEXT, "ledger": Kind.TEXT, "account": Kind.TEXT, "kind": Kind.TEXT,
    "document_number": Kind.TEXT, "posted_on": Kind.DAY, "amount_minor": Kind.WHOLE, "currency": Kind.TEXT, "kid": Kind.TEXT,
    "text": Kind.TEXT, "payer_account": Kind.TEXT, "match_number": Kind.WHOLE, "residual_minor": Kind.WHOLE,
}  # fmt: skip
"""What matching reads of `crm.ledger.open_items()`: one row a posting; amounts signed, in øre."""

PROPOSALS: dict[str, Kind] = {
    "proposal": Kind.WHOLE, "customer_id": Kind.TEXT, "ledger": Kind.TEXT, "account": Kind.TEXT, "currency": Kind.TEXT,
    "rule": Kind.TEXT, "certainty": Kind.SHARE, "n_rivals": Kind.WHOLE, "n_items": Kind.WHOLE, "amount_minor": Kind.WHOLE,
    "residual_minor": Kind.WHOLE, "reason": Kind.TEXT, "difference": Kind.TEXT, "difference_account": Kind.TEXT, "is_sure": Kind.FLAG,
}  # fmt: skip
PROPOSAL_ITEMS: dict[str, Kind] = {"proposal": Kind.WHOLE, "posting_id": Kind.TEXT, "match_number": Kind.WHOLE}

OPPORTUNITIES: dict[str, Kind] = {
    "id": Kind.TEXT, "owner": Kind.TEXT, "stage_id": Kind.TEXT, "stage": Kind.TEXT, "status": Kind.TEXT, "amount_nok_minor": Kind.WHOLE,
    "weighted_nok_minor": Kind.WHOLE, "probability": Kind.WHOLE, "category": Kind.TEXT, "expected_close_on": Kind.DAY, "first_close_on": Kind.DAY,
    "n_pushes": Kind.WHOLE, "lost_reason": Kind.TEXT, "created_at": Kind.DAY, "closed_at": Kind.DAY, "closed_on": Kind.DAY,
}  # fmt: skip
"""What is read of `crm.opportunities.frame()`: one row an opportunity; amounts in øre of kroner, instants in UTC."""

SELLERS: dict[str, Kind] = {"opportunity_id": Kind.TEXT, "employee_id": Kind.TEXT, "seller": Kind.TEXT, "percent": Kind.WHOLE}
CHANGES: dict[str, Kind] = {"opportunity_id": Kind.TEXT, "changed_at": Kind.DAY, "field": Kind.TEXT, "old": Kind.TEXT, "new": Kind.TEXT}
"""What is read of `crm.opportunities.changes_frame()`, the oldest change first."""
STAGES: dict[str, Kind] = {"stage_id": Kind.TEXT, "stage": Kind.TEXT, "pipeline": Kind.TEXT, "position": Kind.WHOLE, "probability": Kind.WHOLE}
BUDGETS: dict[str, Kind] = {"employee_id": Kind.TEXT, "month": Kind.DAY, "amount_minor": Kind.WHOLE}
SALES: dict[str, Kind] = {"customer_id": Kind.TEXT, "customer": Kind.TEXT, "sold_on": Kind.DAY, "amount_minor": Kind.WHOLE}
"""One row a sale, of whatever is called one: an invoice, an order line, an opportunity that was won; øre of kroner, below zero for a credit."""
PRODUCT_SALES: dict[str, Kind] = SALES | {"product": Kind.TEXT}
BALANCES: dict[str, Kind] = {"customer_id": Kind.TEXT, "customer_name": Kind.TEXT, "currency": Kind.TEXT, "overdue_minor": Kind.WHOLE, "balance_minor": Kind.WHOLE}
"""What is read of `crm.ledger.balances()`."""


def checked(frame: pd.DataFrame, declared: Mapping[str, Kind]) -> pd.DataFrame:
    """The frame, when it has the declared columns. Raises `WrongFrame` naming the first that does not fit."""
    for name, kind in declared.items():
        if name not in frame.columns:
            raise WrongFrame(_("The frame has no column {name}.", name=name), name)
        if not _fits(frame[name], kind):
            raise WrongFrame(_("The column {name} holds something else than {kind}.", name=name, kind=str(kind)), name)
    return frame


def _fits(column: pd.Series, kind: Kind) -> bool:
    from pandas.api import types

    if kind is Kind.TEXT:
        return bool(types.is_string_dtype(column.dtype) or types.is_object_dtype(column.dtype))
    if kind is Kind.WHOLE:
        return bool(types.is_integer_dtype(column.dtype))
    if kind is Kind.FLAG:
        return bool(types.is_bool_dtype(column.dtype))
    if kind is Kind.SHARE:
        return bool(types.is_float_dtype(column.dtype)) and bool(column.between(0, 1).all())
    return bool(types.is_object_dtype(column.dtype) or types.is_datetime64_any_dtype(column.dtype) or "date" in str(column.dtype))


def stamps(days: pd.Series) -> pd.Series:
    """Days as timestamps. Arrow's go by way of its own: pandas would make each a Python object first, a hundred times slower."""
    import pandas as pd

    if isinstance(days.dtype, pd.ArrowDtype):
        return days.astype("timestamp[us][pyarrow]").astype("datetime64[us]")
    return pd.Series(pd.to_datetime(days))
