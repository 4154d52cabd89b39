"""A company goes to PostgreSQL and back, and is the same; what is not is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from crm_lab.connection import Connection, Local
from crm_lab.domain.ids import new_id
from crm_lab.domain.terms import Terms
from crm_lab.services.check import check
from crm_lab.settings import utc_now
from crm_lab.store.copying import BrokenReferences, HasCompany, NotTheSame, copy_company, sums
from crm_lab.store.engine import Database
from crm_lab.store.migrations import scripts
from crm_lab.store.references import references
from tests.postgresql import run_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def company(company_url: str) -> Iterator[Database]:
    """A company with something of most kinds: money, days, instants, texts with signs, JSON, and what was changed and taken back."""
    database = Database(company_url)
    crm = Connection(Local(database, user="kari"))
    for n in range(20):
        made = crm.customers.create(name=f"Kunde “{n}” Ærlig & Sønn's", phone="22 33 44 55", terms=Terms(payment_days=n))
        crm.notes.create(customer_id=made.id, text="Første linje\nandre\tlinje \\N 😀")
        crm.ledger.post(customer_id=made.id, kind="manual", amount=Decimal("-1234567890123.45"), posted_on=date(2026, 2, 28))
        crm.tasks.create(title="Ring", customer_id=made.id, due_at=utc_now())
    crm.customers.archive(id=made.id, version=made.version)
    crm.history.undo(request_id=crm.last_request)
    yield database
    database.close()


@pytest.fixture
def target(postgresql_url: str) -> Iterator[Database]:
    """An empty database of PostgreSQL."""
    name = f"c{new_id().hex}"
    run_on(postgresql_url, f"CREATE DATABASE {name}")
    database = Database(f"{postgresql_url}/{name}")
    yield database
    database.close()
    run_on(postgresql_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.database
def test_there_and_back_again(company: Database, target: Database, tmp_path: Path) -> None:
    sent = copy_company(company, target)
    assert sent["customer"].n_rows == 20 and sent["audit"].n_rows > 60
    with target.reading() as connection:
        found = inspect(connection)
        keys = {key["name"] for name in sent for key in found.get_foreign_keys(name)}
        assert keys == {name for name, _key in references()}
    crm = Connection(Local(target, user="kari"))
    assert len(crm.customers.list()) == len(Connection(Local(company, user="kari")).customers.list())
    assert crm.customers.create(name="Etter flyttingen AS").number == 10_021
    with pytest.raises(HasCompany):
        copy_company(company, target)
    back = Database(f"duckdb:///{tmp_path / 'back.duckdb'}")
    again = copy_company(target, back)
    assert again["customer"].n_rows == sent["customer"].n_rows + 1
    assert {name for name in sent if sent[name] != again[name]} == {"customer", "audit", "counter", "request"}
    assert check(back) == check(company)
    back.close()


@pytest.mark.database
@pytest.mark.one_file
def test_a_reference_that_leads_nowhere_is_refused(company_url: str, target: Database) -> None:
    source = Database(company_url)
    with source.writing() as connection:
        connection.execute(text("INSERT INTO followed_card (id, employee_id, followed_at) VALUES (uuidv7(), uuidv7(), now())"))
    with pytest.raises(BrokenReferences, match="employee"):
        copy_company(source, target)
    source.close()


@pytest.mark.database
def test_postgresql_keeps_references_itself(postgresql_company: str) -> None:
    database = Database(postgresql_company)
    with pytest.raises(Exception, match="foreign key"), database.writing() as connection:
        connection.execute(text("INSERT INTO followed_card (id, employee_id, followed_at) VALUES (uuidv7(), uuidv7(), now())"))
    database.close()


@pytest.mark.database
def test_what_is_not_the_same_is_told(company_url: str, target: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Database(company_url)
    monkeypatch.setattr("crm_lab.store.copying._put", lambda *_given: None)
    with pytest.raises(NotTheSame):
        copy_company(source, target)
    monkeypatch.undo()
    assert copy_company(source, target)["employee"].n_rows == 1, "a copy that was cut off may be begun again"
    source.close()


@pytest.mark.database
def test_every_earlier_schema_moves_forward_there_too(postgresql_url: str) -> None:
    from crm_lab.store.migrations import migrate

    name = f"c{new_id().hex}"
    run_on(postgresql_url, f"CREATE DATABASE {name}")
    database = Database(f"{postgresql_url}/{name}", until=1)
    for number, _sql in scripts():
        with database.engine.begin() as connection:
            assert migrate(connection, now=utc_now(), until=number) == number
    with database.reading() as connection:
        sums(connection)
    with pytest.raises(DBAPIError), database.engine.begin() as connection:
        connection.execute(text("SELECT * FROM opportunity_before"))
    database.close()
