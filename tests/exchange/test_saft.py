"""SAF-T files: what is read of them, what is refused, and that what we write is valid and reads back as it was."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from crm_lab.domain.ledger import Ledger, PostingKind
from crm_lab.domain.saft import NotSaft, SaftLine, kind_of
from crm_lab.exchange.saft import SaftContent, SaftReader, write_saft
from crm_lab.exchange.saft.writer import RateMissing

SCHEMA = etree.XMLSchema(file=str(Path(__file__).parent / "saft/Norwegian_SAF-T_Financial_Schema_v_1.30.xsd"))
NO = "urn:StandardAuditFile-Taxation-Financial:NO"
HEADER = """<Header><AuditFileVersion>1.30</AuditFileVersion><AuditFileCountry>{country}</AuditFileCountry>
<AuditFileDateCreated>2026-02-01</AuditFileDateCreated><Company><RegistrationNumber>923609016</RegistrationNumber><Name>Vår AS</Name></Company>
<DefaultCurrencyCode>NOK</DefaultCurrencyCode><SelectionCriteria>{criteria}</SelectionCriteria></Header>"""
MONTHS = "<PeriodStart>1</PeriodStart><PeriodStartYear>2025</PeriodStartYear><PeriodEnd>{end}</PeriodEnd><PeriodEndYear>2025</PeriodEndYear>"


def file(body: str = "", *, namespace: str = NO, country: str = "NO", criteria: str = MONTHS.format(end=12), before: str = "") -> io.BytesIO:
    text = f'{before}<AuditFile xmlns="{namespace}">{HEADER.format(country=country, criteria=criteria)}{body}</AuditFile>'
    return io.BytesIO(text.encode())


def entries(*lines: str) -> str:
    return (
        "<GeneralLedgerEntries><Journal><JournalID>J</JournalID><Transaction><TransactionID>7</TransactionID>"
        f"<TransactionDate>2025-03-04</TransactionDate><Description>Om</Description>{''.join(lines)}</Transaction></Journal></GeneralLedgerEntries>"
    )


def line(account: str, party: str, side: str, amount: str, more: str = "") -> str:
    return f"<Line><RecordID>1</RecordID><AccountID>{account}</AccountID>{party}<{side}Amount><Amount>{amount}</Amount></{side}Amount>{more}</Line>"


CUSTOMER, SUPPLIER = "<CustomerID>12</CustomerID>", "<SupplierID>12</SupplierID>"


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (file(namespace="urn:StandardAuditFile-Taxation-Financial:DK"), "DK"),
        (file(namespace="urn:OECD:StandardAuditFile-Tax:PT_1.04_01"), "PT"),
        (file(namespace="", country="SE"), "SE"),
        (file(before='<!DOCTYPE x [<!ENTITY a "b">]>'), "DTD"),
        (io.BytesIO(b"<Invoice/>"), "Invoice"),
        (io.BytesIO(b"<AuditFile/>"), "hode"),
        (io.BytesIO(b""), "hode"),
        (io.BytesIO(b"Navn;Org.nr\nA;1"), "SAF-T"),
        (io.BytesIO(b"PK\x03\x04"), "SAF-T"),
    ],
)
def test_other_files_are_refused_at_once(stream: io.BytesIO, reason: str) -> None:
    with pytest.raises(NotSaft, match=reason):
        SaftReader(stream)


@pytest.mark.parametrize("namespace", [NO, ""])
def test_the_namespace_may_be_missing(namespace: str) -> None:
    assert SaftReader(file(namespace=namespace)).header.company_name == "Vår AS"


@pytest.mark.parametrize(
    ("criteria", "first", "last"),
    [
        (MONTHS.format(end=2), date(2025, 1, 1), date(2025, 2, 28)),
        (MONTHS.format(end=13), date(2025, 1, 1), date(2025, 12, 31)),
        ("<SelectionStartDate>2025-02-03</SelectionStartDate><SelectionEndDate>2025-02-04</SelectionEndDate>", date(2025, 2, 3), date(2025, 2, 4)),
        ("", date(2026, 1, 1), date(2026, 2, 1)),
    ],
)
def test_the_period(criteria: str, first: date, last: date) -> None:
    header = SaftReader(file(criteria=criteria)).header
    assert (header.first_day, header.last_day) == (first, last)


def read(body: str) -> tuple[SaftReader, list[SaftLine]]:
    reader = SaftReader(file(body))
    return reader, [found for piece in reader.pieces() for found in piece.lines]


def test_lines_of_parties_are_read_and_others_added_up() -> None:
    more = "<ReferenceNumber>F1</ReferenceNumber><CID>123455</CID><DueDate>2025-04-01</DueDate>"
    reader, (found,) = read(entries(line("1500", CUSTOMER, "Debit", "125.50", more), line("3000", "", "Credit", "100"), line("1500", "", "Debit", "1")))
    assert (found.ledger, found.code, found.amount, found.posted_on) == (Ledger.RECEIVABLE, "12", Decimal("125.50"), date(2025, 3, 4))
    assert (found.reference, found.kid, found.due_on, found.text, found.kind) == ("F1", "123455", date(2025, 4, 1), "Om", PostingKind.INVOICE)
    assert {d.what: (d.says, d.found) for d in reader.sums.differences()} == {"Konto 1500, poster uten kunde eller leverandør": (0, 1)}


def test_a_bad_date_is_told_and_bad_money_stops_the_file() -> None:
    reader, (found,) = read(entries(line("1500", CUSTOMER, "Debit", "1", "<DueDate>snart</DueDate>")))
    assert (found.due_on, [w.field for w in reader.warnings]) == (None, ["DueDate"])
    with pytest.raises(NotSaft, match="tolv"):
        read(entries(line("1500", CUSTOMER, "Debit", "tolv")))


def test_a_file_that_breaks_off_is_told() -> None:
    whole = file(entries(line("1500", CUSTOMER, "Debit", "1"))).getvalue()
    with pytest.raises(NotSaft):
        list(SaftReader(io.BytesIO(whole[:-40])).pieces())


@pytest.mark.parametrize(
    ("amount", "ledger", "text", "accounts", "kind"),
    [
        (1, Ledger.RECEIVABLE, "", {"1500", "3000", "2700"}, PostingKind.INVOICE),
        (-1, Ledger.RECEIVABLE, "", {"1500", "1920"}, PostingKind.PAYMENT),
        (1, Ledger.RECEIVABLE, "", {"1500", "1920"}, PostingKind.REFUND),
        (-1, Ledger.RECEIVABLE, "", {"1500", "3000"}, PostingKind.CREDIT_NOTE),
        (-1, Ledger.RECEIVABLE, "Kreditnota 3", {"1500"}, PostingKind.CREDIT_NOTE),
        (-1, Ledger.PAYABLE, "", {"2400", "6300"}, PostingKind.INVOICE),
        (1, Ledger.PAYABLE, "", {"2400", "1920"}, PostingKind.PAYMENT),
        (1, Ledger.PAYABLE, "", {"2400"}, PostingKind.MANUAL),
    ],
)
def test_what_a_posting_is(amount: int, ledger: Ledger, text: str, accounts: set[str], kind: PostingKind) -> None:
    assert kind_of(Decimal(amount), ledger, text, accounts) is kind


DAYS = st.dates(date(2025, 1, 1), date(2025, 12, 31))
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=30)
POSTINGS = st.builds(
    dict,
    ledger=st.sampled_from(Ledger), code=st.sampled_from(["10001", "10002"]), account=st.sampled_from(["1500", "2400", "1510"]),
    kind=st.sampled_from(PostingKind), amount=st.integers(-(10**12), 10**12).filter(bool).map(lambda ore: Decimal(ore).scaleb(-2)), posted_on=DAYS,
    due_on=st.none() | DAYS, document_number=st.from_regex(r"[0-9A-Z-]{0,30}", fullmatch=True), voucher=st.just(""),
    kid=st.from_regex(r"[0-9]{0,25}", fullmatch=True), text=WORDS, currency=st.just("NOK"), match_number=st.none() | st.integers(1, 9),
)  # fmt: skip


def content(postings: list[dict[str, Any]], first: date) -> SaftContent:
    named = {(p["ledger"], p["code"]) for p in postings}
    parties = [{"ledger": ledger, "code": code, "name": f"Part {code} ÆØÅ & <Sønn>"} for ledger, code in sorted(named)]
    return SaftContent(
        company_name="Vår AS", company_number="923609016", first_day=first, last_day=date(2025, 12, 31), created_on=date(2026, 1, 2),
        software_version="1", parties=parties, postings=[p | {"number": n} for n, p in enumerate(postings, 1)],
    )  # fmt: skip


@given(st.lists(POSTINGS, max_size=12), DAYS)
def test_what_we_write_is_valid_and_reads_back_as_it_was(postings: list[dict[str, Any]], first: date) -> None:
    out = io.BytesIO()
    write_saft(out, content(postings, first))
    SCHEMA.assertValid(etree.fromstring(out.getvalue()))
    reader = SaftReader(io.BytesIO(out.getvalue()))
    pieces = list(reader.pieces())
    told = [found for piece in pieces for found in piece.lines]
    later = [p for p in postings if p["posted_on"] >= first]
    names = ("ledger", "code", "account", "kind", "amount", "posted_on", "due_on", "kid")
    assert [tuple(getattr(found, n) for n in names) for found in told] == [tuple(p[n] for n in names) for p in later]
    assert reader.sums.differences() == ()
    opened = sum((b.opening for piece in pieces for party in piece.parties for b in party.balances), Decimal(0))
    assert opened == sum((p["amount"] for p in postings if p["posted_on"] < first), Decimal(0))


def test_another_currency_needs_a_rate() -> None:
    euro = {
        "ledger": Ledger.RECEIVABLE, "code": "1", "account": "1500", "kind": "invoice", "amount": Decimal("-10.00"), "posted_on": date(2025, 5, 5),
        "due_on": None, "document_number": "", "voucher": "", "kid": "", "text": "", "currency": "EUR", "match_number": None,
    }  # fmt: skip
    made, out = content([euro], date(2025, 1, 1)), io.BytesIO()
    with pytest.raises(RateMissing, match="EUR"):
        write_saft(out, made)
    assert out.getvalue() == b""
    made.rates["EUR"] = Decimal("11.505")
    write_saft(out, made)
    SCHEMA.assertValid(etree.fromstring(out.getvalue()))
    (found,) = [found for piece in SaftReader(io.BytesIO(out.getvalue())).pieces() for found in piece.lines]
    assert (found.amount, found.own_amount, found.own_currency) == (Decimal("-115.05"), Decimal("-10.00"), "EUR")
