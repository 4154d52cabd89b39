"""`crm.customers`, `crm.ledger` and so on: a service's actions as methods, and what of some is worked out on this side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_lab.domain.invoicing import Invoiced
from crm_lab.domain.ledger import Ledger, MatchRule
from crm_lab.errors import Conflict
from crm_lab.services.actions import find_action
from crm_lab.services.catalogue import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date
    from uuid import UUID

    import pandas as pd

    from crm_lab.analysis.matching import Proposals
    from crm_lab.cards import CardFrames
    from crm_lab.domain.calendar import BroughtIn
    from crm_lab.domain.deliveries import Delivery
    from crm_lab.domain.invoicing import CreditLine, InvoiceFacts, OrderFault
    from crm_lab.domain.letterhead import Letterhead
    from crm_lab.domain.payments import PaymentFile
    from crm_lab.domain.reminders import Reminder
    from crm_lab.domain.supplier_invoices import SupplierInvoice
    from crm_lab.imports import FileImport
    from crm_lab.reports.letterhead import Style
    from crm_lab.saft import SaftImport


AT_ONCE = 50


class ServiceProxy:
    """`crm.customers`: its actions as methods."""

    def __init__(self, connection: Any, service: str) -> None:
        self._connection, self._service = connection, service

    def __getattr__(self, action: str) -> Callable[..., Any]:
        if action.startswith("_"):
            raise AttributeError(action)
        method, how = find_action(SERVICES, self._service, action)

        def call(**arguments: Any) -> Any:
            return self._connection.run(self._service, action, arguments, writes=how.writes)

        call.__doc__, call.__name__ = method.__doc__, action
        return call

    def __call__(self, **arguments: Any) -> Any:
        """What the service finds, as a frame: `crm.search(text="nordlys")`."""
        return self.frame(**arguments)

    def __dir__(self) -> list[str]:
        return [name for name, method in vars(SERVICES[self._service]).items() if hasattr(method, "action")]


class ImportsProxy(ServiceProxy):
    """`crm.imports`: its actions, and reading a file to bring in."""

    def read(self, file: str | Path, kind: str = "customers", data: bytes | None = None) -> FileImport:
        """A CSV, Excel or vCard file of customers, contacts or products, to look at, check and run; `data` is its content if at hand."""
        from crm_lab.imports import read_file

        return read_file(self, Path(file).name, Path(file).read_bytes() if data is None else data, kind)


class PartiesProxy(ServiceProxy):
    """`crm.customers` and `crm.contacts`: their actions, and a card as frames."""

    def card(self, which: int | str | UUID) -> CardFrames:
        """All that is linked to a customer (its number or id) or contact (its id): `crm.customers.card(10001).notes`."""
        from crm_lab.cards import card_frames

        return card_frames(self._connection, self._service, which)


class CalendarProxy(ServiceProxy):
    """`crm.calendar`: its actions, and reading a file of another calendar."""

    def read(self, file: str | Path, data: bytes | None = None) -> BroughtIn:
        """Bring in an iCalendar file; `data` is its content if at hand. Raises `NoCalendar`."""
        from crm_lab.calendar import bring_in_file

        return bring_in_file(self, Path(file).read_bytes() if data is None else data)


class SupplierInvoicesProxy(ServiceProxy):
    """`crm.supplier_invoices`: its actions, and reading a received document."""

    def read(self, file: str | Path, data: bytes | None = None) -> SupplierInvoice:
        """Post an invoice or credit note in UBL (EHF) on its supplier; `data` is its content if at hand. Raises `NotUbl`."""
        from crm_lab.exchange.ubl import read_ubl

        found = read_ubl(Path(file).read_bytes() if data is None else data)
        taken: SupplierInvoice = self.take(invoice=found.invoice, payable=found.payable)
        return taken


class SaftProxy(ServiceProxy):
    """`crm.saft`: its actions, and reading a file to bring in."""

    def read(self, file: str | Path) -> SaftImport:
        """A SAF-T Financial file, to look at, send and run. Raises `NotSaft`."""
        from crm_lab.saft import read_saft

        return read_saft(self, file)


class PaymentsProxy(ServiceProxy):
    """`crm.payments`: its actions, and reading a file of payments."""

    def read(self, file: str | Path, data: bytes | None = None, on_progress: Callable[[int], object] = lambda _done: None) -> PaymentFile:
        """Book an OCR giro, camt.053 or camt.054 file; `data` is its content if at hand. Raises `Unreadable`.

        Then the rules link that may do so by themselves.
        """
        from crm_lab.payments import book_file

        booked = book_file(self, Path(file).name, Path(file).read_bytes() if data is None else data, on_progress)
        try:
            return replace(booked, n_linked=self._connection.ledger.run_rules())
        except Conflict:  # a colleague linked meanwhile: the rest is proposed
            return booked


class LedgerProxy(ServiceProxy):
    """`crm.ledger`: its actions, and what may be linked, which is worked out here."""

    def propose(
        self, ledger: Ledger = Ledger.RECEIVABLE, customer_id: UUID | None = None, rules: Collection[MatchRule] | None = None,
    ) -> Proposals:  # fmt: skip
        """What of the open items belongs together, of one party or of all, and why: `.proposals` and `.items`, amounts in øre."""
        from crm_lab.proposals import proposals_of

        return proposals_of(self, ledger, customer_id, rules)

    def what_if(self, ledger: Ledger = Ledger.RECEIVABLE) -> pd.DataFrame:
        """How often each rule would have been right about what is closed by now."""
        from crm_lab.proposals import rehearse

        return rehearse(self, ledger)

    def run_rules(self) -> int:
        """Link what the rules that are switched on find without rivals; how many matches."""
        from crm_lab.proposals import run_automatically

        return run_automatically(self)


class OrdersProxy(ServiceProxy):
    """`crm.orders`: their actions, and invoicing, which is the invoices' own."""

    def invoice(self, *ids: UUID, on: date | None = None) -> tuple[InvoiceFacts, ...]:
        """Invoice orders, all or none of them. Raises `CannotInvoice`."""
        made: tuple[InvoiceFacts, ...] = self._connection.invoices.create(order_ids=ids, on=on)
        return made

    def invoice_many(
        self, ids: Collection[UUID], on: date | None = None, on_progress: Callable[[int, int], object] = lambda _done, _total: None
    ) -> Invoiced:
        """Invoice many orders, some at a time: those that can be, and why the others cannot."""
        made: list[InvoiceFacts] = []
        refused: list[OrderFault] = []
        keys = list(ids)
        for at in range(0, len(keys), AT_ONCE):
            part = keys[at : at + AT_ONCE]
            faults: list[OrderFault] = self._connection.invoices.faults(order_ids=part, on=on)
            wrong = {fault.order_id for fault in faults}
            if fit := [key for key in part if key not in wrong]:
                made += self._connection.invoices.create(order_ids=fit, on=on)
            refused += faults
            on_progress(at + len(part), len(keys))
        return Invoiced(tuple(made), tuple(refused))

    def pdf(self, id: UUID) -> bytes:  # noqa: A002 - the wire's word
        """A quote or, once it is confirmed, an order confirmation as PDF, in the customer's language."""
        from crm_lab.reports.invoices import invoice_pdf

        return invoice_pdf(self.document(id=id), self._connection.letterhead.style())

    def mail(self, id: UUID, recipient: str = "") -> tuple[int, int]:  # noqa: A002
        """Send an order as quote or confirmation, and all else that waits; how many were sent, and how many were not."""
        self._connection.deliveries.queue_order(order_id=id, recipient=recipient)
        sent: tuple[int, int] = self._connection.invoices.send_queued()
        return sent

    def send(self, *invoice_ids: UUID) -> tuple[int, int]:
        """Send invoices the way their orders say; how many were sent, and how many were not."""
        sent: tuple[int, int] = self._connection.invoices.send(*invoice_ids)
        return sent

    def credit(self, invoice_id: UUID, lines: Collection[CreditLine] = (), reason: str = "") -> InvoiceFacts:
        """Credit an invoice, whole or the lines given."""
        made: InvoiceFacts = self._connection.invoices.credit(id=invoice_id, lines=lines, reason=reason)
        return made


class InvoicesProxy(ServiceProxy):
    """`crm.invoices`: their actions, and an invoice as a file."""

    def pdf(self, id: UUID) -> bytes:  # noqa: A002 - the wire's word
        """An invoice or credit note as PDF, in the customer's language."""
        from crm_lab.reports.invoices import invoice_pdf

        return invoice_pdf(self._connection.invoices.document(id=id), self._connection.letterhead.style())

    def send(self, *ids: UUID, recipient: str = "") -> tuple[int, int]:
        """Send invoices the way their orders say, and all else that waits; how many were sent, and how many were not."""
        self._connection.deliveries.queue(invoice_ids=ids, recipient=recipient)
        return self.send_queued()

    def send_queued(self) -> tuple[int, int]:
        """Send all that waits; how many were sent, and how many were not."""
        from crm_lab.sending import send_queued

        return send_queued(self._connection)

    def ehf(self, id: UUID) -> bytes:  # noqa: A002
        """An invoice or credit note as an EHF: UBL of Peppol BIS Billing 3.0."""
        from crm_lab.exchange.ubl import write_ubl

        return write_ubl(self._connection.invoices.document(id=id))


class DeliveriesProxy(ServiceProxy):
    """`crm.deliveries`: their actions, and reading why an e-mail came back."""

    def read_bounce(self, data: bytes) -> Delivery:
        """Note what a notification (.eml) says of an e-mail that was sent. Raises `NoBounce`, `NotFound`."""
        from crm_lab.exchange.bounces import read_bounce

        found = read_bounce(data)
        noted: Delivery = self.bounced(message_id=found.message_id, reason=found.reason)
        return noted


class LetterheadProxy(ServiceProxy):
    """`crm.letterhead`: its actions, and how documents are drawn by it."""

    def style(self) -> Style:
        """Logo, colour and foot as the reports take them."""
        from crm_lab.reports.letterhead import Style

        found: Letterhead = self.get()
        return Style(logo=found.logo, accent=found.rgb, foot=found.foot)


class RemindersProxy(ServiceProxy):
    """`crm.reminders`: their actions, a letter as a file, and sending."""

    def pdf(self, id: UUID) -> bytes:  # noqa: A002 - the wire's word
        """A reminder as PDF, in the customer's language."""
        from crm_lab.reports.reminders import reminder_pdf

        return reminder_pdf(self.letter(id=id), self._connection.letterhead.style())

    def send(self, posting_ids: Collection[UUID] = (), on: date | None = None) -> tuple[Reminder, ...]:
        """Make reminders of debts, or of all whose turn it is, and send those that have an e-mail address."""
        made: tuple[Reminder, ...] = self.make(posting_ids=tuple(posting_ids), on=on)
        if made:
            self._connection.deliveries.queue_reminders(reminder_ids=[one.id for one in made])
            self._connection.invoices.send_queued()
        return made


class MergesProxy(ServiceProxy):
    """`crm.merges`: its actions, and the search for doubles among all."""

    def clusters(self, kind: str = "customer") -> pd.DataFrame:
        """Customers or contacts that may be one and the same, as `crm_lab.analysis.duplicates.clusters` gathers them."""
        from crm_lab.analysis.duplicates import clusters

        return clusters(self.clues(kind=kind), self.distinct())


PROXIES: dict[str, type[ServiceProxy]] = {
    "calendar": CalendarProxy, "contacts": PartiesProxy, "customers": PartiesProxy, "deliveries": DeliveriesProxy, "imports": ImportsProxy, "ledger": LedgerProxy,
    "invoices": InvoicesProxy, "letterhead": LetterheadProxy, "merges": MergesProxy, "orders": OrdersProxy, "payments": PaymentsProxy, "reminders": RemindersProxy, "saft": SaftProxy,
    "supplier_invoices": SupplierInvoicesProxy,
}  # fmt: skip
