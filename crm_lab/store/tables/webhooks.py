"""Subscriptions of other systems, and the messages to them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, Words, metadata, of, text

webhook = Table(
    "webhook",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("name", "url"),
    Column("kinds", Words, nullable=False),
    Column("is_active", Boolean, nullable=False),
    *text("secret"),
    of("employee", "created_by"),
    Column("created_at", INSTANT, nullable=False),
)
webhook_message = Table(
    "webhook_message",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("webhook"),
    *text("body", "state"),
    Column("tries", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    *text("error"),
    Column("queued_at", INSTANT, nullable=False),
    Column("next_at", INSTANT, nullable=False),
    Column("done_at", INSTANT),
)
