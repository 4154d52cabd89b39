"""Electronic invoices: ours break no rule, all examples are read and written again, and what is broken is told at its place."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from crm_lab.domain.invoices import DocumentKind, Invoice
from crm_lab.domain.vat import VatCategory
from crm_lab.exchange.ubl import Finding, NotUbl, Severity, check_ubl, read_ubl, write_ubl
from crm_lab.exchange.ubl.checks import _by_rules
from tests.invoices import BUYER, SELLER, invoice

SHARED = Path(os.environ.get("CRM_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "3_ehf"
shared = pytest.mark.skipif(not SHARED.exists(), reason="the shared test data are not on this machine")
UBL_INVOICE = "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice"


def told(one: Invoice) -> list[Finding]:
    return check_ubl(write_ubl(one))


def test_our_documents_break_no_rule_and_are_read_back() -> None:
    kinds = set()
    for number in range(1, 120):
        made = invoice(number)
        data = write_ubl(made)
        assert check_ubl(data) == [], number
        read = read_ubl(data)
        assert read.differences == ()
        same = {"rate": None, "seller": made.seller, "buyer": made.buyer}
        assert replace(read.invoice, **same) == replace(made, rate=None), number
        kinds.add((made.kind, made.buyer.name, made.currency == "NOK", bool(made.adjustments)))
    assert len(kinds) > 12


BROKEN: list[tuple[dict[str, Any], str, str, int | None]] = [
    ({"buyer_reference": "", "order_reference": ""}, "PEPPOL-EN16931-R003", "buyer_reference", None),
    ({"lines": ()}, "BR-16", "lines", None),
    ({"seller": replace(SELLER, vat_number="", is_registered=False)}, "BR-S-02", "seller", None),
    ({"seller": replace(SELLER, vat_number="NO999999990MVA")}, "NO-R-001", "seller", None),
    ({"seller": replace(SELLER, is_registered=False)}, "NO-R-002", "seller", None),
    ({"buyer": replace(BUYER, organisation_number="888888880")}, "PEPPOL-COMMON-R041", "organisation_number", None),
    ({"buyer": replace(BUYER, organisation_number="")}, "PEPPOL-EN16931-R010", "organisation_number", None),
    ({"currency": "XXY"}, "BR-CL-04", "currency", None),
]


@pytest.mark.parametrize(("changes", "rule", "field", "line"), BROKEN, ids=[rule for _changes, rule, _field, _line in BROKEN])
def test_what_is_missing_is_told_in_norwegian(changes: dict[str, Any], rule: str, field: str, line: int | None) -> None:
    whole = next(one for one in map(invoice, range(1, 50)) if one.buyer is BUYER and one.currency == "NOK" and one.kind is DocumentKind.INVOICE and one.totals.vat)
    assert told(whole) == []
    found = {one.rule: one for one in told(replace(whole, **changes))}
    assert (found[rule].field, found[rule].line) == (field, line)
    assert found[rule].message
    assert (found[rule].severity is Severity.WARNING) == (rule == "NO-R-002")


def test_a_fault_in_a_line_names_the_line() -> None:
    whole = next(one for one in map(invoice, range(1, 50)) if len(one.lines) >= 5 and one.kind is DocumentKind.INVOICE)
    lines = list(whole.lines)
    lines[1] = replace(lines[1], text="")
    lines[3] = replace(lines[3], unit="stk", price=Decimal("-5.00"), adjustments=())
    found = {(one.line, one.field, one.rule) for one in told(replace(whole, lines=tuple(lines)))}
    assert {(2, "text", "BR-25"), (4, "price", "BR-27"), (4, "unit", "BR-CL-23")} <= found


def test_reverse_charge_wants_the_buyers_number() -> None:
    whole = next(one for one in map(invoice, range(1, 200)) if any(line.category is VatCategory.REVERSE_CHARGE for line in one.lines))
    assert told(whole) == []
    bare = replace(BUYER, vat_number="", organisation_number="", endpoint="7080000999996", endpoint_scheme="0088")
    assert "BR-AE-02" in {one.rule for one in told(replace(whole, buyer=bare))}


def test_a_quote_is_no_invoice() -> None:
    with pytest.raises(ValueError, match="quote"):
        write_ubl(replace(invoice(1), kind=DocumentKind.QUOTE))


def test_of_unknown_rules_only_the_form_is_checked() -> None:
    data = write_ubl(invoice(1)).replace(b"urn:cen.eu:en16931:2017", b"urn:www.example.org:1.0").replace(b"poacc:billing:3.0</cbc:Cust", b"x</cbc:Cust")
    assert [(one.rule, one.severity) for one in check_ubl(data)] == [("CustomizationID", Severity.WARNING)]
    broken = data.replace(b"<cbc:DocumentCurrencyCode>", b"<cbc:Nothing/><cbc:DocumentCurrencyCode>")
    assert check_ubl(broken)[0].rule == "UBL-2.1"


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;</a>'
FETCH = b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>'


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.4", b"<Invoice/>", b"<a><b></a>", BOMB, FETCH, write_ubl(invoice(1))[:900], write_ubl(invoice(1)).replace(b"<cbc:IssueDate>2026", b"<cbc:IssueDate>x026"),
     write_ubl(invoice(1)).replace(b'currencyID="NOK">', b'currencyID="NOK">NaN'), "ø".encode("utf-16")],
)  # fmt: skip
def test_what_is_no_invoice_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(NotUbl) as caught:
        read_ubl(data)
    assert caught.value.message.endswith(".")


def test_a_wrong_kid_and_sums_below_zero_are_taken_as_they_stand() -> None:
    whole = next(one for one in map(invoice, range(1, 50)) if one.kind is DocumentKind.INVOICE)
    below = replace(whole, kid="1234567", lines=tuple(replace(line, quantity=-line.quantity, adjustments=()) for line in whole.lines), adjustments=())
    read = read_ubl(write_ubl(below))
    assert (read.invoice.kid, read.invoice.kind) == ("1234567", DocumentKind.INVOICE)
    assert read.payable < 0


@shared
def test_the_official_examples_are_read_and_written_again() -> None:
    paths = [*SHARED.glob("peppol_bis_examples/*.xml"), *SHARED.glob("peppol_bis_examples/NO/*.xml"), *SHARED.glob("ehf_examples/anskaffelser_g3/ehf-*.xml")]
    assert len(paths) >= 12
    for path in paths:
        read = read_ubl(path.read_bytes())
        assert read.differences == (), path.name
        assert read_ubl(write_ubl(read.invoice)).invoice == read.invoice, path.name
        assert [one for one in check_ubl(path.read_bytes()) if one.severity is Severity.FATAL] == [], path.name


@shared
def test_the_official_norwegian_example_says_what_it_says() -> None:
    read = read_ubl((SHARED / "peppol_bis_examples/NO/Norwegian-example-1.xml").read_bytes())
    assert (read.invoice.number, read.payable, read.vat, read.invoice.currency) == ("TOSL108", Decimal("802.00"), Decimal("365.28"), "NOK")
    assert (read.invoice.due_on, read.invoice.order_reference, len(read.invoice.lines)) == (date(2013, 7, 20), "123", 5)


@shared
def test_peppols_own_tests_of_its_rules() -> None:
    n = 0
    for path in sorted(SHARED.glob("peppol_rule_unit_tests/*.x*")):
        for case in etree.parse(path).getroot().iter("{*}test"):
            document = case.find(UBL_INVOICE)
            if document is None:
                continue
            found = {one.rule for one in _by_rules(etree.tostring(document), "PEPPOL-EN16931-UBL")}
            for wanted in case.find("{*}assert"):
                if not isinstance(wanted.tag, str):
                    continue
                kind, rule = etree.QName(wanted).localname, (wanted.text or "").strip()
                if kind in {"success", "error", "warning", "fatal"}:
                    n += 1
                    assert (rule in found) == (kind != "success"), (path.name, rule, kind)
    assert n > 100
