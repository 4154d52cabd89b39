"""Products without a browser: the list, the form with its prices, and the price lists."""

from __future__ import annotations

from decimal import Decimal

from crm_lab.widgets.products import PriceLists, ProductForm, ProductList


def show(app, path, screen):
    app.go(path)
    shown = app.main.children[0]
    assert isinstance(shown, screen)
    return shown


def test_a_product_is_written_priced_archived_and_brought_back(app, crm):
    lists = show(app, "products/lists", PriceLists)
    lists.act("save", values={"name": " ", "currency": "kroner", "discount": "110"})
    assert set(lists.data["errors"]) == {"name", "currency", "discount"}
    lists.act("save", values={"name": "Engros", "currency": "nok", "discount": "5"})
    assert "Engros" in lists.html and crm.products.price_lists()[0].discount == Decimal(5)
    form = show(app, "products/new", ProductForm)
    form.act("save", values={"name": "", "price": "mye", "number": "", "name_en": "", "unit": "C62", "vat_code": "3"})
    assert set(form.errors) == {"price"}
    form.act("save", values={"name": " ", "price": "10"})
    assert set(form.errors) == {"name"}
    form.act("save", values={"name": "Hammer", "price": "249,50"})
    shown = show(app, "products", ProductList)
    assert shown.frame[["number", "name", "price"]].values.tolist() == [["1001", "Hammer", 24950]]
    shown._open_row(0)
    form = app.main.children[0]
    form.act("price_add", values={"price_list": str(crm.products.price_lists()[0].id), "first_day": "2026-01-01", "list_price": "x"})
    assert form.data["wrong"]
    form.act("price_add", values={"price_list": str(crm.products.price_lists()[0].id), "first_day": "2026-01-01", "list_price": "199"})
    assert "199,00" in form.html and "Engros (NOK)" in form.html
    form.act("price_remove", id=form._prices[0]["id"])
    assert len(crm.products.prices()) == 0
    form.act("archive")
    assert len(crm.products.list()) == 0
    app.router.fire("undo", id=app.said[-1]["id"])
    assert len(crm.products.list()) == 1
