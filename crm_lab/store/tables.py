"""The tables as SQLAlchemy sees them. `migrations/` makes them; a test holds the two together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    TypeDecorator,
    Uuid,
)

metadata = MetaData()


class Words(TypeDecorator[tuple[str, ...]]):
    """A tuple of words kept as one comma-separated text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: object) -> str | None:
        """Join the words."""
        del dialect
        return None if value is None else ",".join(value)

    def process_result_value(self, value: str | None, dialect: object) -> tuple[str, ...] | None:
        """Split the text."""
        del dialect
        return None if value is None else tuple(w for w in value.split(",") if w)


_INSTANT = TIMESTAMP(timezone=True)


def _of(table: str, name: str = "", *, always: bool = True) -> Column[Any]:
    """A reference to another table: kept by the services, looked after by `crm-lab check`, enforced by PostgreSQL."""
    return Column(name or f"{table}_id", Uuid, ForeignKey(f"{table}.id"), nullable=not always)


def _text(*names: str) -> list[Column[str]]:
    return [Column(name, String, nullable=False, default="") for name in names]


company = Table(
    "company",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String, nullable=False),
    Column("is_demo", Boolean, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("terms", JSON, nullable=False, default=dict),
    Column("created_at", _INSTANT, nullable=False),
)
employee = Table(
    "employee",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *_text("username", "name", "email"),
    Column("roles", Words, nullable=False),
    *_text("locale", "theme"),
    Column("is_active", Boolean, nullable=False),
    *_text("password_hash"),
    Column("created_at", _INSTANT, nullable=False),
)
session = Table(
    "session",
    metadata,
    Column("token_hash", String, primary_key=True),
    _of("employee"),
    Column("opened_at", _INSTANT, nullable=False),
    Column("seen_at", _INSTANT, nullable=False),
    *_text("address"),
)
access_token = Table(
    "access_token",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", String, nullable=False, unique=True),
    _of("employee"),
    *_text("name"),
    Column("created_at", _INSTANT, nullable=False),
    Column("revoked_at", _INSTANT),
)
login_attempt = Table(
    "login_attempt",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", String, nullable=False),
    Column("tried_at", _INSTANT, nullable=False),
)
counter = Table(
    "counter",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
customer = Table(
    "customer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("supplier_number", BigInteger, unique=True),
    *_text("name", "name_key"),
    Column("name_bits", BigInteger, nullable=False),
    *_text("first_name"),
    Column("is_customer", Boolean, nullable=False),
    Column("is_supplier", Boolean, nullable=False),
    Column("is_person", Boolean, nullable=False),
    *_text("organisation_number", "organisation_form"),
    Column("is_vat_registered", Boolean, nullable=False),
    *_text("register_status", "industry_code", "industry"),
    Column("n_employees", Integer),
    Column("founded_on", Date),
    *_text("phone", "mobile", "email", "invoice_email", "website", "language", "bank_account", "gln", "note"),
    _of("employee", "owner_id", always=False),
    Column("owner_only", Boolean, nullable=False),
    Column("is_incomplete", Boolean, nullable=False),
    *_text("duplicate_reason"),
    Column("sources", JSON, nullable=False),
    Column("terms", JSON, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("archived_at", _INSTANT),
)
contact = Table(
    "contact",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *_text("first_name", "last_name", "name_key"),
    Column("name_bits", BigInteger, nullable=False),
    *_text("phone", "mobile", "email"),
    Column("birth_date", Date),
    *_text("language", "note"),
    Column("consent_on", Date),
    *_text("consent_note"),
    _of("employee", "owner_id", always=False),
    Column("owner_only", Boolean, nullable=False),
    Column("is_incomplete", Boolean, nullable=False),
    *_text("duplicate_reason"),
    Column("created_at", _INSTANT, nullable=False),
    Column("archived_at", _INSTANT),
)
contact_role = Table(
    "contact_role",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of("contact"),
    _of("customer"),
    *_text("title", "phone", "email"),
    Column("is_decision_maker", Boolean, nullable=False),
    Column("started_on", Date),
    Column("ended_on", Date),
)
address = Table(
    "address",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of("customer", always=False),
    _of("contact", always=False),
    Column("position", Integer, nullable=False),
    *_text("kind", "name", "street", "postal_code", "city", "municipality", "country"),
)
former_name = Table(
    "former_name",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of("customer", always=False),
    _of("contact", always=False),
    *_text("name", "name_key"),
    Column("name_bits", BigInteger, nullable=False),
    Column("left_at", _INSTANT, nullable=False),
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
    *_text("name", "colour"),
    Column("for_customers", Boolean, nullable=False),
    Column("for_contacts", Boolean, nullable=False),
    Column("terms", JSON, nullable=False),
)
category_link = Table(
    "category_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of("category"),
    _of("customer", always=False),
    _of("contact", always=False),
)
import_file = Table(
    "import_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of("employee"),
    *_text("kind", "file_name"),
    Column("started_at", _INSTANT, nullable=False),
    Column("done_at", _INSTANT),
    Column("undone_at", _INSTANT),
    Column("request_id", Uuid),
    *(Column(name, Integer, nullable=False, default=0) for name in ("n_new", "n_updated", "n_known", "n_faulty")),
)
import_part = Table(
    "import_part",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of("import_file"),
    Column("position", Integer, nullable=False),
    *_text("checked"),
)
payment_file = Table(
    "payment_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    *_text("name", "format", "sha256"),
    Column("read_at", _INSTANT, nullable=False),
    _of("employee"),
    *(Column(name, Integer, nullable=False, default=0) for name in ("n_booked", "n_known", "n_faulty")),
)
posting = Table(
    "posting",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    _of("customer"),
    *_text("ledger", "account", "kind", "document_number", "voucher"),
    Column("posted_on", Date, nullable=False),
    Column("due_on", Date),
    Column("amount", Numeric(18, 2), nullable=False),
    *_text("currency", "kid", "text", "payer_name", "payer_account"),
    _of("payment_file", "source_id", always=False),
    Column("source_key", String, unique=True),
    _of("posting", "reverses_id", always=False),
    _of("employee", "created_by", always=False),
    Column("created_at", _INSTANT, nullable=False),
)
match_group = Table(
    "match_group",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    _of("customer"),
    *_text("ledger", "account", "currency"),
    Column("made_at", _INSTANT, nullable=False),
    _of("employee", "made_by", always=False),
    *_text("rule", "reason"),
    Column("request_id", Uuid, nullable=False),
)
match_item = Table(
    "match_item",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of("match_group", "match_id"),
    _of("posting"),
    Column("linked_at", _INSTANT, nullable=False),
    _of("employee", "linked_by", always=False),
    Column("unlinked_at", _INSTANT),
    _of("employee", "unlinked_by", always=False),
)
saft_file = Table(
    "saft_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    *_text("name", "header"),
    _of("employee"),
    Column("started_at", _INSTANT, nullable=False),
    Column("done_at", _INSTANT),
    Column("request_id", Uuid),
)
saft_part = Table(
    "saft_part",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of("saft_file"),
    Column("position", Integer, nullable=False),
    *_text("piece"),
)
party_code = Table(
    "party_code",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of("customer"),
    *_text("company", "ledger", "code"),
)
request = Table(
    "request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("actor_id", Uuid),
    *_text("action", "answer"),
    Column("done_at", _INSTANT, nullable=False),
)
audit = Table(
    "audit",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("step", Integer, nullable=False),
    Column("done_at", _INSTANT, nullable=False),
    Column("actor_id", Uuid),
    *_text("action", "entity", "entity_id"),
    Column("customer_id", Uuid, index=True),
    Column("contact_id", Uuid, index=True),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
)

PARENTS = {"customer_id": customer, "contact_id": contact}
"""The columns that make a row part of a party: it is as visible as that party."""
FOUND_BY_CLUES = {"customer", "contact", "contact_role"}
"""The tables whose rows leave clues."""
ADMINISTERED = {"employee", "company"}
"""The tables only administrators change, also by undoing."""
UNSEARCHED = {"posting", "match_group", "party_code"}
"""The tables of parties' rows that the search index does not hold."""
IMMUTABLE = {"posting"}
"""The tables whose rows stay as they are: taking one back adds another that says the opposite."""
UNDOABLE = {
    "customer", "contact", "contact_role", "address", "former_name", "category", "category_link", "employee", "company",
    "posting", "match_group", "match_item", "party_code",
    "saft_file",
}
"""The tables whose changes can be taken back."""
