"""Orders on screen: the list of all, and the words for how far they have come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pandas as pd

from crm_lab.domain.invoicing import InvoiceFacts, InvoiceKind
from crm_lab.domain.orders import EXPIRED, OrderStatus, PaymentStatus
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, business_day, day, kroner, ngettext, unit
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, aside, guarded, step_by_step
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live
from crm_lab.widgets.papers import hand_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.domain.deliveries import Delivery
    from crm_lab.widgets.shell import App

ALL, OVERDUE = "all", "overdue"
BATCH = 50
STATUS_CLASS = {OrderStatus.CONFIRMED: "accent", OrderStatus.INVOICED: "ok", OrderStatus.CREDITED: "warn", EXPIRED: "bad"}
PAYMENT_CLASS = {PaymentStatus.PAID: "ok", PaymentStatus.PARTLY: "warn", PaymentStatus.OVERDUE: "bad"}


def status_words() -> dict[str, str]:
    """How far an order has come, in words."""
    return {
        OrderStatus.DRAFT: _("Draft"), OrderStatus.QUOTE: _("Quote"), OrderStatus.CONFIRMED: _("Confirmed"), OrderStatus.INVOICED: _("Invoiced"),
        OrderStatus.CREDITED: _("Credited"),
    }  # fmt: skip


def state_words() -> dict[str, str]:
    """The same, and quotes that are no longer valid."""
    return {**status_words(), EXPIRED: _("Expired quote")}


def payment_words() -> dict[str, str]:
    """What the ledger says of an invoice, in words."""
    return {
        PaymentStatus.NONE: "", PaymentStatus.OPEN: _("Not due"), PaymentStatus.PARTLY: _("Partly paid"), PaymentStatus.PAID: _("Paid"),
        PaymentStatus.OVERDUE: _("Overdue"),
    }  # fmt: skip


def kind_words() -> dict[str, str]:
    """What a document is, in words."""
    return {InvoiceKind.INVOICE: _("Invoice"), InvoiceKind.ADVANCE: _("Advance invoice"), InvoiceKind.CREDIT_NOTE: _("Credit note")}


def invoice_row(one: InvoiceFacts) -> dict[str, Any]:
    """An invoice as a line of a page."""
    return {
        "id": str(one.id), "path": f"invoices/{one.id}", "number": one.number, "kind": kind_words()[one.kind], "issued": day(one.issued_on),
        "due": day(one.due_on) if one.due_on else "", "gross": money(one.gross, one.currency), "open": money(one.open_amount, one.currency),
        "payment": payment_words()[one.payment], "payment_class": PAYMENT_CLASS.get(one.payment, ""), "credits": one.credits,
    }  # fmt: skip


def troubled_row(one: Delivery) -> dict[str, str]:
    """What did not reach its customer, with where it is looked at."""
    path = f"invoices/{one.invoice_id}" if one.invoice_id else f"orders/{one.order_id}" if one.order_id else "ledger/reminders"
    return {"path": path, "to": one.recipient, "error": one.error}


def money(amount: Any, currency: str) -> str:
    """An amount with its currency."""
    return f"{kroner(int(amount.scaleb(2)))} {unit(currency)}"


def columns() -> list[dict[str, Any]]:
    """The columns of a list of orders."""
    return [
        {"key": "number", "label": _("Order"), "kind": "num", "width": 84, "fixed": True, "opens": True},
        {"key": "customer", "label": _("Customer"), "min": 150, "grow": 3, "phone": 1},
        {"key": "state", "label": _("Status"), "width": 104, "map": state_words(), "phone": 4},
        {"key": "ordered_on", "label": _("Date"), "kind": "date", "width": 96, "phone": 3},
        {"key": "gross_minor", "label": _("Amount"), "kind": "money", "width": 116, "phone": 2},
        {"key": "currency", "label": _("Currency"), "width": 66},
        {"key": "invoice_number", "label": _("Invoice"), "kind": "num", "width": 88},
        {"key": "due_on", "label": _("Due"), "kind": "date", "width": 96},
        {"key": "open_minor", "label": _("Rest"), "kind": "money", "width": 112},
        {"key": "payment", "label": _("Payment"), "width": 104, "map": payment_words()},
        {"key": "valid_until", "label": _("Valid until"), "kind": "date", "width": 96, "rare": True},
        {"key": "owner", "label": _("Owner"), "min": 110, "rare": True},
    ]


class OrderList(Stack):
    """Every order the employee may see, by how far it has come."""

    classes = ("screen", "fixed")

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Orders")
        self._shows: str = ALL
        self._work, self._told = "", tuple[str, ...]()
        self._all: pd.DataFrame = app.crm.orders.list()
        self.frame = self._all
        self.head = Live("order_list.html", app, actions={"filter": self._filter, "status": self._choose, "hide": self._hide, "repeat": self._repeat}, base=app.base, **self._shown())
        self.grid = Grid(
            columns=columns(), label=self.title, empty=_("No orders here"), empty_hint=_("Make one on the card of a customer, or from an opportunity that is won."),
            menu=[
                {"id": "invoice", "label": _("Make the invoice"), "key": "F"}, {"id": "confirmed", "label": _("Confirm")}, {"id": "quote", "label": _("Make it a quote")},
                {"id": "send", "label": _("Send the invoice"), "key": "S"}, {"id": "print", "label": _("Print it"), "key": "P"},
                {"id": "copy", "label": _("Copy")}, {"id": "merge", "label": _("Merge"), "needs": {"least": 2, "same": ["customer", "currency", "status"]}},
                {"id": "delete", "label": _("Delete")},
            ],
            sum_key="gross_minor", sum_by="currency", on_open=guarded(app, self._open_row), on_menu=guarded(app, self._menu),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        self.grid.show(self.frame)

    def reload(self) -> None:
        """Read the list again; what is chosen stays."""
        self._all = self.app.crm.orders.list()
        self._draw()

    def _draw(self) -> None:
        self.head.refresh(**self._shown())
        self.grid.show(self.frame)

    def _shown(self) -> dict[str, Any]:
        frame, counts = self._all, self._all.status.value_counts()
        late = frame.payment == PaymentStatus.OVERDUE
        expired = frame.state == EXPIRED
        wanted = {ALL: frame.status == frame.status, OVERDUE: late, EXPIRED: expired}.get(self._shows, frame.status == self._shows)
        self.frame = frame[wanted].reset_index(drop=True)
        states = [(ALL, _("All"), len(frame)), *((str(key), words, int(counts.get(key, 0))) for key, words in status_words().items()), (OVERDUE, _("Overdue"), int(late.sum()))]
        if expired.any() or self._shows == EXPIRED:
            states.append((EXPIRED, _("Expired quotes"), int(expired.sum())))
        today = business_day(utc_now())
        due = sum(next_on.date() <= today for next_on in pd.to_datetime(frame.next_on.dropna()))
        return {"states": states, "status": self._shows, "work": self._work, "told": self._told, "n_due": due, "troubled": [troubled_row(one) for one in self.app.crm.deliveries.troubled()]}

    def _choose(self, value: str) -> None:
        if value in {*OrderStatus, ALL, OVERDUE, EXPIRED}:
            self._shows = value
            self._draw()

    def _repeat(self) -> None:
        made = self.app.crm.orders.repeat(on=business_day(utc_now()))
        self._done(ngettext("{n} order is made.", "{n} orders are made.", made))

    def _hide(self) -> None:
        self._told = ()
        self._draw()

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _open_row(self, row: int) -> None:
        if isinstance(row, int) and 0 <= row < len(self.frame):
            self.app.go(f"orders/{self.frame.id.iloc[row]}")

    def _menu(self, id: str) -> None:  # noqa: A002 - the grid's word
        keys = [UUID(self.frame.id.iloc[row]) for row in self.grid.selected_rows]
        crm = self.app.crm.orders
        if not keys:
            return
        if id == "invoice":
            step_by_step(self.app, self._invoicing(keys), self.app.toast)
        elif id in {OrderStatus.CONFIRMED, OrderStatus.QUOTE}:
            n = crm.set_status(ids=keys, status=id)
            self._done(ngettext("{n} order is changed.", "{n} orders are changed.", n))
        elif id == "merge":
            self._done(_("The orders are merged into order {number}.", number=crm.merge(ids=keys).number))
        elif id == "send":
            aside(self.app, lambda: self.app.crm.invoices.send(*self._invoices(keys)), self._sent)
        elif id == "print":
            aside(self.app, lambda: self._papers(keys), lambda papers: hand_over(self.app, self.title, papers))
        elif id == "delete":
            self._done(ngettext("{n} order is deleted.", "{n} orders are deleted.", crm.delete(ids=keys)))
        elif id == "copy":
            made = crm.copy(id=keys[0])
            self.app.go(f"orders/{made.id}")
            self.app.toast(_("This is a copy, order {number}.", number=made.number), undo=True)

    def _invoices(self, keys: list[UUID]) -> list[UUID]:
        """The newest invoice of each order. Raises `InvalidInput` where an order has none."""
        found = [next((one.id for one in self.app.crm.invoices.of_order(order_id=key) if one.kind != InvoiceKind.CREDIT_NOTE), None) for key in keys]
        if None in found:
            raise InvalidInput(_("Mark orders that are invoiced. A quote or confirmation is sent from the order itself."), "ids")
        return [key for key in found if key]

    def _papers(self, keys: list[UUID]) -> list[tuple[str, bytes]]:
        """Of each order its invoice, else the quote or confirmation."""
        crm, papers = self.app.crm, list[tuple[str, bytes]]()
        for key in keys:
            made = [one for one in crm.invoices.of_order(order_id=key) if one.kind != InvoiceKind.CREDIT_NOTE]
            name = f"{kind_words()[made[0].kind]} {made[0].number}" if made else _("Order {number}", number=crm.orders.get(id=key).number)
            papers.append((f"{name}.pdf", crm.invoices.pdf(id=made[0].id) if made else crm.orders.pdf(id=key)))
        return papers

    def _sent(self, counts: tuple[int, int]) -> None:
        self.reload()
        said = ngettext("{n} is sent.", "{n} are sent.", counts[0])
        rest = ngettext("{n} was not: see above, it is tried again.", "{n} were not: see above, they are tried again.", counts[1])
        self.app.toast(f"{said} {rest}" if counts[1] else said)

    def _done(self, said: str) -> None:
        self.reload()
        self.app.toast(said, undo=True)

    def _invoicing(self, keys: list[UUID]) -> Iterator[None]:
        """Invoice many, some at a time, and say which could not be."""
        done, told = 0, list[str]()
        for at in range(0, len(keys), BATCH):
            part = keys[at : at + BATCH]
            self._work = _("{done} of {total} orders", done=at, total=len(keys))
            self.head.refresh(work=self._work)
            yield
            report = self.app.crm.orders.invoice_many(part)
            done += len(report.invoices)
            told += [f"{fault.number}: {fault.message}" for fault in report.refused]
        self._work, self._told = "", tuple(told)
        self.reload()
        self.app.toast(ngettext("{n} invoice is made and posted.", "{n} invoices are made and posted.", done))
