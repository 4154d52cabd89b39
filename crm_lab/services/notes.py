"""Notes: written on a party's wall, changed, pinned, taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import and_, select

from crm_lab.domain.access import Role
from crm_lab.domain.documents import Upload
from crm_lab.domain.ids import new_id
from crm_lab.domain.notes import Note, NoteVersion, clean_note, excerpt, mentioned
from crm_lab.domain.search import LONGEST_TEXT, MOST_WORDS, Finding, FindingKind
from crm_lab.errors import Forbidden, InvalidInput
from crm_lab.i18n import _, business_day
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.services.documents import Documents
from crm_lab.store import tables
from crm_lab.store.records import Row, as_record, as_row

MOST_NOTES, MOST_FOUND = 5_000, 50


class Notes(Service):
    """What colleagues wrote about customers and contacts. A note is as visible as the party it is about."""

    @reads()
    def of(self, *, customer_id: UUID | None = None, contact_id: UUID | None = None, limit: int = 200) -> list[Note]:
        """The newest notes on one party, pinned ones first. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.customer if customer_id else tables.contact, customer_id or contact_id)
        return self.about("customer_id" if customer_id else "contact_id", customer_id or contact_id, limit)

    @reads()
    def mentioning_me(self, *, limit: int = 50) -> list[Note]:
        """The newest notes that call upon the caller."""
        n, m = tables.note, tables.note_mention
        mine = select(m.c.note_id).where(m.c.employee_id == self.actor.id)
        found = select(n).where(and_(n.c.id.in_(mine), self.work.visible_to(n))).order_by(n.c.created_at.desc(), n.c.id.desc())
        return self._notes(self.work.rows(found.limit(max(1, min(limit, MOST_NOTES)))))

    @reads()
    def versions(self, *, id: UUID) -> list[NoteVersion]:  # noqa: A002 - the wire's word
        """What a note has said, the newest first. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.note, id)
        a = tables.audit
        told = and_(a.c.entity == tables.note.name, a.c.entity_id == str(id), a.c.after.is_not(None))
        steps = self.work.rows(select(a.c.after, a.c.done_at, a.c.actor_id).where(told).order_by(a.c.done_at, a.c.step))
        names, said = self.work.employee_names(), [step["after"]["text"] for step in steps]
        changed = [step for n, step in enumerate(steps) if n == 0 or said[n] != said[n - 1]]
        return [
            NoteVersion(text=step["after"]["text"], written_at=step["done_at"], author=names.get(step["actor_id"], ""))
            for step in reversed(changed)
        ]  # fmt: skip

    @reads()
    def search(self, *, text: str, limit: int = 8) -> list[Finding]:
        """The newest notes that have all words of a text, each with the part that was meant."""
        n, c, p = tables.note, tables.customer, tables.contact
        words = text[:LONGEST_TEXT].split()[:MOST_WORDS]
        if not words:
            return []
        query = (
            select(n, c.c.number, shown_name().label("company"), p.c.first_name, p.c.last_name)
            .outerjoin(c, c.c.id == n.c.customer_id).outerjoin(p, p.c.id == n.c.contact_id)
            .where(and_(*(n.c.text.icontains(word, autoescape=True) for word in words), self.work.visible_to(n)))
            .order_by(n.c.created_at.desc(), n.c.id.desc()).limit(max(1, min(limit, MOST_FOUND)))
        )  # fmt: skip
        names = self.work.employee_names()
        return [
            Finding(
                kind=FindingKind.NOTE, customer_number=row["number"], contact_id=row["contact_id"], text=excerpt(row["text"], words[0]),
                party=row["company"] or f"{row['first_name']} {row['last_name']}".strip(), who=names.get(row["author_id"], ""),
                on=business_day(row["created_at"]),
            )
            for row in self.work.rows(query)
        ]  # fmt: skip

    @writes()
    def create(self, *, text: str, customer_id: UUID | None = None, contact_id: UUID | None = None, attach: Sequence[Upload] = ()) -> Note:
        """Write on the wall of a customer or of a contact, and put files on it. Raises `InvalidInput`, `NotFound`."""
        if (customer_id is None) == (contact_id is None):
            raise InvalidInput(_("A note is about one customer or one contact."), "customer_id")
        self.work.require(tables.customer if customer_id else tables.contact, customer_id or contact_id)
        note = Note(
            id=new_id(), customer_id=customer_id, contact_id=contact_id, text=clean_note(text, has_files=bool(attach)),
            author_id=self.actor.id, author=self.actor.name, created_at=self.work.now,
        )  # fmt: skip
        self.work.insert(tables.note, as_row(note, tables.note))
        self._mention(note)
        return self._with_files(note, attach)

    @writes()
    def change(
        self, *, id: UUID, version: int, text: str, attach: Sequence[Upload] = (), detach: Sequence[UUID] = ()  # noqa: A002 - the wire's word
    ) -> Note:
        """Change what one wrote oneself, and the files on it. Raises `Forbidden`, `ChangedMeanwhile`."""
        self._require_own(id)
        documents = Documents(self.work)
        documents.remove(id, detach)
        has_files = bool(attach or documents.on([id]))
        row = self.work.change(tables.note, id, version, text=clean_note(text, has_files=has_files), edited_at=self.work.now)
        (note,) = self._notes([row])
        self._mention(note)
        return self._with_files(note, attach)

    @writes()
    def pin(self, *, id: UUID, version: int, pinned: bool = True) -> Note:  # noqa: A002
        """Put a note above the others, or back among them."""
        (note,) = self._notes([self.work.change(tables.note, id, version, pinned_at=self.work.now if pinned else None)])
        return note

    @writes()
    def delete(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take a note of one's own away. It can be undone."""
        self._require_own(id)
        row = self.work.change(tables.note, id, version)
        self.work.replace(tables.note_mention, {"note_id": id}, [])
        self.work.replace(tables.document, {"note_id": id}, [])
        self.work.remove(tables.note, row)

    def about(self, key: str, party_id: UUID | None, limit: int = 200) -> list[Note]:
        """The notes of a party that the caller may see: that has been asked."""
        return self._notes(self.work.rows_about(tables.note, key, party_id, newest=max(1, min(limit, MOST_NOTES))))

    def _notes(self, rows: list[Row]) -> list[Note]:
        names = self.work.employee_names()
        files = Documents(self.work).on(row["id"] for row in rows) if rows else {}
        notes = [as_record(Note, row | {"author": names.get(row["author_id"], "")}) for row in rows]
        return [replace(note, documents=tuple(files[note.id])) if note.id in files else note for note in notes]

    def _with_files(self, note: Note, attach: Sequence[Upload]) -> Note:
        if not attach:
            return note
        documents = Documents(self.work)
        documents.attach(note, attach)
        return replace(note, documents=tuple(documents.on([note.id]).get(note.id, ())))

    def _mention(self, note: Note) -> None:
        called = mentioned(note.text)
        rows: list[Row] = [{"employee_id": e["id"]} for e in self.work.kept(tables.employee) if e["is_active"] and e["username"] in called]
        self.work.replace(tables.note_mention, {"note_id": note.id}, rows)

    def _require_own(self, note_id: UUID) -> None:
        note = self.work.read(Note, tables.note, note_id)
        if note.author_id != self.actor.id and not self.actor.has(Role.ADMIN):
            raise Forbidden(_("Only who wrote a note can change it or take it away."))
