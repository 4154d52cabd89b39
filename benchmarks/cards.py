"""A card in a large company: what it costs the store, part by part, and a wall of 2,000 notes.

Run as `python -m benchmarks.cards [customers …]`; a customer has ten postings, five tasks and notes, and a contact. The services run in this process; then in a browser.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.run import CLICK, FLAGS
from benchmarks.timing import note, report, timed
from crm_lab.connection import Connection, Local
from crm_lab.domain.ids import new_ids
from crm_lab.services.company import create_company
from crm_lab.services.ledger.bulk import EMPTY
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.engine import Database
from tests.company import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

    Row = dict[str, Any]

FIRST_NUMBER, PIECE, WALL, PASSWORD = 20_000, 10_000, 2_000, "hemmelig-nok"
SCROLL = """() => new Promise(done => {
  const page = document.scrollingElement, took = [];
  let last = performance.now();
  const step = now => {
    took.push(now - last); last = now; page.scrollTop += 400;
    took.length < 120 ? requestAnimationFrame(step) : done(took.slice(1));
  };
  requestAnimationFrame(step);
})"""


def _copies(database: Database, table: Table, key: object, n: int) -> Iterator[Row]:
    """A stored row again and again, each with an id of its own."""
    with database.reading() as connection:
        row = dict(connection.execute(table.select().where(table.c.id == key)).mappings().one())
    return (row | {"id": one} for one in new_ids(n))


def fill(database: Database, crm: Connection, n_customers: int) -> None:
    """The company: its rows in the order they were made, a piece at a time."""
    person = crm.contacts.create(last_name="Dahl", first_name="Siv")
    party = crm.customers.create(name="Mal AS", phone="22334455")
    role = crm.contacts.add_role(id=person.id, customer_id=party.id, title="Leder")
    note, task = crm.notes.create(customer_id=party.id, text="Ringte, ingen svarte."), crm.tasks.create(customer_id=party.id, title="Ring")
    sources = {tables.customer: party, tables.contact: person, tables.contact_role: role, tables.note: note, tables.task: task}
    rolls, now = random.Random(5), utc_now()
    for start in range(0, n_customers, PIECE):
        n = min(PIECE, n_customers - start)
        parties, persons, roles = (list(_copies(database, t, sources[t].id, n)) for t in (tables.customer, tables.contact, tables.contact_role))
        for at, (one, who, link) in enumerate(zip(parties, persons, roles, strict=True), start):
            one |= {"number": FIRST_NUMBER + at, "name": f"Firma {at} AS", "name_key": f"firma {at}"}
            link |= {"customer_id": one["id"], "contact_id": who["id"]}
        whose = [one["id"] for one in parties]
        written = {
            table: [row | {"customer_id": whose[k % n], "created_at": now - timedelta(days=rolls.randrange(900))} for k, row in enumerate(_copies(database, table, sources[table].id, copies * n))]
            for table, copies in ((tables.note, 2), (tables.task, 3))
        }  # fmt: skip
        posted = {"ledger": "AR", "account": "1500", "kind": "invoice", "posted_on": now.date(), "due_on": now.date(), "amount": Decimal("1250.50"), "currency": "NOK"}
        postings = [EMPTY | posted | {"id": key, "customer_id": whose[k % n], "created_at": now, "number": 10 * start + k + 1} for k, key in enumerate(new_ids(10 * n))]
        with database.writing() as connection:
            for table, rows in {tables.customer: parties, tables.contact: persons, tables.contact_role: roles, **written, tables.posting: postings}.items():
                load(connection, table, rows)
    database.checkpoint()


def measure_screens(page: Page, url: str, full: int) -> None:
    """From a click to the card, and a wall of many notes, all of them shown and scrolled through."""
    page.goto(f"{url}/crm/customers")
    page.fill("input[name=username]", "kari")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector(".crm-tr")
    took = []
    for n in range(1, 22):
        took.append(page.evaluate(CLICK, [f".crm-tr:nth-of-type({n % 12 + 1})", "[data-do=rename_start]"]))
        page.evaluate(CLICK, [".crm-nav a[data-route=customers]", ".crm-tr"])
    report("click on a row to its card", took[1:], "p50 at most 120 ms")
    page.goto(f"{url}/crm/customers/{full}")
    page.wait_for_selector("[data-do=wall_more]")
    start = time.perf_counter()
    while more := page.query_selector("[data-do=wall_more]"):
        shown = page.locator("ol.feed > li").count()
        more.click()
        page.wait_for_function("n => document.querySelectorAll('ol.feed > li').length > n || !document.querySelector('[data-do=wall_more]')", arg=shown)
    note(f"a wall of {page.locator('ol.feed > li').count():,} entries, all shown", f"{time.perf_counter() - start:.1f} s")
    report("a frame while that wall is scrolled", page.evaluate(SCROLL), "p95 at most 34 ms: 30 frames a second")


def measure(n_customers: int) -> None:
    """All figures at one size."""
    folder = Path(tempfile.mkdtemp())
    database = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    create_company(database, name="Måling AS", username="kari", admin_name="Kari Nordmann", password=PASSWORD)
    crm = Connection(Local(database, user="kari"))
    print(f"\n{n_customers:,} customers, {10 * n_customers:,} postings, {5 * n_customers:,} tasks and notes", flush=True)
    fill(database, crm, n_customers)
    numbers = iter(random.Random(3).sample(range(FIRST_NUMBER, FIRST_NUMBER + n_customers), min(1000, n_customers)))
    timed("a card", lambda: crm.cards.customer(number=next(numbers)), 200, "p95 at most 15 ms")
    full = crm.customers.create(name="Full vegg AS")
    note = crm.notes.create(customer_id=full.id, text="Et notat")
    with database.writing() as connection:
        load(connection, tables.note, list(_copies(database, tables.note, note.id, WALL - 1)))
    timed(f"a card with {WALL:,} notes", lambda: crm.cards.customer(number=full.number), 50)
    timed(f"all {WALL:,} notes of a wall", lambda: crm.notes.of(customer_id=full.id, limit=WALL), 20)
    crm.close()
    with serve(folder) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        measure_screens(browser.new_page(viewport={"width": 1280, "height": 800}), served.url, full.number)
        browser.close()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for size in [int(arg) for arg in sys.argv[1:]] or (10_000, 100_000):
        measure(size)
