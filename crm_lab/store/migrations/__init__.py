"""Numbered SQL files, run in order, forward only, each in the transaction that is handed in."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from crm_lab.errors import Conflict
from crm_lab.i18n import _

if TYPE_CHECKING:
    from datetime import datetime


INDEX = re.compile(r"^(\s*(?:CREATE (?:UNIQUE )?INDEX|DROP INDEX) )(\w+)", re.IGNORECASE)


UUIDV7 = """CREATE FUNCTION uuidv7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT CAST(lpad(to_hex(CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)), 12, '0')
        || '7' || substr(random.hex, 14, 3) || substr(random.hex, 17) AS uuid)
    FROM (SELECT replace(CAST(gen_random_uuid() AS text), '-', '') AS hex) random
$$"""
"""PostgreSQL has it from 18 on, DuckDB always: a random UUIDv4 whose first 48 bits are milliseconds, and whose version is 7."""


class NewerSchema(Conflict):
    """The file was written by a later release."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            _(
                "The company file has schema {found}, this release knows {known}. Install the newer release.",
                found=found,
                known=known,
            )
        )


def scripts() -> list[tuple[int, str]]:
    """Every migration as (number, SQL), in order."""
    found = (f for f in files(__package__).iterdir() if f.name.endswith(".sql"))
    return sorted((int(f.name[:4]), f.read_text(encoding="utf-8")) for f in found)


def _for(connection: Connection, statement: str) -> str:
    """A statement as this database takes it: in PostgreSQL indexes share their names with tables, so they get a prefix."""
    if connection.dialect.name == "duckdb":
        return statement
    return INDEX.sub(r"\1ix_\2", statement)


def migrate(connection: Connection, *, now: datetime, until: int | None = None) -> int:
    """Bring the schema forward and return its number; `until` stops early (tests of old versions)."""
    if not inspect(connection).has_table("schema_version"):
        connection.execute(text("CREATE TABLE schema_version (number INTEGER PRIMARY KEY, run_at TIMESTAMPTZ NOT NULL)"))
    if connection.dialect.name == "postgresql" and not connection.execute(text("SELECT to_regproc('uuidv7')")).scalar():
        connection.execute(text(UUIDV7))
    at = connection.execute(text("SELECT coalesce(max(number), 0) FROM schema_version")).scalar_one()
    known = scripts()
    if at > known[-1][0]:
        raise NewerSchema(at, known[-1][0])
    for number, script in known:
        if number <= at or (until is not None and number > until):
            continue
        lines = (line for line in script.splitlines() if not line.lstrip().startswith("--"))
        for statement in "\n".join(lines).split(";"):
            if statement.strip():
                connection.execute(text(_for(connection, statement)))
        connection.execute(
            text("INSERT INTO schema_version (number, run_at) VALUES (:number, :run_at)"), {"number": number, "run_at": now}
        )
        at = number
    return int(at)
