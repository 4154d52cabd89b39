"""Makes 1,000 orders at a served store and invoices them in one batch: `python -m benchmarks.invoices [N]`."""

from __future__ import annotations

import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from crm_lab.connection import Connection, Remote
from crm_lab.domain.ids import new_id
from crm_lab.domain.invoicing import InvoicingSettings
from crm_lab.domain.orders import OrderLine
from tests.company import make_company
from tests.faults.test_store_killed import start


def main(n: int) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        make_company(data)
        store = start(data)
        try:
            crm = Connection(Remote(str(data / "store.sock"), user="kari"))
            crm.invoices.set_settings(settings=InvoicingSettings(organisation_number="974760673"))
            customer = crm.customers.by_number(number=10001)
            began = time.perf_counter()
            lines = [OrderLine(id=new_id(), text=f"Vare {at}", price=Decimal(100 + at)) for at in range(5)]
            keys = []
            for _ in range(n):
                fresh = tuple(OrderLine(id=new_id(), text=line.text, price=line.price) for line in lines)
                keys.append(crm.orders.create(customer_id=customer.id, lines=fresh, distribution="print").id)
            made = time.perf_counter()
            print(f"{n} orders of 5 lines made one by one: {made - began:.1f} s")
            done = crm.orders.invoice_many(keys, on_progress=lambda at, total: print(f"\r{at} of {total}", end="", flush=True))
            print(f"\r{len(done.invoices)} invoiced and posted in {time.perf_counter() - made:.1f} s")
            began = time.perf_counter()
            frame = crm.orders.list()
            print(f"list of {len(frame)} orders with payment status: {(time.perf_counter() - began) * 1000:.0f} ms")
            big = crm.orders.create(customer_id=customer.id, lines=tuple(OrderLine(id=new_id(), text=f"Vare {at}", price=Decimal(100)) for at in range(200)), distribution="print")
            began = time.perf_counter()
            crm.orders.change(id=big.id, version=1, lines=(*big.lines[:199], OrderLine(id=new_id(), text="Ny", price=Decimal(1))))
            print(f"an order of 200 lines saved with one changed: {(time.perf_counter() - began) * 1000:.0f} ms")
        finally:
            store.terminate()
            store.wait(20)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
