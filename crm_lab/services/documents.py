"""Documents: brought in slices, put on a note, read in slices. Each is as visible as the party of its note."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from crm_lab.domain.documents import LARGEST_SLICE, MOST_ON_NOTE, Document, Upload, clean_name, in_words, media_type
from crm_lab.domain.ids import new_id
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, asks, reads
from crm_lab.settings import Settings
from crm_lab.store import tables
from crm_lab.store.files import files_of
from crm_lab.store.records import as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crm_lab.domain.notes import Note


class TooLarge(InvalidInput):
    """A file beyond what the administrator allows."""

    def __init__(self, name: str, largest: int) -> None:
        super().__init__(_("{name} is too large: a file may have {size} at most.", name=name, size=in_words(largest)), "size")


class Documents(Service):
    """Files that belong to notes."""

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
    def read(self, *, id: UUID, at: int = 0) -> bytes:  # noqa: A002
        """The slice of a document's content that begins at byte `at`, empty at its end. Raises `NotFound`, also where it is hidden."""
        document = self.get(id=id)
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
                size=kept.size, media_type=media_type(kept.beginning), sha256=kept.sha256, created_by=self.actor.id, created_at=self.work.now,
            )  # fmt: skip
            self.work.insert(tables.document, as_row(document, tables.document))

    def remove(self, note_id: UUID, ids: Iterable[UUID]) -> None:
        """Take documents off a note; the content stays for undo. What is not on it is left alone."""
        d = tables.document
        for row in self.work.rows(select(d).where(d.c.note_id == note_id, d.c.id.in_(list(ids)))):
            self.work.remove(d, row)
