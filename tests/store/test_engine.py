"""Opening: one holder, locked down, migrated from every earlier version."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.engine import Database
from crm_lab.store.migrations import NewerSchema, migrate, scripts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"duckdb:///{tmp_path / 'crm.duckdb'}"


def test_the_schema_is_the_one_the_tables_describe(url: str) -> None:
    database = Database(url)
    found = inspect(database.engine)
    for name, table in tables.metadata.tables.items():
        assert {c["name"] for c in found.get_columns(name)} == {c.name for c in table.columns}, name
    database.close()


@pytest.mark.parametrize("start", [number for number, _sql in scripts()])
def test_every_earlier_version_moves_forward(url: str, start: int) -> None:
    database = Database(url)
    with database.engine.begin() as connection:
        for name in inspect(connection).get_table_names():
            connection.execute(text(f"DROP TABLE {name}"))
    with database.engine.begin() as connection:
        assert migrate(connection, now=utc_now(), until=start) == start
    with database.engine.begin() as connection:
        assert migrate(connection, now=utc_now()) == scripts()[-1][0]
    database.close()


def test_a_newer_file_is_refused(url: str) -> None:
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO schema_version VALUES (9999, now())"))
        with pytest.raises(NewerSchema):
            migrate(connection, now=utc_now())
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO '/tmp/crm-lab-should-not-exist.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH '/tmp/other.duckdb' AS other",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_the_database_reaches_nothing_outside(url: str, statement: str) -> None:
    database = Database(url)
    with pytest.raises(DBAPIError), database.reading() as connection:
        connection.execute(text(statement))
    database.close()


def test_a_second_store_says_who_holds_the_file(url: str, tmp_path: Path) -> None:
    database = Database(url)
    second = subprocess.run(
        [sys.executable, "-m", "crm_lab.server.api"],
        env={"CRM_DATA": str(tmp_path), "PATH": ""}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    database.close()
    assert second.returncode == 2
    import os

    assert str(os.getpid()) in second.stderr
    assert "Traceback" not in second.stderr
