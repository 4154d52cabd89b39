"""An invoice on screen: as the customer gets it, what is paid, and crediting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.columns import parse_decimal
from crm_lab.domain.deliveries import Delivery, DeliveryState
from crm_lab.domain.invoices import DocumentLine, Invoice
from crm_lab.domain.invoicing import (
    CreditLine,
    InvoiceFacts,
    InvoiceKind,
)
from crm_lab.domain.part_invoices import percent_of
from crm_lab.errors import CrmError, InvalidInput
from crm_lab.i18n import _, day, kroner, moment, number, unit
from crm_lab.widgets.base import aside
from crm_lab.widgets.live import Live
from crm_lab.widgets.orders import invoice_row, kind_words, money
from crm_lab.widgets.products import decimal_words, units
from crm_lab.widgets.terms import term_words

if TYPE_CHECKING:
    from crm_lab.domain.reminders import Reminder
    from crm_lab.widgets.shell import App



class InvoicePage(Live):
    """One invoice or credit note."""

    classes = ("screen",)

    def __init__(self, app: App, invoice_id: UUID) -> None:
        self.app, self._id = app, invoice_id
        self._crediting, self._sending, self._problem = False, False, ""
        self._read()
        self.title = f"{kind_words()[self.facts.kind]} {self.facts.number}"
        actions = {
            "pdf": self._pdf, "print": self._print, "letter": self._letter, "ehf": self._ehf, "send": self._post, "send_start": self._send_start, "remind": self._remind, "copy": self._copy, "credit_start": self._start, "credit_cancel": self._cancel, "credit": self._credit,
        }  # fmt: skip
        super().__init__("invoice.html", app, actions=actions, base=app.base, title=self.title, **self._shown())

    def reload(self) -> None:
        """Read it again: what is paid may have changed."""
        self._read()
        self.refresh(**self._shown())

    def _read(self) -> None:
        self.facts: InvoiceFacts = self.app.crm.invoices.facts(id=self._id)
        self._document: Invoice = self.app.crm.invoices.document(id=self._id)
        self._lines = self._document.lines
        self._deliveries: list[Delivery] = self.app.crm.deliveries.of(invoice_id=self._id)
        self._reminders: list[Reminder] = self.app.crm.reminders.of(invoice_id=self._id)
        self._deliveries += self.app.crm.deliveries.of_reminders(reminder_ids=[one.id for one in self._reminders])
        self._others = [one for one in self.app.crm.invoices.of_order(order_id=self.facts.order_id) if one.id != self._id]

    def _shown(self) -> dict[str, Any]:
        return {
            "one": invoice_row(self.facts), "facts": self.facts, "sums": document_sums(self._document), "lines": [_line(at, line) for at, line in enumerate(self._lines, 1)], "others": [invoice_row(one) for one in self._others],
            "sending": self._sending, "deliveries": [delivery_row(one) for one in self._deliveries], "reminders": [_reminder(one) for one in self._reminders], "crediting": self._crediting, "problem": self._problem, "may_credit": self.facts.kind is not InvoiceKind.CREDIT_NOTE and self.app.crm.invoices.may_invoice(),
        }  # fmt: skip

    def _pdf(self) -> None:
        self.app.download(f"{self.title}.pdf", self.app.crm.invoices.pdf(id=self._id))

    def _print(self) -> None:
        self.app.download(f"{self.title}.pdf", self.app.crm.invoices.pdf(id=self._id), is_shown=True)

    def _letter(self, id: str) -> None:  # noqa: A002 - the page's word
        """A reminder of this invoice, to be printed."""
        if id in {str(one.id) for one in self._reminders}:
            self.app.download(f"{_('Payment reminder')}.pdf", self.app.crm.reminders.pdf(id=UUID(id)), is_shown=True)

    def _remind(self) -> None:
        """Leave it out of the list of reminders, or no longer."""
        stops = self.facts.sends_reminders
        self.app.crm.invoices.stop_reminders(id=self._id, stops=stops)
        self.reload()
        self.app.toast(_("The invoice is left out of reminders.") if stops else _("The invoice can be reminded of again."), undo=True)

    def _send_start(self) -> None:
        self._sending = not self._sending
        self.refresh(**self._shown())
        self.focus_on("#send-form input")

    def _post(self, values: dict[str, Any]) -> None:
        """Queue it and send what waits, aside: a mail server may be slow."""
        crm, to = self.app.crm, str(values.get("recipient", "")).strip()
        crm.deliveries.queue(invoice_ids=[self._id], recipient=to)
        self._sending = False
        self.reload()
        aside(self.app, crm.invoices.send_queued, self._told)

    def _told(self, counts: tuple[int, int]) -> None:
        self.reload()
        self.app.toast(_("It was not sent. Why stands below, and it is tried again.") if counts[1] else _("It is sent."))

    def _ehf(self) -> None:
        self.app.download(f"{self.title}.xml", self.app.crm.invoices.ehf(id=self._id))

    def _copy(self) -> None:
        made = self.app.crm.orders.copy(id=self.facts.order_id)
        self.app.go(f"orders/{made.id}")
        self.app.toast(_("This is a copy, order {number}.", number=made.number), undo=True)

    def _start(self) -> None:
        self._crediting, self._problem = True, ""
        self.refresh(**self._shown())
        self.focus_on("#credit-form input")

    def _cancel(self) -> None:
        self._crediting, self._problem = False, ""
        self.refresh(**self._shown())

    def _credit(self, values: dict[str, Any]) -> None:
        try:
            chosen = self._chosen(values)
            made = self.app.crm.invoices.credit(id=self._id, lines=chosen, reason=str(values.get("reason", "")))
        except CrmError as error:
            self._problem = error.message
            self.refresh(**self._shown())
            return
        self.app.go(f"invoices/{made.id}")
        self.app.toast(_("Credit note {number} is made and posted.", number=made.number))

    def _chosen(self, values: dict[str, Any]) -> tuple[CreditLine, ...]:
        """What of each line is credited; nothing where all of it is."""
        quantities = [parse_decimal(str(values.get(f"line.{at}", "")) or "0") for at in range(1, len(self._lines) + 1)]
        whole = all(quantity == line.quantity for quantity, line in zip(quantities, self._lines, strict=True))
        chosen = tuple(CreditLine(line=at, quantity=quantity) for at, quantity in enumerate(quantities, 1) if quantity)
        if not chosen:
            raise InvalidInput(_("Say how much of at least one line is to be credited."), "lines")
        return () if whole else chosen


def _reminder(one: Reminder) -> dict[str, str]:
    return {
        "id": str(one.id), "on": day(one.reminded_on), "level": str(one.level), "due": day(one.due_on), "open": money(one.open_amount, one.currency),
        "more": money(one.fee + one.interest, one.currency),
    }  # fmt: skip


def delivery_row(one: Delivery) -> dict[str, str]:
    """How something was sent, as a line of a page."""
    states = {DeliveryState.QUEUED: _("Waiting"), DeliveryState.SENT: _("Sent"), DeliveryState.FAILED: _("Not sent"), DeliveryState.BOUNCED: _("Came back")}
    classes = {DeliveryState.SENT: "ok", DeliveryState.FAILED: "bad", DeliveryState.BOUNCED: "bad", DeliveryState.QUEUED: "warn"}
    return {
        "what": _("Payment reminder") if one.reminder_id else "",
        "id": str(one.id), "at": moment(one.sent_at or one.queued_at), "way": term_words("distribution", one.channel), "to": f"{one.recipient} {one.copies}".strip(),
        "state": states[one.state], "class": classes[one.state], "error": one.error,
    }  # fmt: skip


def document_sums(document: Invoice) -> list[tuple[str, str, str]]:
    """What a document comes to, VAT by rate."""
    totals = document.totals
    rates = [(_("VAT {rate} % of {base}", rate=decimal_words(one.rate, 0), base=kroner(int(one.base.scaleb(2)))), kroner(int(one.vat.scaleb(2))), "") for one in totals.rates]
    return [(_("Without VAT"), kroner(int(totals.net.scaleb(2))), ""), *rates, (_("In all"), f"{kroner(int(totals.gross.scaleb(2)))} {unit(document.currency)}", "whole")]


def _line(at: int, line: DocumentLine) -> dict[str, Any]:
    percent = percent_of(line)
    return {
        "at": at, "text": line.text, "quantity_words": decimal_words(line.quantity, 0), "unit_words": dict(units()).get(line.unit, line.unit),
        "price_words": number(line.price, max(2, len(decimal_words(line.price).partition(",")[2]))), "discount_words": decimal_words(percent, 0) if percent else "",
        "vat_words": f"{decimal_words(line.rate, 0)} %", "net_words": kroner(int(line.net.scaleb(2))),
    }  # fmt: skip
