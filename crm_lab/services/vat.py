"""VAT codes: what sales are taxed by, from `data/reference/vat_codes.csv`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

from crm_lab.domain.vat import VatCategory, VatCode
from crm_lab.services.actions import Service, reads
from crm_lab.services.reference import reference


class Vat(Service):
    """The VAT codes of sales."""

    @reads()
    def codes(self, *, on: date) -> list[VatCode]:
        """The codes that apply on a day."""
        return [one for one in vat_codes() if one.first_day <= on and (one.last_day is None or on <= one.last_day)]


@cache
def codes_of_sales() -> frozenset[str]:
    """The codes alone."""
    return frozenset(one.code for one in vat_codes())


@cache
def vat_codes() -> tuple[VatCode, ...]:
    """Every code for each time its rate applied."""
    return tuple(
        VatCode(
            code=row["code"], first_day=date.fromisoformat(row["first_day"]), last_day=date.fromisoformat(row["last_day"]) if row["last_day"] else None,
            rate=Decimal(row["rate"]), category=VatCategory(row["category"]), source=row["source"],
        )
        for row in reference("vat_codes.csv")
    )  # fmt: skip
