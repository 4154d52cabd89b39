"""The wall of a card: notes on one party, written, changed, pinned and taken away in place; and what else happened, by kind."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.access import Role
from crm_lab.domain.documents import in_words
from crm_lab.domain.ledger import PostingKind
from crm_lab.domain.notes import MENTION, NOTES_ON_CARD
from crm_lab.domain.tasks import start_of
from crm_lab.i18n import _, kroner
from crm_lab.widgets.attachments import NEW, Attachments
from crm_lab.widgets.opportunities import step_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crm_lab.domain.cards import ContactCard, CustomerCard
    from crm_lab.domain.notes import Note
    from crm_lab.widgets.shell import App

NOTES, TASKS, OWNERS, OPPORTUNITIES, PAYMENTS = "notes", "tasks", "owners", "opportunities", "payments"
MOST_PAYMENTS = 500
MORE = 200
"""So many earlier notes come at a time."""
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


class Wall:
    """The part of a card that `wall.html` draws; `about` names the party, `reload` draws the card again, `draw` only what this page knows.

    `n_written` notes were written here: it names the form, so that each begins with an empty one.
    """

    def __init__(
        self, app: App, about: dict[str, UUID], reload: Callable[[], None], draw: Callable[[], None], tell: Callable[[dict[str, Any]], None]
    ) -> None:
        self._app, self._about, self._reload, self._draw = app, about, reload, draw
        self.attachments = Attachments(app, tell, draw)
        self._notes: dict[str, Note] = {}
        self._edited = self._told = ""
        self._limit = 0
        self._kinds = {NOTES}
        self.n_written = 0

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What its template may do."""
        return {
            "note_add": self._add, "note_edit": self._edit, "note_save": self._save, "note_cancel": self._cancel,
            "note_pin": self._pin, "note_delete": self._delete, "note_past": self._past, "wall_more": self._more, "wall_kind": self._kind,
            "file_drop": self._drop_file, "file_get": self._get_file,
        }  # fmt: skip

    def shown(self, card: CustomerCard | ContactCard) -> dict[str, Any]:
        """Notes and whatever else is chosen, the newest first and pinned notes before all."""
        first = card.notes
        notes: list[Note] = self._app.crm.notes.of(**self._about, limit=self._limit) if self._limit > len(first) else list(first)
        self._notes = {str(note.id): note for note in notes}
        entries = [self._note(key, note) for key, note in self._notes.items()] if NOTES in self._kinds else []
        entries += [entry for kind in self._kinds - {NOTES} for entry in self._happened(kind, card)]
        entries.sort(key=lambda entry: (entry["is_pinned"], entry["at"]), reverse=True)
        kinds = [(kind, words, kind in self._kinds) for kind, words in self._kinds_of_party()]
        has_more = len(notes) >= max(self._limit, NOTES_ON_CARD) and NOTES in self._kinds
        return {"entries": entries, "wall_kinds": kinds, "has_more": has_more, "n_written": self.n_written, "chosen": self.attachments.chips(NEW), "files_at": files_at(self._app.base)}

    def _kinds_of_party(self) -> list[tuple[str, str]]:
        kinds = [(NOTES, _("Notes")), (TASKS, _("Done tasks")), (OWNERS, _("Owner changes"))]
        return [*kinds, *([(OPPORTUNITIES, _("Opportunities")), (PAYMENTS, _("Payments"))] if "customer_id" in self._about else [])]

    def _note(self, key: str, note: Note) -> dict[str, Any]:
        me = self._app.me
        past = self._app.crm.notes.versions(id=note.id)[1:] if key == self._told else []
        return {
            "kind": NOTES, "id": key, "at": note.created_at, "is_pinned": note.pinned_at is not None, "note": note, "parts": parts(note.text),
            "edited": key == self._edited, "mine": note.author_id == me.id or me.has(Role.ADMIN), "past": past,
            "files": self._files(key, note), "chosen": self.attachments.chips(key),
        }  # fmt: skip

    def _files(self, key: str, note: Note) -> list[dict[str, Any]]:
        gone = self.attachments.gone() if key == self._edited else set()
        return [{"id": str(one.id), "name": one.name, "size": in_words(one.size)} for one in note.documents if one.id not in gone]

    def _drop_file(self, id: str) -> None:  # noqa: A002 - the page's word
        self.attachments.drop(id)
        self._draw()

    def _get_file(self, id: str) -> None:  # noqa: A002 - the page's word
        """Hand a file over where no web server of ours does, as in JupyterLab."""
        documents, data = self._app.crm.documents, b""
        known = [one for note in self._notes.values() for one in note.documents if str(one.id) == id]
        for document in known:
            while part := documents.read(id=document.id, at=len(data)):
                data += part
            self._app.download(document.name, data)

    def _happened(self, kind: str, card: CustomerCard | ContactCard) -> list[dict[str, Any]]:
        """What happened beside the notes, as lines."""
        if kind == TASKS:
            return [_line(kind, str(t.id), t.done_at, t.owner, t.title) for t in card.tasks if t.done_at]
        if kind == OWNERS:
            return [_line(kind, str(n), owner.left_at, owner.name, _("no longer owns it")) for n, owner in enumerate(card.former_owners)]
        if "customer_id" not in self._about:
            return []
        if kind == OPPORTUNITIES:
            steps = self._app.crm.opportunities.steps(**self._about)
            return [_line(kind, str(n), step.at, step.who, step_words(step)) for n, step in enumerate(steps)]
        frame = self._app.crm.ledger.all_items(**self._about)
        paid = frame[frame.kind.isin([PostingKind.PAYMENT, PostingKind.REFUND])].tail(MOST_PAYMENTS)
        return [
            _line(kind, row.posting_id, start_of(row.posted_on), _("Payment"), _("{amount} {currency}, {text}", amount=kroner(-int(row.amount_minor)), currency=row.currency, text=row.text))
            for row in paid.itertuples()
        ]  # fmt: skip

    def _past(self, id: str) -> None:  # noqa: A002 - the page's word
        self._told = "" if id == self._told else id
        self._reload()

    def _more(self) -> None:
        self._limit = max(self._limit, NOTES_ON_CARD) + MORE
        self._reload()

    def _kind(self, kind: str) -> None:
        if kind in dict(self._kinds_of_party()):
            self._kinds = self._kinds ^ {kind}
        self._reload()

    def _add(self, values: dict[str, Any]) -> None:
        self._app.crm.notes.create(text=str(values.get("text", "")), attach=self.attachments.ready(NEW), **self._about)
        self.attachments.let_go(NEW)
        self.n_written += 1
        self._reload()
        self._app.toast(_("The note is saved."), undo=True)

    def _edit(self, id: str) -> None:  # noqa: A002 - the page's word
        self.attachments.let_go(self._edited)
        self._edited = id
        self._reload()

    def _cancel(self) -> None:
        self._edit("")

    def _save(self, id: str, values: dict[str, Any]) -> None:  # noqa: A002
        note = self._notes[id]
        self._app.crm.notes.change(id=note.id, version=note.version, text=str(values.get("text", "")), attach=self.attachments.ready(id), detach=list(self.attachments.gone()))
        self._edit("")
        self._app.toast(_("The note is changed."), undo=True)

    def _pin(self, id: str) -> None:  # noqa: A002
        note = self._notes[id]
        self._app.crm.notes.pin(id=note.id, version=note.version, pinned=note.pinned_at is None)
        self._reload()

    def _delete(self, id: str) -> None:  # noqa: A002
        note = self._notes[id]
        self._app.crm.notes.delete(id=note.id, version=note.version)
        self._reload()
        self._app.toast(_("The note is deleted."), undo=True)


def _line(kind: str, key: str, at: datetime, who: str, text: str) -> dict[str, Any]:
    return {"kind": kind, "id": f"{kind}-{key}", "at": at, "who": who, "text": text, "is_pinned": False}


def files_at(base: str) -> str:
    """Where our web server hands documents out, "" where there is none."""
    return f"{base.removesuffix('crm')}documents/" if os.environ.get("CRM_SCRIPTS") else ""


def parts(text: str) -> list[tuple[str, str]]:
    """A text as pieces of the kinds text, link and mention, which together are the text."""
    pieces, at = [], 0
    for found in sorted([*LINK.finditer(text), *MENTION.finditer(text)], key=lambda match: match.start()):
        if found.start() < at:
            continue  # a mention inside an address
        pieces += [("text", text[at : found.start()]), ("mention" if found.re is MENTION else "link", found[0])]
        at = found.end()
    return [(kind, piece) for kind, piece in [*pieces, ("text", text[at:])] if piece]
