"""Notebooks as pages, for administrators: published, named, put in order, taken out of the menu."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from crm_lab.domain.notebooks import LARGEST, PublishedNotebook
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.live import Live
from crm_lab.widgets.upload import Upload

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App


class NotebookScreen(Stack):
    """The pages there are, and a file that becomes one, or another version of one that is chosen."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Notebooks")
        self._at, self._values, self._errors = "", {"title": ""}, dict[str, str]()
        actions = {"edit": self._edit, "cancel": self._cancel, "save": self._save, "shift": self._shift, "show": self._show, "remove": self._remove}
        self.page = Live("notebooks.html", app, actions=actions, base=app.base, **self._shown())
        self.upload = Upload(
            hint=_("A notebook (.ipynb). Read it first: it runs with the rights of each who opens it."), accept=".ipynb", largest=LARGEST,
            on_file=guarded(app, self._file), on_too_large=guarded(app, self._too_large),
        )  # fmt: skip
        super().__init__([self.page, self.upload])

    def reload(self) -> None:
        """Read the list again."""
        self.page.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        self._pages: list[PublishedNotebook] = self.app.crm.notebooks.list()
        return {"pages": self._pages, "at": self._at, "values": self._values, "errors": self._errors}

    def _found(self, key: str) -> PublishedNotebook | None:
        return next((one for one in self._pages if str(one.id) == key), None)

    def _edit(self, id: str) -> None:  # noqa: A002 - the page's word
        one = self._found(id)
        if one is not None:
            self._at, self._values, self._errors = id, {"title": one.title}, {}
            self.reload()

    def _cancel(self) -> None:
        self._at, self._errors = "", {}
        self.reload()

    def _save(self, values: dict[str, Any]) -> None:
        one = self._found(self._at)
        if one is None:
            return
        self._values = {"title": str(values.get("title", ""))}
        try:
            self.app.crm.notebooks.change(id=one.id, version=one.version, title=self._values["title"])
        except InvalidInput as error:
            self._errors = {"title": error.message}
            self.reload()
            return
        self._done(_("{name} is saved.", name=self._values["title"]))

    def _file(self, name: str, data: bytes) -> None:
        """A new page, or what the one that is being changed holds from now on."""
        one, title = self._found(self._at), PurePath(name).stem.replace("_", " ").capitalize()
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = ""
        try:
            if one is None:
                self.app.crm.notebooks.publish(title=title, content=text)
            else:
                title = one.title
                self.app.crm.notebooks.change(id=one.id, version=one.version, content=text)
        except InvalidInput as error:
            self._errors = {"file": error.message}
            self.reload()
            return
        self._done(_("{name} is published.", name=title))

    def _too_large(self) -> None:
        self._errors = {"file": _("The notebook is larger than {n} MB. Take out its outputs.", n=LARGEST >> 20)}
        self.reload()

    def _shift(self, id: str, by: str) -> None:  # noqa: A002
        if one := self._found(id):
            self.app.crm.notebooks.move(id=one.id, version=one.version, earlier=by == "-1")
            self.app.changed()

    def _show(self, id: str) -> None:  # noqa: A002
        """Take a page out of the menu, or put it back."""
        if one := self._found(id):
            self.app.crm.notebooks.change(id=one.id, version=one.version, is_active=not one.is_active)
            self._done(_("{name} is in the menu.", name=one.title) if not one.is_active else _("{name} is taken out of the menu.", name=one.title))

    def _remove(self, id: str) -> None:  # noqa: A002
        if one := self._found(id):
            self.app.crm.notebooks.remove(id=one.id, version=one.version)
            self._done(_("{name} is removed.", name=one.title))

    def _done(self, text: str) -> None:
        self._at, self._errors = "", {}
        self.app.toast(text, undo=True)
        self.app.changed()
