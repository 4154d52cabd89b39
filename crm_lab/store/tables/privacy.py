"""Personal data: who was erased, who agreed to what, who looked at whom, and how long things are kept."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, Integer, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

erasure = Table(
    "erasure",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("customer", always=False),
    of("contact", always=False),
    *text("pseudonym", "reason"),
    Column("documents_kept", Boolean, nullable=False),
    Column("erased_at", INSTANT, nullable=False),
    of("employee", "erased_by", always=False),
    Column("kept", JSON),
    Column("kept_until", Date),
    Column("expired_at", INSTANT),
)
"""`kept` is what bookkeeping law keeps beside the books: the name, and the strings that go out of them after `kept_until`."""
consent = Table(
    "consent",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("customer", always=False),
    of("contact", always=False),
    *text("purpose", "how", "text_version"),
    Column("is_given", Boolean, nullable=False),
    Column("said_on", Date, nullable=False),
    Column("noted_at", INSTANT, nullable=False),
    of("employee", "noted_by", always=False),
)
look = Table(
    "look",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("customer", always=False),
    of("contact", always=False),
    *text("kind", "reason"),
    Column("looked_at", INSTANT, nullable=False),
    of("employee"),
    of("employee", "owner_id", always=False),
)
retention_rule = Table(
    "retention_rule",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("kind"),
    Column("months", Integer, nullable=False),
    Column("is_on", Boolean, nullable=False),
)
