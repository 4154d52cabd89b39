"""The company, its employees, and what they come in with."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Integer, String, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, Words, metadata, of, text

company = Table(
    "company",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String, nullable=False),
    Column("is_demo", Boolean, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("terms", JSON, nullable=False, default=dict),
    Column("created_at", INSTANT, nullable=False),
    Column("automatic_rules", Words),
    Column("invoicing", JSON),
    Column("needs_second_factor", Boolean),
    Column("folders", String),
    Column("calls", JSON),
    Column("mail_rules", JSON),
)
letterhead = Table(
    "letterhead",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("media_type", "content", "accent", "foot"),
)
employee = Table(
    "employee",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("username", "name", "email"),
    Column("roles", Words, nullable=False),
    *text("locale", "theme", "density"),
    Column("is_active", Boolean, nullable=False),
    *text("password_hash"),
    Column("created_at", INSTANT, nullable=False),
    Column("extension", String),
)
session = Table(
    "session",
    metadata,
    Column("token_hash", String, primary_key=True),
    of("employee"),
    Column("opened_at", INSTANT, nullable=False),
    Column("seen_at", INSTANT, nullable=False),
    *text("address"),
    Column("id", Uuid),
    Column("agent", String),
    Column("is_signed_on", Boolean),
)
identity = Table(
    "identity",
    metadata,
    Column("id", Uuid, primary_key=True),
    *text("issuer", "subject"),
    of("employee"),
    Column("linked_at", INSTANT, nullable=False),
)
access_token = Table(
    "access_token",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", String, nullable=False, unique=True),
    of("employee"),
    *text("name"),
    Column("created_at", INSTANT, nullable=False),
    Column("revoked_at", INSTANT),
    Column("scopes", Words),
    Column("expires_at", INSTANT),
    Column("seen_at", INSTANT),
)
second_factor = Table(
    "second_factor",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("employee_id", Uuid, ForeignKey("employee.id"), nullable=False, unique=True),
    *text("secret"),
    Column("begun_at", INSTANT, nullable=False),
    Column("confirmed_at", INSTANT),
    Column("last_step", BigInteger, nullable=False),
    Column("recovery", Words, nullable=False),
)
"""`last_step` is the half minute whose code was used last, so that none is used twice; `recovery` are digests of codes on paper."""
login_attempt = Table(
    "login_attempt",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", String, nullable=False),
    Column("tried_at", INSTANT, nullable=False),
)
counter = Table(
    "counter",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
