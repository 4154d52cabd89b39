"""CustomerList: every party the employee may see."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import ipywidgets

from crm_lab.domain.imports import ImportKind
from crm_lab.exchange.parties import FileForm, party_file
from crm_lab.i18n import _, ngettext
from crm_lab.widgets.base import guarded
from crm_lab.widgets.customer_fields import KINDS, kind_text
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App


class CustomerList(ipywidgets.VBox):
    """The list, its filter, and what is done to many rows at once."""

    def __init__(self, app: App) -> None:
        self.app, self.title, self._form = app, _("Customers"), FileForm.EXCEL
        self._chosen: tuple[UUID, ...] = ()
        exports = {f"export_{form}": partial(self._ask, form) for form in FileForm}
        actions = {"filter": self._filter, "assign": self._assign, "cancel": self._cancel} | exports
        self.head = Live("customer_list.html", app, actions=actions, base=app.base, colleagues=[], question="")
        self.grid = Grid(
            columns=self._columns(), sort=["name", 1], label=self.title, empty=_("No customers"),
            empty_hint=_("Add the first one with the button above."), on_open=guarded(app, self._open_row),
            on_menu=guarded(app, self._menu), menu=[{"id": "assign", "label": _("Change owner …")}],
            on_rows=guarded(app, self._export),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        for name in ("screen", "fixed"):
            self.add_class(name)
        self.reload()

    def reload(self) -> None:
        """Read the list again."""
        self.frame = self.app.crm.customers.list()
        self.grid.show(self.frame, in_order_of="name")

    def _columns(self) -> list[dict[str, Any]]:
        kinds = {kind: kind_text(kind) for kind in KINDS}
        return [
            {"key": "number", "label": _("No."), "kind": "num", "width": 78},
            {"key": "name", "label": _("Name"), "min": 200, "grow": 3, "phone": 1, "fixed": True, "lock": "owner_only", "opens": True},
            {"key": "organisation_number", "label": _("Org. no."), "width": 104, "phone": 3},
            {"key": "kind", "label": _("Type"), "min": 92, "map": kinds},
            {"key": "city", "label": _("Place"), "min": 96, "phone": 4},
            {"key": "phone", "label": _("Phone"), "kind": "phone", "width": 112},
            {"key": "email", "label": _("E-mail"), "min": 130, "grow": 2},
            {"key": "owner", "label": _("Owner"), "min": 120, "phone": 2},
            {"key": "created_at", "label": _("Registered"), "kind": "date", "width": 104},
        ]

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _ask(self, form: FileForm) -> None:
        self._form = form
        self.grid.ask_rows()

    def _export(self, rows: list[int]) -> None:
        shown = self.app.crm.customers.export(ids=list(self.frame.id.iloc[rows]))
        records = shown.astype(object).where(shown.notna(), None).to_dict("records")
        self.app.download(f"{_('Customers').lower()}.{self._form}", party_file(ImportKind.CUSTOMERS, self._form, records))

    def _open_row(self, row: int) -> None:
        if isinstance(row, int) and 0 <= row < len(self.frame):
            self.app.go(f"customers/{self.frame.number.iloc[row]}")

    # many at once

    def _menu(self, id: str) -> None:  # noqa: A002 - the page's word
        chosen = [UUID(self.frame.id.iloc[row]) for row in self.grid.selected_rows]
        if id != "assign" or not chosen:
            return
        self._chosen = tuple(chosen)
        colleagues = [(str(e.id), e.name, e.username) for e in self.app.crm.employees.list() if e.is_active]
        question = ngettext("New owner of {n} customer", "New owner of {n} customers", len(chosen))
        self.head.refresh(colleagues=colleagues, question=question)
        self.head.focus_on("#f-assign")

    def _cancel(self) -> None:
        self._chosen = ()
        self.head.refresh(question="")

    def _assign(self, id: str) -> None:  # noqa: A002 - the page's word
        if id not in {value for value, _name, _username in self.head.data["colleagues"]} or not self._chosen:
            return
        n = self.app.crm.customers.assign(ids=self._chosen, owner_id=UUID(id))
        self._cancel()
        self.reload()
        self.app.toast(ngettext("{n} customer has a new owner.", "{n} customers have a new owner.", n), undo=True)
