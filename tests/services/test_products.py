"""Products and price lists: numbers, dated prices, files, undo."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from crm_lab.domain.imports import ImportChoices, KnownRows
from crm_lab.domain.products import NumberTaken, PriceSource, Unit
from crm_lab.errors import ChangedMeanwhile, InvalidFields, InvalidInput
from crm_lab.services.check import check
from crm_lab.services.products import ListTaken

FILE = "Varenr;Navn;Enhet;Pris;MVA-kode\r\nH-1;Hammer;stk;249,50;3\r\nT-1;Timer, montør;timer;850;3\r\n;Mel;kg;19,90;31\r\n"


@pytest.fixture
def crm(login):
    return login("kari")


def test_a_product_is_made_found_changed_archived_and_all_of_it_undone(crm, database):
    one = crm.products.create(name="Hammer", name_en="Hammer, steel", price=Decimal("249.50"))
    assert (one.number, one.unit, one.vat_code, one.price) == ("1001", Unit.PIECE, "3", Decimal("249.5000"))
    assert crm.products.create(name="Spiker", number="1002").number == "1002"
    assert crm.products.create(name="Skrue").number == "1003", "1002 is taken"
    assert [p.name for p in crm.products.find(text="ham")] == ["Hammer"] == [p.name for p in crm.products.find(text="steel")]
    assert [p.name for p in crm.products.find(text="100")] == ["Hammer", "Skrue", "Spiker"]
    changed = crm.products.change(id=one.id, version=1, price=Decimal(300))
    assert (changed.price, changed.version) == (Decimal(300), 2)
    with pytest.raises(ChangedMeanwhile):
        crm.products.change(id=one.id, version=1, name="x")
    crm.products.archive(id=one.id, version=2)
    assert crm.products.list().name.tolist() == ["Spiker", "Skrue"] and crm.products.list(archived=True).name.tolist() == ["Hammer"]
    crm.history.undo(request_id=crm.last_request)
    assert crm.products.list().price_e4.tolist() == [3_000_000, 0, 0]
    assert check(database) == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"name": " "}, "name"), ({"vat_code": "99"}, "vat_code"), ({"price": Decimal("1.23456")}, "price"), ({"price": Decimal("NaN")}, "price"), ({"number": "x" * 50}, "number")],
)
def test_what_is_wrong_is_told_at_its_field(crm, fields, field):
    with pytest.raises(InvalidFields) as caught:
        crm.products.create(**({"name": "Hammer"} | fields))
    assert list(caught.value.fields) == [field]
    assert len(crm.products.list()) == 0


def test_a_number_is_given_once(crm):
    one = crm.products.create(name="Hammer", number="h-1")
    with pytest.raises(NumberTaken, match="Hammer"):
        crm.products.create(name="Annen", number="H-1")
    with pytest.raises(InvalidInput):
        crm.products.change(id=one.id, version=1, number="")
    crm.products.archive(id=one.id, version=1)
    crm.products.create(name="Annen", number="H-1")
    with pytest.raises(NumberTaken, match="Annen"):
        crm.products.restore(id=one.id, version=2)


def test_the_newest_price_that_has_begun_applies_and_kroner_is_the_products_own(crm):
    one, engros = crm.products.create(name="Hammer", price=Decimal(100)), crm.products.save_list(name="Engros", discount=Decimal(5))
    euro = crm.products.save_list(name="engros", currency="EUR")
    with pytest.raises(ListTaken):
        crm.products.save_list(name="ENGROS")
    for first, price in ((date(2026, 1, 1), 90), (date(2026, 7, 1), 80)):
        crm.products.set_price(product_id=one.id, price_list_id=engros.id, first_day=first, price=Decimal(price))
    crm.products.set_price(product_id=one.id, price_list_id=euro.id, first_day=date(2026, 1, 1), price=Decimal("9.5"))

    def price(on, name="engros", currency="NOK"):
        found = crm.products.price(id=one.id, price_list=name, currency=currency, on=on)
        return found.price, found.source

    assert price(date(2025, 12, 31)) == (Decimal(100), PriceSource.PRODUCT)
    assert price(date(2026, 6, 30)) == (Decimal(90), PriceSource.LIST)
    assert price(date(2026, 7, 1)) == (Decimal(80), PriceSource.LIST)
    assert price(date(2026, 7, 1), currency="EUR") == (Decimal("9.5"), PriceSource.LIST)
    assert price(date(2026, 7, 1), currency="USD") == (Decimal(0), PriceSource.NONE)
    assert price(date(2026, 7, 1), name="") == (Decimal(100), PriceSource.PRODUCT)
    crm.products.set_price(product_id=one.id, price_list_id=engros.id, first_day=date(2026, 7, 1), price=Decimal(70))
    assert crm.products.prices(product_id=one.id).price_e4.tolist() == [95_000, 700_000, 900_000] or len(crm.products.prices()) == 3
    crm.products.delete_list(id=engros.id, version=1)
    assert price(date(2026, 7, 1)) == (Decimal(100), PriceSource.PRODUCT)
    crm.history.undo(request_id=crm.last_request)
    assert price(date(2026, 7, 1)) == (Decimal(70), PriceSource.LIST)


def test_a_file_of_products_comes_in_is_updated_and_undone(crm):
    done = crm.imports.read("varer.csv", "products", FILE.encode()).run()
    assert (done.n_new, done.n_faulty) == (3, 0)
    assert crm.products.list()[["number", "name", "unit", "price_e4", "vat_code"]].values.tolist() == [
        ["H-1", "Hammer", "C62", 2_495_000, "3"], ["T-1", "Timer, montør", "HUR", 8_500_000, "3"], ["1001", "Mel", "KGM", 199_000, "31"],
    ]  # fmt: skip
    again = crm.imports.read("varer.csv", "products", FILE.encode())
    assert (again.preview().n_new, again.preview().n_known) == (0, 3)
    dearer = crm.imports.read("varer.csv", "products", FILE.replace("850", "900").encode()).run(ImportChoices(known=KnownRows.UPDATE))
    assert (dearer.n_new, dearer.n_updated, dearer.n_known) == (0, 1, 2)
    assert crm.products.find(text="T-1")[0].price == Decimal(900)
    crm.history.undo(request_id=dearer.request_id)
    assert crm.products.find(text="T-1")[0].price == Decimal(850)
    more = crm.imports.read("varer.csv", "products", b"Navn;Pris\r\nSag;10\r\nFil;12\r\n").run()
    crm.history.undo(request_id=more.request_id)
    assert len(crm.products.list()) == 3


def test_faults_are_told_by_row(crm):
    job = crm.imports.read("varer.csv", "products", b"Varenr;Navn;Enhet;Pris\r\n1;;stk;1\r\n2;Sag;dusin;1\r\n3;Fil;stk;mye\r\n4;Bor;stk;5\r\n")
    plan = job.preview()
    assert (plan.n_new, plan.n_faulty) == (1, 3)
    assert [(f.line, f.field) for f in plan.faults] == [(2, "name"), (3, "unit"), (4, "price")]
    assert job.run(ImportChoices(skip_faulty=True)).n_new == 1
