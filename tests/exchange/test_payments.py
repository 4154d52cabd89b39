"""Files of payments: what banks and Nets write, and what is broken in it."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.payments import Payment, PaymentFault, PaymentFormat, bare_account, one_by_one
from crm_lab.domain.values import Money
from crm_lab.exchange.payments import read_payments
from crm_lab.exchange.sheets import Unreadable

DATA = Path(__file__).parents[1] / "data/payments"
SHARED = Path(__file__).parents[3] / "shared/data/4_payments"
shared = pytest.mark.skipif(not SHARED.exists(), reason="the shared test data are not on this machine")
TRUTH = list(csv.DictReader((DATA / "TRUTH_payments.csv").open(encoding="utf-8"), delimiter=";"))
DETAILS = ["camt.054.001.02.xml", "camt.054.001.08.xml"]


def told(data: bytes) -> tuple[list[Payment], list[PaymentFault]]:
    lines = [line for one in read_payments(data)[1] for line in one_by_one(one, "rest")]
    return [x for x in lines if isinstance(x, Payment)], [x for x in lines if isinstance(x, PaymentFault)]


def facts(payment: Payment) -> tuple[str, Decimal, str, str]:
    return payment.posted_on.isoformat(), payment.money.amount, payment.kid.lstrip("0"), payment.payer_account


def truth(*, in_ocr: bool) -> list[tuple[str, Decimal, str, str]]:
    return sorted((r["date"], Decimal(r["amount"]), r["kid"], r["payer_account"]) for r in TRUTH if r["in_ocr"] == "yes" or not in_ocr)


@pytest.mark.parametrize("name", DETAILS)
def test_all_26_payments_are_in_camt_054(name: str) -> None:
    payments, faults = told((DATA / name).read_bytes())
    assert (sorted(map(facts, payments)), faults) == (truth(in_ocr=False), [])
    assert [p.instructed for p in payments if p.instructed] == [Money(Decimal(1000), "EUR")]
    assert [p.payer_name for p in payments if p.is_reversal] == ["Angrer AS"]
    assert {p.account for p in payments} == {"99970861722"}


def test_those_with_kid_are_in_ocr() -> None:
    kind, _lines = read_payments((DATA / "ocr.txt").read_bytes())
    payments, faults = told((DATA / "ocr.txt").read_bytes())
    assert kind is PaymentFormat.OCR
    assert (sorted(map(facts, payments)), faults) == (truth(in_ocr=True), [])
    assert [p.money.amount for p in payments if p.is_reversal] == [Decimal("-1994.25")]


def test_the_same_money_is_the_same_in_every_file() -> None:
    ocr, two, eight = ({p.same_money for p in told((DATA / name).read_bytes())[0]} for name in ("ocr.txt", *DETAILS))
    assert two == eight
    assert ocr < two
    assert len(two) == 26


def test_lump_sums_come_to_their_details() -> None:
    lumps = [p for p in read_payments((DATA / DETAILS[0]).read_bytes())[1] if isinstance(p, Payment) and p.is_lump_sum]
    assert [(len(p.details), p.rest) for p in lumps] == [(13, 0), (8, 0), (3, 0)]
    statement = [p for p in told((DATA / "camt.053.001.02.xml").read_bytes())[0] if p.money.amount > 0]
    assert all(p.is_lump_sum and not p.details for p in statement)
    details = [p.money.amount for p in told((DATA / DETAILS[0]).read_bytes())[0] if p.money.amount > 0]
    assert sum(p.money.amount for p in statement) == sum(details)


def test_what_details_leave_over_is_money_too() -> None:
    data = (DATA / DETAILS[0]).read_bytes().replace(b'<Ntry><Amt Ccy="NOK">8157.88</Amt>', b'<Ntry><Amt Ccy="NOK">8160.00</Amt>')
    payments, _faults = told(data)
    assert [(p.money.amount, p.payer_name) for p in payments if p.text == "rest"] == [(Decimal("2.12"), "")]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("000000000000532815", "00000000000x532815", 3),
        ("NY0910300000001170926", "NY0910300000001320926", 3),
        ("NY091430000000217", "NX091430000000217", 5),
        ("000000004001565", "000000004001566", 29),
    ],
    ids=["amount", "date", "record", "control sum"],
)
def test_a_broken_line_of_ocr_is_told_and_the_rest_read(old: str, new: str, line: int) -> None:
    text = (DATA / "ocr.txt").read_text("iso-8859-1")
    assert text.count(old) >= 1
    payments, faults = told(text.replace(old, new, 1).encode("iso-8859-1"))
    assert faults[0].line == line
    assert len(payments) >= 16


def test_a_file_that_was_cut_off_says_so() -> None:
    lines = (DATA / "ocr.txt").read_bytes().splitlines(keepends=True)
    payments, faults = told(b"".join(lines[:10]))
    assert (len(payments), len(faults)) == (4, 1)
    xml = (DATA / DETAILS[0]).read_bytes()
    payments, faults = told(xml[: len(xml) // 2])
    assert len(faults) == 1


def test_a_broken_amount_in_camt_is_told_with_its_line() -> None:
    data = (DATA / DETAILS[0]).read_bytes().replace(b">3083.84<", b">3O83.84<")
    payments, faults = told(data)
    assert [f.line for f in faults] == [6]
    assert "3O83.84" in faults[0].reason
    assert sum((p.money.amount for p in payments), Decimal(0)) == sum(Decimal(r["amount"]) for r in TRUTH)  # its rest is kept


@pytest.mark.parametrize("version", ["02", "03", "04", "05", "06", "07", "08", "12"])
def test_any_version_is_read(version: str) -> None:
    data = (DATA / DETAILS[1]).read_bytes().replace(b"camt.054.001.08", f"camt.054.001.{version}".encode())
    assert len(told(data)[0]) == 26
    assert len(told(data.replace(f' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.{version}"'.encode(), b""))[0]) == 26


def test_entities_are_refused_and_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hemmelig")
    data = (DATA / DETAILS[0]).read_text(encoding="utf-8")
    head = f'<!DOCTYPE Document [<!ENTITY x SYSTEM "file://{secret}">]>'
    with pytest.raises(Unreadable):
        read_payments(data.replace("<Document", head + "<Document", 1).replace("Bølgen Transport AS", "&x;").encode())


@pytest.mark.parametrize("data", [b"", b"a;b\r\n1;2\r\n", b"\x00" * 100, b"NY000010", b"<Document/>"])
def test_what_is_no_payment_file_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_payments(data)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    ocr = (DATA / "ocr.txt").read_bytes()[:400] + data
    assert [line for line in read_payments(ocr)[1] if not isinstance(line, Payment | PaymentFault)] == []


def test_accounts_are_compared_by_their_digits() -> None:
    assert bare_account("NO93 8601 1117 947") == bare_account("8601.11.17947") == "86011117947"
    assert bare_account("DK50 0040") == "DK500040"


@shared
def test_samples_of_other_banks_are_read() -> None:
    found = {}
    for path in sorted((SHARED / "camt").rglob("*.xml")):
        try:
            payments, faults = told(path.read_bytes())
        except Unreadable:
            continue
        found[path.name] = (len(payments), len(faults))
    assert found["camt053_garbled_amount.xml"] == (0, 1)
    assert found["camt053_no_namespace.xml"] == (1, 0)
    assert found["camt053.v2.multi.statement.xml"] == (2, 0)
    assert found["valid_example_v4.xml"] == (32, 0)
    assert len(found) >= 25


@shared
def test_the_sample_of_nets_is_read() -> None:
    payments, faults = told((SHARED / "ocr_giro/ocr_giro_transactions.txt").read_bytes())
    assert (len(payments), faults) == (20, [])
    assert (payments[0].kid, payments[0].text, payments[0].posted_on) == ("0000531", "Foo bar baz", date(1992, 1, 20))
    assert sum(p.money.amount for p in payments) == Decimal("51449.00")
    with pytest.raises(Unreadable):
        read_payments((SHARED / "ocr_giro/avtalegiro_agreements.txt").read_bytes())
