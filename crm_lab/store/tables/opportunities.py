"""Opportunities of customers."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, Numeric, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

opportunity = Table(
    "opportunity",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("title"),
    of("customer"),
    of("contact", always=False),
    of("employee", "owner_id"),
    *text("status"),
    Column("amount", Numeric(18, 2)),
    *text("currency"),
    Column("probability", Integer, nullable=False),
    Column("expected_close_on", Date),
    *text("next_step", "lost_reason"),
    of("employee", "created_by"),
    Column("created_at", INSTANT, nullable=False),
    Column("closed_at", INSTANT),
)
