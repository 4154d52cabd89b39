"""Merging a party with 50,000 rows, and finding the duplicates among 100,000: `python -m benchmarks.merges [ENTITY_RESOLUTION_FOLDER]`.

How many duplicates are found, and how many of those proposed are none, is counted on misspelt copies of the demo company's
register entities, and on the public sets of a folder where one is given: febrl, splink's fake_1000, customer_integration.
"""

from __future__ import annotations

import csv
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.timing import note, timed
from crm_lab.analysis.duplicates import clusters
from crm_lab.connection import Connection, Local
from crm_lab.domain.ids import new_id
from crm_lab.domain.names import name_key
from crm_lab.services.ledger.bulk import EMPTY
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.engine import Database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crm_lab.domain.customers import Customer

    Row = dict[str, Any]

MIXES = {"40,000 postings, 5,000 notes, 5,000 tasks": (40_000, 5_000, 5_000), "50,000 notes": (0, 50_000, 0)}
PLAIN = ("organisation_number", "bank_account", "phone", "mobile", "email", "invoice_email", "website", "work_phones", "work_emails", "former_keys", "birth_date", "postal_code", "street", "owner")


def fill(database: Database, party: Customer, employee: Any, mix: tuple[int, int, int]) -> None:
    """Postings, notes and tasks of one party."""
    n_postings, n_notes, n_tasks = mix
    now = datetime.now(UTC)
    whose = {"customer_id": party.id, "created_at": now}
    written = {"author_id": employee, "version": 1, "text": "Ringte, ingen svarte."}
    task = {"owner_id": employee, "created_by": employee, "version": 1, "title": "Ring", "text": "", "kind": "task", "priority": "normal"}
    task |= {"status": "open", "percent": 0, "is_all_day": False, "rrule": "", "owner_only": False}
    with database.writing() as connection:
        posted = {"ledger": "AR", "account": "1500", "kind": "manual", "posted_on": now.date(), "amount": Decimal(100), "currency": "NOK"}
        load(connection, tables.posting, [EMPTY | whose | posted | {"id": new_id(), "number": 10**9 + n} for n in range(n_postings)])
        load(connection, tables.note, [whose | written | {"id": new_id()} for _ in range(n_notes)])
        load(connection, tables.task, [whose | task | {"id": new_id()} for _ in range(n_tasks)])


def measure_merging(folder: Path) -> None:
    """One merge, and taking it apart, again and again."""
    database = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    crm = Connection(Local(database, user="kari"))
    for name, mix in MIXES.items():
        kept, other = crm.customers.create(name="Beholdes AS"), crm.customers.create(name="Flettes AS")
        fill(database, other, crm.me.id, mix)
        made: list[Any] = []
        asked: dict[str, Any] = {"kind": "customer", "kept_id": kept.id, "merged_id": other.id}
        timed(f"preview: {name}", lambda asked=asked: crm.merges.preview(**asked), 5)
        took: dict[str, list[float]] = {"merge": [], "unmerge": []}
        for _ in range(6):
            start = time.process_time(), time.perf_counter()
            made = [crm.merges.merge(**asked)]
            middle = time.process_time(), time.perf_counter()
            crm.merges.unmerge(id=made[0].id)
            end = time.process_time(), time.perf_counter()
            for what, one, two in (("merge", start, middle), ("unmerge", middle, end)):
                took[what].append(two[1] - one[1])
                note(f"{what}: {name}", f"{two[1] - one[1]:.2f} s, {two[0] - one[0]:.2f} s of processor", "at most 2 s")
        merge = crm.merges.merge(**asked)
        timed(f"ledger of the one that stays: {name}", lambda kept=kept: crm.ledger.open_items(customer_id=kept.id), 5)
        crm.merges.unmerge(id=merge.id)
    database.close()


def measure_finding(folder: Path) -> None:
    """All duplicates of a company: reading what tells them apart, and gathering."""
    database = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    crm = Connection(Local(database, user="kari"))
    for kind in ("customer", "contact"):
        start = time.process_time()
        frame = crm.merges.clues(kind=kind)
        read = time.process_time()
        found = clusters(frame)
        told = f"{read - start:.1f} s to read, {time.process_time() - read:.1f} s to gather, of processor"
        note(f"duplicates among {len(frame)} of kind {kind}", f"{found.cluster.nunique()} groups; {told}")
    database.close()


def row(n: int, **fields: Any) -> Row:
    """One party or person as `crm.merges.clues()` tells of it."""
    made = dict.fromkeys(PLAIN, "") | {"id": f"{n:06d}", "number": n, "is_person": False, "owner_only": False, "created_at": None} | fields
    return made | {"name_key": name_key(made["name"]), "n_filled": sum(bool(made[name]) for name in PLAIN)}


def judge(name: str, rows: list[Row], truth: Iterable[Any]) -> None:
    """Precision and recall of pairs, of all that is proposed and of what is called sure."""
    groups: dict[Any, list[str]] = defaultdict(list)
    for member, group in zip(rows, truth, strict=True):
        groups[group].append(member["id"])
    want, found = pairs(groups.values()), clusters(pd.DataFrame(rows))
    told = []
    for what, part in (("proposed", found), ("sure", found[found.is_sure])):
        got = pairs(members.tolist() for _n, members in part.groupby("cluster").id)
        told.append(f"{what} precision {len(got & want) / max(1, len(got)):.3f}, recall {len(got & want) / len(want):.3f}")
    note(f"{name}: {len(rows)} rows, {len(want)} pairs", "; ".join(told))


def pairs(groups: Iterable[list[str]]) -> set[tuple[str, str]]:
    """Every two of each group."""
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def misspelt(text: str, rng: random.Random) -> str:
    """A name as somebody else writes it: a letter wrong, another legal form, other case, the words the other way round."""
    at = rng.randrange(1, max(2, len(text) - 2))
    ways = (
        text[:at] + text[at + 1 :], text[:at] + text[at : at + 2][::-1] + text[at + 2 :], text.title(),
        text.replace(" AS", " A/S").replace("Å", "AA"), " ".join(reversed(text.split())),
    )  # fmt: skip
    return rng.choice(ways)


def count_on_demo(folder: Path) -> None:
    """Copies of register entities with the name misspelt and something left out, beside all that have no copy."""
    database = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    known = [r | {"n_filled": 0} for r in Connection(Local(database, user="kari")).merges.clues().to_dict("records") if not r["is_person"]]
    database.close()
    rng, rows, truth = random.Random(1), [], []
    for n, party in enumerate(known):
        plain = {name: party[name] for name in (*PLAIN, "name")} | {"owner": ""}
        rows.append(row(2 * n, **plain))
        truth.append(n)
        if rng.random() < 0.2:
            lost = {name: "" for name in ("organisation_number", "phone", "email", "website", "street") if rng.random() < 0.6}
            rows.append(row(2 * n + 1, **(plain | lost | {"name": misspelt(party["name"], rng)})))
            truth.append(n)
    judge("demo company with misspelt copies", rows, truth)


def count_on_public(folder: Path) -> None:
    """The public sets; each as its README says, national numbers left out."""
    for name in ("dataset1", "dataset2"):
        given = list(_read(folder / "febrl" / f"{name}.csv"))
        rows = [
            row(n, name=f"{r['given_name']} {r['surname']}", is_person=True, birth_date=r["date_of_birth"], postal_code=r["postcode"],
                street=f"{r['address_1']} {r['street_number']}")
            for n, r in enumerate(given)
        ]  # fmt: skip
        judge(f"febrl {name}", rows, [r["rec_id"].split("-")[1] for r in given])
    given = list(_read(folder / "splink_fake_1000.csv"))
    rows = [row(n, name=f"{r['first_name']} {r['surname']}", is_person=True, birth_date=r["dob"], email=r["email"]) for n, r in enumerate(given)]
    judge("splink fake_1000", rows, [r["cluster"] for r in given])
    for name in ("50_customers", "100_customers"):
        at = folder / "customer_integration_truth" / name
        one, other = (list(_read(at / f"company_{which}.csv", ";")) for which in ("A_table", "B_table_joined"))
        told = [(r["NAME1"], r["TELF1"].replace(" ", ""), r["SMTP_ADDR"]) for r in one]
        told += [(r["Organization Name"], f"+{r['Country Prefix']}{r['Contact Number']}", r["Email Address"]) for r in other]
        rows = [row(n, name=said[0], phone=said[1], email=said[2]) for n, said in enumerate(told)]
        judge(f"customer_integration {name}", rows, [r["info_internal_id"] for r in (*one, *other)])


def _read(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for record in csv.DictReader(file, delimiter=delimiter, skipinitialspace=True):
            yield {(key or "").strip(): (value or "").strip() for key, value in record.items() if isinstance(value, str | None)}


def main() -> None:
    """Make the companies, measure, count."""
    for scale in (1, 83):
        with tempfile.TemporaryDirectory() as folder:
            make = [sys.executable, "-m", "crm_lab", "demo", "--only-make", "--data", folder, "--scale", str(scale)]
            subprocess.run(make, check=True, capture_output=True)
            measure_finding(Path(folder))
            if scale == 1:
                count_on_demo(Path(folder))
            else:
                measure_merging(Path(folder))
    if sys.argv[1:]:
        count_on_public(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
