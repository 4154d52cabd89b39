"""An OCR giro file with many payments, read and booked: `python -m benchmarks.payments [PAYMENTS …]`."""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import date
from decimal import Decimal

from benchmarks.timing import note
from crm_lab.connection import Connection, Local
from crm_lab.domain.ids import new_id
from crm_lab.domain.values import mod10
from crm_lab.exchange.payments import read_payments
from crm_lab.services.company import create_company
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.engine import Database
from crm_lab.store.records import load

SIZES = (1_000, 10_000, 100_000)
CUSTOMERS = 1_000


def kid(n: int) -> str:
    """The KID of claim number `n`."""
    body = f"{n:09d}"
    return body + mod10(body)


def amount(n: int) -> int:
    """Its øre."""
    return 10_000 + n * 37 % 900_000


def company(n: int) -> tuple[Database, Connection]:
    """A company with `n` open invoices."""
    database = Database(f"duckdb:///{tempfile.mkdtemp()}/crm.duckdb")
    create_company(database, name="Test AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    crm = Connection(Local(database, user="kari"))
    parties = [crm.customers.create(name=f"Kunde {at} AS").id for at in range(min(CUSTOMERS, n // 10))]
    empty = {c.name: "" for c in tables.posting.c if c.type.python_type is str and not c.nullable}
    rows = [
        empty | {
            "id": new_id(), "number": at + 1, "customer_id": parties[at % len(parties)], "ledger": "AR", "account": "1500", "kind": "invoice",
            "document_number": str(at + 1), "posted_on": date(2026, 9, 1), "amount": Decimal(amount(at)).scaleb(-2), "currency": "NOK",
            "kid": kid(at), "created_at": utc_now(),
        }
        for at in range(n)
    ]  # fmt: skip
    with database.writing() as connection:
        load(connection, tables.posting, rows)
        connection.execute(tables.counter.insert(), [{"name": "posting", "value": n}])
    return database, crm


def ocr(n: int) -> bytes:
    """A file that pays `n` claims."""
    lines = ["NY000010" + "0" * 72, "NY090020" + "0" * 16 + "99970861722" + "0" * 45]
    for at in range(n):
        lines.append(f"NY091030{at + 1:07d}170926{'0' * 10} {amount(at):017d}{kid(at):>25}000000")
        lines.append(f"NY091031{at + 1:07d}{at + 1:010d}{'0' * 16}170926{at % 10**11:011d}" + "0" * 22)
    total = sum(amount(at) for at in range(n))
    ends = f"{n:08d}{2 * n + 2:08d}{total:017d}170926170926170926"
    return "\r\n".join([*lines, f"NY090088{ends}".ljust(80, "0"), f"NY000089{ends}".ljust(80, "0"), ""]).encode("iso-8859-1")


def measure(n: int) -> None:
    """One size."""
    data = ocr(n)
    start = time.perf_counter()
    n_read = sum(1 for _payment in read_payments(data)[1])
    note(f"OCR giro: {n:,} payments read", f"{time.perf_counter() - start:.2f} s")
    assert n_read == n
    database, crm = company(n)
    for what in ("booked", "again: all known"):
        start, began = time.perf_counter(), time.process_time()
        file = crm.payments.read("ocr.txt", data)
        took = f"{time.perf_counter() - start:.2f} s ({time.process_time() - began:.2f} of a core)"
        note(f"OCR giro: {n:,} payments {what}", f"{took}: {file.n_booked:,} booked, {file.n_known:,} known", "at most 15 s for 100,000")
    database.close()


if __name__ == "__main__":
    for size in [int(text) for text in sys.argv[1:]] or SIZES:
        measure(size)
