"""What the company says on its invoices, as it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crm_lab.domain.invoicing import InvoicingSettings
from crm_lab.store import tables

if TYPE_CHECKING:
    from crm_lab.store.records import Work


def settings_of(work: Work) -> InvoicingSettings:
    """What the company says on its invoices."""
    row = next(iter(work.kept(tables.company)), None) or {}
    return msgspec.convert(row.get("invoicing") or {}, InvoicingSettings, strict=False)
