"""Alarms: what somebody wanted to be reminded of, told in the page when the time has come; and who is calling now."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import traitlets

from crm_lab.domain.calls import RINGS_FOR
from crm_lab.errors import CrmError
from crm_lab.i18n import OSLO, _, day
from crm_lab.widgets.base import View, script
from crm_lab.widgets.calls import number_words

if TYPE_CHECKING:
    from crm_lab.domain.calendar import Reminder
    from crm_lab.domain.calls import Call
    from crm_lab.widgets.shell import App


class Alarms(View):
    """The reminders of these days, and calls that ring at one's extension; the page waits for their time, and remembers in the browser which were seen."""

    _esm = script("alarms")
    due = traitlets.List().tag(sync=True)
    base = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, app: App) -> None:
        self._app = app
        super().__init__(base=app.base, words={"close": _("OK")})
        self.reload()

    def reload(self) -> None:
        """Read them again; they stay as they are where the store is away."""
        with suppress(CrmError):
            reminders = self._app.crm.calendar.reminders()
            ringing = self._app.crm.calls.ringing() if self._app.me.extension else []
            self.due = [*map(_call, ringing), *map(_reminder, reminders)]


def _reminder(one: Reminder) -> dict[str, str]:
    path = f"tasks/{one.task_id}"
    return {"id": str(one.task_id), "at": one.remind_at.isoformat(), "path": path, "title": one.title, "text": f"{_('Reminder')}: {_when(one)}"}


def _call(one: Call) -> dict[str, str]:
    """Who is calling, with a way to the card; an unknown number leads to where it is put on one."""
    who, number = one.customer or one.contact, number_words(one.number)
    party = f"contacts/{one.contact_id}" if one.contact_id and not one.customer_number else f"customers/{one.customer_number}"
    title = " · ".join(dict.fromkeys(filter(None, (one.contact, number)))) if who else _("Unknown numbers")
    return {
        "id": str(one.id), "at": one.started_at.isoformat(), "until": (one.started_at + RINGS_FOR).isoformat(), "path": f"{party}/calls" if who else "calls/unknown",
        "title": title, "text": _("Calling: {name}", name=who or number),
    }  # fmt: skip


def _when(one: Reminder) -> str:
    local = one.begins_at.astimezone(OSLO)
    return day(local.date()) if one.is_all_day else f"{day(local.date())} {local:%H.%M}"
