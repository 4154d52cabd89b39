"""Small tables kept in memory: never older than what was committed, never what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from crm_lab.domain.ids import new_id
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.engine import Database
from crm_lab.store.kept import KeptRows
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LABEL = {"version": 1, "colour": "blue", "for_customers": True, "for_contacts": True, "terms": {}}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"duckdb:///{tmp_path / 'crm.duckdb'}")
    yield opened
    opened.close()


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return [row["name"] for row in Work(connection, None, utc_now()).kept(tables.category)]


def add(work: Work, name: str) -> None:
    work.insert(tables.category, LABEL | {"id": new_id(), "name": name})


def test_what_is_committed_is_seen(database: Database) -> None:
    assert names(database) == []
    for name in ("Ås", "Sølv", "Gull"):
        with database.writing() as connection:
            add(Work(connection, None, utc_now()), name)
    assert names(database) == ["Gull", "Sølv", "Ås"]


def test_a_transaction_sees_its_own(database: Database) -> None:
    assert names(database) == []
    with database.writing() as connection:
        work = Work(connection, None, utc_now())
        add(work, "Gull")
        assert [row["name"] for row in work.kept(tables.category)] == ["Gull"]
        assert names(database) == [], "and nobody else does yet"
    assert names(database) == ["Gull"]


def test_what_is_rolled_back_is_not_seen(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as connection:  # noqa: PT012
        work = Work(connection, None, utc_now())
        add(work, "Gull")
        work.kept(tables.category)
        1 / 0  # noqa: B018 - any fault
    assert names(database) == []


def test_memory_answers_where_nobody_wrote(database: Database) -> None:
    with database.writing() as connection:
        add(Work(connection, None, utc_now()), "Gull")
    assert names(database) == ["Gull"]
    with database.engine.begin() as connection:  # past all rules, so that the two can be told apart
        connection.execute(update(tables.category).values(name="Forbi"))
    assert names(database) == ["Gull"]


def test_what_was_read_while_somebody_wrote_is_not_kept() -> None:
    kept = KeptRows()

    def read_late() -> list[dict[str, str]]:
        kept.forget({"category"})
        return [{"name": "old"}]

    assert kept.of(tables.category, read_late) == [{"name": "old"}]
    assert kept.of(tables.category, lambda: [{"name": "new"}]) == [{"name": "new"}]
    assert kept.of(tables.category, list) == [{"name": "new"}]
    kept.forget({"customer"})
    assert kept.of(tables.category, list) == [{"name": "new"}]
