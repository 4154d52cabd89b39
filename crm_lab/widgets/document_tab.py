"""The documents of a card: brought by choosing or dropping files, in folders, with versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.documents import Document, in_words
from crm_lab.i18n import _, moment
from crm_lab.widgets.attachments import Attachments
from crm_lab.widgets.wall import files_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from crm_lab.widgets.shell import App

BROUGHT = "documents"
"""The name under which the page sends files for this tab."""
SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/pdf"}
"""What a browser shows by itself, and nothing that runs."""
AT_A_TIME = 100


class DocumentTab:
    """The part of a card that `document_tab.html` draws; `party` names whose card it is, `tell`, `draw` and `focus` are the card's."""

    def __init__(self, app: App, party: dict[str, UUID], tell: Callable[[dict[str, Any]], None], draw: Callable[[], None], focus: Callable[[str], None]) -> None:
        self._app, self._party, self._draw, self._focus = app, party, draw, focus
        self.attachments = Attachments(app, tell, self._arrived)
        self._all: dict[str, Document] = {}
        self._folder, self._edited, self._past, self._start = "", "", "", 0

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What its template may do."""
        return {
            "document_folder": self._go, "document_edit": self._edit, "document_cancel": self._cancel, "document_save": self._save,
            "document_delete": self._delete, "document_hold": self._hold, "document_past": self._show_past, "document_restore": self._restore,
            "document_new_folder": self._new_folder, "document_page": self._page,
        }  # fmt: skip

    def shown(self) -> dict[str, Any]:
        """A page of the folder that is looked into, as the template shows it."""
        crm, names = self._app.crm, {e.id: e.name for e in self._app.crm.employees.list()}
        page = crm.documents.folder(**self._party, folder=self._folder, start=self._start, limit=AT_A_TIME)
        self._all = {str(one.id): one for one in page.documents}
        past = crm.documents.versions(id=self._all[self._past].id) if self._past in self._all else []
        parts = self._folder.split("/") if self._folder else []
        return {
            "documents": [_row(one, names) for one in page.documents], "document_folders": [(one.path, one.name, one.n) for one in page.folders],
            "document_folder": self._folder, "n_documents": page.n, "document_first": self._start + 1, "document_last": self._start + len(page.documents),
            "document_newer": max(0, self._start - AT_A_TIME), "document_older": self._start + AT_A_TIME,
            "document_trail": [("/".join(parts[: n + 1]), part) for n, part in enumerate(parts)], "document_edited": self._edited, "document_past": self._past,
            "document_versions": [(one.number, in_words(one.size), one.by, moment(one.at), one is past[-1]) for one in past], "document_files": files_at(self._app.base),
        }  # fmt: skip

    def _arrived(self) -> None:
        """A file is whole: put it where the tab looks."""
        uploads = tuple(self.attachments.ready(BROUGHT))
        if uploads:
            self._app.crm.documents.put(uploads=uploads, folder=self._folder, **self._party)
            self.attachments.let_go(BROUGHT)
            self._draw()
            self._app.toast(_("{name} is here.", name=uploads[-1].name), undo=True)

    def _go(self, id: str) -> None:  # noqa: A002 - the page's word
        self._folder, self._edited, self._past, self._start = str(id), "", "", 0
        self._draw()

    def _page(self, id: str) -> None:  # noqa: A002
        self._start, self._edited, self._past = int(id) if str(id).isascii() and str(id).isdigit() else 0, "", ""
        self._draw()

    def _new_folder(self, values: dict[str, Any]) -> None:
        """Look into a folder that is yet to be: it is there once a file is."""
        name = str(values.get("folder", "")).strip()
        if name:
            self._go("/".join(filter(None, (self._folder, name))))

    def _edit(self, id: str) -> None:  # noqa: A002
        self._edited = id if id in self._all else ""
        self._draw()
        self._focus("#document-form [name=name]")

    def _cancel(self) -> None:
        self._edited = ""
        self._draw()

    def _save(self, id: str, values: dict[str, Any]) -> None:  # noqa: A002
        """Another name, another folder."""
        one, crm = self._all[id], self._app.crm.documents
        name, folder = str(values.get("name", one.name)), str(values.get("folder", one.folder or ""))
        if folder != (one.folder or ""):
            one = crm.move(id=one.id, version=one.version, folder=folder)
        if name != one.name:
            crm.rename(id=one.id, version=one.version, name=name)
        self._edited = ""
        self._draw()
        self._app.toast(_("{name} is saved.", name=name), undo=True)

    def _delete(self, id: str) -> None:  # noqa: A002
        one = self._all[id]
        self._app.crm.documents.delete(id=one.id, version=one.version)
        self._edited = ""
        self._draw()
        self._app.toast(_("{name} is deleted.", name=one.name), undo=True)

    def _hold(self, id: str) -> None:  # noqa: A002
        one = self._all[id]
        self._app.crm.documents.hold(id=one.id, version=one.version, is_held=one.held_by is None)
        self._draw()

    def _show_past(self, id: str) -> None:  # noqa: A002
        self._past = "" if self._past == id else id
        self._draw()

    def _restore(self, id: str) -> None:  # noqa: A002
        """Let an older version of the document whose versions are shown be the newest."""
        one = self._all[self._past]
        self._app.crm.documents.restore(id=one.id, version=one.version, number=int(id))
        self._draw()
        self._app.toast(_("{name} is as it was.", name=one.name), undo=True)


def _row(one: Document, names: dict[UUID, str]) -> dict[str, Any]:
    return {
        "id": str(one.id), "name": one.name, "size": in_words(one.size), "at": moment(one.created_at), "by": names.get(one.created_by, ""),
        "is_on_note": one.note_id is not None, "is_shown": one.media_type in SHOWN, "held": names.get(one.held_by, "") if one.held_by else "",
        "folder": one.folder or "",
    }  # fmt: skip
