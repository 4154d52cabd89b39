"""The ledger: what a list is made from, linking and unlinking, at 10,000 and 100,000 postings; then sorting in Chromium.

Run as `python -m benchmarks.ledger [postings …]`; the services run in this process.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from playwright.sync_api import sync_playwright

from benchmarks.timing import note, report, timed
from crm_lab.connection import Connection, Local
from crm_lab.domain.ids import new_id
from crm_lab.domain.ledger import Ledger, Linking, MatchRule, Posting, PostingKind
from crm_lab.services.company import create_company
from crm_lab.services.ledger.links import add_postings
from crm_lab.settings import utc_now
from crm_lab.store.engine import Database
from crm_lab.store.records import Work
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.packing import pack
from crm_lab.widgets.router import stylesheet
from tests.widgets.conftest import CHROMIUM, FLAGS, MOUNT, OWN, PAGE, encoded

if TYPE_CHECKING:
    import pandas as pd

SORT = """([n, times]) => [...Array(times)].map(() => {
  const start = performance.now();
  document.querySelectorAll('.crm-th')[n].click();
  document.body.offsetHeight;
  return performance.now() - start;
})"""
PARTIES = 200
FIRST = date(2026, 1, 1)


def fill(database: Database, crm: Connection, n_postings: int) -> list[UUID]:
    """Invoices and payments in turn, spread over the parties; 1,000 more on the last one, whose keys come back."""
    parties = [crm.customers.create(name=f"Firma {n} AS").id for n in range(PARTIES)]

    def posting(n: int, party: UUID) -> Posting:
        kind, sign = (PostingKind.INVOICE, 1) if n % 2 == 0 else (PostingKind.PAYMENT, -1)
        return Posting(
            id=new_id(), customer_id=party, ledger=Ledger.RECEIVABLE, account="1500", kind=kind, amount=Decimal(sign * (n // 2 + 100)),
            posted_on=FIRST + timedelta(days=n % 300), document_number=str(n), voucher=str(n), kid=f"{n:010d}", text=f"Faktura {n}",
        )  # fmt: skip

    made = [posting(n, parties[n // 2 % (PARTIES - 1)]) for n in range(n_postings - 1000)]
    last = [posting(n, parties[-1]) for n in range(1000)]
    with database.writing() as connection:
        work = Work(connection, None, utc_now(), action="benchmark")
        add_postings(work, [*made, *last])
    crm.ledger.match_many(linkings=[Linking(posting_ids=(a.id, b.id), rule=MatchRule.KID) for a, b in zip(made[::4], made[1::4], strict=False)])
    return [posting.id for posting in last]


def sort_in_browser(frame: pd.DataFrame) -> None:
    """Time the browser's own work on each column, the first time and again: keys, order, paint."""
    columns = [{"key": key, "label": key, "width": 90} for key in frame.columns if key not in {"posting_id", "customer_id"}]
    grid = Grid(columns=columns, sort=["posted_on", 1], label="bench", sum_key="amount_minor", sum_by="currency")
    grid.show(frame, in_order_of="posted_on")
    state = {name: encoded(getattr(grid, name)) for name in grid.traits(sync=True) if not name.startswith(OWN)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_content(PAGE)
        start = time.perf_counter()
        page.evaluate(MOUNT, {"esm": str(grid.trait_values()["_esm"]), "state": state, "css": stylesheet()})
        note("the grid shows all of it, from JSON", f"{1000 * (time.perf_counter() - start):,.0f} ms")
        for key in ("amount_minor", "due_on", "match_number", "voucher", "text"):
            took = page.evaluate(SORT, [columns.index(next(c for c in columns if c["key"] == key)), 7])
            note(f"sorted by {key}, the first time", f"{took[0]:,.0f} ms")
            report(f"sorted by {key} again", took[1:], "at most 150 ms")
        browser.close()


def measure(n_postings: int) -> None:
    """All figures at one size."""
    folder = Path(tempfile.mkdtemp())
    database = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    create_company(database, name="Måling AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    crm = Connection(Local(database, user="kari"))
    print(f"\n{n_postings:,} postings", flush=True)
    keys = fill(database, crm, n_postings)
    timed("frame of all postings", crm.ledger.all_items, 5, "at most 1,000 ms for 100,000")
    timed("frame of the open ones", crm.ledger.open_items, 5)
    frame = crm.ledger.all_items()
    timed("packed for the browser", lambda: pack(frame), 5)
    sort_in_browser(frame)
    timed("ageing of everything", crm.ledger.ageing, 5)
    timed("link 1,000 and unlink them", lambda: crm.ledger.unmatch(numbers=[crm.ledger.match(posting_ids=keys).number]), 5, "at most 400 ms")
    pairs = [Linking(posting_ids=pair) for pair in zip(keys[::2], keys[1::2], strict=True)]

    def run_and_undo() -> None:
        crm.ledger.match_many(linkings=pairs)
        crm.history.undo(request_id=crm.last_request)

    timed("link 1,000 in pairs as one run, and undo it", run_and_undo, 5)
    crm.close()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for size in [int(arg) for arg in sys.argv[1:]] or (10_000, 100_000):
        measure(size)
