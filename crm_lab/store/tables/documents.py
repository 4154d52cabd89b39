"""Documents: what is known of each. Their content is a file by its SHA-256 (`store/files.py`), and its text a row by the same."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

document = Table(
    "document",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("customer", always=False),
    of("contact", always=False),
    of("note", always=False),
    *text("name"),
    Column("size", BigInteger, nullable=False),
    *text("media_type", "sha256"),
    of("employee", "created_by"),
    Column("created_at", INSTANT, nullable=False),
    Column("folder", String),
    of("employee", "held_by", always=False),
    Column("changed_at", INSTANT),
    of("employee", "changed_by", always=False),
)
document_text = Table(
    "document_text",
    metadata,
    Column("sha256", String, primary_key=True),
    *text("state", "text", "words"),
    Column("read_at", INSTANT, nullable=False),
)
