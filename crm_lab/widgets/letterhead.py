"""The company's logo, colour and foot, with a document as it then looks."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from crm_lab.errors import CrmError
from crm_lab.i18n import _
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.forms import Form, Values
from crm_lab.widgets.upload import Upload

if TYPE_CHECKING:
    from crm_lab.domain.letterhead import Letterhead
    from crm_lab.widgets.shell import App

LARGEST = 2 << 20


class LetterheadForm(Form):
    """Colour and foot."""

    def __init__(self, app: App, actions: dict[str, Any]) -> None:
        self.app, self.title = app, _("Logo and colour")
        super().__init__("letterhead.html", app, self.stored(), actions, title=self.title, picture=self._picture())

    def stored(self) -> Values:
        """As it is saved now."""
        self._head: Letterhead = self.app.crm.letterhead.get()
        return {"accent": self._head.accent, "foot": self._head.foot}

    def show_logo(self, problem: str = "") -> None:
        """Draw the logo that is kept now."""
        self._head, self.problem = self.app.crm.letterhead.get(), problem
        self.refresh(picture=self._picture(), problem=problem)

    def _picture(self) -> str:
        """The logo as an address that holds it; what is in an img runs no script."""
        return f"data:{self._head.media_type};base64,{b64encode(self._head.logo).decode()}" if self._head.logo else ""

    def label_of(self, part: str) -> str:
        """A field in words."""
        return {"accent": _("Colour"), "foot": _("Line at the foot")}[part]

    def store(self) -> None:
        """Save."""
        self.app.crm.letterhead.save(accent=str(self.values["accent"]), foot=str(self.values["foot"]))
        self.start = dict(self.values)
        self.redraw()
        self.app.toast(_("The settings are saved."), undo=True)


class LetterheadScreen(Stack):
    """The form, and where a logo is dropped."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Logo and colour")
        self.form = LetterheadForm(app, {"remove": self._remove})
        self.upload = Upload(
            hint=_("PNG, JPEG or SVG, up to {n} MB", n=LARGEST >> 20), accept=".png,.jpg,.jpeg,.svg", largest=LARGEST,
            on_file=guarded(app, self._file), on_too_large=guarded(app, self._too_large),
        )  # fmt: skip
        super().__init__([self.form, self.upload])

    @property
    def is_begun(self) -> bool:
        """Whether anything is written that is not saved."""
        return self.form.is_begun

    def _too_large(self) -> None:
        self.form.show_logo(_("The picture is too large: at most {n} MB.", n=LARGEST >> 20))

    def _file(self, name: str, data: bytes) -> None:
        del name
        try:
            self.app.crm.letterhead.set_logo(data=data)
        except CrmError as error:
            self.form.show_logo(error.message)
            return
        self.form.show_logo()
        self.app.toast(_("The logo is on every document from now on."), undo=True)

    def _remove(self) -> None:
        self.app.crm.letterhead.set_logo(data=b"")
        self.form.show_logo()
        self.app.toast(_("The logo is removed."), undo=True)
