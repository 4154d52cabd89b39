"""The call log of a card: calls page by page, notes on them, and calls written down by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.calls import Call, Direction
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.calls import call_row, direction_words, number_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.widgets.shell import App

AT_A_TIME = 50
ADD = "add"


class CallTab:
    """The part of a card that `call_tab.html` draws; `party` names whose card it is, `draw` and `focus` are the card's."""

    def __init__(self, app: App, party: dict[str, UUID], draw: Callable[[], None], focus: Callable[[str], None]) -> None:
        self._app, self._party, self._draw, self._focus = app, party, draw, focus
        self._calls: dict[str, Call] = {}
        self._start, self._at = 0, ""
        self._values: dict[str, str] = {}
        self._errors: dict[str, str] = {}

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What its template may do."""
        return {
            "call_start": self._begin, "call_note": self._note, "call_cancel": self._cancel, "call_add": self._add, "call_save": self._save,
            "call_delete": self._delete, "call_page": self._page, "call_dial": self._dial,
        }  # fmt: skip

    def shown(self, number: str) -> dict[str, Any]:
        """A page of calls as the template shows them; `number` is what a call by hand begins with."""
        page = self._app.crm.calls.of(**self._party, start=self._start, limit=AT_A_TIME)
        self._calls, self._number = {str(one.id): one for one in page.calls}, number
        if self._at not in {"", ADD, *self._calls}:
            self._at = ""
        mine = {key for key, one in self._calls.items() if one.employee_id == self._app.me.id}
        return {
            "calls": [call_row(one) | {"may_delete": key in mine} for key, one in self._calls.items()], "n_calls": page.n, "call_at": self._at,
            "call_values": self._values, "call_errors": self._errors, "call_directions": list(direction_words().items()),
            "call_first": self._start + 1, "call_last": self._start + len(page.calls), "call_newer": max(0, self._start - AT_A_TIME),
            "call_older": self._start + AT_A_TIME, "can_dial": self._app.crm.calls.can_dial(),
        }  # fmt: skip

    def _open(self, at: str, values: dict[str, str]) -> None:
        self._at, self._values, self._errors = at, values, {}
        self._draw()
        self._focus("#call-form [name=note]")

    def _begin(self) -> None:
        self._open(ADD, {"number": self._number, "direction": str(Direction.OUTGOING), "note": ""})

    def _note(self, id: str) -> None:  # noqa: A002 - the page's word
        self._edited = self._calls[id]
        self._open(id, {"note": self._edited.note})

    def _cancel(self) -> None:
        self._at = ""
        self._draw()
        self._focus("[data-do=call_start]")

    def _page(self, id: str) -> None:  # noqa: A002
        self._start, self._at = int(id) if str(id).isascii() and str(id).isdigit() else 0, ""
        self._draw()

    def _dial(self, id: str) -> None:  # noqa: A002
        """Have the exchange call the number of a call."""
        one = self._calls[id]
        self._app.crm.calls.dial(number=one.number)
        self._app.toast(_("Your phone rings. Answer it, and {number} is called.", number=number_words(one.number)))

    def _submit(self, values: dict[str, Any], save: Callable[[dict[str, str]], object], said: str) -> None:
        """Save what the form says; what is wrong is told at its field, and the form stays."""
        told = {name: str(values.get(name, before)) for name, before in self._values.items()}
        try:
            save(told)
        except InvalidInput as error:
            if error.field not in told:
                raise
            self._values, self._errors = told, {error.field: error.message}
            self._draw()
            return
        self._at = ""
        self._draw()
        self._app.toast(said, undo=True)

    def _add(self, values: dict[str, Any]) -> None:
        crm = self._app.crm.calls
        self._submit(values, lambda told: crm.log(**self._party, number=told["number"], direction=told["direction"], note=told["note"]), _("The call is written down."))

    def _save(self, id: str, values: dict[str, Any]) -> None:  # noqa: A002
        crm, one = self._app.crm.calls, self._edited
        if id == str(one.id):
            self._submit(values, lambda told: crm.annotate(id=one.id, version=one.version, note=told["note"]), _("The note is saved."))

    def _delete(self, id: str) -> None:  # noqa: A002
        one = self._calls[id]
        self._app.crm.calls.delete(id=one.id, version=one.version)
        self._draw()
        self._app.toast(_("The call is removed from the log."), undo=True)
