"""Electronic invoices: Peppol BIS Billing 3.0 (in Norway EHF 3.0) as UBL 2.1, written, read and checked without asking anybody."""

from crm_lab.exchange.ubl.checks import Finding, Severity, check_ubl
from crm_lab.exchange.ubl.reader import NotUbl, ReadInvoice, read_ubl
from crm_lab.exchange.ubl.writer import write_ubl

__all__ = ["Finding", "NotUbl", "ReadInvoice", "Severity", "check_ubl", "read_ubl", "write_ubl"]
