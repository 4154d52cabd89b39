"""Places: what belongs to a Norwegian postcode. Source: `data/reference/README.md`."""

from __future__ import annotations

from functools import cache

from crm_lab.domain.places import Place
from crm_lab.services.actions import Service, reads
from crm_lab.services.reference import reference


class Places(Service):
    """The places of Norway, by postcode."""

    @reads()
    def find(self, *, postal_code: str) -> Place | None:
        """The place of a postcode, None where there is none."""
        return _places().get("".join(postal_code.split()))


@cache
def _places() -> dict[str, Place]:
    rows = reference("postal_codes.csv")
    return {row["postal_code"]: Place(postal_code=row["postal_code"], city=row["city"], municipality=row["municipality"]) for row in rows}
