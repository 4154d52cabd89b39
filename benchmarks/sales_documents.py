"""Invoices: sums of a long draft, PDF, EHF made and checked, and 1,000 documents of all kinds that must break no rule.

Run as `python -m benchmarks.sales_documents`.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.timing import note, timed
from crm_lab.domain.invoices import totals_of
from crm_lab.exchange.ubl import check_ubl, write_ubl
from crm_lab.reports.invoices import invoice_pdf
from tests.invoices import invoice

DOCUMENTS, LONG = 1000, 200


def main() -> None:
    """All figures."""
    made = next(one for one in map(invoice, range(1, 100)) if len(one.lines) == 20)
    lines = made.lines * (LONG // len(made.lines))
    timed(f"sums of {LONG} lines", lambda: totals_of(lines), 100, "at most 50 for a change in the browser")
    timed("PDF of 20 lines", lambda: invoice_pdf(made), 20, "at most 500")
    timed(f"PDF of {LONG} lines", lambda: invoice_pdf(replace(made, lines=lines)), 5)
    timed("EHF made and checked, 20 lines", lambda: check_ubl(write_ubl(made)), 30, "at most 300 after warm-up")
    timed(f"EHF made and checked, {LONG} lines", lambda: check_ubl(write_ubl(replace(made, lines=lines))), 10)
    findings = [one for n in range(1, DOCUMENTS + 1) for one in check_ubl(write_ubl(invoice(n)))]
    note(f"findings in {DOCUMENTS:,} documents", str(len(findings)), "0 fatal")


if __name__ == "__main__":
    main()
