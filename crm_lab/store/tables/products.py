"""Products, price lists, and what products cost in them."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, Numeric, String, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

product = Table(
    "product",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("number", "name", "name_en", "unit", "vat_code"),
    Column("price", Numeric(18, 4), nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("archived_at", INSTANT),
    Column("product_group", String, default=""),
)
price_list = Table(
    "price_list",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("name", "currency"),
    Column("discount", Numeric(5, 2), nullable=False),
)
price = Table(
    "price",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("price_list"),
    of("product"),
    Column("first_day", Date, nullable=False),
    Column("price", Numeric(18, 4), nullable=False),
)
