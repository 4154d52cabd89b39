"""Places: what belongs to a Norwegian postcode. Source: `data/reference/README.md`."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from pathlib import Path

from crm_lab.domain.places import Place
from crm_lab.services.actions import Service, reads


class Places(Service):
    """The places of Norway, by postcode."""

    @reads()
    def find(self, *, postal_code: str) -> Place | None:
        """The place of a postcode, None where there is none."""
        return _places().get("".join(postal_code.split()))


@cache
def _places() -> dict[str, Place]:
    with _source().open(encoding="utf-8", newline="") as file:
        return {
            row["postal_code"]: Place(postal_code=row["postal_code"], city=row["city"], municipality=row["municipality"])
            for row in csv.DictReader(file)
        }


def _source() -> Path:
    """The register: in a checkout `data/reference`, in an installed package inside it."""
    checkout = Path(__file__).parents[2] / "data" / "reference" / "postal_codes.csv"
    return checkout if checkout.exists() else Path(str(files("crm_lab"))) / "data" / "reference" / "postal_codes.csv"
