"""SAF-T files in and out: time of each step and the most memory, for 10,000, 100,000 and 500,000 lines.

Run as `python -m benchmarks.saft [lines …]`; the services run in this process, so the memory is theirs too.
Each size is a process of its own, or the memory of the largest would hide in the others.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import IO

from benchmarks.imports import organisation_numbers, timed
from crm_lab.connection import Connection, Local
from crm_lab.saft import export_saft
from crm_lab.services.company import create_company
from crm_lab.store.engine import Database

LINES_A_DEAL = 5
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<AuditFile xmlns="urn:StandardAuditFile-Taxation-Financial:NO"><Header><AuditFileVersion>1.30</AuditFileVersion>
<AuditFileCountry>NO</AuditFileCountry><AuditFileDateCreated>2026-01-05</AuditFileDateCreated>
<SoftwareCompanyName>M</SoftwareCompanyName><SoftwareID>M</SoftwareID><SoftwareVersion>1</SoftwareVersion>
<Company><RegistrationNumber>923609016</RegistrationNumber><Name>Måling AS</Name></Company><DefaultCurrencyCode>NOK</DefaultCurrencyCode>
<SelectionCriteria><PeriodStart>1</PeriodStart><PeriodStartYear>2025</PeriodStartYear><PeriodEnd>12</PeriodEnd>
<PeriodEndYear>2025</PeriodEndYear></SelectionCriteria></Header><MasterFiles><Customers>
"""
PARTY = """<Customer><RegistrationNumber>{number}</RegistrationNumber><Name>Firma {n} AS</Name><Address><StreetName>Gata {n}</StreetName>
<City>Oslo</City><PostalCode>0150</PostalCode><Country>NO</Country><AddressType>StreetAddress</AddressType></Address>
<Contact><ContactPerson><FirstName>K</FirstName><LastName>N</LastName></ContactPerson><Telephone>22{phone:06d}</Telephone>
<Email>post@firma{n}.no</Email></Contact><CustomerID>{n}</CustomerID><BalanceAccount><AccountID>1500</AccountID>
<OpeningDebitBalance>{opening}</OpeningDebitBalance><ClosingDebitBalance>0</ClosingDebitBalance></BalanceAccount></Customer>
"""
DEAL = """<Transaction><TransactionID>F{n}</TransactionID><Period>1</Period><PeriodYear>2025</PeriodYear><TransactionDate>{day}</TransactionDate>
<Description>Faktura {n}</Description><SystemEntryDate>{day}</SystemEntryDate><GLPostingDate>{day}</GLPostingDate>
<Line><RecordID>1</RecordID><AccountID>1500</AccountID><CustomerID>{party}</CustomerID><Description>Faktura {n}</Description>
<DebitAmount><Amount>{gross}</Amount></DebitAmount><ReferenceNumber>{n}</ReferenceNumber><CID>{kid}</CID><DueDate>{due}</DueDate></Line>
<Line><RecordID>2</RecordID><AccountID>3000</AccountID><Description>Faktura {n}</Description><CreditAmount><Amount>{net}</Amount></CreditAmount></Line>
<Line><RecordID>3</RecordID><AccountID>2700</AccountID><Description>Faktura {n}</Description><CreditAmount><Amount>{vat}</Amount></CreditAmount></Line>
</Transaction><Transaction><TransactionID>B{n}</TransactionID><Period>1</Period><PeriodYear>2025</PeriodYear>
<TransactionDate>{due}</TransactionDate><Description>Innbetaling</Description><SystemEntryDate>{due}</SystemEntryDate><GLPostingDate>{due}</GLPostingDate>
<Line><RecordID>1</RecordID><AccountID>1920</AccountID><Description>Innbetaling</Description><DebitAmount><Amount>{gross}</Amount></DebitAmount></Line>
<Line><RecordID>2</RecordID><AccountID>1500</AccountID><CustomerID>{party}</CustomerID><Description>Innbetaling</Description>
<CreditAmount><Amount>{gross}</Amount></CreditAmount><ReferenceNumber>{reference}</ReferenceNumber></Line></Transaction>
"""


def write_file(out: IO[str], n_lines: int) -> None:
    """Invoices of three lines and payments of two; four in five payments name the invoice. A party has about 25 postings."""
    deals, numbers = n_lines // LINES_A_DEAL, organisation_numbers()
    parties = max(10, deals // 12)
    out.write(HEAD)
    for n in range(parties):
        out.write(PARTY.format(n=n, number=next(numbers), phone=n % 1_000_000, opening=n % 1000))
    out.write("</Customers></MasterFiles><GeneralLedgerEntries><NumberOfEntries>0</NumberOfEntries><TotalDebit>0</TotalDebit>")
    out.write("<TotalCredit>0</TotalCredit><Journal><JournalID>1</JournalID><Description>J</Description><Type>GL</Type>")
    for n in range(deals):
        day, net = date(2025, 1, 1) + timedelta(days=n % 330), 1000 + n % 9000
        out.write(
            DEAL.format(
                n=n, day=day, due=day + timedelta(days=14), party=n % parties, gross=net * 1.25, net=net, vat=net / 4, kid=f"{n:09d}",
                reference=n if n % 5 else "",
            )
        )  # fmt: skip
    out.write("</Journal></GeneralLedgerEntries></AuditFile>")


def measure(n_lines: int) -> None:
    """All steps of one file in a company of its own."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "file.xml"
    with path.open("w", encoding="utf-8") as out:
        write_file(out, n_lines)
    database = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    create_company(database, name="Måling AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    crm = Connection(Local(database, user="kari"))
    print(f"\n{n_lines:,} lines, {path.stat().st_size / 1e6:.0f} MB", flush=True)
    job = crm.saft.read(path)
    whole = timed("read and send", job.send) + timed("bring in", lambda: print("  " + job.run().sentence))
    print(f"  {'file to booked, all of it':<36} {whole:7.2f} s             at most 60 s for 500,000", flush=True)
    _tell_memory("most memory so far, at most 1,024 MB")
    again = crm.saft.read(path)
    timed("the same file again", again.run)
    out = folder / "out.xml"
    timed("export of the same year", lambda: export_saft(crm, out, date(2025, 1, 1), date(2025, 12, 31), company_number="923609016"))
    _tell_memory("most memory")
    crm.close()
    shutil.rmtree(folder, ignore_errors=True)


def _tell_memory(name: str) -> None:
    print(f"  {name:<36} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:7.0f} MB", flush=True)


if __name__ == "__main__":
    sizes = [int(arg) for arg in sys.argv[1:]] or [10_000, 100_000, 500_000]
    if len(sizes) == 1:
        measure(sizes[0])
    else:
        for lines in sizes:
            subprocess.run([sys.executable, "-m", "benchmarks.saft", str(lines)], check=True)
