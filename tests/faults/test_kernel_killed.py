"""Kernels are killed in the middle of what they do: the store is left whole, free, and with nothing half done."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from crm_lab.connection import Connection, Local, Remote
from crm_lab.domain.customers import Address, AddressKind
from crm_lab.services.check import check
from crm_lab.store.engine import Database
from tests.company import make_company, serve

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized
    from pathlib import Path

WRITERS, ROUNDS = 4, 2


def write(socket: str, worker: int, done: Synchronized[int]) -> None:
    """Register customers without end; count the acknowledged ones."""
    crm = Connection(Remote(socket, user="kari"))
    while True:
        crm.customers.create(
            name=f"Kunde {worker}-{done.value}", addresses=(Address(kind=AddressKind.VISITING, city="OSLO"),)
        )
        done.value += 1


@pytest.mark.fault
def test_a_kernel_killed_in_the_middle_leaves_nothing_locked_or_half_done(tmp_path: Path) -> None:
    make_company(tmp_path)
    spawn = multiprocessing.get_context("spawn")
    chance = random.Random(11)
    acknowledged = 0
    with serve(tmp_path) as served:
        after = Connection(Remote(served.socket, user="kari", patience=0))
        for _ in range(ROUNDS):
            counts = [spawn.Value("i", 0) for _ in range(WRITERS)]
            writers = [spawn.Process(target=write, args=(served.socket, i, n)) for i, n in enumerate(counts)]
            for writer in writers:
                writer.start()
            while not all(n.value for n in counts):
                time.sleep(0.02)
            for writer in writers:
                time.sleep(chance.uniform(0, 0.05))
                assert writer.is_alive()
                os.kill(writer.pid, signal.SIGKILL)
            for writer in writers:
                writer.join(10)
            acknowledged += sum(n.value for n in counts)
            changed = after.customers.create(name="Etter AS")
            after.customers.rename(id=changed.id, name="Etterpå AS", version=changed.version)
        after.close()
    database = Database(f"duckdb:///{tmp_path / 'crm.duckdb'}")
    frame = Connection(Local(database, user="kari")).customers.list()
    theirs = frame[frame.name.str.startswith("Kunde ")]
    assert acknowledged <= len(theirs) <= acknowledged + WRITERS * ROUNDS
    assert (theirs.city == "OSLO").all()
    assert sorted(frame.number) == list(range(10001, 10001 + len(frame)))
    assert check(database) == []
    database.close()
