"""Bringing files in: time of each step and the most memory, for 1,000, 10,000 and 100,000 rows.

Run as `python -m benchmarks.imports [rows …]`; the services run in this process, so the memory is theirs too.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_lab.connection import Connection, Local
from crm_lab.domain.imports import ImportChoices, KnownRows
from crm_lab.services.company import create_company
from crm_lab.store.engine import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEADER = "Navn;Org.nr;Telefon;E-post;Adresse;Postnr;Poststed;Betalingsfrist;Kategori;Notat"


def organisation_numbers() -> Iterator[str]:
    """Valid ones, made up."""
    for n in count(81_000_000):
        rest = 11 - sum(int(d) * w for d, w in zip(str(n), (3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
        if rest != 10:
            yield f"{n}{0 if rest == 11 else rest}"


def file_of(n_rows: int) -> bytes:
    """A file as an accounting system writes it."""
    numbers = organisation_numbers()
    rows = (
        f"Firma {i} AS;{next(numbers)};22{i % 1_000_000:06d};post{i}@firma{i}.no;Gata {i};0150;Oslo;14;Importert;Merknad {i}"
        for i in range(n_rows)
    )
    return "\r\n".join((HEADER, *rows)).encode("cp1252")


def timed(name: str, action: Callable[[], Any]) -> float:
    """Run once: a file is brought in once."""
    start, cpu = time.perf_counter(), time.process_time()
    action()
    took = time.perf_counter() - start
    print(f"  {name:<36} {took:7.2f} s   {time.process_time() - cpu:7.2f} s CPU", flush=True)
    return took


def measure(n_rows: int) -> None:
    """All steps of one file in a company of its own."""
    folder = Path(tempfile.mkdtemp())
    database = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    create_company(database, name="Måling AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    crm = Connection(Local(database, user="kari"))
    data, choices = file_of(n_rows), ImportChoices(new_categories=True)
    print(f"\n{n_rows:,} rows, {len(data) / 1e6:.1f} MB", flush=True)
    job = crm.imports.read("kunder.csv", "customers", data)
    whole = timed("read, map, check", job.check) + timed("preview", lambda: job.preview(choices)) + timed("run", lambda: job.run(choices))
    print(f"  {'file to stored, all of it':<36} {whole:7.2f} s             at most 10 s for 10,000 rows", flush=True)
    request = crm.last_request
    again = crm.imports.read("kunder.csv", "customers", data)
    again.check()
    timed("run again with update: nothing changes", lambda: again.run(ImportChoices(known=KnownRows.UPDATE)))
    timed("undo", lambda: crm.history.undo(request_id=request))
    print(f"  {'most memory':<36} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:7.0f} MB", flush=True)
    crm.close()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for rows in [int(arg) for arg in sys.argv[1:]] or (1_000, 10_000, 100_000):
        measure(rows)
