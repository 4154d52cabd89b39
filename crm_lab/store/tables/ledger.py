"""Postings, the links between them, and the files of payments they came with."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, Numeric, String, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, Words, metadata, of, text

payment_file = Table(
    "payment_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    *text("name", "format", "sha256"),
    Column("read_at", INSTANT, nullable=False),
    of("employee"),
    *(Column(name, Integer, nullable=False, default=0) for name in ("n_booked", "n_known", "n_faulty")),
    Column("booked_at", INSTANT),
    Column("undone_at", INSTANT),
    Column("request_id", Uuid),
    Column("n_unplaced", Integer),
)
posting = Table(
    "posting",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    of("customer"),
    *text("ledger", "account", "kind", "document_number", "voucher"),
    Column("posted_on", Date, nullable=False),
    Column("due_on", Date),
    Column("amount", Numeric(18, 2), nullable=False),
    *text("currency", "kid", "text", "payer_name", "payer_account"),
    of("payment_file", "source_id", always=False),
    Column("source_key", String, unique=True),
    of("posting", "reverses_id", always=False),
    of("employee", "created_by", always=False),
    Column("created_at", INSTANT, nullable=False),
)
payment = Table(
    "payment",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("payment_file"),
    Column("line", Integer, nullable=False),
    *text("state", "reason", "account"),
    Column("posted_on", Date),
    Column("value_on", Date),
    Column("amount", Numeric(18, 2), nullable=False),
    *text("currency", "kid", "text", "payer_name", "payer_account", "reference"),
    Column("is_reversal", Boolean, nullable=False),
    *text("same_money"),
    of("posting", always=False),
)
match_group = Table(
    "match_group",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    of("customer"),
    *text("ledger", "account", "currency"),
    Column("made_at", INSTANT, nullable=False),
    of("employee", "made_by", always=False),
    *text("rule", "reason"),
    Column("request_id", Uuid, nullable=False),
)
match_item = Table(
    "match_item",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("match_group", "match_id"),
    of("posting"),
    Column("linked_at", INSTANT, nullable=False),
    of("employee", "linked_by", always=False),
    Column("unlinked_at", INSTANT),
    of("employee", "unlinked_by", always=False),
)
dismissal = Table(
    "dismissal",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("customer"),
    Column("posting_ids", Words, nullable=False),
    Column("dismissed_at", INSTANT, nullable=False),
    of("employee"),
)
match_run = Table(
    "match_run",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("ran_at", INSTANT, nullable=False),
    of("employee", always=False),
    Column("is_automatic", Boolean, nullable=False),
)
