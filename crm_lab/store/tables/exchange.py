"""What came in from outside: files, and what the register said."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, String, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

import_file = Table(
    "import_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("employee"),
    *text("kind", "file_name"),
    Column("started_at", INSTANT, nullable=False),
    Column("done_at", INSTANT),
    Column("undone_at", INSTANT),
    Column("request_id", Uuid),
    *(Column(name, Integer, nullable=False, default=0) for name in ("n_new", "n_updated", "n_known", "n_faulty")),
)
import_part = Table(
    "import_part",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("import_file"),
    Column("position", Integer, nullable=False),
    *text("checked"),
)
register_said = Table(
    "register_said",
    metadata,
    Column("organisation_number", String, primary_key=True),
    Column("said", JSON, nullable=False),
)
register_reading = Table(
    "register_reading",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("read_at", INSTANT, nullable=False),
    Column("compared_at", INSTANT, nullable=False),
)
register_notice = Table(
    "register_notice",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("customer"),
    *text("field"),
    Column("said", JSON, nullable=False),
    Column("noticed_at", INSTANT, nullable=False),
    Column("settled_at", INSTANT),
)
saft_file = Table(
    "saft_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    *text("name", "header"),
    of("employee"),
    Column("started_at", INSTANT, nullable=False),
    Column("done_at", INSTANT),
    Column("request_id", Uuid),
)
saft_part = Table(
    "saft_part",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("saft_file"),
    Column("position", Integer, nullable=False),
    *text("piece"),
)
party_code = Table(
    "party_code",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("customer"),
    *text("company", "ledger", "code"),
)
