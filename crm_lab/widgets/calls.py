"""Calls on screen: the log of all, and the numbers that are on no card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.calls import Call, CallStatus, Direction
from crm_lab.domain.values import Phone
from crm_lab.errors import InvalidInput
from crm_lab.i18n import OSLO, _, moment
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    import pandas as pd

    from crm_lab.widgets.shell import App

ALL, UNANSWERED = "all", {CallStatus.MISSED, CallStatus.BUSY, CallStatus.FAILED}
STATUS_CLASS = {CallStatus.COMPLETED: "ok", CallStatus.MISSED: "bad", CallStatus.BUSY: "bad", CallStatus.FAILED: "bad"}
MOST_SHOWN = 100


def status_words() -> dict[str, str]:
    """What became of a call, in words."""
    return {
        CallStatus.RINGING: _("Ringing"), CallStatus.TALKING: _("Talking"), CallStatus.COMPLETED: _("Answered"), CallStatus.MISSED: _("Not answered"),
        CallStatus.BUSY: _("Busy"), CallStatus.FAILED: _("Failed"),
    }  # fmt: skip


def direction_words() -> dict[str, str]:
    """Who called whom, in words."""
    return {Direction.INCOMING: _("Incoming"), Direction.OUTGOING: _("Outgoing")}


def number_words(number: str) -> str:
    """A number as people write it."""
    if not number:
        return _("Hidden number")
    try:
        return Phone.parse(number).national
    except InvalidInput:
        return number


def length(seconds: int) -> str:
    """How long somebody talked: 1:05, or 1:02:05; nothing where nobody did."""
    hours, rest = divmod(seconds, 3600)
    return "" if not seconds else f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def call_row(one: Call) -> dict[str, Any]:
    """A call as a line of a card."""
    return {
        "id": str(one.id), "at": moment(one.started_at), "direction": direction_words()[one.direction], "is_incoming": one.direction is Direction.INCOMING,
        "number": number_words(one.number), "tel": f"tel:{one.number}" if one.number else "", "who": one.contact, "customer": one.customer,
        "contact_path": f"contacts/{one.contact_id}" if one.contact_id else "", "employee": one.employee or one.extension,
        "status": status_words()[one.status], "status_class": STATUS_CLASS.get(one.status, ""), "length": length(one.seconds), "note": one.note,
    }  # fmt: skip


class CallList(Stack):
    """The newest calls the employee may see."""

    classes = ("screen", "fixed")

    def __init__(self, app: App) -> None:
        self.app, self.title, self._shown = app, _("Call log"), ALL
        self._all = _readable(app.crm.calls.list())
        self.frame = self._all
        actions = {"filter": self._filter, "show": self._choose}
        self.head = Live("call_list.html", app, actions=actions, base=app.base, **self._data())
        self.grid = Grid(
            columns=_columns(), label=self.title, empty=_("No calls here"), empty_hint=_("Calls come from the telephone exchange, or are written down on a card."),
            menu=[{"id": "contact", "label": _("Show the contact")}], on_open=guarded(app, self._open_row), on_menu=guarded(app, self._menu),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        self.grid.show(self.frame)

    def reload(self) -> None:
        """Read again; what is chosen stays."""
        self._all = _readable(self.app.crm.calls.list())
        self._draw()

    def _draw(self) -> None:
        self.head.refresh(**self._data())
        self.grid.show(self.frame)

    def _data(self) -> dict[str, Any]:
        missed = self._all[(self._all.direction == Direction.INCOMING) & self._all.status.isin(UNANSWERED)]
        mine = self._all[self._all.employee == self.app.me.name]
        parts = {ALL: self._all, "missed": missed, "mine": mine}
        self.frame = parts[self._shown].reset_index(drop=True)
        words = {ALL: _("All"), "missed": _("Missed"), "mine": _("Mine")}
        return {"choices": [(key, words[key], len(part)) for key, part in parts.items()], "shown": self._shown, "notice": self.app.crm.calls.settings().notice, "n_unknown": self._all.number[(self._all.who == "") & (self._all.number != "")].nunique()}

    def _choose(self, value: str) -> None:
        if value in {ALL, "missed", "mine"}:
            self._shown = value
            self._draw()

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _open_row(self, row: int) -> None:
        if not isinstance(row, int) or not 0 <= row < len(self.frame):
            return
        one = self.frame.iloc[row]
        if one.customer:
            self.app.go(f"customers/{one.customer_number}/calls")
        else:
            self.app.go(f"contacts/{one.contact_id}/calls" if one.contact_id else "calls/unknown")

    def _menu(self, id: str) -> None:  # noqa: A002 - the grid's word
        rows = self.grid.selected_rows
        if id == "contact" and rows and self.frame.contact_id.iloc[rows[0]]:
            self.app.go(f"contacts/{self.frame.contact_id.iloc[rows[0]]}/calls")


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    """With the times, numbers and lengths that people read."""
    at = frame.started_at.dt.tz_convert(OSLO).dt.strftime("%Y-%m-%d %H:%M")
    return frame.assign(
        at=at, talk=frame.seconds.map(lambda seconds: length(int(seconds))), contact_id=frame.contact_id.fillna(""),
        who=frame.contact.where(frame.contact != "", frame.customer),
    )  # fmt: skip


def _columns() -> list[dict[str, Any]]:
    return [
        {"key": "at", "label": _("Time"), "kind": "moment", "width": 136, "phone": 3, "opens": True},
        {"key": "direction", "label": _("Direction"), "width": 92, "map": direction_words()},
        {"key": "who", "label": _("With"), "min": 140, "grow": 2, "phone": 1, "fixed": True},
        {"key": "customer", "label": _("Customer"), "min": 140, "grow": 2},
        {"key": "number", "label": _("Number"), "kind": "phone", "width": 130, "phone": 2},
        {"key": "employee", "label": _("Employee"), "min": 110},
        {"key": "status", "label": _("Status"), "width": 104, "map": status_words(), "phone": 4},
        {"key": "talk", "label": _("Length"), "kind": "num", "width": 74},
        {"key": "note", "label": _("Note"), "min": 120, "grow": 2},
    ]


class UnknownNumbers(Live):
    """Numbers that are on no card or on several: each is put on the card of a customer or a contact, and its calls follow."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Unknown numbers")
        self._at = ""
        self._found: list[tuple[str, str, str]] = []
        actions = {"place": self._place, "cancel": self._cancel, "find": self._find, "put": self._put}
        super().__init__("call_unknown.html", app, actions=actions, base=app.base, **self._read())

    def reload(self) -> None:
        """Read again; what is being placed stays open."""
        self.refresh(**self._read())

    def _read(self) -> dict[str, Any]:
        found = self.app.crm.calls.unknown()
        rows = [
            {"number": one.number, "words": number_words(one.number), "n": one.n_calls, "n_missed": one.n_missed, "at": moment(one.latest_at)}
            for one in found[:MOST_SHOWN]
        ]  # fmt: skip
        return {"rows": rows, "n_more": len(found) - len(rows), "most": MOST_SHOWN, "at": self._at, "found": self._found}

    def _place(self, id: str) -> None:  # noqa: A002 - the page's word
        self._at, self._found = str(id), []
        self.reload()
        self.focus_on("#f-party")

    def _cancel(self) -> None:
        self._at, self._found = "", []
        self.reload()

    def _find(self, value: str) -> None:
        answer = self.app.crm.search.find(text=str(value))
        self._found = [(f"customer_id:{hit.id}", hit.name, str(hit.number)) for hit in answer.customers.hits]
        self._found += [(f"contact_id:{hit.id}", hit.name, hit.place or _("Contact")) for hit in answer.contacts.hits]
        self.reload()

    def _put(self, id: str) -> None:  # noqa: A002
        key, _colon, party = str(id).partition(":")
        name = {found: words for found, words, _detail in self._found}.get(str(id))
        if name is None or not self._at:
            return
        self.app.crm.calls.assign(number=self._at, **{key: UUID(party)})
        number = number_words(self._at)
        self._at, self._found = "", []
        self.reload()
        self.app.toast(_("{number} is {name}'s.", number=number, name=name), undo=True)
