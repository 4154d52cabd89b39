"""The company itself: made once, described on every page, checked and backed up."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, insert, select, text

from crm_lab.domain.access import Actor, Role
from crm_lab.domain.ids import new_id
from crm_lab.errors import Conflict
from crm_lab.i18n import _
from crm_lab.services import demo
from crm_lab.services.actions import Service, reads
from crm_lab.services.customers import FIRST_NUMBER, address_rows
from crm_lab.services.employees import Employees
from crm_lab.services.sessions import hash_password
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.records import Work, as_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crm_lab.domain.customers import Customer
    from crm_lab.store.engine import Database

BATCH = 2000
DEMO_PASSWORD = "demo-passord"  # noqa: S105 - printed at every start of the demo; loopback only


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What every page says of the company."""

    name: str
    is_demo: bool


class AlreadyMade(Conflict):
    """`init` runs once."""

    def __init__(self) -> None:
        super().__init__(_("The company exists already. Use another folder, or start it with serve."))


class Company(Service):
    """The company whose data this is."""

    @reads()
    def facts(self) -> CompanyFacts:
        """Name, and whether its data are made up."""
        row = self.work.one(select(tables.company))
        return CompanyFacts(row["name"] if row else "crm_lab", bool(row and row["is_demo"]))


def create_company(
    database: Database, *, name: str, username: str, admin_name: str, password: str, is_demo: bool = False
) -> None:
    """Make the company and its first administrator. Raises `AlreadyMade`."""
    with database.writing() as connection:
        work = Work(connection, None, utc_now(), action="company.create")
        if work.one(select(tables.company)):
            raise AlreadyMade
        made = {"id": new_id(), "name": name, "is_demo": is_demo, "created_at": work.now}
        connection.execute(insert(tables.company), [made])
        Employees(work).add(
            username=username, name=admin_name, password=password, roles=(Role.SELLER, Role.ACCOUNTANT, Role.ADMIN)
        )


def create_demo(database: Database, *, scale: int, on_progress: Callable[[int, int], None]) -> None:
    """Make the demo company; `on_progress(done, total)` is called after every batch."""
    first, *colleagues = demo.employees()
    create_company(
        database, name="Demo AS", username=first["username"], admin_name=first["name"],
        password=DEMO_PASSWORD, is_demo=True,
    )  # fmt: skip
    owners = _demo_colleagues(database, colleagues)
    total = demo.n_companies(scale)
    done = 0
    for batch in _batches(demo.companies(scale=scale)):
        customers = [replace(customer, owner_id=owners[owner]) for customer, owner in batch]
        add_customers(database, customers)
        done += len(customers)
        on_progress(done, total)


def _demo_colleagues(database: Database, colleagues: list[dict[str, Any]]) -> dict[str, Any]:
    hashed = hash_password(DEMO_PASSWORD)
    with database.writing() as connection:
        work = Work(connection, None, utc_now(), action="company.demo")
        for person in colleagues:
            row = {"locale": "nb", "theme": "auto", "is_active": True, "version": 1} | person
            work.insert(
                tables.employee, row | {"id": new_id(), "password_hash": hashed, "created_at": work.now}
            )
        e = tables.employee
        return {row["username"]: row["id"] for row in work.rows(select(e.c.username, e.c.id))}


def _batches(pairs: Iterator[tuple[Customer, str]]) -> Iterator[list[tuple[Customer, str]]]:
    batch: list[tuple[Customer, str]] = []
    for pair in pairs:
        batch.append(pair)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def add_customers(database: Database, customers: list[Customer], *, actor: Actor | None = None) -> None:
    """Add many parties in one transaction with consecutive numbers (imports and the demo)."""
    if not customers:
        return
    with database.writing() as connection:
        work = Work(connection, actor, utc_now(), action="customers.import")
        start = work.next_number("customer", FIRST_NUMBER)
        c = tables.counter
        connection.execute(c.update().where(c.c.name == "customer").values(value=start + len(customers) - 1))
        numbered = [
            replace(customer, number=start + i, created_at=customer.created_at or work.now)
            for i, customer in enumerate(customers)
        ]
        insert_frame(work, tables.customer, [as_row(customer, tables.customer) for customer in numbered])
        insert_frame(work, tables.address, [row for customer in numbered for row in address_rows(customer)])


def insert_frame(work: Work, table: Any, rows: list[dict[str, Any]]) -> None:
    """Insert many rows at once; one audit row counts them."""
    work.insert_many(table, rows)


def check(database: Database) -> list[str]:
    """What is wrong with the company's data, one sentence a fault; an empty list is good news."""
    c, a, e = tables.customer, tables.address, tables.employee
    orphans = select(func.count()).select_from(a.outerjoin(c, a.c.customer_id == c.c.id)).where(c.c.id.is_(None))
    ownerless = (
        select(func.count())
        .select_from(c.outerjoin(e, c.c.owner_id == e.c.id))
        .where(and_(c.c.owner_id.is_not(None), e.c.id.is_(None)))
    )
    ahead = select(func.count()).select_from(c).where(
        c.c.number > select(func.coalesce(func.max(tables.counter.c.value), 0)).where(tables.counter.c.name == "customer").scalar_subquery()
    )
    sentences = {
        orphans: _("addresses belong to no customer"),
        ownerless: _("customers have an owner who does not exist"),
        ahead: _("customers have a number beyond the series"),
    }
    faults = []
    with database.reading() as connection:
        work = Work(connection, None, utc_now())
        for query, sentence in sentences.items():
            if n := work.scalar(query):
                faults.append(f"{n} {sentence}")
    return faults


def backup(database: Database, folder: Path) -> Path:
    """Write a consistent copy as Parquet files while people work; returns its folder."""
    stamp: datetime = utc_now()
    target = folder / stamp.strftime("%Y%m%dT%H%M%SZ")
    part = target.with_suffix(".part")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(part, ignore_errors=True)
    with database.reading() as connection:
        path = str(part.absolute()).replace("'", "''")
        connection.execute(text(f"EXPORT DATABASE '{path}' (FORMAT parquet)"))
    part.rename(target)
    return target
