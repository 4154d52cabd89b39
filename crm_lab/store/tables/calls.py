"""Calls with people outside."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

call = Table(
    "call",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("customer", always=False),
    of("contact", always=False),
    of("employee", always=False),
    *text("source", "call_id", "direction", "number", "extension"),
    Column("started_at", INSTANT, nullable=False),
    Column("answered_at", INSTANT),
    Column("ended_at", INSTANT),
    *text("failure", "note"),
    Column("created_at", INSTANT, nullable=False),
)
