"""The wall of a card: notes on one party, written, changed, pinned and taken away in place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.access import Role
from crm_lab.domain.notes import MENTION
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crm_lab.domain.notes import Note
    from crm_lab.widgets.shell import App

LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


class Wall:
    """The part of a card that `wall.html` draws; `about` names the party, `reload` draws the card again.

    `n_written` notes were written here: it names the form, so that each begins with an empty one.
    """

    def __init__(self, app: App, about: dict[str, UUID], reload: Callable[[], None]) -> None:
        self._app, self._about, self._reload = app, about, reload
        self._notes: dict[str, Note] = {}
        self._edited = ""
        self.n_written = 0

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What its template may do."""
        return {
            "note_add": self._add, "note_edit": self._edit, "note_save": self._save, "note_cancel": self._cancel,
            "note_pin": self._pin, "note_delete": self._delete,
        }  # fmt: skip

    def shown(self, notes: Iterable[Note]) -> list[dict[str, Any]]:
        """The notes as the template shows them."""
        self._notes = {str(note.id): note for note in notes}
        me = self._app.me
        return [
            {
                "id": key, "note": note, "parts": parts(note.text), "edited": key == self._edited,
                "mine": note.author_id == me.id or me.has(Role.ADMIN),
            }
            for key, note in self._notes.items()
        ]  # fmt: skip

    def _add(self, values: dict[str, Any]) -> None:
        self._app.crm.notes.create(text=str(values.get("text", "")), **self._about)
        self.n_written += 1
        self._reload()
        self._app.toast(_("The note is saved."), undo=True)

    def _edit(self, id: str) -> None:  # noqa: A002 - the page's word
        self._edited = id
        self._reload()

    def _cancel(self) -> None:
        self._edit("")

    def _save(self, id: str, values: dict[str, Any]) -> None:  # noqa: A002
        note = self._notes[id]
        self._app.crm.notes.change(id=note.id, version=note.version, text=str(values.get("text", "")))
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


def parts(text: str) -> list[tuple[str, str]]:
    """A text as pieces of the kinds text, link and mention, which together are the text."""
    pieces, at = [], 0
    for found in sorted([*LINK.finditer(text), *MENTION.finditer(text)], key=lambda match: match.start()):
        if found.start() < at:
            continue  # a mention inside an address
        pieces += [("text", text[at : found.start()]), ("mention" if found.re is MENTION else "link", found[0])]
        at = found.end()
    return [(kind, piece) for kind, piece in [*pieces, ("text", text[at:])] if piece]
