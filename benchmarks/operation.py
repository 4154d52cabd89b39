"""What operating costs: the audit's share of a write, a backup of some gigabytes, and bringing it back.

Run as `python -m benchmarks.operation [gigabytes]`; 5 without a number.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.documents import slices
from benchmarks.timing import note
from crm_lab.connection import Connection, Local
from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.store.backup import backup
from crm_lab.store.engine import Database
from crm_lab.store.records import Work
from crm_lab.store.restore import restore
from tests.company import make_company

GIGABYTE, FILES, TIMES = 1 << 30, 10, 300
AUDITED = Work.note


def _unaudited(self: Work, table: Any, key: Any, before: Any, after: Any) -> None:
    """All that `note` does but the audit row."""
    self.touch(table, [key, *filter(None, (before, after))])
    self._keep_clues(table, [(before, after)])


def audit(data: Path) -> None:
    """Customers made with and without their audit rows, in turns; the median of each."""
    database = Database(f"duckdb:///{data / 'crm.duckdb'}")
    crm = Connection(Local(database, user="kari"))
    took: dict[bool, list[float]] = {True: [], False: []}
    for n in range(2 * TIMES):
        is_audited = n % 2 == 0
        with patch.object(Work, "note", AUDITED if is_audited else _unaudited):
            start = time.perf_counter()
            crm.customers.create(name=f"Kunde {n}", phone="22222222", addresses=(Address(kind=AddressKind.VISITING, city="OSLO"),))
            took[is_audited].append(1000 * (time.perf_counter() - start))
    with_it, without = statistics.median(took[True]), statistics.median(took[False])
    note("a new customer with its audit rows, and without", f"{with_it:.1f} and {without:.1f} ms: {100 * (with_it / without - 1):+.0f} %", "at most 15 %")
    database.close()


def there_and_back(data: Path, size: int) -> None:
    """A backup with documents of so many bytes, one more of what is new since, and the first brought back, each digest looked at."""
    database = Database(f"duckdb:///{data / 'crm.duckdb'}")
    crm: Any = Connection(Local(database, user="kari"))
    party, chance = crm.customers.by_number(number=10001).id, random.Random(3)
    for n in range(FILES):
        upload, at = crm.documents.start(name=f"{n}.bin", size=size // FILES), 0
        for part in slices(size // FILES):
            at = crm.documents.add(id=upload.id, at=at, part=chance.randbytes(16) + part[16:])
        crm.documents.finish(id=upload.id)
        crm.documents.put(uploads=(upload,), customer_id=party)
    start = time.perf_counter()
    made = backup(database, data / "backup")
    note(f"a backup of {size / GIGABYTE:.1f} GB", f"{time.perf_counter() - start:,.1f} s")
    start = time.perf_counter()
    backup(database, data / "backup")
    note("the next one, of what is new", f"{time.perf_counter() - start:,.1f} s")
    database.close()
    start = time.perf_counter()
    restore(made, data / "anew")
    note(f"{size / GIGABYTE:.1f} GB brought back and verified", f"{time.perf_counter() - start:,.1f} s", "at most 300 s for 5 GB")


def main() -> None:
    """All figures."""
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else "5") * GIGABYTE)
    with tempfile.TemporaryDirectory() as folder:
        make_company(Path(folder))
        audit(Path(folder))
        there_and_back(Path(folder), size)


if __name__ == "__main__":
    main()
