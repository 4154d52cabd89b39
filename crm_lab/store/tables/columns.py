"""What all tables share: their metadata, and columns that many of them have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import TIMESTAMP, Column, ForeignKey, MetaData, String, TypeDecorator, Uuid

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


class Lines(Words):
    """A tuple of texts kept as one, a line each; a comma is part of them."""

    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: object) -> str | None:
        """Join the texts."""
        del dialect
        return None if value is None else "\n".join(value)

    def process_result_value(self, value: str | None, dialect: object) -> tuple[str, ...] | None:
        """Split them."""
        del dialect
        return None if value is None else tuple(line for line in value.split("\n") if line)


INSTANT = TIMESTAMP(timezone=True)


def of(table: str, name: str = "", *, always: bool = True) -> Column[Any]:
    """A reference to another table: kept by the services, looked after by `crm-lab check`, enforced by PostgreSQL."""
    return Column(name or f"{table}_id", Uuid, ForeignKey(f"{table}.id"), nullable=not always)


def text(*names: str) -> list[Column[str]]:
    """Texts that are never NULL."""
    return [Column(name, String, nullable=False, default="") for name in names]
