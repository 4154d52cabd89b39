"""Incoming payments: a file is booked and taken back, waiting money gets its customer, and messages are not believed."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

DATA = Path(__file__).parents[1] / "data/payments"


def screen(app):
    app.go("payments")
    return app.main.children[0]


def drop(shown, name, data=None):
    shown.upload.fire("file", name=name, data=(DATA / name).read_bytes() if data is None else data)


def test_a_file_is_booked_and_taken_back(app, crm):
    party = crm.customers.create(name="Avdrag AS", bank_account="99986634297")
    shown = screen(app)
    drop(shown, "ocr.txt")
    assert (shown.steps.data["file"].n_booked, shown.steps.data["file"].n_unplaced) == (2, 15)
    assert "Avdrag AS" in shown.steps.html and "3 000,00" in shown.steps.html.replace("\u00a0", " ")
    assert len(shown.before.data["unplaced"]) == 15
    drop(shown, "camt.054.001.02.xml")
    assert shown.steps.data["file"].n_known == 17
    first = crm.payments.files()[-1]
    shown.before.act("show", id=str(first.id))
    assert shown.steps.data["file"].id == first.id
    shown.before.act("undo", id=str(first.id))
    assert crm.payments.files()[-1].undone_at is not None
    assert set(crm.ledger.open_items(customer_id=party.id)["amount_minor"]) == set()


def test_waiting_money_gets_its_customer(app, crm):
    party = crm.customers.create(name="Hvem Som Helst AS")
    shown = screen(app)
    drop(shown, "ocr.txt")
    waiting = shown.before.data["unplaced"][0]
    for wrong in ({"number": "x"}, {"number": "9" * 30}, {"number": True}, {}):
        shown.before.act("place", id=waiting["payment_id"], values=wrong)
    shown.before.act("place", id=str(uuid4()), values={"number": str(party.number)})
    assert len(crm.payments.unplaced()) == 17
    shown.before.act("place", id=waiting["payment_id"], values={"number": str(party.number)})
    assert crm.ledger.open_items(customer_id=party.id)["amount_minor"].tolist() == [-waiting["amount_minor"]]
    assert len(shown.before.data["unplaced"]) == 16


def test_what_cannot_be_read_is_told(app, crm):
    shown = screen(app)
    drop(shown, "tull.txt", b"hei")
    assert "OCR" in shown.steps.data["problem"] and crm.payments.files() == []
    shown.before.act("undo", id=str(uuid4()))
    shown.before.act("show", id="../../x")
    assert shown.steps.data["file"] is None
