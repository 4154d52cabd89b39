"""E-mails that came back: choose the notification, and the invoice, quote or reminder it is about says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_lab.errors import CrmError
from crm_lab.i18n import _
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.live import Live
from crm_lab.widgets.orders import troubled_row
from crm_lab.widgets.upload import Upload

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

LARGEST_FILE = 20 << 20


class BounceScreen(Stack):
    """The upload, and what was told since the page was opened, the newest first."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("E-mail that came back")
        self.told = Live("bounces.html", app, base=app.base, problem="", taken=[])
        self.upload = Upload(
            hint=_("The notification, saved from the mailbox (.eml), up to {n} MB", n=LARGEST_FILE >> 20), accept=".eml", largest=LARGEST_FILE,
            on_file=guarded(app, self._file), on_too_large=guarded(app, self._too_large),
        )  # fmt: skip
        super().__init__([self.told, self.upload])

    def _too_large(self) -> None:
        self.told.refresh(problem=_("The file is too large for a notification: at most {n} MB.", n=LARGEST_FILE >> 20))

    def _file(self, name: str, data: bytes) -> None:
        try:
            found = self.app.crm.deliveries.read_bounce(data)
        except CrmError as error:
            self.told.refresh(problem=f"{name}: {error.message}")
            return
        self.told.refresh(problem="", taken=[troubled_row(found), *self.told.data["taken"]])
