"""The page of received invoices."""

from __future__ import annotations

from crm_lab.exchange.ubl import write_ubl
from crm_lab.widgets.supplier_invoices import SupplierInvoiceScreen
from tests.invoices import BUYER, invoice

WHOLE = next(one for one in map(invoice, range(1, 50)) if one.buyer is BUYER and one.currency == "NOK" and not one.credits)


def test_what_was_posted_is_told_and_what_was_not(app) -> None:
    app.go("imports/invoices")
    screen = app.main.children[0]
    assert isinstance(screen, SupplierInvoiceScreen)
    screen.upload.fire("file", name="ehf.xml", data=write_ubl(WHOLE))
    assert WHOLE.seller.name in str(screen.told.html)
    assert "Ny leverandør" in str(screen.told.html)
    screen.upload.fire("file", name="ehf.xml", data=write_ubl(WHOLE))
    assert "Kjent fra før" in str(screen.told.html)
    screen.upload.fire("file", name="x.xml", data=b"<a/>")
    assert "begynner med a" in str(screen.told.html)
