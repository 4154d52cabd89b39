"""The documents of all cards on one page: what colleagues changed last, and a search in names and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.document_words import DocumentKind, FoundDocument
from crm_lab.domain.documents import in_words
from crm_lab.i18n import _, moment
from crm_lab.widgets.document_tab import SHOWN
from crm_lab.widgets.live import Live
from crm_lab.widgets.wall import files_at

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

AT_A_TIME = 50
ALL = "all"


def kind_words() -> dict[str, str]:
    """Kinds of files, in words."""
    return {
        DocumentKind.PDF: _("PDF"), DocumentKind.WRITING: _("Texts"), DocumentKind.SHEET: _("Spreadsheets"), DocumentKind.SLIDES: _("Presentations"),
        DocumentKind.PICTURE: _("Pictures"), DocumentKind.OTHER: _("Other files"),
    }  # fmt: skip


class DocumentList(Live):
    """All documents the employee may see, the last changed first."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Documents")
        self._text, self._kind, self._whose, self._start = "", ALL, ALL, 0
        actions = {"filter": self._search, "kind": self._choose_kind, "whose": self._choose_whose, "page": self._page}
        super().__init__("document_list.html", app, actions=actions, base=app.base, **self._read())

    def reload(self) -> None:
        """Read again; what is asked for stays."""
        self.refresh(**self._read())

    def _read(self) -> dict[str, Any]:
        kind = DocumentKind(self._kind) if self._kind in set(DocumentKind) else None
        found = self.app.crm.documents.find(text=self._text, kind=kind, mine=self._whose == "mine", start=self._start, limit=AT_A_TIME)
        return {
            "rows": [_row(one) for one in found.documents], "n": found.n, "first": self._start + 1, "last": self._start + len(found.documents),
            "newer": max(0, self._start - AT_A_TIME), "older": self._start + AT_A_TIME, "text": self._text, "files": files_at(self.app.base),
            "kinds": [(ALL, _("All kinds of files")), *kind_words().items()], "kind": self._kind, "owners": [(ALL, _("Everybody's")), ("mine", _("Mine"))], "whose": self._whose,
        }  # fmt: skip

    def _show(self, start: int = 0) -> None:
        self._start = start
        self.reload()

    def _search(self, value: str) -> None:
        self._text = str(value)
        self._show()

    def _choose_kind(self, value: str) -> None:
        self._kind = value if value in set(DocumentKind) else ALL
        self._show()

    def _choose_whose(self, value: str) -> None:
        self._whose = "mine" if value == "mine" else ALL
        self._show()

    def _page(self, id: str) -> None:  # noqa: A002 - the page's word
        self._show(int(id) if str(id).isascii() and str(id).isdigit() and len(str(id)) < 9 else 0)  # noqa: PLR2004 - nobody has so many


def _row(one: FoundDocument) -> dict[str, Any]:
    document = one.document
    path = f"customers/{one.customer_number}" if one.customer_number else f"contacts/{one.contact_id}"
    return {
        "id": str(document.id), "name": document.name, "folder": document.folder or "", "size": in_words(document.size), "party": one.party,
        "path": f"{path}/documents", "at": moment(document.changed_at or document.created_at), "who": one.who, "excerpt": one.excerpt,
        "is_shown": document.media_type in SHOWN,
    }  # fmt: skip
