"""Alarms: what somebody wanted to be reminded of, told in the page when the time has come."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import traitlets

from crm_lab.errors import CrmError
from crm_lab.i18n import OSLO, _, day
from crm_lab.widgets.base import View, script

if TYPE_CHECKING:
    from crm_lab.domain.calendar import Reminder
    from crm_lab.widgets.shell import App


class Alarms(View):
    """The reminders of these days; the page waits for their time, and remembers in the browser which were seen."""

    _esm = script("alarms")
    due = traitlets.List().tag(sync=True)
    base = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, app: App) -> None:
        self._app = app
        super().__init__(base=app.base, words={"close": _("OK"), "label": _("Reminder")})
        self.reload()

    def reload(self) -> None:
        """Read them again; they stay as they are where the store is away."""
        with suppress(CrmError):
            self.due = [
                {"id": str(one.task_id), "at": one.remind_at.isoformat(), "title": one.title, "when": _when(one)} for one in self._app.crm.calendar.reminders()
            ]


def _when(one: Reminder) -> str:
    local = one.begins_at.astimezone(OSLO)
    return day(local.date()) if one.is_all_day else f"{day(local.date())} {local:%H.%M}"
