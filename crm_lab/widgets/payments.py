"""Money that comes in: choose a bank's file, see what was booked and what was not and why, take the file back."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.payments import PaymentState, PlacedBy
from crm_lab.errors import CrmError
from crm_lab.i18n import _, number
from crm_lab.widgets.base import Stack, aside, guarded
from crm_lab.widgets.live import Live
from crm_lab.widgets.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.domain.payments import PaymentFile
    from crm_lab.widgets.shell import App

LARGEST_FILE = 100 << 20
SHOWN_LINES, SHOWN_FILES = 200, 50
WORTH_A_LOOK = (PaymentState.UNPLACED, PaymentState.FAULTY, PaymentState.KNOWN, PaymentState.TOTAL, PaymentState.OUTGOING, PaymentState.BOOKED)
"""What is to be done something about comes first."""


def state_texts() -> dict[str, str]:
    """What became of a payment, in a word."""
    return {
        PaymentState.BOOKED: _("Booked"), PaymentState.UNPLACED: _("No customer"), PaymentState.KNOWN: _("Known from before"),
        PaymentState.TOTAL: _("Lump sum"), PaymentState.OUTGOING: _("Paid out"), PaymentState.FAULTY: _("Fault"), PaymentState.UNDONE: _("Undone"),
    }  # fmt: skip


def reason_texts() -> dict[str, str]:
    """What told whose a payment is, or why nothing did."""
    return {
        PlacedBy.KID: _("By the KID"), PlacedBy.REVERSAL: _("Takes an earlier payment back"),
        PlacedBy.INVOICE_NUMBER: _("By an invoice number or KID in the text"),
        PlacedBy.ACCOUNT: _("By the account on the customer's card"), PlacedBy.HABIT: _("The account has paid for this customer only"),
        PlacedBy.NAME: _("By the payer's name"), PlacedBy.PERSON: _("Chosen by hand"),
        PlacedBy.SEVERAL: _("It may be of several customers"), PlacedBy.NOBODY: _("Neither KID, text, account nor name tells whose it is"),
    }  # fmt: skip


class PaymentScreen(Stack):
    """The upload, what became of the file just read, and the files before it."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Incoming payments")
        actions: dict[str, Callable[..., None]] = {"undo": self._undo, "show": self._look, "place": self._place}
        self.steps = Live("payments.html", app, actions=actions, base=app.base, working=False, problem="", file=None, lines=[], n_lines=0)
        self.upload = Upload(
            hint=_("OCR giro, camt.053 or camt.054, up to {n} MB", n=LARGEST_FILE >> 20), accept=".txt,.ocr,.dat,.xml",
            largest=LARGEST_FILE, on_file=guarded(app, self._file), on_too_large=guarded(app, self._too_large),
        )  # fmt: skip
        self.before = Live("payment_files.html", app, actions=actions, files=[], unplaced=[], states=state_texts(), reasons=reason_texts())
        super().__init__([self.steps, self.upload, self.before])
        self.reload()

    def reload(self) -> None:
        """Read the files and the waiting money again."""
        waiting = self.app.crm.payments.unplaced()
        self.before.refresh(files=self.app.crm.payments.files()[:SHOWN_FILES], unplaced=_records(waiting)[:SHOWN_LINES])

    def _too_large(self) -> None:
        self.steps.refresh(problem=_("The file is larger than {n} MB. Split it into several.", n=LARGEST_FILE >> 20))

    def _file(self, name: str, data: bytes) -> None:
        if self.steps.data["working"]:
            return
        self.steps.refresh(working=True, problem="", file=None, lines=[])
        aside(self.app, lambda: self._read(name, data), self._done)

    def _read(self, name: str, data: bytes) -> PaymentFile | CrmError:
        try:
            booked: PaymentFile = self.app.crm.payments.read(name, data)
        except CrmError as error:
            return error
        return booked

    def _done(self, answer: PaymentFile | CrmError) -> None:
        if isinstance(answer, CrmError):
            self.steps.refresh(working=False, problem=answer.message)
            return
        self._show(answer)
        self.app.toast(answer.sentence)
        self.reload()

    def _show(self, file: PaymentFile) -> None:
        lines = self.app.crm.payments.lines(id=file.id)
        order = {str(state): place for place, state in enumerate(WORTH_A_LOOK)}
        lines = lines.sort_values("state", key=lambda column: column.map(order), kind="stable")
        self.steps.refresh(
            working=False, problem="", file=file, lines=_records(lines.head(SHOWN_LINES)), n_lines=len(lines),
            states=state_texts(), reasons=reason_texts(),
        )  # fmt: skip

    def _look(self, id: str) -> None:  # noqa: A002 - the page's word
        file = self._known(id)
        if file is not None:
            self._show(file)

    def _undo(self, id: str) -> None:  # noqa: A002 - the page's word
        """Take back a whole file."""
        file = self._known(id)
        if file is None:
            return
        self.app.crm.payments.undo(id=file.id)
        self.app.toast(_("The payments of the file are taken back."))
        self.steps.refresh(file=None, lines=[], problem="")
        self.reload()

    def _place(self, id: str, values: dict[str, str | bool]) -> None:  # noqa: A002 - the page's word
        """Put waiting money on the customer whose number was typed."""
        waiting = {row["payment_id"] for row in self.before.data["unplaced"]}
        typed = str(values.get("number", "")).strip()
        if id not in waiting or not re.fullmatch(r"[0-9]{1,15}", typed):
            return
        customer = self.app.crm.customers.by_number(number=int(typed))
        self.app.crm.payments.place(payment_id=UUID(id), customer_id=customer.id)
        self.app.toast(_("The payment is booked on {name}.", name=customer.display_name))
        self.reload()

    def _known(self, file_id: str) -> PaymentFile | None:
        return next((file for file in self.app.crm.payments.files() if str(file.id) == file_id), None)


def _records(lines: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lines.astype(object).where(lines.notna(), None).to_dict("records")
    for row in rows:
        amount = number(Decimal(row["amount_minor"]).scaleb(-2), 2)
        row["amount"] = amount if row["currency"] in {"NOK", ""} else f"{amount} {row['currency']}"
    return rows
