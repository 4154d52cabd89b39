"""Eight processes invoice at once while clients and the store are killed: numbers without a gap, none twice, each posted once."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from crm_lab.connection import Connection, Local, Remote
from crm_lab.domain.ids import new_id
from crm_lab.domain.invoicing import InvoicingSettings
from crm_lab.domain.orders import OrderLine
from crm_lab.errors import CrmError, Unavailable
from crm_lab.services.check import check
from crm_lab.store.engine import Database
from tests.company import make_company
from tests.faults.test_store_killed import start

if TYPE_CHECKING:
    from pathlib import Path

WORKERS, ROUNDS = 8, 5


def invoice(socket: str, stop: Any, out: Any) -> None:
    """Make orders and invoice them until told to stop; tell every number that was acknowledged."""
    crm = Connection(Remote(socket, user="kari", patience=60))
    customer = crm.customers.by_number(number=10001)
    while not stop.is_set():
        try:
            order = crm.orders.create(customer_id=customer.id, lines=(OrderLine(id=new_id(), text="Vare", price=Decimal(100)),), distribution="print")
            (made,) = crm.orders.invoice(order.id)
        except Unavailable:
            continue
        except CrmError as error:  # told by the store, never a wrong number
            out.put(error.message)
            continue
        out.put(made.number)


@pytest.mark.fault
def test_numbers_are_gapless_whoever_is_killed(tmp_path: Path) -> None:
    make_company(tmp_path)
    store = start(tmp_path)
    socket = str(tmp_path / "store.sock")
    Connection(Remote(socket, user="kari")).invoices.set_settings(settings=InvoicingSettings(organisation_number="974760673"))
    spawn = multiprocessing.get_context("spawn")
    stop, out = spawn.Event(), spawn.Manager().Queue()
    workers = [spawn.Process(target=invoice, args=(socket, stop, out)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    time.sleep(4)
    chance = random.Random(11)
    for at in range(ROUNDS):
        time.sleep(chance.uniform(0.5, 1.5))
        if at % 2:
            workers[at].kill()
        else:
            store.send_signal(signal.SIGKILL)
            store.wait()
            store = start(tmp_path)
    time.sleep(2)
    stop.set()
    for worker in workers:
        worker.join(60)
    store.terminate()
    store.wait(20)
    told = [out.get() for _ in range(out.qsize())]
    database = Database(f"duckdb:///{tmp_path / 'crm.duckdb'}")
    crm = Connection(Local(database, user="kari"))
    numbers, posted = sorted(crm.invoices.list().number), crm.ledger.all_items()
    assert numbers == list(range(10001, 10001 + len(numbers))) and len(numbers) > WORKERS
    assert {number for number in told if isinstance(number, int)} <= set(numbers)
    assert len({number for number in told if isinstance(number, int)}) == sum(isinstance(number, int) for number in told)
    assert sorted(map(int, posted.document_number)) == numbers
    assert [text for text in told if isinstance(text, str)] == []
    assert check(database) == []
    database.close()
