"""Documents: a large file in and out with the memory it takes, a folder of 5,000, and a search in 5,000 texts.

Run as `python -m benchmarks.documents [megabytes]`; 1,000 without a number.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.timing import note, timed
from crm_lab.connection import Connection, Local, Remote
from crm_lab.domain.document_words import as_words
from crm_lab.domain.documents import LARGEST_SLICE
from crm_lab.domain.ids import new_id
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.engine import Database
from tests.company import make_company, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTS, WORDS, VOCABULARY, MEGABYTE = 5000, 3000, 20_000, 1 << 20
LETTERS = "abcdefghijklmnoprstuvyæøå"


class Memory(threading.Thread):
    """The most that the processes of a served company come to together, in bytes of PSS."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._top, self.most, self._done = psutil.Process(process), 0, threading.Event()

    def now(self) -> int:
        """What they come to now."""
        return sum(_pss(one) for one in (self._top, *self._top.children(recursive=True)))

    def run(self) -> None:
        while not self._done.wait(0.2):
            self.most = max(self.most, self.now())

    def stop(self) -> int:
        self._done.set()
        self.join()
        return self.most


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def slices(size: int) -> Iterator[bytes]:
    """Bytes that differ from slice to slice."""
    block = random.Random(1).randbytes(LARGEST_SLICE)
    for at in range(0, size, LARGEST_SLICE):
        yield (at.to_bytes(8, "big") + block)[: min(LARGEST_SLICE, size - at)]


def large_file(data: Path, size: int) -> None:
    """In through the store, out through the web server."""
    with serve(data) as served:
        crm: Any = Connection(Remote(served.socket, user="kari"))
        before = Memory(served.process.pid).now()
        memory, start = Memory(served.process.pid), time.perf_counter()
        memory.start()
        upload, at = crm.documents.start(name="stor.bin", size=size), 0
        for part in slices(size):
            at = crm.documents.add(id=upload.id, at=at, part=part)
        crm.documents.finish(id=upload.id)
        (document,) = crm.documents.put(uploads=(upload,), customer_id=crm.customers.by_number(number=10001).id)
        note(f"{size // MEGABYTE:,} MB in", f"{time.perf_counter() - start:,.1f} s, PSS of all processes {before // MEGABYTE} to {memory.stop() // MEGABYTE} MB", "constant memory")
        memory, start = Memory(served.process.pid), time.perf_counter()
        memory.start()
        with served.login("kari").get(f"{served.url}/documents/{document.id}", stream=True, timeout=60) as answer:
            got = sum(len(part) for part in answer.iter_content(MEGABYTE))
        note(f"{size // MEGABYTE:,} MB out", f"{time.perf_counter() - start:,.1f} s, PSS of all processes at most {memory.stop() // MEGABYTE} MB, whole: {got == size}")
        crm.close()


def many(data: Path) -> None:
    """A folder and a search among many."""
    database = Database(f"duckdb:///{data / 'crm.duckdb'}")
    crm: Any = Connection(Local(database, user="kari"))
    party, me, rng = crm.customers.by_number(number=10001).id, crm.me.id, random.Random(1)
    known = ["".join(rng.choices(LETTERS, k=rng.randint(3, 11))) for _ in range(VOCABULARY)]
    rows: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    with database.writing() as connection:
        for n in range(DOCUMENTS):
            row = {"id": new_id(), "version": 1, "customer_id": party, "name": f"Fil {n}.pdf", "size": n, "media_type": "application/pdf", "sha256": f"{n:064x}"}
            text = " ".join(rng.choices(known[: rng.randint(800, 2000)], k=WORDS))
            said = {"sha256": row["sha256"], "state": "read", "text": text, "words": as_words(text), "read_at": utc_now()}
            rows.append(dict.fromkeys(c.name for c in tables.document.c) | row | {"created_by": me, "created_at": utc_now()})
            texts.append(said)
        load(connection, tables.document, rows)
        for start in range(0, DOCUMENTS, 500):
            load(connection, tables.document_text, texts[start : start + 500])
    timed(f"a folder of {DOCUMENTS:,}, its first page", lambda: crm.documents.folder(customer_id=party), 20, "at most 120 with the screen")
    timed(f"a word in {DOCUMENTS:,} texts of {WORDS:,}", lambda: crm.documents.find(text=known[5]), 20)
    timed("a word in none of them", lambda: crm.documents.find(text="finnesikke"), 20)
    database.close()


def main() -> None:
    """All figures."""
    size = int(sys.argv[1] if len(sys.argv) > 1 else "1000") * MEGABYTE
    with tempfile.TemporaryDirectory() as folder:
        make_company(Path(folder))
        large_file(Path(folder), size)
        many(Path(folder))


if __name__ == "__main__":
    main()
