"""Rounds of SIGKILL under load: the store, the web server, or one of those who write, with the company in a file and in PostgreSQL.

`python -m benchmarks.faults [ROUNDS]` (100 unless told). What was acknowledged is there afterwards, once and whole.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.timing import note
from crm_lab.connection import Connection, Local, Remote
from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.errors import Unavailable
from crm_lab.services.check import check
from crm_lab.services.company import create_company
from crm_lab.store.engine import Database
from tests.company import PASSWORD, make_company, serve
from tests.postgresql import postgresql, run_on

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITERS, MODULES = 8, {"the store": "crm_lab.server.api", "the web server": "crm_lab.server.web"}
WRITER = "one who writes"
VICTIMS = (*MODULES, WRITER)


def write(socket: str, folder: str, number: int) -> None:
    """Register customers without end; what was acknowledged is a line of a file."""
    crm = Connection(Remote(socket, user="kari", patience=60))
    with (Path(folder) / str(number)).open("a", encoding="utf-8") as file:
        n = 0
        while True:
            name = f"Kunde {number}-{n}"
            try:
                crm.customers.create(name=name, addresses=(Address(kind=AddressKind.VISITING, city="OSLO"),))
            except Unavailable:
                continue
            file.write(name + "\n")
            file.flush()
            n += 1


def process_of(served: Any, module: str) -> psutil.Process | None:
    """The child of the supervisor that runs a module."""
    for child in psutil.Process(served.process.pid).children():
        if module in child.cmdline():
            return child
    return None


def wait_for_more(folder: Path) -> None:
    """Return once somebody's work was acknowledged again."""
    def size() -> int:
        return sum(path.stat().st_size for path in folder.iterdir())

    before, until = size(), time.monotonic() + 60
    while size() == before and time.monotonic() < until:
        time.sleep(0.01)


def rounds(url: str, data: Path, n: int) -> None:
    """So many rounds on one company, and what is found afterwards."""
    spawn, chance, killed = multiprocessing.get_context("spawn"), random.Random(n), Counter[str]()
    folder = tempfile.mkdtemp()
    settings = {"CRM_URL": url} if url else {}
    numbers: Iterator[int] = iter(range(1_000_000))

    def writer() -> Any:
        process = spawn.Process(target=write, args=(str(data / "store.sock"), folder, next(numbers)), daemon=True)
        process.start()
        return process

    with serve(data, **settings) as served:
        writers = [writer() for _n in range(WRITERS)]
        while sum(path.stat().st_size > 0 for path in Path(folder).iterdir()) < WRITERS:
            time.sleep(0.1)
        for n_round in range(n):
            victim = VICTIMS[n_round % len(VICTIMS)]
            wait_for_more(Path(folder))
            time.sleep(chance.uniform(0.0, 0.5))
            if victim == WRITER:
                k = chance.randrange(WRITERS)
                os.kill(writers[k].pid, signal.SIGKILL)
                writers[k] = writer()
            elif (process := process_of(served, MODULES[victim])) is not None:
                process.kill()
            killed[victim] += 1
        time.sleep(8)
        for process in writers:
            os.kill(process.pid, signal.SIGKILL)
    acknowledged = [line for path in Path(folder).iterdir() for line in path.read_text().splitlines()]
    database = Database(url or f"duckdb:///{data / 'crm.duckdb'}")
    frame = Connection(Local(database, user="kari")).customers.list()
    names = [name for name in frame.name if name.startswith("Kunde ")]
    lost, doubled = set(acknowledged) - set(names), [name for name, times in Counter(names).items() if times > 1]
    half = int((frame[frame.name.str.startswith("Kunde ")].city != "OSLO").sum())
    found = check(database)
    note(", ".join(f"{victim} {times}" for victim, times in killed.items()), f"{len(acknowledged):,} acknowledged, {len(lost)} lost, {len(doubled)} doubled, {half} half done, {len(found)} findings", "0")
    database.close()


def main() -> None:
    """Both databases."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "file"
        data.mkdir()
        make_company(data)
        note("DuckDB", f"{n} rounds")
        rounds("", data, n)
        with postgresql() as server:
            run_on(server, "CREATE DATABASE crm")
            kept = Path(folder) / "postgresql"
            kept.mkdir()
            database = Database(f"{server}/crm")
            create_company(database, name="Test AS", username="kari", admin_name="Kari Nordmann", password=PASSWORD)
            database.close()
            note("PostgreSQL", f"{n} rounds")
            rounds(f"{server}/crm", kept, n)


if __name__ == "__main__":
    main()
