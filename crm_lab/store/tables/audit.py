"""What was done, and what a repeated request is answered with."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, text

request = Table(
    "request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("actor_id", Uuid),
    *text("action", "answer"),
    Column("done_at", INSTANT, nullable=False),
)
audit = Table(
    "audit",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("step", Integer, nullable=False),
    Column("done_at", INSTANT, nullable=False),
    Column("actor_id", Uuid),
    *text("action", "entity", "entity_id"),
    Column("customer_id", Uuid, index=True),
    Column("contact_id", Uuid, index=True),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
)
