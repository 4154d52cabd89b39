"""The opportunities of a customer's card: added, changed, won, lost and taken away in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.opportunities import ProbabilityFrom
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.opportunities import minor, opportunity_row, sums
from crm_lab.widgets.opportunity_fields import field_words, read_fields, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crm_lab.domain.customers import Customer
    from crm_lab.domain.opportunities import Opportunity
    from crm_lab.widgets.shell import App

ADD, EDIT, LOSE = "add", "edit", "lose"
BLANK = {"title": "", "amount": "", "probability": "", "expected_close_on": "", "next_step": "", "lost_reason": ""}


class OpportunityBox:
    """The part of a card that `opportunity_box.html` and `opportunity_tab.html` draw; `reload`, `draw` and `focus` are the card's.

    One form at most is open: of a new one, of one being changed, or of one being lost, which asks why.
    """

    def __init__(self, app: App, reload: Callable[[], None], draw: Callable[[], None], focus: Callable[[str], None]) -> None:
        self._app, self._reload, self._draw, self._focus = app, reload, draw, focus
        self._all: dict[str, Opportunity] = {}
        self._customer: Customer
        self._edited: Opportunity
        self._form, self._at = "", ""
        self._values: dict[str, Any] = BLANK
        self._errors: dict[str, str] = {}

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What its templates may do."""
        return {
            "opportunity_start": self._start, "opportunity_edit": self._edit, "opportunity_lose": self._lose_start, "opportunity_cancel": self._cancel,
            "opportunity_add": self._add, "opportunity_save": self._save, "opportunity_lost": self._lose, "opportunity_win": self._win,
            "opportunity_reopen": self._reopen, "opportunity_delete": self._delete,
        }  # fmt: skip

    def shown(self, customer: Customer, opportunities: Iterable[Opportunity]) -> dict[str, Any]:
        """The opportunities as the templates show them."""
        self._customer, self._all = customer, {str(one.id): one for one in opportunities}
        if self._at not in {"", *self._all}:
            self._close()
        still = [one for one in self._all.values() if one.is_open]
        back = f"customers/{customer.number}/opportunities"
        return {
            "opportunities": [opportunity_row(one, back) for one in self._all.values()], "n_opportunities": len(still),
            "opportunity_sums": sums((one.currency, minor(one.amount), minor(one.weighted)) for one in still), "opportunities_path": back,
            "opportunity_form": self._form, "opportunity_at": self._at, "opportunity_values": self._values, "opportunity_errors": self._errors,
            "opportunity_words": field_words(),
        }  # fmt: skip

    # opening and closing the form

    def _open(self, form: str, at: str, values: dict[str, Any], field: str) -> None:
        self._form, self._at, self._values, self._errors = form, at, values, {}
        self._draw()
        self._focus(f"#opportunity-form [name={field}]")

    def _close(self) -> None:
        self._form, self._at, self._values, self._errors = "", "", BLANK, {}

    def _start(self) -> None:
        self._open(ADD, "", BLANK, "title")

    def _edit(self, id: str) -> None:  # noqa: A002 - the page's word
        self._edited = self._all[id]  # as it was when the form was opened: what a colleague saves meanwhile is not written over
        self._open(EDIT, id, dict(values_of(self._edited)), "title")

    def _lose_start(self, id: str) -> None:  # noqa: A002
        if id in self._all:
            self._open(LOSE, id, BLANK, "lost_reason")

    def _cancel(self) -> None:
        at = self._at
        self._close()
        self._draw()
        self._back_to(at)

    def _back_to(self, at: str) -> None:
        """Put the keyboard where it was: the row, its first button in the box, or the button that adds."""
        self._focus(f"tr#o-{at}, li#o-{at} button" if at in self._all else "[data-do=opportunity_start]")

    # what is done

    def _submit(self, values: dict[str, Any], save: Callable[[dict[str, Any]], Opportunity], said: Callable[[str], str]) -> None:
        """Save what the form says; what is wrong is told at its field, and the form stays."""
        faults, at = Faults(), self._at
        told = {name: value for name, value in values.items() if name in BLANK} | {"learns": at in self._all and self._all[at].probability_from is ProbabilityFrom.LEARNED}
        fields = read_fields(told, faults)
        try:
            faults.tell()
            saved = save(fields)
        except InvalidInput as error:
            self._errors = getattr(error, "fields", None) or {error.field: error.message}
            if not set(self._errors) <= set(told):
                raise
            self._values = self._values | told
            self._draw()
            self._focus("#opportunity-form [aria-invalid=true]")
            return
        self._close()
        self._told(at, said(saved.title))

    def _told(self, at: str, text: str) -> None:
        self._reload()
        self._back_to(at)
        self._app.toast(text, undo=True)

    def _add(self, values: dict[str, Any]) -> None:
        crm, customer = self._app.crm.opportunities, self._customer
        self._submit(values, lambda fields: crm.create(customer_id=customer.id, **fields), lambda name: _("{name} is added.", name=name))

    def _save(self, id: str, values: dict[str, Any]) -> None:  # noqa: A002
        crm, one = self._app.crm.opportunities, self._edited
        if id == str(one.id):
            self._submit(values, lambda fields: crm.change(id=one.id, version=one.version, **fields), lambda name: _("{name} is saved.", name=name))

    def _lose(self, id: str, values: dict[str, Any]) -> None:  # noqa: A002
        crm, one = self._app.crm.opportunities, self._all[id]
        reason = {"lost_reason": values.get("lost_reason", "")}
        self._submit(reason, lambda fields: crm.lose(id=one.id, version=one.version, reason=fields["lost_reason"]), lambda name: _("{name} is lost.", name=name))

    def _win(self, id: str) -> None:  # noqa: A002
        one = self._all[id]
        self._app.crm.opportunities.win(id=one.id, version=one.version)
        self._told(id, _("{name} is won.", name=one.title))

    def _reopen(self, id: str) -> None:  # noqa: A002
        one = self._all[id]
        self._app.crm.opportunities.reopen(id=one.id, version=one.version)
        self._told(id, _("{name} is undecided again.", name=one.title))

    def _delete(self, id: str) -> None:  # noqa: A002
        one = self._all[id]
        self._app.crm.opportunities.delete(id=one.id, version=one.version)
        self._close()
        self._told("", _("{name} is deleted.", name=one.title))
