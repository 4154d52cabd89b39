"""Orders with their lines, the invoices made of them, reminders of those, and how all that was sent."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Integer, Numeric, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

AMOUNTS = ("net", "vat", "gross")


def amounts() -> list[Column[object]]:
    """What something comes to without VAT, the VAT, and both."""
    return [Column(name, Numeric(18, 2), nullable=False) for name in AMOUNTS]


sales_order = Table(
    "sales_order",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("number", BigInteger, nullable=False, unique=True),
    of("customer"),
    of("opportunity", always=False),
    of("employee", "owner_id"),
    *text("status"),
    Column("buyer", JSON, nullable=False),
    Column("ordered_on", Date, nullable=False),
    Column("delivered_on", Date),
    *text("delivery_place", "buyer_reference", "order_reference", "note", "currency"),
    Column("rate", Numeric(18, 6)),
    Column("payment_days", Integer, nullable=False),
    *text("language", "distribution"),
    Column("discount", Numeric(5, 2), nullable=False),
    *text("price_list", "vat_treatment"),
    Column("sends_reminders", Boolean, nullable=False),
    Column("repeats_months", Integer),
    Column("next_on", Date),
    Column("origins", JSON, nullable=False),
    *amounts(),
    of("employee", "created_by"),
    Column("created_at", INSTANT, nullable=False),
    Column("invoice_fee", Numeric(18, 2)),
    Column("valid_until", Date),
)
order_line = Table(
    "order_line",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("sales_order", "order_id"),
    of("customer"),
    Column("position", Integer, nullable=False),
    of("product", always=False),
    *text("number", "text"),
    Column("quantity", Numeric(18, 4), nullable=False),
    *text("unit"),
    Column("price", Numeric(18, 4), nullable=False),
    Column("discount", Numeric(5, 2), nullable=False),
    *text("vat_code"),
    Column("net", Numeric(18, 2), nullable=False),
)
invoice = Table(
    "invoice",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False),
    *text("series", "kind"),
    of("sales_order", "order_id"),
    of("customer"),
    of("invoice", "credits_id", always=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date),
    *text("kid", "currency"),
    *amounts(),
    of("posting", always=False),
    Column("content", JSON, nullable=False),
    of("employee", "created_by"),
    Column("created_at", INSTANT, nullable=False),
)
delivery = Table(
    "delivery",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("invoice", always=False),
    of("customer"),
    *text("channel", "recipient", "copies", "state"),
    Column("tries", Integer, nullable=False),
    *text("error", "message_id"),
    Column("queued_at", INSTANT, nullable=False),
    Column("next_at", INSTANT, nullable=False),
    Column("sent_at", INSTANT),
    of("employee"),
    of("reminder", always=False),
    of("sales_order", "order_id", always=False),
)
reminder = Table(
    "reminder",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("customer"),
    Column("level", Integer, nullable=False),
    Column("reminded_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    *text("currency"),
    *(Column(name, Numeric(18, 2), nullable=False) for name in ("open_amount", "fee", "interest")),
    Column("content", JSON, nullable=False),
    of("employee"),
    Column("created_at", INSTANT, nullable=False),
)
reminder_item = Table(
    "reminder_item",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("reminder"),
    of("customer"),
    of("posting"),
    Column("level", Integer, nullable=False),
)
