"""Projects, and the people in them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Integer, Numeric, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

project = Table(
    "project",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("number", BigInteger, nullable=False, unique=True),
    *text("name", "status"),
    Column("starts_on", Date),
    Column("ends_on", Date),
    of("employee", "leader_id", always=False),
    of("customer", always=False),
    Column("budget", Numeric(18, 2)),
    *text("currency", "text"),
    of("employee", "created_by"),
    Column("created_at", INSTANT, nullable=False),
)
project_member = Table(
    "project_member",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("project"),
    of("employee"),
)
project_contact = Table(
    "project_contact",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("project"),
    of("contact"),
)
