"""The pipeline and the first page at 100,000 opportunities with history and 1,000,000 postings: time of a call inside the store.

Run as `python -m benchmarks.pipeline [opportunities] [postings]`; targets: the board 300 ms, the first page 500 ms,
the forecast 2 s, the report as PDF 5 s.
"""

from __future__ import annotations

import random
import sys
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from benchmarks.timing import size, timed
from crm_lab.analysis import forecast
from crm_lab.connection import Connection, Local
from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.ledger import Ledger, Posting, PostingKind
from crm_lab.domain.opportunities import Opportunity, OpportunityStatus
from crm_lab.reports.pipeline import pipeline_frames, pipeline_report
from crm_lab.services.company import create_company
from crm_lab.services.ledger.links import add_postings
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.engine import Database
from crm_lab.store.opportunity_changes import change_rows
from crm_lab.store.records import Work, as_row

SELLERS, PARTIES, CHANGES, BATCH = 20, 1000, 5, 20_000


def fill(database: Database, crm: Connection, n_opportunities: int, n_postings: int) -> None:
    rng, now = random.Random(1), utc_now()
    people = [crm.employees.add(username=f"selger{n}", name=f"Selger {n}", password="hemmelig-nok", roles=(Role.SELLER,)).id for n in range(SELLERS)]
    parties = [crm.customers.create(name=f"Firma {n} AS").id for n in range(PARTIES)]
    stages = [stage.id for line in crm.pipelines.list() for stage in line.stages]
    for key in people:
        for month in range(1, 13):
            crm.budgets.put(employee_id=key, month=now.date().replace(month=month, day=1), amount=Decimal(500_000))
    for first in range(0, n_opportunities, BATCH):
        rows, changes = [], []
        for n in range(first, min(first + BATCH, n_opportunities)):
            made = now - timedelta(days=rng.randrange(1, 1000))
            is_open = n % 5 == 0
            owner, amount = rng.choice(people), Decimal(rng.randrange(10_000, 2_000_000))
            one = Opportunity(
                id=new_id(), title=f"Salg {n}", customer_id=rng.choice(parties), owner_id=owner, created_by=owner, stage_id=rng.choice(stages), rate=Decimal(1),
                amount=amount, amount_nok=amount, probability=rng.randrange(10, 90, 10), created_at=made, stage_since=made, touched_at=made,
                status=OpportunityStatus.OPEN if is_open else rng.choice((OpportunityStatus.WON, OpportunityStatus.LOST)), first_close_on=made.date(),
                expected_close_on=(now + timedelta(days=rng.randrange(-30, 200))).date(), closed_at=None if is_open else made, closed_on=None if is_open else made.date(),
            )  # fmt: skip
            row = as_row(one, tables.opportunity)
            rows.append(row)
            changes += change_rows(None, row, made, owner)
            for _change in range(CHANGES):
                changes += change_rows(row, row | {"probability": rng.randrange(1, 99), "stage_id": rng.choice(stages)}, made + timedelta(days=3), owner)
        with database.writing() as connection:
            load(connection, tables.opportunity, rows)
            load(connection, tables.opportunity_change, changes)
    for first in range(0, n_postings, BATCH):
        made = [
            Posting(
                id=new_id(), customer_id=parties[n % PARTIES], ledger=Ledger.RECEIVABLE, account="1500", kind=PostingKind.INVOICE, amount=Decimal(100),
                posted_on=now.date(), document_number=str(n), voucher=str(n), text=f"Faktura {n}",
            )
            for n in range(first, min(first + BATCH, n_postings))
        ]  # fmt: skip
        with database.writing() as connection:
            add_postings(Work(connection, None, now), made)


def main(n_opportunities: int, n_postings: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"duckdb:///{Path(folder) / 'crm.duckdb'}")
        create_company(database, name="Test AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
        crm = Connection(Local(database, user="kari"))
        fill(database, crm, n_opportunities, n_postings)
        n_changes = len(crm.opportunities.changes_frame())
        size(f"{n_opportunities:,} opportunities, {n_changes:,} changes, {n_postings:,} postings")
        for name, call in (
            ("the board", crm.opportunities.board), ("the board, one quarter", lambda: crm.opportunities.board(period="quarter")),
            ("the first page", crm.dashboard.boxes), ("the list", crm.opportunities.list), ("frame", crm.opportunities.frame),
            ("sellers", crm.opportunities.sellers), ("changes", crm.opportunities.changes_frame),
        ):  # fmt: skip
            timed(name, call, 11)
        beside_the_store(crm)
        database.close()


def beside_the_store(crm: Connection) -> None:
    """What is worked out of the frames: the forecast, the report on paper, and questions in SQL."""
    frames, now = pipeline_frames(crm), utc_now()
    timed("the forecast, six months", lambda: forecast.simulate(frames.opportunities, now.date()), 3, "2,000 ms")
    timed("the report as PDF", lambda: pipeline_report(frames, company="Test AS", of=now.date(), now=now), 3, "5,000 ms")
    timed("crm.sql, sums of postings by party", lambda: crm.sql("SELECT customer_id, sum(amount_minor) FROM postings GROUP BY 1"), 3)


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:3] or ("100000", "1000000")))
