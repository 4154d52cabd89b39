"""Who is to be reminded: invoices past due with fee and interest as of a day; letters are made, sent and printed from here."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pandas as pd

from crm_lab.domain.access import Role
from crm_lab.domain.deliveries import DeliveryState
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, business_day, kroner, ngettext
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, aside, guarded
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.ledger_reports import report_actions, report_items
from crm_lab.widgets.live import Live
from crm_lab.widgets.papers import hand_over

if TYPE_CHECKING:
    from crm_lab.domain.reminders import Reminder
    from crm_lab.widgets.shell import App


class ReminderScreen(Stack):
    """The list of one day; for those who keep the books."""

    classes = ("screen", "fixed", "ledger")

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Reminders")
        self.on = business_day(utc_now())
        self.may_remind = app.me.has(Role.ACCOUNTANT)
        actions = {"on": self._choose_day, "filter": self._filter, "remind_start": self._ask, "remind": self._remind_due, **report_actions(app, None, lambda: {"as_of": self.on})}
        self._read()
        self.head = Live("reminders.html", app, actions=actions, base=app.base, reports=report_items("reminders"), is_asking=False, **self._told())
        self.grid = Grid(
            columns=_columns(), sort=["days_late", -1], label=_("Reminders"), empty=_("Nobody is to be reminded"),
            empty_hint=_("No invoice that reminders are sent for is past due on this day."), sum_key="total_minor", sum_by="currency",
            on_open=guarded(app, self._open_row), on_menu=guarded(app, self._menu),
            menu=[{"id": "remind", "label": _("Send a reminder"), "key": "P"}, {"id": "print", "label": _("Make the letter to print")}] if self.may_remind else [],
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
            "on": self.on, "may_remind": self.may_remind, "n_due": int(self.frame["is_due"].sum()), "is_nightly": self.app.crm.invoices.settings().reminds_nightly, "sums": [(label, kroner(int(kroner_only[name].sum()))) for name, label in names.items()],
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

    def _ask(self) -> None:
        """Ask before many letters go out; a second click takes the question away."""
        self.head.refresh(is_asking=not self.head.data["is_asking"])

    def _remind_due(self) -> None:
        """Remind all whose turn it is."""
        self.head.refresh(is_asking=False)
        aside(self.app, lambda: self.app.crm.reminders.send(on=self.on), self._reminded)

    def _menu(self, id: str) -> None:  # noqa: A002 - the grid's word
        keys = [UUID(self.frame.posting_id.iloc[row]) for row in self.grid.selected_rows]
        if keys and id == "remind":
            aside(self.app, lambda: self.app.crm.reminders.send(keys, on=self.on), self._reminded)
        elif keys and id == "print":
            aside(self.app, lambda: self._letters(keys), self._printed)

    def _letters(self, keys: list[UUID]) -> list[tuple[str, bytes]]:
        """Make the letters, sent by nobody."""
        crm = self.app.crm.reminders
        made: tuple[Reminder, ...] = crm.make(posting_ids=keys, on=self.on)
        return [(f"{_('Payment reminder')} {at}.pdf", crm.pdf(id=one.id)) for at, one in enumerate(made, 1)]

    def _printed(self, letters: list[tuple[str, bytes]]) -> None:
        hand_over(self.app, _("Reminders"), letters)
        self._show()

    def _reminded(self, made: tuple[Reminder, ...]) -> None:
        sent = {one.reminder_id for one in self.app.crm.deliveries.of_reminders(reminder_ids=[one.id for one in made]) if one.state == DeliveryState.SENT}
        self._show()
        rest = len(made) - len(sent)
        said = ngettext("{n} reminder is sent.", "{n} reminders are sent.", len(sent))
        left = ngettext("{n} is made, but not sent: the invoice says why.", "{n} are made, but not sent: the invoices say why.", rest)
        self.app.toast(f"{said} {left}" if rest else said)

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
        {"key": "n_reminders", "label": _("Reminded"), "kind": "num", "width": 88, "dash": True},
        {"key": "last_on", "label": _("Last"), "kind": "date", "width": 94, "rare": True},
        {"key": "open_minor", "label": _("Open"), "kind": "money", "width": 108},
        {"key": "fee_minor", "label": _("Fee"), "kind": "money", "width": 84, "dash": True},
        {"key": "compensation_minor", "label": _("Compensation"), "kind": "money", "width": 118, "dash": True, "rare": True},
        {"key": "interest_minor", "label": _("Interest"), "kind": "money", "width": 92, "dash": True},
        {"key": "total_minor", "label": _("In all"), "kind": "money", "width": 108, "phone": 2},
        {"key": "currency", "label": _("Currency"), "width": 64, "rare": True},
    ]
