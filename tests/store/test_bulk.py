"""Many rows at once: keys arrive as they were sent, whatever the number of rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from crm_lab.domain.ids import new_id, new_ids
from crm_lab.services.company import create_company
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.bulk import load, settle
from crm_lab.store.engine import Database
from crm_lab.store.records import Row


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"duckdb:///{tmp_path / 'crm.duckdb'}")
    create_company(made, name="Test AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    return made


def payments(database: Database, n: int) -> list[Row]:
    """That many rows of one file, saved."""
    file = {"id": new_id(), "name": "f", "format": "ocr", "sha256": "", "read_at": utc_now(), "n_booked": 0, "n_known": 0, "n_faulty": 0}
    empty = {c.name: "" for c in tables.payment.c if c.type.python_type is str}
    fixed = empty | {"payment_file_id": file["id"], "posted_on": date(2026, 9, 1), "amount": Decimal("1.25"), "is_reversal": False}
    rows = [fixed | {"id": key, "line": line} for line, key in enumerate(new_ids(n), 1)]
    with database.writing() as connection:
        employee = connection.execute(select(tables.employee.c.id)).scalar_one()
        connection.execute(tables.payment_file.insert(), [file | {"employee_id": employee}])
        load(connection, tables.payment, rows)
    return rows


@pytest.mark.parametrize("n", [1, 3, 3000])
@pytest.mark.parametrize("kind", [UUID, str])
def test_some_columns_of_many_rows_are_written_by_key(database: Database, n: int, kind: type) -> None:
    rows = payments(database, n)
    with database.writing() as connection:
        settle(connection, tables.payment, [row | {"id": kind(str(row["id"])), "state": f"state {row['line']}"} for row in rows[: n // 2 + 1]], ("state",))
    with database.reading() as connection:
        found = {row.id: (row.line, row.state) for row in connection.execute(select(tables.payment))}
    assert found == {row["id"]: (row["line"], f"state {row['line']}" if row["line"] <= n // 2 + 1 else "") for row in rows}


def test_many_keys_at_once_are_different_and_as_young_as_one() -> None:
    before, keys, after = new_id(), new_ids(5000), new_id()
    assert len(set(keys)) == len(keys) == 5000
    assert {(key.version, key.variant) for key in keys} == {(before.version, before.variant)}
    assert all(before.int >> 80 <= key.int >> 80 <= after.int >> 80 for key in keys)


def test_keys_are_kept_unpacked(database: Database) -> None:
    payments(database, 3000)
    database.checkpoint()
    with database.reading() as connection:
        packed = connection.exec_driver_sql("SELECT count(*) FROM pragma_storage_info('payment') WHERE compression = 'BitPacking'").scalar_one()
    assert packed == 0
