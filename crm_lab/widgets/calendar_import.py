"""Appointments from another calendar: choose a file, see what came in and what was left out, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_lab.errors import CrmError
from crm_lab.i18n import _, ngettext
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.live import Live
from crm_lab.widgets.upload import Upload

if TYPE_CHECKING:
    from crm_lab.domain.calendar import BroughtIn
    from crm_lab.widgets.shell import App

LARGEST_FILE = 5 << 20
SHOWN = 100


class CalendarImport(Stack):
    """The upload, and what became of the file."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Import a calendar")
        self.told = Live("calendar_import.html", app, base=app.base, problem="", brought=None, left_out=[], more=0)
        self.upload = Upload(
            hint=_("iCalendar (.ics), up to {n} MB", n=LARGEST_FILE >> 20), accept=".ics,.ical,text/calendar", largest=LARGEST_FILE,
            on_file=guarded(app, self._file), on_too_large=guarded(app, self._too_large),
        )  # fmt: skip
        super().__init__([self.told, self.upload])

    def _too_large(self) -> None:
        self.told.refresh(problem=_("The file is larger than {n} MB. Split it into several.", n=LARGEST_FILE >> 20))

    def _file(self, name: str, data: bytes) -> None:
        try:
            brought: BroughtIn = self.app.crm.calendar.read(name, data)
        except CrmError as error:
            self.told.refresh(problem=error.message, brought=None, left_out=[])
            return
        self.told.refresh(problem="", brought=_sentence(brought), left_out=brought.left_out[:SHOWN], more=max(0, len(brought.left_out) - SHOWN))
        self.app.toast(_sentence(brought), undo=brought.n_new > 0)


def _sentence(brought: BroughtIn) -> str:
    parts = [ngettext("{n} entry is brought in.", "{n} entries are brought in.", brought.n_new)]
    if brought.n_known:
        parts.append(ngettext("{n} was here already.", "{n} were here already.", brought.n_known))
    if brought.left_out:
        parts.append(ngettext("{n} is left out.", "{n} are left out.", len(brought.left_out)))
    return " ".join(parts)
