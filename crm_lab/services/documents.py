"""Documents: brought in slices, put on a note or into a folder of a party, read in slices. Each is as visible as its party."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import and_, func, or_, select

from crm_lab.domain.access import Role
from crm_lab.domain.document_words import DocumentKind, DocumentsFound
from crm_lab.domain.documents import (
    LARGEST_SLICE,
    MOST_ON_NOTE,
    Document,
    DocumentVersion,
    FolderPage,
    Upload,
    clean_folder,
    clean_name,
    clean_template,
    folders_below,
    in_words,
)
from crm_lab.domain.ids import new_id
from crm_lab.errors import Conflict, InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, asks, reads, writes
from crm_lab.services.document_words import found, frame, of_kind
from crm_lab.settings import Settings
from crm_lab.store import tables
from crm_lab.store.files import files_of
from crm_lab.store.records import as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crm_lab.domain.notes import Note


MOST_ON_PAGE = 200


class TooLarge(InvalidInput):
    """A file beyond what the administrator allows."""

    def __init__(self, name: str, largest: int) -> None:
        super().__init__(_("{name} is too large: a file may have {size} at most.", name=name, size=in_words(largest)), "size")


class OnNote(Conflict):
    """A file on a note is the note's."""

    def __init__(self) -> None:
        super().__init__(_("This file is on a note. Change the note."))


class Documents(Service):
    """Files that belong to parties, on their notes or in their folders."""

    @asks()
    def start(self, *, name: str, size: int) -> Upload:
        """Begin to bring a file of `size` bytes. Raises `InvalidInput`, `TooLarge`."""
        clean, largest = clean_name(name), Settings().largest_document
        if not 0 <= size <= largest:
            raise TooLarge(clean, largest)
        files = files_of(self.work.connection)
        files.forget_older(self.work.now)
        made = Upload(id=new_id(), name=clean, size=size)
        files.add(self.actor.id, made.id, 0, b"")
        return made

    @asks()
    def add(self, *, id: UUID, at: int, part: bytes) -> int:  # noqa: A002 - the wire's word
        """Bring a slice that begins at byte `at`; how many bytes there are now. The same again is harmless."""
        largest = Settings().largest_document
        if not 0 <= at <= largest or len(part) > LARGEST_SLICE:
            raise InvalidInput(_("Send at most {size} at a time.", size=in_words(LARGEST_SLICE)), "part")
        if at + len(part) > largest:
            raise TooLarge(_("The file"), largest)
        return files_of(self.work.connection).add(self.actor.id, id, at, part)

    @asks()
    def finish(self, *, id: UUID) -> int:  # noqa: A002
        """Keep a file that is whole, so that it can be put on a note within a day; its size in bytes."""
        return files_of(self.work.connection).finish(self.actor.id, id).size

    @asks()
    def discard(self, *, id: UUID) -> None:  # noqa: A002
        """Throw away a file that is to be put on nothing after all."""
        files_of(self.work.connection).forget(self.actor.id, id)

    @reads()
    def get(self, *, id: UUID) -> Document:  # noqa: A002
        """One document. Raises `NotFound`, also where it is hidden."""
        return self.work.read(Document, tables.document, id)

    @reads()
    def of(self, *, note_id: UUID) -> list[Document]:
        """The documents on a note, in the order they came. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.note, note_id)
        return self.on([note_id]).get(note_id, [])

    @reads()
    def at(self, *, customer_id: UUID | None = None, contact_id: UUID | None = None) -> list[Document]:
        """All documents of a customer or a contact, by folder and name; also those on notes. Raises `NotFound`, also where it is hidden."""
        key, party = self._party(customer_id, contact_id)
        d = tables.document
        rows = self.work.rows(select(d).where(d.c[key] == party, self.work.visible_to(d)))
        return sorted((as_record(Document, row) for row in rows), key=lambda one: (one.folder or "", one.name.casefold(), one.id))

    @reads()
    def folder(
        self, *, customer_id: UUID | None = None, contact_id: UUID | None = None, folder: str = "", start: int = 0, limit: int = 100
    ) -> FolderPage:
        """What is in a folder of a customer or a contact: the folders there, also those of the template, and a page of documents by name.

        Raises `NotFound`, also where the party is hidden.
        """
        key, party = self._party(customer_id, contact_id)
        d, template = tables.document, dict.fromkeys(self.template() if customer_id else (), 0)
        seen = and_(d.c[key] == party, self.work.visible_to(d))
        path = func.coalesce(d.c.folder, "").label("path")
        counted: Any = select(path, func.count().label("n")).where(seen).group_by(path)
        counts = {row["path"]: row["n"] for row in self.work.rows(counted)}
        here = and_(seen, d.c.folder == folder if folder else or_(d.c.folder.is_(None), d.c.folder == ""))
        query = select(d).where(here).order_by(self.work.alphabetical(func.lower(d.c.name)), d.c.id)
        rows = self.work.rows(query.offset(max(0, start)).limit(max(1, min(limit, MOST_ON_PAGE))))
        documents = tuple(as_record(Document, row) for row in rows)
        return FolderPage(folders=folders_below(folder, template | counts), documents=documents, n=counts.get(folder, 0))

    @reads()
    def template(self) -> tuple[str, ...]:
        """The folders that every customer has, whether or not anything is in them."""
        row = next(iter(self.work.kept(tables.company)), None)
        return tuple((row["folders"] or "").splitlines()) if row else ()

    @writes(needs=Role.ADMIN)
    def set_template(self, *, folders: tuple[str, ...]) -> tuple[str, ...]:
        """Say which folders every customer has, those there already too. What is in a folder that is named no more stays. Raises `InvalidInput`."""
        row, clean = self.work.one(select(tables.company)), clean_template(folders)
        assert row is not None  # noqa: S101 - an administrator belongs to a company
        self.work.change(tables.company, row["id"], row["version"], folders="\n".join(clean))
        return clean

    @reads()
    def find(
        self, *, text: str = "", kind: DocumentKind | None = None, mine: bool = False, customer_id: UUID | None = None,
        contact_id: UUID | None = None, start: int = 0, limit: int = 50,
    ) -> DocumentsFound:  # fmt: skip
        """The documents the caller may see whose names, folders or texts have all words of `text`, the last changed first; `mine` are those the caller brought."""
        d = tables.document
        asked = [of_kind(kind)] if kind else []
        asked += [d.c.created_by == self.actor.id] if mine else []
        asked += [d.c[key] == party for key, party in (("customer_id", customer_id), ("contact_id", contact_id)) if party]
        return found(self.work, text=text, asked=asked, start=start, limit=max(1, min(limit, MOST_ON_PAGE)))

    @reads()
    def frame(self) -> pa.Table:
        """All documents the caller may see, the last changed first.

        Columns: id, name, folder, size (bytes), media_type, customer_number, customer, contact_id, contact, is_on_note, created_at, created_by, changed_at,
        changed_by, sha256, text_state ("" where the text is yet to be read), n_characters (of the text).
        """
        return frame(self.work)

    @reads()
    def versions(self, *, id: UUID) -> list[DocumentVersion]:  # noqa: A002
        """What a document's content was, the oldest first. Raises `NotFound`, also where it is hidden."""
        document, a, names = self.get(id=id), tables.audit, self.work.employee_names()
        mine = and_(a.c.entity == tables.document.name, a.c.entity_id == str(document.id), a.c.after.is_not(None))
        found: list[DocumentVersion] = []
        for row in self.work.rows(select(a.c.after, a.c.done_at, a.c.actor_id).where(mine).order_by(a.c.done_at, a.c.step)):
            now = row["after"]
            if not found or found[-1].sha256 != now["sha256"]:
                kept = {name: now[name] for name in ("name", "size", "media_type", "sha256")}
                found.append(DocumentVersion(number=len(found) + 1, by=names.get(row["actor_id"], ""), at=row["done_at"], **kept))
        return found

    @writes()
    def put(self, *, uploads: tuple[Upload, ...], customer_id: UUID | None = None, contact_id: UUID | None = None, folder: str = "") -> list[Document]:
        """Put what the caller has brought into a folder of a party; one of the same name there gets a new version.

        Raises `NoSuchUpload`, `InvalidInput`, `NotFound`.
        """
        key, party = self._party(customer_id, contact_id)
        d, files, path = tables.document, files_of(self.work.connection), clean_folder(folder)
        there = self.work.rows(select(d).where(d.c[key] == party, d.c.note_id.is_(None)))
        done = []
        for upload in uploads:
            kept, name = files.kept(self.actor.id, upload.id), clean_name(upload.name)
            content: dict[str, Any] = {"size": kept.size, "media_type": kept.media_type, "sha256": kept.sha256}
            had = next((row for row in there if row["name"] == name and (row["folder"] or "") == path), None)
            if had:
                done.append(as_record(Document, self.work.change(d, had["id"], had["version"], **content, **self._now())))
                continue
            made = Document(
                id=new_id(), customer_id=customer_id, contact_id=contact_id, name=name, folder=path, created_by=self.actor.id, created_at=self.work.now, **content
            )
            self.work.insert(d, as_row(made, d))
            done.append(made)
        return done

    @writes()
    def rename(self, *, id: UUID, version: int, name: str) -> Document:  # noqa: A002
        """Give a document another name. Raises `InvalidInput`, `OnNote`, `NotFound`, `ChangedMeanwhile`."""
        return self._change(id, version, name=clean_name(name))

    @writes()
    def move(self, *, id: UUID, version: int, folder: str) -> Document:  # noqa: A002
        """Put a document into another folder of its party. Raises as `rename`."""
        return self._change(id, version, folder=clean_folder(folder))

    @writes()
    def hold(self, *, id: UUID, version: int, is_held: bool) -> Document:  # noqa: A002
        """Mark that the caller works on a document, or that nobody does. Raises as `rename`."""
        return self._change(id, version, held_by=self.actor.id if is_held else None)

    @writes()
    def restore(self, *, id: UUID, version: int, number: int) -> Document:  # noqa: A002
        """Let an older version be the newest. Raises as `rename`."""
        wanted = next((one for one in self.versions(id=id) if one.number == number), None)
        if wanted is None:
            raise InvalidInput(_("There is no version {n}.", n=number), "number")
        return self._change(id, version, size=wanted.size, media_type=wanted.media_type, sha256=wanted.sha256)

    @writes()
    def delete(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take a document away; its content stays for undo. Raises as `rename`."""
        self._change(id, version)
        self.work.remove(tables.document, {**self.work.rows_of(tables.document, "id", [id])[0]})

    def _change(self, key: UUID, version: int, **changes: Any) -> Document:
        if self.get(id=key).note_id is not None:
            raise OnNote
        return as_record(Document, self.work.change(tables.document, key, version, **changes, **self._now()))

    def _now(self) -> dict[str, Any]:
        return {"changed_at": self.work.now, "changed_by": self.actor.id}

    def _party(self, customer_id: UUID | None, contact_id: UUID | None) -> tuple[str, UUID]:
        if (customer_id is None) == (contact_id is None):
            raise InvalidInput(_("Name one customer or one contact."), "customer_id")
        key, party = ("customer_id", customer_id) if customer_id else ("contact_id", contact_id)
        self.work.require(tables.customer if customer_id else tables.contact, party)
        assert party is not None  # noqa: S101 - one of the two is
        return key, party

    @reads()
    def read(self, *, id: UUID, at: int = 0, number: int = 0) -> bytes:  # noqa: A002
        """The slice of a document's content that begins at byte `at`, empty at its end; of version `number` unless 0.

        Raises `NotFound`, also where it is hidden.
        """
        document: Document | DocumentVersion = self.get(id=id)
        if number:
            document = next((one for one in self.versions(id=id) if one.number == number), document)
        if at < 0:
            raise InvalidInput(_("A file begins at byte 0."), "at")
        return files_of(self.work.connection).read(document.sha256, at, LARGEST_SLICE)

    def on(self, notes: Iterable[UUID]) -> dict[UUID, list[Document]]:
        """The documents on notes that the caller may see: that has been asked."""
        d = tables.document
        found: dict[UUID, list[Document]] = {}
        for row in self.work.rows_of(d, "note_id", notes):
            found.setdefault(row["note_id"], []).append(as_record(Document, row))
        return {key: sorted(documents, key=lambda one: (one.created_at, one.id)) for key, documents in found.items()}

    def attach(self, note: Note, uploads: Sequence[Upload]) -> None:
        """Put on a note what its writer has brought. Raises `NoSuchUpload`, `InvalidInput`."""
        if len(uploads) + len(note.documents) > MOST_ON_NOTE:
            raise InvalidInput(_("A note holds {n} files at most.", n=MOST_ON_NOTE), "attach")
        files = files_of(self.work.connection)
        for upload in uploads:
            kept = files.kept(self.actor.id, upload.id)
            document = Document(
                id=new_id(), customer_id=note.customer_id, contact_id=note.contact_id, note_id=note.id, name=clean_name(upload.name),
                size=kept.size, media_type=kept.media_type, sha256=kept.sha256, created_by=self.actor.id, created_at=self.work.now,
            )  # fmt: skip
            self.work.insert(tables.document, as_row(document, tables.document))

    def remove(self, note_id: UUID, ids: Iterable[UUID]) -> None:
        """Take documents off a note; the content stays for undo. What is not on it is left alone."""
        d = tables.document
        for row in self.work.rows(select(d).where(d.c.note_id == note_id, d.c.id.in_(list(ids)))):
            self.work.remove(d, row)
