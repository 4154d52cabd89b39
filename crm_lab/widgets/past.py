"""Lists as they were: any list at the end of any day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from crm_lab.domain.past import PastList
from crm_lab.domain.projects import ProjectStatus
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, business_day, day, ngettext
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live
from crm_lab.widgets.opportunities import status_words as opportunity_words
from crm_lab.widgets.orders import status_words as order_words
from crm_lab.widgets.projects import status_words as project_words
from crm_lab.widgets.task_box import read_day
from crm_lab.widgets.task_fields import kind_names, priority_names, status_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from crm_lab.widgets.shell import App

AMOUNTS = {"amount", "budget", "gross", "price"}
SHOWN = {
    PastList.CUSTOMERS: ("name", "number", "organisation_number", "phone", "email", "industry", "owner"),
    PastList.CONTACTS: ("name", "phone", "mobile", "email", "owner"),
    PastList.OPPORTUNITIES: ("title", "party", "status", "stage", "amount", "currency", "probability", "expected_close_on", "owner"),
    PastList.TASKS: ("title", "party", "kind", "priority", "status", "due_at", "owner"),
    PastList.PROJECTS: ("name", "number", "party", "status", "starts_on", "ends_on", "budget", "leader"),
    PastList.ORDERS: ("number", "party", "status", "ordered_on", "gross", "currency", "owner"),
    PastList.PRODUCTS: ("name", "number", "unit", "price", "vat_code"),
}
"""The columns of each list, in order."""


def list_names() -> dict[str, str]:
    """The lists in words."""
    return {
        PastList.CUSTOMERS: _("Customers"), PastList.CONTACTS: _("Contacts"), PastList.OPPORTUNITIES: _("Opportunities"), PastList.TASKS: _("Tasks"),
        PastList.PROJECTS: _("Projects"), PastList.ORDERS: _("Orders"), PastList.PRODUCTS: _("Products"),
    }  # fmt: skip


class PastScreen(Stack):
    """A list, a day, and the list as it was at the end of that day."""

    classes = ("screen", "fixed")

    def __init__(self, app: App, query: str = "") -> None:
        self.app, self.title = app, _("As it was")
        asked = parse_qs(query.removeprefix("?"))
        self._what = PastList(asked["list"][0]) if asked.get("list", [""])[0] in set(PastList) else PastList.CUSTOMERS
        self._day = business_day(utc_now()) - timedelta(days=30)
        self.frame: pd.DataFrame
        since = app.crm.past.since()
        actions = {"list": self._choose, "day": self._at, "filter": self._filter}
        self.head = Live(
            "past.html", app, actions=actions, base=app.base, lists=list_names(), what=self._what, day=self._day, told="", error="",
            since=day(business_day(since)) if since else "",
        )  # fmt: skip
        self.grid = Grid(columns=[], label=self.title, empty=_("There was nothing here then."), on_open=guarded(app, self._open))
        super().__init__([self.head, self.grid])
        self.reload()

    def reload(self) -> None:
        """Read the list again."""
        self.frame = self.app.crm.past.list(what=self._what, day=self._day)
        self.grid.columns = _columns(self._what)
        self.grid.sort = [self.grid.columns[0]["key"], 1]
        self.grid.show(_shown(self.frame))
        n_other = int((self.frame.changed & ~self.frame.gone).sum())
        told = (ngettext("{n} line", "{n} lines", len(self.frame)), _("{n} otherwise by now", n=n_other), _("{n} no longer there", n=int(self.frame.gone.sum())))
        self.head.refresh(told=" · ".join(told), what=self._what, day=self._day, error="")

    def _choose(self, value: str) -> None:
        self._what = PastList(value)
        self.reload()

    def _at(self, value: str) -> None:
        try:
            found = read_day(str(value))
        except InvalidInput as error:
            self.head.refresh(error=error.message)
            return
        if found is None or found > business_day(utc_now()):
            self.head.refresh(error=_("Choose today or a day before."))
            return
        self._day = found
        self.reload()

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _open(self, row: int) -> None:
        """What is still there, on its own page."""
        if not (isinstance(row, int) and 0 <= row < len(self.frame)):
            return
        line = self.frame.iloc[row]
        if line.gone:
            self.app.toast(_("It is no longer there."))
            return
        at = line.number if self._what in {PastList.CUSTOMERS, PastList.PROJECTS} else line.id
        self.app.go(f"{self._what}/{at}")


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Amounts in øre, as the table takes them, and in a word what became of a line."""
    became = frame.gone.map({True: "gone", False: ""}).where(frame.gone | ~frame.changed, "changed")
    minor = {f"{name}_minor": _minor(frame[name]) for name in AMOUNTS if name in frame}
    return frame.assign(became=became, **minor)


def _minor(amounts: pd.Series[Any]) -> pd.Series[Any]:
    return amounts.map(lambda amount: None if amount is None else int(amount * 100)).astype("Int64")


def _columns(what: PastList) -> list[dict[str, Any]]:
    """What a list shows, as the list of today shows it."""
    statuses: dict[PastList, Mapping[Any, str]] = {
        PastList.OPPORTUNITIES: opportunity_words(), PastList.ORDERS: order_words(), PastList.TASKS: status_names(),
        PastList.PROJECTS: {status: project_words(status) for status in ProjectStatus},
    }  # fmt: skip
    name = {"min": 180, "grow": 3, "phone": 1, "fixed": True, "opens": True}
    known: dict[str, dict[str, Any]] = {
        "number": {"label": _("No."), "kind": "num", "width": 90, "phone": 4}, "name": {"label": _("Name")} | name, "title": {"label": _("Subject")} | name,
        "party": {"label": _("Customer"), "min": 150, "grow": 2, "phone": 2}, "organisation_number": {"label": _("Org. no."), "width": 110},
        "phone": {"label": _("Phone"), "width": 120, "phone": 3}, "mobile": {"label": _("Mobile"), "width": 120}, "email": {"label": _("E-mail"), "min": 140},
        "website": {"label": _("Website"), "min": 110}, "industry": {"label": _("Industry"), "min": 120}, "owner": {"label": _("Owner"), "min": 110},
        "leader": {"label": _("Project leader"), "min": 110}, "stage": {"label": _("Stage"), "min": 110}, "currency": {"label": _("Currency"), "width": 76},
        "status": {"label": _("Status"), "width": 120, "phone": 3, "map": {str(k): v for k, v in statuses.get(what, {}).items()}},
        "kind": {"label": _("Type"), "width": 110, "map": {str(k): v for k, v in kind_names().items()}},
        "priority": {"label": _("Priority"), "width": 90, "map": {str(k): v for k, v in priority_names().items()}},
        "probability": {"label": _("Probability, %"), "kind": "num", "width": 110}, "unit": {"label": _("Unit"), "width": 80}, "vat_code": {"label": _("VAT code"), "width": 90},
        "amount": {"label": _("Amount")}, "budget": {"label": _("Budget")}, "gross": {"label": _("Amount")}, "price": {"label": _("Price")},
        "expected_close_on": {"label": _("Expected close"), "kind": "date", "width": 120}, "ordered_on": {"label": _("Date"), "kind": "date", "width": 96},
        "starts_on": {"label": _("Start"), "kind": "date", "width": 96}, "ends_on": {"label": _("End"), "kind": "date", "width": 96},
        "starts_at": {"label": _("Start"), "kind": "date", "width": 108}, "due_at": {"label": _("Due"), "kind": "date", "width": 108},
    }  # fmt: skip
    found = [{"key": key} | known[key] for key in SHOWN[what]]
    found = [column | ({"key": f"{column['key']}_minor", "kind": "money", "width": 116} if column["key"] in AMOUNTS else {}) for column in found]
    return [*found, {"key": "became", "label": _("Since then"), "width": 130, "map": {"changed": _("Changed"), "gone": _("Removed"), "": ""}}]
