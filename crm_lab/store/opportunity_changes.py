"""What became of opportunities: a row for each figure that changed, whoever changed it and however, undoing included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.store import tables
from crm_lab.store.bulk import load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    Row = dict[str, Any]

LOGGED = {
    "status": "status", "stage_id": "stage", "amount_nok": "amount", "probability": "probability", "expected_close_on": "expected_close",
    "owner_id": "owner", "category": "category",
}  # fmt: skip
"""Columns of an opportunity by what the history calls them."""


def change_rows(before: Row | None, after: Row | None, at: datetime, by: UUID | None) -> list[Row]:
    """The history of one change; of what is removed only that it has no status any more."""
    was, now = before or {}, after or {}
    key, names = (now or was)["id"], LOGGED if now else {"status": "status"}
    told = ((field, _said(was.get(name)), _said(now.get(name))) for name, field in names.items())
    return [
        {"opportunity_id": key, "changed_at": at, "changed_by": by, "field": field, "old": old, "new": new} for field, old, new in told if old != new
    ]


def log_changes(connection: Connection, changes: Iterable[tuple[Row | None, Row | None]], at: datetime, by: UUID | None) -> None:
    """Keep what became of opportunities, given as (before, after)."""
    load(connection, tables.opportunity_change, [row for before, after in changes for row in change_rows(before, after, at, by)])


def _said(value: Any) -> str:
    """A value as the history has it: amounts in whole øre, days as in ISO 8601, "" for nothing."""
    if value is None:
        return ""
    return str(int(value.scaleb(2))) if hasattr(value, "scaleb") else str(value)
