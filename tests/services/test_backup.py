"""The restore drill: what is backed up while people write comes back with the same figures, or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import func, select, text

from crm_lab.server.nightly import Nightly, is_due
from crm_lab.services.check import check
from crm_lab.store import tables
from crm_lab.store.backup import MANIFEST, backup, backups
from crm_lab.store.engine import Database
from crm_lab.store.migrations import NewerSchema, scripts
from crm_lab.store.restore import Damaged, NoBackup, Taken, manifest_of, restore
from tests.services.test_documents import bring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crm_lab.connection import Connection

pytestmark = pytest.mark.one_file


def figures(database: Database) -> dict[str, int]:
    with database.reading() as connection:
        return {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in tables.metadata.sorted_tables}


@pytest.fixture
def made(login: Callable[[str], Connection], database: Database, tmp_path: Path) -> Path:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS")
    kari.notes.create(text="Æsj: 'ok'\n\"to\"", customer_id=acme.id, attach=[bring(kari)])
    return backup(database, tmp_path / "backup")


def test_backed_up_while_people_write_and_restored(made: Path, login: Callable[[str], Connection], database: Database, tmp_path: Path) -> None:
    kari, done = login("kari"), threading.Event()

    def write() -> None:
        while not done.is_set():
            kari.customers.create(name="Ny AS")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        time.sleep(0.3)
        copy = backup(database, tmp_path / "backup")
    finally:
        done.set()
        writer.join()
    manifest = restore(copy, tmp_path / "anew")
    assert 1 < manifest.tables["customer"] < figures(database)["customer"] + 1
    again = Database(f"duckdb:///{tmp_path / 'anew' / 'crm.duckdb'}")
    try:
        assert check(again) == []
        assert figures(again) == {name: manifest.tables[name] for name in figures(again)}
        with again.reading() as connection:
            assert connection.execute(select(tables.note.c.text)).scalar_one() == "Æsj: 'ok'\n\"to\""
    finally:
        again.close()
    assert sorted(path.name for path in (tmp_path / "anew").iterdir()) == ["crm.duckdb", "documents"]


def test_documents_are_shared_between_backups_and_retention_leaves_the_newest(made: Path, database: Database, tmp_path: Path) -> None:
    second, third = (backup(database, tmp_path / "backup") for _ in range(2))
    assert len({made, second, third}) == 3
    contents = [next(path for path in (copy / "documents").rglob("*") if path.is_file()) for copy in (made, third)]
    assert contents[0].stat().st_ino == contents[1].stat().st_ino
    fourth = backup(database, tmp_path / "backup", keep=2)
    assert backups(tmp_path / "backup") == [third, fourth]
    restore(fourth, tmp_path / "anew")


def test_what_is_damaged_unfinished_or_in_the_way_is_refused_and_leaves_nothing(made: Path, database: Database, tmp_path: Path) -> None:
    there = sorted(tmp_path.iterdir())
    with pytest.raises(Taken):
        restore(made, tmp_path)
    for name in ("customer.parquet", str(next(p for p in (made / "documents").rglob("*") if p.is_file()).relative_to(made))):
        broken = tmp_path / "broken"
        shutil.copytree(made, broken)
        (broken / name).write_bytes((made / name).read_bytes()[:-1] + b"\0")
        with pytest.raises(Damaged, match=name):
            restore(broken, tmp_path / "anew")
        (broken / name).unlink()
        with pytest.raises(Damaged):
            restore(broken, tmp_path / "anew")
        shutil.rmtree(broken)
    manifest = manifest_of(made)
    (made / MANIFEST).write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, tables=manifest.tables | {"customer": 9})))
    with pytest.raises(Damaged, match="customer"):
        restore(made, tmp_path / "anew")
    (made / MANIFEST).write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, schema=9999)))
    with pytest.raises(NewerSchema):
        restore(made, tmp_path / "anew")
    (made / MANIFEST).unlink()
    with pytest.raises(NoBackup):
        restore(made, tmp_path / "anew")
    assert sorted(tmp_path.iterdir()) == there


def test_a_backup_of_an_older_schema_comes_back_in_this_one(tmp_path: Path) -> None:
    newest = scripts()[-1][0]
    old = Database(f"duckdb:///{tmp_path / 'old' / 'crm.duckdb'}", until=newest - 1)
    copy = backup(old, tmp_path / "old" / "backup")
    old.close()
    assert restore(copy, tmp_path / "anew").schema == newest - 1
    again = Database(f"duckdb:///{tmp_path / 'anew' / 'crm.duckdb'}")
    with again.reading() as connection:
        assert connection.execute(text("SELECT max(number) FROM schema_version")).scalar_one() == newest
    again.close()


@pytest.mark.fault
def test_killed_half_way_leaves_no_company_and_can_be_run_again(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "anew"
    for wait in (0.05, 0.2):
        command = [sys.executable, "-c", f"import sys; from pathlib import Path; from crm_lab.store.restore import restore; print('go', flush=True); restore(Path({str(made)!r}), Path({str(target)!r}))"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout and process.stdout.readline() == b"go\n"
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert not target.exists() or figures_of(target)
        shutil.rmtree(target, ignore_errors=True)
    restore(made, target)
    assert figures_of(target)["customer"] == 1
    assert not list(tmp_path.glob(".*restoring"))


def figures_of(folder: Path) -> dict[str, int]:
    database = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    try:
        return figures(database)
    finally:
        database.close()


def test_made_at_night_or_when_the_last_is_too_old(tmp_path: Path, database: Database) -> None:
    folder = tmp_path / "backup"
    assert is_due(folder, datetime(2026, 1, 5, 12, tzinfo=UTC))
    (folder / "20260105T120000Z").mkdir(parents=True)
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    due = [hours for hours in range(30) if is_due(folder, noon + timedelta(hours=hours))]
    assert due == [26, 27, 28, 29], "a day's backup waits for the next night, and no longer than that"
    nightly = Nightly(database)
    assert nightly.back_up_if_due() and not nightly.back_up_if_due()
    assert nightly.state()["ok"] and nightly.state()["at"]
