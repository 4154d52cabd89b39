"""The SAF-T screen without a browser: a file is looked at, brought in, taken back; the own ledgers go out and are valid."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from lxml import etree

from tests.exchange.test_saft import CUSTOMER, entries, file, line

SCHEMA = Path(__file__).parents[1] / "exchange/saft/Norwegian_SAF-T_Financial_Schema_v_1.30.xsd"
MASTER = (
    "<MasterFiles><Customers><Customer><Name>Fjord AS</Name><Contact><ContactPerson><FirstName>Ola</FirstName><LastName>Nordmann</LastName>"
    "</ContactPerson><Telephone>22334455</Telephone></Contact><CustomerID>12</CustomerID></Customer></Customers></MasterFiles>"
)


@pytest.fixture
def screen(app):
    app.go("imports/saft")
    return app.main.children[0]


def data():
    return file(MASTER + entries(line("1500", CUSTOMER, "Debit", "100.00"), line("1500", "", "Debit", "5.00"))).read()


def test_a_file_is_looked_at_brought_in_and_taken_back(app, crm, screen):
    screen._file("fil.xml", data())
    assert screen.steps.data["step"] == "preview"
    assert "away" in screen.upload._dom_classes and screen.steps.layout.display is None, "the rest of the page stays"
    assert "uten" in screen.steps.html
    assert "saft-differences" in screen.steps.html
    assert crm.ledger.all_items().empty
    screen.steps.act("run")
    assert crm.ledger.all_items().amount_minor.tolist() == [10000]
    (card,) = crm.contacts.list().id
    person = crm.contacts.get(id=UUID(card))
    assert (person.display_name, person.roles[0].phone) == ("Ola Nordmann", "+4722334455")
    screen.steps.act("undo")
    assert screen.steps.data["step"] == "choose"
    assert crm.ledger.ageing().empty


def test_another_countrys_file_is_refused_at_once(crm, screen):
    screen._file("fil.xml", file(country="SE").read())
    assert "SE" in screen.steps.data["problem"]
    screen._file("fil.xml", b"<x/>")
    assert screen.steps.data["step"] == "choose"
    screen.steps.act("run")
    assert crm.ledger.all_items().empty


def test_the_ledgers_go_out_and_are_valid(handed, crm, acme, screen):
    crm.ledger.post(customer_id=acme.id, kind="invoice", amount=Decimal("12.50"), posted_on=date(2026, 1, 5), document_number="1")
    screen.export.act("save", values={"company_number": "1", "first": "1.1.2026", "last": "x"})
    assert set(screen.export.errors) == {"company_number", "last"}
    screen.export.act("save", values={"company_number": "923609016", "first": "1.1.2026", "last": "31.12.2026", "contact": "Kari Nordmann", "phone": "22334455"})
    (made,) = handed.values()
    etree.XMLSchema(file=str(SCHEMA)).assertValid(etree.fromstring(made))
