"""SAF-T Financial, the Norwegian standard audit file: read in one pass, and written."""

from __future__ import annotations

from crm_lab.exchange.saft.reader import SaftReader


__all__ = ["SaftReader"]
