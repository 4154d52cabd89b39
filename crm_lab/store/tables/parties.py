"""Customers and contacts, and what belongs to them."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Integer, String, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

customer = Table(
    "customer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("supplier_number", BigInteger, unique=True),
    *text("name", "name_key"),
    Column("name_bits", BigInteger, nullable=False),
    *text("first_name"),
    Column("is_customer", Boolean, nullable=False),
    Column("is_supplier", Boolean, nullable=False),
    Column("is_person", Boolean, nullable=False),
    *text("organisation_number", "organisation_form"),
    Column("is_vat_registered", Boolean, nullable=False),
    *text("register_status", "industry_code", "industry"),
    Column("n_employees", Integer),
    Column("founded_on", Date),
    *text("phone", "mobile", "email", "invoice_email", "website", "language", "bank_account", "gln", "note"),
    of("employee", "owner_id", always=False),
    Column("owner_only", Boolean, nullable=False),
    Column("is_incomplete", Boolean, nullable=False),
    *text("duplicate_reason"),
    Column("sources", JSON, nullable=False),
    Column("terms", JSON, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("archived_at", INSTANT),
    of("customer", "merged_into", always=False),
)
contact = Table(
    "contact",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("first_name", "last_name", "name_key"),
    Column("name_bits", BigInteger, nullable=False),
    *text("phone", "mobile", "email"),
    Column("birth_date", Date),
    *text("language", "note"),
    Column("consent_on", Date),
    *text("consent_note"),
    of("employee", "owner_id", always=False),
    Column("owner_only", Boolean, nullable=False),
    Column("is_incomplete", Boolean, nullable=False),
    *text("duplicate_reason"),
    Column("created_at", INSTANT, nullable=False),
    Column("archived_at", INSTANT),
    of("contact", "merged_into", always=False),
)
contact_role = Table(
    "contact_role",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("contact"),
    of("customer"),
    *text("title", "phone", "email"),
    Column("is_decision_maker", Boolean, nullable=False),
    Column("started_on", Date),
    Column("ended_on", Date),
)
address = Table(
    "address",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("customer", always=False),
    of("contact", always=False),
    Column("position", Integer, nullable=False),
    *text("kind", "name", "street", "postal_code", "city", "municipality", "country"),
)
former_name = Table(
    "former_name",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("customer", always=False),
    of("contact", always=False),
    *text("name", "name_key"),
    Column("name_bits", BigInteger, nullable=False),
    Column("left_at", INSTANT, nullable=False),
)
clue = Table(
    "clue",
    metadata,
    Column("value", String, nullable=False, index=True),
    Column("source_id", Uuid, nullable=False, index=True),
)
category = Table(
    "category",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("name", "colour"),
    Column("for_customers", Boolean, nullable=False),
    Column("for_contacts", Boolean, nullable=False),
    Column("terms", JSON, nullable=False),
)
category_link = Table(
    "category_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("category"),
    of("customer", always=False),
    of("contact", always=False),
)
