"""Reference data: facts of the country that somebody else keeps. Sources: `data/reference/README.md`."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path


def reference(name: str) -> list[dict[str, str]]:
    """The rows of a file of reference data."""
    with shipped("reference", name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shipped(folder: str, name: str) -> Path:
    """A file that comes with us: in a checkout below `data`, in an installed package inside it."""
    checkout = Path(__file__).parents[2] / "data" / folder / name
    return checkout if checkout.exists() else Path(str(files("crm_lab"))) / "data" / folder / name
