"""Documents of a card without a browser: brought, renamed, moved, marked, taken away, and older versions."""

from __future__ import annotations

import pytest

from crm_lab.widgets.contacts import ContactCard
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.document_list import DocumentList
from crm_lab.widgets.document_settings import DocumentSettings


def bring(card, name, data):
    card._take({"event": "slice", "to": "documents", "name": name, "size": len(data), "at": 0}, data)


def show(app, path, screen):
    app.go(path)
    shown = app.main.children[0]
    assert isinstance(shown, screen)
    return shown


def test_a_document_from_first_to_last(app, crm, acme):
    card = show(app, f"customers/{acme.number}/documents", CustomerCard)
    assert "Ingen dokumenter her" in card.html
    card.act("document_new_folder", values={"folder": "Avtaler"})
    bring(card, "<b>avtale.txt", b"en")
    (one,) = crm.documents.at(customer_id=acme.id)
    assert (one.folder, one.size) == ("Avtaler", 2) and "&lt;b&gt;avtale.txt" in card.html
    bring(card, "<b>avtale.txt", b"to to")
    card.act("document_past", id=str(one.id))
    assert "Versjon 1" in card.html and "Versjon 2" in card.html
    card.act("document_restore", id="1")
    assert crm.documents.read(id=one.id) == b"en"
    card.act("document_hold", id=str(one.id))
    assert "Kari Nordmann arbeider med den" in card.html
    card.act("document_edit", id=str(one.id))
    card.act("document_save", id=str(one.id), values={"name": "kontrakt.txt", "folder": ""})
    card.act("document_folder", id="")
    assert "kontrakt.txt" in card.html and "Avtaler" not in card.html
    card.act("document_delete", id=str(one.id))
    assert crm.documents.at(customer_id=acme.id) == []
    app.router.fire("undo", id=app.said[-1]["id"])
    assert "kontrakt.txt" in card.html


@pytest.mark.parametrize("wrong", ["..", " "])
def test_a_name_that_is_none_changes_nothing(app, crm, wrong):
    berit = crm.contacts.create(last_name="Berit")
    card = show(app, f"contacts/{berit.id}/documents", ContactCard)
    bring(card, "a.txt", b"a")
    (one,) = crm.documents.at(contact_id=berit.id)
    card.act("document_save", id=str(one.id), values={"name": wrong, "folder": ""})
    assert [d.name for d in crm.documents.at(contact_id=berit.id)] == ["a.txt"]


def test_all_documents_are_listed_searched_and_chosen_by_kind(app, crm, acme):
    card = show(app, f"customers/{acme.number}/documents", CustomerCard)
    for name, data in (("<i>plan.txt", b"a"), ("bilde.png", b"\x89PNG\r\n\x1a\n")):
        bring(card, name, data)
    page = show(app, "documents", DocumentList)
    assert "&lt;i&gt;plan.txt" in page.html and "bilde.png" in page.html and f"customers/{acme.number}/documents" in page.html
    page.act("filter", value="plan")
    assert "bilde.png" not in page.html
    page.act("kind", value="picture")
    assert "Ingen dokumenter her" in page.html
    page.act("filter", value="")
    page.act("whose", value="mine")
    page.act("page", id="x")
    assert "bilde.png" in page.html and "plan.txt" not in page.html


def test_the_folders_of_all_customers_are_set_by_an_administrator(app, crm, acme):
    form = show(app, "settings/documents", DocumentSettings)
    form.act("save", values={"folders": "Avtaler/2026\n..\n"})
    assert crm.documents.template() == () and form.errors
    form.act("save", values={"folders": "Avtaler/2026\nTilbud\n"})
    assert "Tilbud" in show(app, f"customers/{acme.number}/documents", CustomerCard).html
