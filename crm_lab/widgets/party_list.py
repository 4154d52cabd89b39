"""What the lists of customers and of contacts share: the filter, many rows at once, and going out as a file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import pandas as pd

from crm_lab.exchange.parties import FileForm, party_file
from crm_lab.i18n import _
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.domain.imports import ImportKind
    from crm_lab.proxies import ServiceProxy
    from crm_lab.widgets.shell import App

EXPORTS = (("Excel", FileForm.EXCEL), ("CSV", FileForm.CSV), ("vCard", FileForm.VCARD))


class PartyList(Stack):
    """A list of parties; `kind` names them, `template` draws the head, `sorted_by` is the column it comes sorted by."""

    classes: ClassVar[tuple[str, ...]] = ("screen", "fixed")
    shown_tables: ClassVar[set[str]] = {"address", "contact", "contact_role", "customer", "employee"}

    kind: ImportKind
    template: str
    sorted_by: str
    title: str
    empty: str

    def __init__(self, app: App) -> None:
        self.app, self._form = app, FileForm.EXCEL
        self._chosen: tuple[UUID, ...] = ()
        exports = {f"export_{form}": partial(self._ask, form) for form in FileForm}
        actions = exports | {"filter": self._filter, "assign": self._assign, "cancel": self._cancel}
        items = [{"do": f"export_{form}", "icon": "download", "label": label, "key": "", "cls": ""} for label, form in EXPORTS]
        self.kept_as = str(self.kind)
        self.head = Live(self.template, app, actions=actions, base=app.base, question="", colleagues=[], exports=items, filter="")
        self.frame = self.service.list()
        columns = self.columns()
        self.grid = Grid(
            columns=[*columns[:-1], state_column(), columns[-1]], sort=[self.sorted_by, 1], label=self.title, empty=self.empty,
            empty_hint=_("Add the first one with the button above."), menu=[{"id": "assign", "label": _("Change owner …")}],
            on_open=guarded(app, self._open_row), on_menu=guarded(app, self._menu), on_rows=guarded(app, self._export),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        self._show()

    def columns(self) -> list[dict[str, Any]]:
        """The columns of the grid."""
        raise NotImplementedError

    def path_of(self, row: pd.Series[Any]) -> str:
        """The address of a row's card."""
        raise NotImplementedError

    def question(self, n: int) -> str:
        """Who is to own `n` of them from now on."""
        raise NotImplementedError

    def assigned(self, n: int) -> str:
        """That `n` of them have a new owner."""
        raise NotImplementedError

    @property
    def service(self) -> ServiceProxy:
        """The actions on them."""
        proxy: ServiceProxy = getattr(self.app.crm, self.kind)
        return proxy

    def reload(self) -> None:
        """Read the list again; who is about to get another owner stays so."""
        self.frame = self.service.list()
        self._show()

    def rest(self) -> None:
        """Another screen is shown: nobody is in the middle of anything here; the filter and the order stay."""
        self._chosen, self.grid.selected = (), b""
        self.head.refresh(question="", filter=self.grid.filter)

    def _show(self) -> None:
        self.grid.show(self.frame.assign(state=states(self.frame)), in_order_of=self.sorted_by)

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _open_row(self, row: int) -> None:
        if isinstance(row, int) and 0 <= row < len(self.frame):
            self.app.go(self.path_of(self.frame.iloc[row]))

    def _ask(self, form: FileForm) -> None:
        self._form = form
        self.grid.ask_rows()

    def _export(self, rows: list[int]) -> None:
        shown = self.service.export(ids=list(self.frame.id.iloc[rows]))
        records = shown.astype(object).where(shown.notna(), None).to_dict("records")
        self.app.download(f"{self.title.lower()}.{self._form}", party_file(self.kind, self._form, records))

    def _menu(self, id: str) -> None:  # noqa: A002 - the grid's word
        chosen = tuple(UUID(self.frame.id.iloc[row]) for row in self.grid.selected_rows)
        if id != "assign" or not chosen:
            return
        self._chosen = chosen
        colleagues = [(str(e.id), e.name, e.username) for e in self.app.crm.employees.list() if e.is_active]
        self.head.refresh(colleagues=colleagues, question=self.question(len(chosen)))
        self.head.focus_on("#f-assign")

    def _cancel(self) -> None:
        self._chosen = ()
        self.head.refresh(question="")

    def _assign(self, id: str) -> None:  # noqa: A002 - the page's word
        if id not in {value for value, _name, _username in self.head.data["colleagues"]} or not self._chosen:
            return
        n = self.service.assign(ids=self._chosen, owner_id=UUID(id))
        self._cancel()
        self.reload()
        self.app.toast(self.assigned(n), undo=True)


def state_column() -> dict[str, Any]:
    """The column that says what is out of the ordinary about a party; it takes no room where nothing is."""
    words = {
        "archived": _("Archived"), "deleted": _("Deleted from the register"), "bankrupt": _("Bankrupt"),
        "winding_up": _("Winding up"), "incomplete": _("Incomplete"),
    }  # fmt: skip
    return {"key": "state", "label": _("Status"), "kind": "tag", "width": 128, "map": words, "phone": 5, "spare": True}


def states(frame: pd.DataFrame) -> pd.Series[str]:
    """The gravest of what is out of the ordinary about each party, or nothing."""
    said = pd.Series("", index=frame.index)
    said[frame.is_incomplete.astype("bool")] = "incomplete"
    if "register_status" in frame:
        ended = frame.register_status.isin(["winding_up", "bankrupt", "deleted"])
        said[ended] = frame.register_status[ended]
    if "is_archived" in frame:
        said[frame.is_archived.astype("bool")] = "archived"
    return said
