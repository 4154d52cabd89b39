"""Documents: brought in slices, put on a note, read by who may see the note's party, and never by another."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from crm_lab.domain.documents import LARGEST_SLICE, MOST_ON_NOTE, Upload
from crm_lab.domain.ids import new_id
from crm_lab.domain.merges import MergeKind
from crm_lab.errors import Conflict, CrmError, Forbidden, InvalidInput, NotFound
from crm_lab.services.check import check
from crm_lab.services.document_words import read_waiting
from crm_lab.services.documents import TooLarge
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.backup import backup
from crm_lab.store.files import NoSuchUpload, OutOfStep, files_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40


def bring(crm: Connection, name: str = "tilbud.pdf", data: bytes = PDF) -> Upload:
    upload: Upload = crm.documents.start(name=name, size=len(data))
    for at in range(0, len(data), LARGEST_SLICE):
        crm.documents.add(id=upload.id, at=at, part=data[at : at + LARGEST_SLICE])
    assert crm.documents.finish(id=upload.id) == len(data)
    return upload


def kept(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "documents").rglob("*") if path.is_file()]


def test_a_file_on_a_note_comes_back_as_it_was(login: Callable[[str], Connection], tmp_path: Path) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS")
    data = PDF + bytes(LARGEST_SLICE)
    note = kari.notes.create(text="Se vedlegg", customer_id=acme.id, attach=[bring(kari, "../../etc/Tilbud <b>.PDF", data)])
    (document,) = ola.notes.of(customer_id=acme.id)[0].documents
    assert (document.name, document.size, document.media_type, document.sha256) == ("Tilbud <b>.PDF", len(data), "application/pdf", hashlib.sha256(data).hexdigest())
    assert note.documents == (document,) == tuple(ola.documents.of(note_id=note.id)) == kari.cards.customer(number=acme.number).notes[0].documents
    assert ola.documents.read(id=document.id) + ola.documents.read(id=document.id, at=LARGEST_SLICE) == data
    assert ola.documents.read(id=document.id, at=len(data)) == b""
    assert [path.name for path in kept(tmp_path)] == [document.sha256]
    ola.notes.create(text="", customer_id=acme.id, attach=[bring(ola, "igjen.pdf", data)])
    assert len(kept(tmp_path)) == 1, "the same content is kept once"


def test_taking_files_off_can_be_undone(login: Callable[[str], Connection], database: Database) -> None:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS")
    note = kari.notes.create(text="", customer_id=acme.id, attach=[bring(kari)])
    (document,) = note.documents
    with pytest.raises(InvalidInput):
        kari.notes.change(id=note.id, version=note.version, text="", detach=[document.id])
    assert kari.documents.of(note_id=note.id) == [document], "a refusal changes nothing"
    note = kari.notes.change(id=note.id, version=note.version, text="Uten", detach=[document.id])
    assert (note.documents, check(database)) == ((), [])
    kari.history.undo(request_id=kari.last_request)
    assert kari.documents.read(id=document.id) == PDF
    (note,) = kari.notes.of(customer_id=acme.id)
    kari.notes.delete(id=note.id, version=note.version)
    with pytest.raises(NotFound):
        kari.documents.read(id=document.id)
    kari.history.undo(request_id=kari.last_request)
    kari.customers.delete(id=acme.id, version=acme.version)
    kari.history.undo(request_id=kari.last_request)
    assert kari.notes.of(customer_id=acme.id)[0].documents == (document,)


def test_what_belongs_to_another_is_not_there(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    secret = kari.customers.create(name="Hemmelig AS", owner_only=True)
    acme = kari.customers.create(name="Acme AS")
    (document,) = kari.notes.create(text="", customer_id=secret.id, attach=[bring(kari)]).documents
    open_note = kari.notes.create(text="Åpen", customer_id=acme.id)
    for action in (ola.documents.get, ola.documents.read):
        answers = []
        for key in (document.id, new_id()):
            with pytest.raises(NotFound) as refused:
                action(id=key)
            answers.append(refused.value.to_wire())
        assert answers[0] == answers[1]
    mine = bring(kari)
    for steal in (lambda: ola.notes.create(text="", customer_id=acme.id, attach=[mine]), lambda: ola.documents.add(id=mine.id, at=1, part=b"x"), lambda: ola.documents.finish(id=mine.id)):
        with pytest.raises(NoSuchUpload):
            steal()
    ola.documents.discard(id=mine.id)
    with pytest.raises(Forbidden):
        ola.notes.change(id=open_note.id, version=open_note.version, text="x", attach=[bring(ola)])
    changed = kari.notes.change(id=open_note.id, version=open_note.version, text="x", detach=[document.id], attach=[mine])
    assert (len(changed.documents), kari.documents.get(id=document.id)) == (1, document), "one of another note stays"


def test_what_cannot_be_bring(login: Callable[[str], Connection], monkeypatch: pytest.MonkeyPatch) -> None:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS")
    monkeypatch.setenv("CRM_LARGEST_DOCUMENT", "1000000")
    with pytest.raises(TooLarge, match=r"^stor\.pdf .* 1 MB"):
        kari.documents.start(name="stor.pdf", size=1_000_001)
    upload = kari.documents.start(name="liten.txt", size=3)
    for at, part, error in ((5, b"x", OutOfStep), (-1, b"x", InvalidInput), (999_999, b"xy", TooLarge)):
        with pytest.raises(error):
            kari.documents.add(id=upload.id, at=at, part=part)
    with pytest.raises(NoSuchUpload):
        kari.notes.create(text="uferdig", customer_id=acme.id, attach=[upload])
    for name in ("", "..", "a/", "\x00"):
        with pytest.raises(InvalidInput):
            kari.documents.start(name=name, size=1)
    whole = bring(kari)
    with pytest.raises(InvalidInput):
        kari.notes.create(text="mange", customer_id=acme.id, attach=[whole] * (MOST_ON_NOTE + 1))
    assert kari.notes.of(customer_id=acme.id) == []


def test_a_slice_sent_again_is_harmless(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    upload = kari.documents.start(name="a.txt", size=4)
    assert [kari.documents.add(id=upload.id, at=at, part=part) for at, part in ((0, b"ab"), (2, b"cd"), (2, b"cd"))] == [2, 4, 4]
    assert (kari.documents.finish(id=upload.id), kari.documents.finish(id=upload.id)) == (4, 4)


def test_merging_moves_them(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    kept_one, merged = kari.customers.create(name="Acme AS"), kari.customers.create(name="Acme Norge AS")
    (document,) = kari.notes.create(text="", customer_id=merged.id, attach=[bring(kari)]).documents
    made = kari.merges.merge(kind=MergeKind.CUSTOMER, kept_id=kept_one.id, merged_id=merged.id)
    assert kari.documents.get(id=document.id).customer_id == kept_one.id
    kari.merges.unmerge(id=made.id)
    assert kari.documents.get(id=document.id) == document


@pytest.mark.one_file
def test_backup_has_them_and_check_misses_them(login: Callable[[str], Connection], database: Database, tmp_path: Path) -> None:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS")
    (document,) = kari.notes.create(text="", customer_id=acme.id, attach=[bring(kari)]).documents
    bring(kari, "venter.txt", b"venter")
    assert check(database) == []
    copy = backup(database, tmp_path / "backup") / "documents" / document.sha256[:2] / document.sha256
    assert copy.read_bytes() == PDF
    (path,) = [path for path in kept(tmp_path) if path.name == document.sha256]
    path.rename(path.with_name("0" * 64))
    gone, spare = check(database)
    assert "tilbud.pdf" in gone and document.sha256 in gone and "0" * 64 in spare
    with pytest.raises(CrmError, match="crm-lab check"):
        kari.documents.read(id=document.id)


def test_another_place_than_the_folder(login: Callable[[str], Connection], database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CRM_DOCUMENTS", "memory://firma")
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS")
    (document,) = kari.notes.create(text="", customer_id=acme.id, attach=[bring(kari)]).documents
    assert (kari.documents.read(id=document.id), kept(tmp_path), check(database)) == (PDF, [], [])
    with database.reading() as connection:
        assert files_of(connection).all() == {document.sha256: len(PDF)}


def test_documents_in_folders_from_first_to_last(login: Callable[[str], Connection], database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS")
    (made,) = kari.documents.put(uploads=(bring(kari, "avtale.txt", b"en"),), customer_id=acme.id, folder=" Avtaler / 2026 ")
    assert (made.folder, made.media_type, made.version) == ("Avtaler/2026", "text/plain", 1)
    (again,) = ola.documents.put(uploads=(bring(ola, "avtale.txt", b"to!"),), customer_id=acme.id, folder="Avtaler/2026")
    assert (again.id, again.version, kari.documents.read(id=made.id)) == (made.id, 2, b"to!")
    assert [(one.number, one.size, one.by) for one in kari.documents.versions(id=made.id)] == [(1, 2, "Kari Nordmann"), (2, 3, "Ola Hansen")]
    assert kari.documents.read(id=made.id, number=1) == b"en"
    assert check(database) == [], "older contents are no orphans"
    kari.documents.restore(id=made.id, version=2, number=1)
    assert kari.documents.read(id=made.id) == b"en"
    kari.documents.rename(id=made.id, version=3, name="kontrakt.txt")
    kari.documents.move(id=made.id, version=4, folder="")
    assert kari.documents.hold(id=made.id, version=5, is_held=True).held_by == kari.me.id
    for wrong in ({"name": ".."}, {"folder": "a/b/c/d/e/f"}, {"folder": "a/../b"}):
        with pytest.raises(InvalidInput):
            getattr(kari.documents, "rename" if "name" in wrong else "move")(id=made.id, version=6, **wrong)
    kari.documents.delete(id=made.id, version=6)
    assert kari.documents.at(customer_id=acme.id) == []
    kari.history.undo(request_id=kari.last_request)
    assert [(one.name, one.folder) for one in kari.documents.at(customer_id=acme.id)] == [("kontrakt.txt", "")]
    assert check(database) == []


def test_what_is_on_a_note_is_listed_and_stays_the_notes(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    secret = kari.customers.create(name="Hemmelig AS", owner_only=True)
    kari.notes.create(text="Se vedlegg", customer_id=secret.id, attach=[bring(kari, "a.txt", b"a")])
    (one,) = kari.documents.at(customer_id=secret.id)
    with pytest.raises(Conflict):
        kari.documents.delete(id=one.id, version=one.version)
    for ask in (lambda: ola.documents.at(customer_id=secret.id), lambda: ola.documents.versions(id=one.id), lambda: ola.documents.rename(id=one.id, version=1, name="x")):
        with pytest.raises(NotFound):
            ask()


@pytest.mark.one_file
def test_check_misses_an_earlier_version(login: Callable[[str], Connection], database: Database, tmp_path: Path) -> None:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS")
    for text in (b"en", b"to"):
        kari.documents.put(uploads=(bring(kari, "avtale.txt", text),), customer_id=acme.id)
    assert check(database) == []
    digest = hashlib.sha256(b"en").hexdigest()
    assert (backup(database, tmp_path / "backup") / "documents" / digest[:2] / digest).read_bytes() == b"en"
    (tmp_path / "documents" / digest[:2] / digest).unlink()
    (fault,) = check(database)
    assert "avtale.txt" in fault and digest in fault


def test_a_folder_comes_in_pages_with_those_of_the_template(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS")
    one = bring(kari, "a.txt", b"a")
    names = ["b.txt", "Æ.txt", "a.txt"]
    kari.documents.put(uploads=tuple(replace(one, name=name) for name in names), customer_id=acme.id)
    kari.documents.put(uploads=(one,), customer_id=acme.id, folder="Avtaler/2026")
    with pytest.raises(Forbidden):
        ola.documents.set_template(folders=("Tilbud",))
    assert kari.documents.set_template(folders=("Tilbud", "Avtaler/2025")) == ("Avtaler/2025", "Tilbud")
    page = ola.documents.folder(customer_id=acme.id, limit=2)
    assert ([d.name for d in page.documents], page.n, [(f.name, f.n) for f in page.folders]) == (["a.txt", "b.txt"], 3, [("Avtaler", 1), ("Tilbud", 0)])
    assert [d.name for d in ola.documents.folder(customer_id=acme.id, start=2).documents] == ["Æ.txt"]
    page = ola.documents.folder(customer_id=acme.id, folder="Avtaler")
    assert (page.n, [(f.path, f.n) for f in page.folders]) == (0, [("Avtaler/2025", 0), ("Avtaler/2026", 1)])
    kari.history.undo(request_id=kari.last_request)
    assert ola.documents.template() == ()


def test_words_in_names_and_texts_are_found_by_who_may_see_them(login: Callable[[str], Connection], database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme, secret = kari.customers.create(name="Acme AS"), kari.customers.create(name="Hemmelig AS", owner_only=True)
    text = ("x " * 100 + "Leien for Blåbærveien er på åtte kroner").encode()
    kari.documents.put(uploads=(bring(kari, "Kontrakt.txt", text),), customer_id=acme.id, folder="Avtaler")
    kari.documents.put(uploads=(bring(kari, "notat.txt", b"Blabaerveien nevnes"), bring(kari, "bilde.bin", b"\x00")), customer_id=secret.id)
    assert kari.documents.find(text="blåbær").n == 0, "nobody has read it yet"
    assert (read_waiting(database, now=utc_now()), read_waiting(database, now=utc_now())) == (3, 0)
    (one,) = ola.documents.find(text="BLÅBÆR avtal kontrakt").documents
    assert (one.document.name, one.party, one.customer_number, one.who) == ("Kontrakt.txt", "Acme AS", acme.number, "Kari Nordmann")
    assert one.excerpt.startswith("… ") and "Blåbærveien er på åtte" in one.excerpt
    assert [kari.documents.find(text=words).n for words in ("blåbær", "bærveien", "notat", "%", "", "leien kroner", "leien mangler")] == [1, 0, 1, 0, 3, 1, 0]
    assert (ola.documents.find(text="notat").n, ola.documents.find(mine=True).n, kari.documents.find(kind="writing").n, kari.documents.find(kind="other").n) == (0, 0, 2, 1)
    assert (set(ola.documents.frame().name), set(kari.documents.frame().text_state)) == ({"Kontrakt.txt"}, {"read", "none"})
    (kept_one,) = kari.documents.at(customer_id=acme.id)
    kari.documents.delete(id=kept_one.id, version=1)
    read_waiting(database, now=utc_now())
    with database.reading() as connection:
        assert kept_one.sha256 not in connection.execute(select(tables.document_text.c.sha256)).scalars().all(), "no text outlives its document"
