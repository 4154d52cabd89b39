"""The store is killed while people write: what was acknowledged stays, pages go on by themselves."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from crm_lab.connection import Connection, Local, Remote
from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.errors import Unavailable
from crm_lab.services.check import check
from crm_lab.store.engine import Database
from tests.company import make_company

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS, WRITERS = 15, 8


def write(socket: str, worker: int, stop: Any, out: Any) -> None:
    """Register customers until told to stop; report the acknowledged names."""
    crm = Connection(Remote(socket, user="kari", patience=60))
    acknowledged = []
    while not stop.is_set():
        name = f"Kunde {worker}-{len(acknowledged)}"
        try:
            crm.customers.create(name=name, addresses=(Address(kind=AddressKind.VISITING, city="OSLO"),))
        except Unavailable:
            continue
        acknowledged.append(name)
    out.put(acknowledged)


def start(data: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "CRM_DATA": str(data)}
    store = subprocess.Popen([sys.executable, "-m", "crm_lab.server.api"], env=environment, stdout=subprocess.DEVNULL)
    crm = Remote(str(data / "store.sock"), user="kari")
    for _ in range(300):
        try:
            crm.health()
        except Unavailable:
            time.sleep(0.05)
        else:
            break
    crm.close()
    return store


@pytest.mark.fault
def test_nothing_acknowledged_is_lost_nothing_half_done(tmp_path: Path) -> None:
    make_company(tmp_path)
    store = start(tmp_path)
    spawn = multiprocessing.get_context("spawn")
    stop, out = spawn.Event(), spawn.Queue()
    socket = str(tmp_path / "store.sock")
    writers = [spawn.Process(target=write, args=(socket, i, stop, out)) for i in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(3)
    chance = random.Random(7)
    for _ in range(ROUNDS):
        time.sleep(chance.uniform(0.4, 1.6))
        store.send_signal(signal.SIGKILL)
        store.wait()
        store = start(tmp_path)
    stop.set()
    acknowledged = [name for _ in writers for name in out.get(timeout=60)]
    for writer in writers:
        writer.join(30)
    store.terminate()
    store.wait(20)
    database = Database(f"duckdb:///{tmp_path / 'crm.duckdb'}")
    frame = Connection(Local(database, user="kari")).customers.list()
    names = [n for n in frame.name if n.startswith("Kunde ")]
    assert len(acknowledged) > ROUNDS * WRITERS
    assert set(acknowledged) <= set(names)
    assert len(names) == len(set(names)), "a repeated request was run twice"
    assert (frame[frame.name.str.startswith("Kunde ")].city == "OSLO").all(), "a customer without its address"
    assert sorted(frame.number) == list(range(10001, 10001 + len(frame))), "numbers have a gap"
    assert check(database) == []
    database.close()
