"""Notebooks that are pages, and figures that employees keep."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

published_notebook = Table(
    "published_notebook",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("title", "content"),
    Column("is_active", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("changed_by", Uuid, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
)
saved_figure = Table(
    "saved_figure",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("employee"),
    Column("name", String, nullable=False),
    Column("figure", String, nullable=False),
    Column("saved_at", INSTANT, nullable=False),
)
