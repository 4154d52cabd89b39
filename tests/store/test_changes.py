"""What is told of a transaction: its tables and parties, nothing where no page shows it, anything where it is not known."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import insert, update

from crm_lab.connection import Connection, Local
from crm_lab.domain.ids import new_id
from crm_lab.domain.news import News, mark
from crm_lab.services.company import create_company
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.changes import KEPT, OF_PARTIES, UNTOLD, Changes, Written
from crm_lab.store.engine import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"duckdb:///{tmp_path / 'crm.duckdb'}")
    create_company(made, name="Test AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    yield made
    made.close()


@pytest.fixture
def crm(database: Database) -> Connection:
    return Connection(Local(database, user="kari"))


def test_what_an_action_wrote_is_told_with_its_party(crm: Connection, database: Database) -> None:
    acme = crm.customers.create(name="Acme AS")
    before = database.changes.last
    crm.notes.create(customer_id=acme.id, text="Ringte")
    news = database.changes.since(before)
    assert msgspec.json.decode(msgspec.json.encode(news), type=News) == news
    assert (news.last, news.tables, news.parties) == (before + 1, {"note"}, {mark(acme.id)})


def test_what_is_of_nobody_is_told_as_of_anybody(crm: Connection, database: Database) -> None:
    before = database.changes.last
    crm.tasks.create(title="Rydd")
    news = database.changes.since(before)
    assert news.tables is not None
    assert "task" in news.tables
    assert news.parties is None


def test_a_session_that_is_used_tells_nobody(crm: Connection, database: Database) -> None:
    before = database.changes.last
    crm.sessions.touch()
    with database.writing() as connection:
        connection.execute(insert(tables.login_attempt), [{"id": new_id(), "key": "kari", "tried_at": utc_now()}])
    assert database.changes.last == before


def test_rows_written_past_the_audit_are_told_without_a_party(crm: Connection, database: Database) -> None:
    acme = crm.customers.create(name="Acme AS")
    before = database.changes.last
    with database.writing() as connection:
        connection.execute(update(tables.customer).where(tables.customer.c.id == acme.id).values(phone="22 33 44 55"))
    assert database.changes.since(before) == News(before + 1, frozenset({"customer"}))


def test_what_was_rolled_back_is_not_told(database: Database) -> None:
    before = database.changes.last
    with suppress(ZeroDivisionError), database.writing() as connection:
        connection.execute(update(tables.customer).values(phone=""))
        raise ZeroDivisionError
    assert database.changes.last == before


def test_news_are_put_together_and_forgotten() -> None:
    changes = Changes()
    start = changes.last
    for name in ("note", "task"):
        written = Written()
        written.note(name, ())
        changes.tell(written)
    assert changes.since(start) == News(start + 2, frozenset({"note", "task"}))
    assert changes.since(start + 1).tables == {"task"}
    assert changes.since(start + 2) == News(start + 2, frozenset(), frozenset())
    for _ in range(KEPT):
        changes.tell(written)
    assert changes.since(start) == News(start + 2 + KEPT)


def test_every_name_is_that_of_a_table() -> None:
    assert tables.metadata.tables.keys() >= UNTOLD
    assert {"customer", "contact", "note", "posting"} <= OF_PARTIES
