"""Reports people send and print: from frames to Excel, HTML or PDF, in the language in force."""

from __future__ import annotations

from crm_lab.reports.layout import Form, Report
from crm_lab.reports.ledger import ageing_report, open_items_report, reminders_report, statement

__all__ = ["Form", "Report", "ageing_report", "open_items_report", "reminders_report", "statement"]
