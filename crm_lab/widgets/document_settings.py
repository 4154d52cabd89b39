"""DocumentSettings: the folders that every customer's documents have from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_lab.domain.documents import clean_template
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.forms import Form, Values

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App


class DocumentSettings(Form):
    """One folder a line; administrators only."""

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Folders")
        super().__init__("document_settings.html", app, self.stored(), title=self.title)

    def stored(self) -> Values:
        """The template as it is saved now."""
        return {"folders": "\n".join(self.app.crm.documents.template())}

    def label_of(self, part: str) -> str:
        """The field in words."""
        del part
        return _("Folders")

    def faults(self) -> dict[str, str]:
        """What is wrong with a line."""
        try:
            clean_template(self._lines())
        except InvalidInput as error:
            return {"folders": error.message}
        return {}

    def _lines(self) -> tuple[str, ...]:
        return tuple(str(self.values["folders"]).splitlines())

    def store(self) -> None:
        """Save, and stay."""
        try:
            self.app.crm.documents.set_template(folders=self._lines())
        except InvalidInput as error:
            raise InvalidInput(error.message, "folders") from None
        self.app.go("settings/documents")
        self.app.toast(_("The folders are saved."), undo=True)
