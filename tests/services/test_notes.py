"""Notes: who may write, change and see them, and whom they call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crm_lab.errors import ChangedMeanwhile, Forbidden, InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database


def test_the_wall_of_a_customer(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS")
    first = kari.notes.create(text="Første", customer_id=acme.id)
    second = ola.notes.create(text="Andre\n@kari ser på det", customer_id=acme.id)
    assert [(note.text, note.author) for note in kari.notes.of(customer_id=acme.id)] == [
        ("Andre\n@kari ser på det", "Ola Hansen"), ("Første", "Kari Nordmann"),
    ]  # fmt: skip
    pinned = ola.notes.pin(id=first.id, version=first.version)
    assert [note.id for note in kari.cards.customer(number=acme.number).notes] == [first.id, second.id]
    kari.notes.pin(id=first.id, version=pinned.version, pinned=False)
    assert [note.id for note in kari.notes.of(customer_id=acme.id)] == [second.id, first.id]


def test_who_is_mentioned_is_called(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    acme, secret = kari.customers.create(name="Acme AS"), kari.customers.create(name="Hemmelig AS", owner_only=True)
    note = kari.notes.create(text="Spør @Ola. Se ikke post@ola.no, @olav eller @ingrid", customer_id=acme.id)
    kari.notes.create(text="@ola", customer_id=secret.id)
    assert [found.id for found in ola.notes.mentioning_me()] == [note.id], "and nothing private comes along"
    changed = kari.notes.change(id=note.id, version=note.version, text="Ingen likevel")
    assert (ola.notes.mentioning_me(), changed.edited_at is not None) == ([], True)


def test_only_the_author_changes_a_note(login: Callable[[str], Connection]) -> None:
    kari, ola, ingrid = login("kari"), login("ola"), login("ingrid")
    acme = kari.customers.create(name="Acme AS")
    note = ola.notes.create(text="Mitt", customer_id=acme.id)
    with pytest.raises(Forbidden):
        ingrid.notes.change(id=note.id, version=note.version, text="Ditt")
    with pytest.raises(Forbidden):
        ingrid.notes.delete(id=note.id, version=note.version)
    ola.notes.change(id=note.id, version=note.version, text="Mitt eget")
    with pytest.raises(ChangedMeanwhile):
        ola.notes.change(id=note.id, version=note.version, text="Samtidig")
    assert [found.text for found in kari.notes.of(customer_id=acme.id)] == ["Mitt eget"]


def test_a_deleted_note_comes_back_with_its_mentions(login: Callable[[str], Connection], database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS")
    note = kari.notes.create(text="@ola ringer", customer_id=acme.id)
    kari.notes.delete(id=note.id, version=note.version)
    assert (kari.notes.of(customer_id=acme.id), ola.notes.mentioning_me()) == ([], [])
    kari.history.undo(request_id=kari.last_request)
    assert [found.text for found in ola.notes.mentioning_me()] == ["@ola ringer"]
    kari.customers.delete(id=acme.id, version=acme.version)
    kari.history.undo(request_id=kari.last_request)
    assert [found.text for found in ola.notes.mentioning_me()] == ["@ola ringer"], "also when the whole party went"


def test_what_cannot_be_noted(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    acme, secret = kari.customers.create(name="Acme AS"), kari.customers.create(name="Hemmelig AS", owner_only=True)
    person = kari.contacts.create(last_name="Aas")
    for text in ("", " \n ", "x" * 20_001, "\x00"):
        with pytest.raises(InvalidInput):
            kari.notes.create(text=text, customer_id=acme.id)
    with pytest.raises(InvalidInput):
        kari.notes.create(text="Hvem?")
    with pytest.raises(InvalidInput):
        kari.notes.create(text="Begge?", customer_id=acme.id, contact_id=person.id)
    with pytest.raises(NotFound):
        ola.notes.create(text="Skjult", customer_id=secret.id)
    with pytest.raises(NotFound):
        ola.notes.of(customer_id=secret.id)
    assert kari.notes.of(customer_id=acme.id) == []


def test_words_of_a_note_find_it(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    acme, secret = kari.customers.create(name="Acme AS"), kari.customers.create(name="Hemmelig AS", owner_only=True)
    ida = kari.contacts.create(first_name="Ida", last_name="Berg")
    kari.notes.create(text="Vil ha tilbud på 100 % stål", customer_id=acme.id)
    kari.notes.create(text="Innledning " * 20 + "og så\nTILBUD om takrenner", contact_id=ida.id)
    kari.notes.create(text="tilbud til ingen", customer_id=secret.id)
    assert [(f.party, f.customer_number) for f in kari.notes.search(text="tilbud")] == [("Hemmelig AS", secret.number), ("Ida Berg", None), ("Acme AS", acme.number)]
    found = ola.notes.search(text="tilbud")
    assert [(f.party, f.contact_id) for f in found] == [("Ida Berg", ida.id), ("Acme AS", None)], "and nothing private"
    assert found[0].text.startswith("… ") and "så TILBUD om takrenner" in found[0].text
    assert [f.party for f in ola.notes.search(text="stål  tilbud")] == ["Acme AS"]
    for text in ("", "   ", "100_%", "%", "tilbud takpapp", "\\"):
        assert [f.party for f in ola.notes.search(text=text)] == (["Acme AS"] if text == "%" else [])


def test_what_a_note_said_before(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS")
    note = ola.notes.create(text="Først", customer_id=acme.id)
    note = ola.notes.pin(id=note.id, version=note.version)
    note = kari.notes.change(id=note.id, version=note.version, text="Så")
    assert [(version.text, version.author) for version in ola.notes.versions(id=note.id)] == [("Så", "Kari Nordmann"), ("Først", "Ola Hansen")]


def test_a_wall_is_read_from_the_top(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS")
    first, *_rest = [kari.notes.create(text=str(n), customer_id=acme.id) for n in range(6)]
    kari.notes.pin(id=first.id, version=first.version)
    assert [note.text for note in kari.notes.of(customer_id=acme.id, limit=4)] == ["0", "5", "4", "3"]
