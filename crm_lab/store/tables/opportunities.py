"""Opportunities of customers, the stages they go through, and what became of them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Integer, Numeric, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


pipeline = Table(
    "pipeline",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("name"),
    Column("position", Integer, nullable=False),
    _flag("is_active"),
)
stage = Table(
    "stage",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("pipeline"),
    *text("name"),
    Column("position", Integer, nullable=False),
    Column("probability", Integer, nullable=False),
    Column("rotting_days", Integer),
    _flag("is_active"),
)
sales_choice = Table(
    "sales_choice",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("kind", "name"),
    Column("position", Integer, nullable=False),
    _flag("is_active"),
)
opportunity = Table(
    "opportunity",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("title"),
    of("customer"),
    of("contact", always=False),
    of("employee", "owner_id"),
    _flag("owner_only"),
    of("stage"),
    *text("status"),
    Column("amount", Numeric(18, 2)),
    *text("currency"),
    Column("rate", Numeric(18, 6)),
    Column("amount_nok", Numeric(18, 2)),
    _flag("is_recurring"),
    Column("probability", Integer, nullable=False),
    *text("probability_from", "category"),
    Column("expected_close_on", Date),
    Column("first_close_on", Date),
    Column("n_pushes", Integer, nullable=False),
    of("sales_choice", "source_id", always=False),
    of("sales_choice", "type_id", always=False),
    *text("competitor", "next_step"),
    Column("next_step_on", Date),
    of("sales_choice", "lost_reason_id", always=False),
    *text("lost_reason", "products"),
    of("employee", "created_by"),
    Column("created_at", INSTANT, nullable=False),
    Column("stage_since", INSTANT, nullable=False),
    Column("touched_at", INSTANT, nullable=False),
    Column("closed_at", INSTANT),
    Column("closed_on", Date),
)
opportunity_contact = Table(
    "opportunity_contact",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("opportunity"),
    of("contact"),
    *text("role"),
)
opportunity_seller = Table(
    "opportunity_seller",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("opportunity"),
    of("employee"),
    Column("percent", Integer, nullable=False),
)
opportunity_change = Table(
    "opportunity_change",
    metadata,
    Column("opportunity_id", Uuid, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
    Column("changed_by", Uuid),
    *text("field", "old", "new"),
)
"""What became of each. Rows outlive what they tell of: undoing its removal brings it back with its past."""
