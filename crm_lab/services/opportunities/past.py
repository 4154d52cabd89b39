"""Opportunities that were made and decided before they came to us, with a history of their own days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete

from crm_lab.domain.opportunities import OpportunityStatus
from crm_lab.store import tables
from crm_lab.store.bulk import among, load
from crm_lab.store.opportunity_changes import change_rows

if TYPE_CHECKING:
    from crm_lab.store.records import Row, Work


def add_past(work: Work, rows: list[Row]) -> None:
    """Add opportunities whose history is not that they appear now: each was open from `created_at`, and decided at `closed_at` where it is."""
    h = tables.opportunity_change
    work.insert_many(tables.opportunity, rows)
    work.connection.execute(delete(h).where(among(h.c.opportunity_id, (row["id"] for row in rows))))
    told = []
    for row in rows:
        begun = row | {"status": OpportunityStatus.OPEN}
        told += change_rows(None, begun, row["created_at"], work.caller)
        if row["closed_at"]:
            told += change_rows(begun, row, row["closed_at"], work.caller)
    load(work.connection, h, sorted(told, key=lambda row: row["changed_at"]))
