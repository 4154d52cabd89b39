"""How long the warning of doubles takes, over the store's socket: `python -m benchmarks.duplicates [FOLDER …]`.

Without folders it makes demo companies of 10,000, 100,000 and 300,000 parties (and 1.6 times as many contacts).
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.timing import timed
from crm_lab.connection import Connection, Remote
from tests.company import serve

if TYPE_CHECKING:
    from collections.abc import Callable

SCALES = (8, 83, 249)
LIMIT = "p95 at most 30 for 100,000 parties"


def mistyped(text: str, rng: random.Random) -> str:
    """The text with two neighbouring letters swapped."""
    at = rng.randrange(1, max(2, len(text) - 2))
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def measure(data: Path) -> None:
    """A form as it fills up: name, then more; and the same for a contact."""
    rng = random.Random(1)
    with serve(data) as served:
        crm = Connection(Remote(served.socket, user="kari"))
        n = crm.customers.count()
        crm.search.find(text="nord")  # waits for the search index, which a store makes when it starts
        customers, contacts = crm.customers.list().sample(200, random_state=1), crm.contacts.list().sample(200, random_state=1)
        parties, persons = iter(customers.to_dict("records") * 4), iter(contacts.to_dict("records") * 4)

        def typed(ask: Callable[..., object], fill: Callable[[dict[str, str]], dict[str, object]], rows: object) -> Callable[[], object]:
            return lambda: ask(**fill(next(rows)))  # type: ignore[call-overload]

        forms = {
            "name, mistyped": (crm.customers.duplicates, lambda r: {"name": mistyped(r["name"], rng)}, parties),
            "the whole form": (
                crm.customers.duplicates,
                lambda r: {
                    "name": mistyped(r["name"], rng), "organisation_number": r["organisation_number"], "phone": r["phone"],
                    "mobile": "41234567", "email": r["email"], "website": "www.nordlys.no", "bank_account": "86011117947",
                },
                parties,
            ),
            "contact": (
                crm.contacts.duplicates,
                lambda r: {"first_name": r["first_name"], "last_name": mistyped(r["last_name"], rng), "mobile": r["phone"], "email": r["email"]},
                persons,
            ),
        }  # fmt: skip
        for name, (ask, fill, rows) in forms.items():
            timed(f"duplicates, {n} parties: {name}", typed(ask, fill, rows), 150, LIMIT)
        crm.close()


def main() -> None:
    """Measure the companies in the folders named, or make them."""
    if sys.argv[1:]:
        for folder in sys.argv[1:]:
            measure(Path(folder))
        return
    for scale in SCALES:
        with tempfile.TemporaryDirectory() as folder:
            make = [sys.executable, "-m", "crm_lab", "demo", "--only-make", "--data", folder, "--scale", str(scale)]
            subprocess.run(make, check=True, capture_output=True)
            measure(Path(folder))


if __name__ == "__main__":
    main()
