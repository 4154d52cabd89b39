"""The search screen: all hits in a table, narrowed by filters that stand in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pandas as pd

from crm_lab.domain.search import LONGEST_TEXT, MOST_ROWS
from crm_lab.exchange.sheets import write_excel
from crm_lab.i18n import _, number
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.customer_fields import kind_text
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live
from crm_lab.widgets.party_list import state_column, states
from crm_lab.widgets.search import search_path

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

FILTERS = ("text", "type", "category", "owner", "municipality", "industry", "active")
ACTIVITY: dict[str, dict[str, bool | None]] = {
    "": {"active": True},
    "archived": {"active": False},
    "every": {"active": None},
    "incomplete": {"active": True, "incomplete": True},
}


def filters_of(path: str) -> dict[str, str]:
    """The filters in an address; what is none is left out."""
    given = parse_qs(path.partition("?")[2])
    typed = {name: given.get("q" if name == "text" else name, [""])[0][:LONGEST_TEXT] for name in FILTERS}
    return typed | {"active": typed["active"] if typed["active"] in ACTIVITY else ""}


class SearchScreen(Stack):
    """Customers and contacts that fit the filters of the address."""

    classes = ("screen", "fixed")

    def __init__(self, app: App, path: str) -> None:
        self.app, self.title = app, _("Search")
        self.filters = filters_of(path)
        self.head = Live(
            "search.html", app, actions={"filter": self._filter, "export": self._ask}, base=app.base, f=self.filters,
            is_cut=False, most=number(MOST_ROWS), **self._choices(),
        )  # fmt: skip
        self.grid = Grid(
            columns=self._columns(), sort=[], label=self.title, empty=_("No hits"), empty_hint=_("Write less of the name, or remove a filter."),
            on_open=guarded(app, self._open_row), on_rows=guarded(app, self._export),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        self.reload()

    def turn_to(self, path: str) -> bool:
        """Other filters, as when going back in the browser; whether the address is one of a search."""
        if not path.startswith("search?"):
            return False
        self.filters = filters_of(path)
        self.head.refresh(f=self.filters)
        self.reload()
        return True

    def reload(self) -> None:
        """Search again."""
        given = {name: value for name, value in self.filters.items() if name != "active"}
        found = self.app.crm.search(**given, **ACTIVITY[self.filters["active"]])
        self.frame = found.assign(state=states(found))
        self.grid.show(self.frame)
        hits = self.app.crm.search.find(text=self.filters["text"], limit=1)
        self.head.refresh(is_cut=max(hits.customers.total, hits.contacts.total) > MOST_ROWS)

    def _choices(self) -> dict[str, Any]:
        labels = [(category.name, category.name) for category in self.app.crm.categories.list()]
        people = [(e.username, e.name) for e in self.app.crm.employees.list()]
        return {
            "types": [("customer", _("Customers")), ("supplier", _("Suppliers")), ("person", _("Private customers")), ("contact", _("Contacts"))],
            "categories": labels, "owners": people,
            "activities": [("archived", _("Archived")), ("every", _("Active and archived")), ("incomplete", _("Incomplete ones"))],
        }  # fmt: skip

    def _columns(self) -> list[dict[str, Any]]:
        kinds = {kind: kind_text(kind) for kind in ("customer", "supplier", "both", "person")} | {"contact": _("Contact")}
        return [
            {"key": "name", "label": _("Name"), "min": 180, "grow": 3, "phone": 1, "fixed": True, "lock": "owner_only", "opens": True},
            {"key": "kind", "label": _("Type"), "min": 84, "map": kinds, "phone": 2},
            {"key": "number", "label": _("No."), "kind": "num", "width": 70},
            {"key": "company", "label": _("Company"), "min": 90, "phone": 3},
            {"key": "organisation_number", "label": _("Org. no."), "width": 104},
            {"key": "city", "label": _("Place"), "min": 84, "phone": 4},
            {"key": "phone", "label": _("Phone"), "kind": "phone", "width": 124},
            {"key": "email", "label": _("E-mail"), "min": 110, "grow": 2},
            {"key": "owner", "label": _("Owner"), "min": 100},
            state_column(),
        ]

    def _filter(self, name: str, value: str) -> None:
        if name in FILTERS and isinstance(value, str):
            self.app.go(search_path(**(self.filters | {name: value})))

    def _ask(self) -> None:
        self.grid.ask_rows()

    def _export(self, rows: list[int]) -> None:
        columns, shown = self.grid.columns, self.frame.iloc[rows]
        texts = [shown[c["key"]].map(c["map"].get if "map" in c else lambda value: value, na_action="ignore") for c in columns]
        cells = [[None if pd.isna(value) else value for value in row] for row in zip(*texts, strict=True)]
        self.app.download(f"{self.title.lower()}.xlsx", write_excel(self.title, [c["label"] for c in columns], cells))

    def _open_row(self, row: int) -> None:
        if isinstance(row, int) and 0 <= row < len(self.frame):
            hit = self.frame.iloc[row]
            self.app.go(f"contacts/{hit.id}" if hit.kind == "contact" else f"customers/{hit.number}")
