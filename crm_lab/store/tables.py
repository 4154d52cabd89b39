"""The tables as SQLAlchemy sees them. `migrations/` makes them; a test holds the two together."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    MetaData,
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


def _text(*names: str) -> list[Column[str]]:
    return [Column(name, String, nullable=False, default="") for name in names]


company = Table(
    "company",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String, nullable=False),
    Column("is_demo", Boolean, nullable=False),
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
    Column("employee_id", Uuid, nullable=False),
    Column("opened_at", _INSTANT, nullable=False),
    Column("seen_at", _INSTANT, nullable=False),
    *_text("address"),
)
access_token = Table(
    "access_token",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", String, nullable=False, unique=True),
    Column("employee_id", Uuid, nullable=False),
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
    *_text("name", "first_name"),
    Column("is_customer", Boolean, nullable=False),
    Column("is_supplier", Boolean, nullable=False),
    Column("is_person", Boolean, nullable=False),
    *_text("organisation_number", "organisation_form"),
    Column("is_vat_registered", Boolean, nullable=False),
    *_text("register_status", "industry_code", "industry"),
    Column("n_employees", Integer),
    Column("founded_on", Date),
    *_text("phone", "email", "website"),
    Column("owner_id", Uuid),
    Column("owner_only", Boolean, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("archived_at", _INSTANT),
)
address = Table(
    "address",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False),
    *_text("kind", "street", "postal_code", "city", "municipality", "country"),
)
register_entity = Table(
    "register_entity",
    metadata,
    Column("organisation_number", String, primary_key=True),
    *_text("name"),
    Column("entity", JSON, nullable=False),
    Column("read_at", _INSTANT, nullable=False),
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
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
)
