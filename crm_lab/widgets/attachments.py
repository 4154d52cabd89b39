"""Files on their way to the notes of a wall: slices go on to the store as they come, and wait there for the note to be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.documents import MOST_ON_NOTE, Upload, in_words
from crm_lab.errors import CrmError, InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.upload import is_slice

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.widgets.shell import App

NEW = "new"
"""The form of a note that is yet to be."""


class Attachments:
    """What is chosen for each form: `NEW` or the id of a note. `tell` answers the page, `draw` shows what is chosen."""

    def __init__(self, app: App, tell: Callable[[dict[str, Any]], None], draw: Callable[[], None]) -> None:
        self._app, self._tell, self._draw = app, tell, draw
        self._ready: dict[str, list[Upload]] = {}
        self._gone: set[UUID] = set()
        self._coming: tuple[str, Upload, int] | None = None

    def take(self, message: dict[Any, Any], part: bytes) -> None:
        """A slice from the page, which anybody signed in can forge; the last one of a file shows it among the chosen."""
        to = message.get("to")
        if not (isinstance(to, str) and is_slice(message, part)):
            return
        try:
            self._take(to[:40], message["name"][:1000], message["size"], message["at"], part)
        except CrmError:
            self._coming = None
            self._tell({"next": -1})
            raise

    def _take(self, to: str, name: str, size: int, at: int, part: bytes) -> None:
        documents = self._app.crm.documents
        if at == 0:
            if len(self.ready(to)) >= MOST_ON_NOTE:
                raise InvalidInput(_("A note holds {n} files at most.", n=MOST_ON_NOTE))
            self._coming = (to, documents.start(name=name, size=size), 0)
        if self._coming is None or self._coming[0] != to or self._coming[2] != at:
            return
        upload = self._coming[1]
        if at + len(part) > upload.size or (upload.size and not part):
            self._coming = None
            return
        done = documents.add(id=upload.id, at=at, part=part)
        self._coming = (to, upload, done)
        if done == upload.size:
            documents.finish(id=upload.id)
            self._coming = None
            self._ready.setdefault(to, []).append(upload)
        self._tell({"next": done})
        if self._coming is None:
            self._draw()

    def ready(self, to: str) -> list[Upload]:
        """The files chosen for a form."""
        return self._ready.get(to, [])

    def gone(self) -> set[UUID]:
        """The documents that the note being edited is to lose."""
        return self._gone

    def chips(self, to: str) -> list[dict[str, Any]]:
        """The chosen files as the template shows them."""
        return [{"id": str(upload.id), "name": upload.name, "size": in_words(upload.size)} for upload in self.ready(to)]

    def drop(self, key: str) -> None:
        """Take a chosen file back, or mark a document as one that goes when the note is saved."""
        for chosen in self._ready.values():
            for upload in [one for one in chosen if str(one.id) == key]:
                chosen.remove(upload)
                self._app.crm.documents.discard(id=upload.id)
                return
        try:
            self._gone.add(UUID(key))
        except ValueError:
            return

    def let_go(self, to: str) -> None:
        """Forget what was chosen for a form: its note is saved, or is not to be."""
        for upload in self._ready.pop(to, []):
            self._app.crm.documents.discard(id=upload.id)
        if to != NEW:
            self._gone.clear()
