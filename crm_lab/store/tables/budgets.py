"""What sellers are to sell, and how employees want their first page."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, Numeric, Table, Uuid

from crm_lab.store.tables.columns import Words, metadata, of

budget = Table(
    "budget",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("employee"),
    Column("month", Date, nullable=False),
    Column("amount", Numeric(18, 2), nullable=False),
)
dashboard = Table(
    "dashboard",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("employee"),
    Column("boxes", Words, nullable=False),
)
