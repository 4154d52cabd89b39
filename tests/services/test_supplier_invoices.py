"""Received invoices: posted once on the right supplier, whoever reads them and however often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.connection import Connection
from crm_lab.domain.ledger import Ledger, PostingKind
from crm_lab.domain.supplier_invoices import NotForUs, NothingToPost
from crm_lab.errors import Forbidden, InvalidInput
from crm_lab.exchange.ubl import NotUbl, write_ubl
from crm_lab.services.company import create_company
from crm_lab.services.customers import RegisteredByColleague
from crm_lab.store.engine import Database
from tests.invoices import BUYER, SELLER, invoice

Login = Callable[[str], Connection]
WHOLE = next(one for one in map(invoice, range(1, 50)) if one.buyer is BUYER and one.currency == "NOK" and not one.credits)


def take(crm: Connection, **changes: object) -> object:
    return crm.supplier_invoices.read("a.xml", write_ubl(replace(WHOLE, **changes)))  # type: ignore[arg-type]


def test_an_unknown_supplier_is_registered_and_owed(login: Login) -> None:
    ingrid = login("ingrid")
    taken = ingrid.supplier_invoices.read("a.xml", write_ubl(WHOLE))
    assert (taken.is_new_supplier, taken.is_known, taken.amount) == (True, False, -WHOLE.payable)
    supplier = login("kari").customers.by_number(number=taken.customer_number)
    assert (supplier.name, supplier.organisation_number, supplier.is_supplier, supplier.is_customer) == (SELLER.name, SELLER.organisation_number, True, False)
    assert supplier.addresses[0].city == SELLER.city
    assert supplier.bank_account == ""
    (row,) = ingrid.ledger.open_items(ledger=Ledger.PAYABLE).to_dict("records")
    assert (row["document_number"], row["kid"], row["amount_minor"], row["due_on"]) == (WHOLE.number, WHOLE.kid, -int(WHOLE.payable * 100), WHOLE.due_on)


def test_the_same_file_twice_is_posted_once_and_may_come_again_when_taken_back(login: Login) -> None:
    ingrid = login("ingrid")
    first = take(ingrid)
    again = take(ingrid)
    assert (again.is_known, again.posting) == (True, first.posting)  # type: ignore[attr-defined]
    take(ingrid, number=f"{WHOLE.number}0")
    assert len(ingrid.ledger.all_items(ledger=Ledger.PAYABLE)) == 2
    ingrid.supplier_invoices.read("b.xml", write_ubl(replace(WHOLE, number="77")))
    ingrid.history.undo(request_id=ingrid.last_request)
    back = ingrid.supplier_invoices.read("b.xml", write_ubl(replace(WHOLE, number="77")))
    assert not back.is_known
    assert len(ingrid.ledger.open_items(ledger=Ledger.PAYABLE)) == 3


def test_a_customer_becomes_a_supplier_too(login: Login) -> None:
    kari, ingrid = login("kari"), login("ingrid")
    known = kari.customers.create(name="Nordlys", organisation_number=SELLER.organisation_number)
    assert take(ingrid).customer_id == known.id  # type: ignore[attr-defined]
    assert kari.customers.get(id=known.id).is_supplier


def test_a_credit_note_goes_the_other_way(login: Login) -> None:
    ingrid = login("ingrid")
    note = next(one for one in map(invoice, range(1, 200)) if one.credits and one.currency == "NOK" and one.buyer is BUYER)
    taken = ingrid.supplier_invoices.read("a.xml", write_ubl(note))
    assert (taken.kind, taken.amount) == (PostingKind.CREDIT_NOTE, note.payable)


def test_what_is_refused_leaves_nothing(login: Login) -> None:
    kari, ingrid, ola = login("kari"), login("ingrid"), login("ola")
    with pytest.raises(Forbidden):
        take(ola)
    with pytest.raises(NothingToPost):
        take(ingrid, paid=WHOLE.totals.gross)
    with pytest.raises(NotUbl):
        ingrid.supplier_invoices.read("a.xml", b"%PDF-1.4")
    settings = kari.invoices.settings()
    kari.invoices.set_settings(settings=replace(settings, organisation_number="974760673"))
    with pytest.raises(NotForUs, match="888888888"):
        take(ingrid)
    kari.invoices.set_settings(settings=replace(settings, closed_until=WHOLE.issued_on))
    with pytest.raises(InvalidInput):
        take(ingrid)
    assert ingrid.ledger.all_items(ledger=Ledger.PAYABLE).empty
    assert kari.customers.count() == 0


def test_a_colleagues_private_supplier_is_not_told_of(login: Login) -> None:
    login("kari").customers.create(name="Hemmelig AS", organisation_number=SELLER.organisation_number, owner_only=True)
    with pytest.raises(RegisteredByColleague) as caught:
        take(login("ingrid"))
    assert "Hemmelig" not in caught.value.message


def test_amounts_of_another_currency_stay_in_it(login: Login) -> None:
    taken = take(login("ingrid"), currency="EUR", rate=Decimal("11.70"))
    assert (taken.currency, taken.amount) == ("EUR", -WHOLE.payable)  # type: ignore[attr-defined]


def test_the_command_reads_many_files_and_tells_of_each(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.xml", tmp_path / "b.xml"
    good.write_bytes(write_ubl(WHOLE))
    bad.write_bytes(b"<a/>")
    database = Database(f"duckdb:///{tmp_path / 'crm.duckdb'}")
    create_company(database, name="Nordlys", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    database.close()
    told = CliRunner().invoke(main, ["import", "invoices", str(good), str(bad), "--data", str(tmp_path)], env={"CRM_USER": "kari"})
    assert told.exit_code == 1
    assert "a.xml: Faktura" in told.output
    assert "b.xml: " in told.output
