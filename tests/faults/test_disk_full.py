"""The disk fills up under a served company: a sentence, nothing lost, and it goes on when there is room."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crm_lab.connection import Connection, Local, Remote
from crm_lab.errors import Unavailable
from crm_lab.services.check import check
from crm_lab.store.engine import Database, DiskFull
from tests.company import free_port, make_company, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTES = 24
MOUNT_AND_SERVE = f"""
mount -t tmpfs -o size={MEGABYTES}m tmpfs "$2" && cp "$1"/crm.duckdb* "$2" &&
exec "$0" -m crm_lab serve --data "$2" --port "$3"
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The folder of a company that is served from a disk of its own, seen from outside."""
    made, data, port = tmp_path / "made", tmp_path / "data", free_port()
    data.mkdir()
    make_company(made)
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    command = [*unshare, "sh", "-c", MOUNT_AND_SERVE, sys.executable, str(made), str(data), str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    wait_for(f"http://127.0.0.1:{port}/healthz")
    yield Path(f"/proc/{process.pid}/root{data}")
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def register(crm: Connection, *, until: type[Exception] | None = None, seconds: float = 60) -> tuple[list[str], list[str]]:
    """Names acknowledged, and the sentences of refusals, until the first refusal of a kind or the first success."""
    done: list[str] = []
    told: list[str] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        name = f"Kunde {time.monotonic_ns()}"
        try:
            crm.customers.create(name=name)
        except Unavailable as error:
            told.append(error.message)
            if until and isinstance(error, until):
                return done, told
            time.sleep(0.2)
        else:
            done.append(name)
            if until is None:
                return done, told
    raise TimeoutError(told)


@pytest.mark.fault
def test_a_full_disk_loses_nothing_and_passes(small_disk: Path, tmp_path: Path) -> None:
    crm = Connection(Remote(str(small_disk / "store.sock"), user="kari"))
    before, _told = register(crm)
    fill(small_disk / "filler")
    meanwhile, told = register(crm, until=DiskFull)
    assert told[-1] == "Disken er full. Ingenting ble lagret; frigjør plass og prøv igjen."
    assert "Nordlys Bygg AS" in set(crm.customers.list().name), "reading goes on"
    (small_disk / "filler").unlink()
    after, _told = register(crm)
    found = list(crm.customers.list().name)
    assert set(before + meanwhile + after) <= set(found)
    assert len([n for n in found if n.startswith("Kunde ")]) == len(before + meanwhile + after), "a refused one was saved"
    crm.close()
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in small_disk.glob("crm.duckdb*"):
        (copy / file.name).write_bytes(file.read_bytes())
    database = Database(f"duckdb:///{copy / 'crm.duckdb'}")
    assert check(database) == []
    assert set(found) == set(Connection(Local(database, user="kari")).customers.list().name)
    database.close()
