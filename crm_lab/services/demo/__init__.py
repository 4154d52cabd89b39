"""The demo company: real companies, made-up people and dealings. The same seed gives the same company."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from crm_lab.domain.categories import Category, Colour
from crm_lab.domain.ids import new_id
from crm_lab.i18n import business_day
from crm_lab.services.company import create_company
from crm_lab.services.contacts import add_contacts
from crm_lab.services.customers import add_customers
from crm_lab.services.demo import companies, people
from crm_lab.services.demo.activities import Activities
from crm_lab.services.demo.calls import add_calls
from crm_lab.services.demo.dealings import Dealings
from crm_lab.services.demo.documents import add_documents
from crm_lab.services.demo.opportunities import add_budgets, add_opportunities
from crm_lab.services.demo.orders import add_orders
from crm_lab.services.sessions import hash_password
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.records import Work, as_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.domain.customers import Customer
    from crm_lab.store.engine import Database

BATCH = 2000
DEMO_PASSWORD = "demo-passord"  # noqa: S105 - printed at every start of the demo; loopback only
CATEGORIES = (
    ("Bygg og anlegg", Colour.AMBER, True), ("Nyhetsbrev", Colour.BLUE, True), ("Offentlig", Colour.VIOLET, False),
    ("Rammeavtale", Colour.GREEN, False), ("Styremedlem", Colour.GREY, True),
)  # fmt: skip


def create_demo(database: Database, *, scale: int, on_progress: Callable[[int, int], None]) -> None:
    """Make the demo company; `on_progress(done, total)` is called after every batch."""
    first, *_colleagues = people.employees()
    create_company(
        database, name="Demo AS", username=first["username"], admin_name=first["name"],
        password=DEMO_PASSWORD, is_demo=True,
    )  # fmt: skip
    owners = _add_colleagues(database)
    labels = _add_categories(database)
    with database.writing() as connection:
        add_budgets(Work(connection, None, utc_now(), action="company.demo"))
    rng = random.Random(companies.SEED)  # noqa: S311 - the same seed must give the same company
    made = companies.companies(scale=scale)
    dealings, activities = Dealings(utc_now().date()), Activities(business_day(utc_now()), list(owners.values()))
    done, total = 0, companies.n_companies(scale)
    while batch := list(islice(made, BATCH)):
        customers = [_labelled(replace(c, owner_id=owners[owner]), labels, rng) for c, owner in batch]
        with database.writing() as connection:
            work = Work(connection, None, utc_now(), action="company.demo")
            numbered = add_customers(work, customers)
            persons = list(people.contacts(numbered))
            add_contacts(work, persons)
            dealings.add(work, numbered)
            activities.add(work, numbered)
            add_opportunities(work, numbered, persons)
            add_calls(work, numbered, persons)
            if not done:
                add_documents(work, numbered)
        done += len(batch)
        on_progress(done, total)
    add_orders(database)


def _add_colleagues(database: Database) -> dict[str, UUID]:
    """The colleagues beside the administrator; everybody's id by user name."""
    hashed = hash_password(DEMO_PASSWORD)
    with database.writing() as connection:
        work = Work(connection, None, utc_now(), action="company.demo")
        e = tables.employee
        mine = work.one(select(e)) or {}
        work.change(e, mine["id"], mine["version"], extension=people.employees()[0]["extension"])
        for person in people.employees()[1:]:
            row = {"locale": "nb", "theme": "auto", "density": "full", "is_active": True, "version": 1} | person
            work.insert(e, row | {"id": new_id(), "password_hash": hashed, "created_at": work.now})
        return {row["username"]: row["id"] for row in work.rows(select(e.c.username, e.c.id))}


def _add_categories(database: Database) -> list[UUID]:
    """The labels; the ids of those for customers."""
    made = [
        Category(id=new_id(), name=name, colour=colour, for_customers=name != "Styremedlem", for_contacts=for_contacts)
        for name, colour, for_contacts in CATEGORIES
    ]
    with database.writing() as connection:
        work = Work(connection, None, utc_now(), action="company.demo")
        work.insert_many(tables.category, [as_row(category, tables.category) for category in made])
    return [category.id for category in made if category.for_customers]


def _labelled(customer: Customer, labels: list[UUID], rng: random.Random) -> Customer:
    return replace(customer, categories=tuple(rng.sample(labels, rng.choice((0, 0, 1, 2)))))
