"""Parties that were merged into others, and pairs that are two."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, String, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

merge = Table(
    "merge",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("customer", always=False),
    of("contact", always=False),
    Column("merged_id", Uuid, nullable=False),
    *text("merged_name"),
    Column("merged_number", BigInteger),
    Column("chosen", JSON, nullable=False),
    Column("was_archived_at", INSTANT),
    Column("made_at", INSTANT, nullable=False),
    of("employee", "made_by", always=False),
    Column("undone_at", INSTANT),
    of("employee", "undone_by", always=False),
)
"""`customer_id` or `contact_id` is who stayed; `chosen` are the fields that one took over, each as it was and as it became."""
merge_row = Table(
    "merge_row",
    metadata,
    of("merge"),
    Column("reference", String, nullable=False),
    Column("row_id", Uuid, nullable=False),
    Column("came_from", Uuid, nullable=False),
    Column("content", JSON),
)
"""One row that went over with a merge: `reference` is "note.customer_id", `content` the row as it was, of small parts only."""
distinct_pair = Table(
    "distinct_pair",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("one_id", Uuid, nullable=False),
    Column("other_id", Uuid, nullable=False),
    Column("said_at", INSTANT, nullable=False),
    of("employee", "said_by", always=False),
)
"""Two customers or contacts, the smaller key first, that somebody said are not the same."""
