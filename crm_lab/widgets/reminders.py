"""Who is to be reminded: invoices past due with fee and interest as of a day, and the list as a report. Nothing is sent."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, business_day, kroner, ngettext
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.ledger_reports import report_actions, report_items
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App


class ReminderScreen(Stack):
    """The list of one day; for those who keep the books."""

    classes = ("screen", "fixed", "ledger")

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Reminders")
        self.on = business_day(utc_now())
        actions = {"on": self._choose_day, "filter": self._filter, **report_actions(app, None, lambda: {"as_of": self.on})}
        self._read()
        self.head = Live("reminders.html", app, actions=actions, base=app.base, reports=report_items("reminders"), **self._told())
        self.grid = Grid(
            columns=_columns(), sort=["days_late", -1], label=_("Reminders"), empty=_("Nobody is to be reminded"),
            empty_hint=_("No invoice that reminders are sent for is past due on this day."), sum_key="total_minor", sum_by="currency",
            on_open=guarded(app, self._open_row),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        self.grid.show(self.frame)

    def reload(self) -> None:
        """Read again, where the ledger changed since."""
        if self.app.crm.ledger.stamp() != self._stamp:
            self._show()

    def _read(self) -> None:
        self._stamp: str = self.app.crm.ledger.stamp()
        self.frame: pd.DataFrame = self.app.crm.ledger.reminders(on=self.on)

    def _show(self) -> None:
        self._read()
        self.head.refresh(**self._told())
        self.grid.show(self.frame)

    def _told(self) -> dict[str, Any]:
        names = {"open_minor": _("Open"), "fee_minor": _("Fee"), "interest_minor": _("Interest")}
        kroner_only = self.frame[self.frame["currency"] == "NOK"]
        return {
            "on": self.on, "sums": [(label, kroner(int(kroner_only[name].sum()))) for name, label in names.items()],
            "n_text": ngettext("{n} invoice", "{n} invoices", len(self.frame)), "are_rates_known": bool(self.frame["is_rate_known"].all()),
        }  # fmt: skip

    def _choose_day(self, value: str) -> None:
        try:
            self.on = date.fromisoformat(value)
        except ValueError:
            raise InvalidInput(_("Choose a day."), "on") from None
        self._show()

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _open_row(self, row: int) -> None:
        if isinstance(row, int) and 0 <= row < len(self.frame):
            chosen = self.frame.iloc[row]
            if chosen.customer_id != str(chosen.customer_number):
                self.app.go(f"customers/{chosen.customer_number}/ledger")


def _columns() -> list[dict[str, Any]]:
    return [
        {"key": "customer_number", "label": _("No."), "kind": "num", "width": 76},
        {"key": "customer_name", "label": _("Name"), "min": 140, "grow": 2, "phone": 1, "opens": True},
        {"key": "document_number", "label": _("Invoice"), "width": 92, "phone": 3},
        {"key": "kid", "label": "KID", "width": 134, "rare": True},
        {"key": "due_on", "label": _("Due"), "kind": "date", "width": 94},
        {"key": "days_late", "label": _("Days late"), "kind": "num", "width": 96, "phone": 4},
        {"key": "open_minor", "label": _("Open"), "kind": "money", "width": 108},
        {"key": "fee_minor", "label": _("Fee"), "kind": "money", "width": 84, "dash": True},
        {"key": "compensation_minor", "label": _("Compensation"), "kind": "money", "width": 118, "dash": True},
        {"key": "interest_minor", "label": _("Interest"), "kind": "money", "width": 92, "dash": True},
        {"key": "total_minor", "label": _("In all"), "kind": "money", "width": 108, "phone": 2},
        {"key": "currency", "label": _("Currency"), "width": 64, "rare": True},
    ]
