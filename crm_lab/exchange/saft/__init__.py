"""SAF-T Financial, the Norwegian standard audit file: read in one pass, and written."""

from __future__ import annotations

from crm_lab.exchange.saft.reader import SaftReader
from crm_lab.exchange.saft.writer import SaftContent, write_saft

__all__ = ["SaftContent", "SaftReader", "write_saft"]
