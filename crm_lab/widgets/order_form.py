"""An order being written: the customer and what applies to it, the lines, and what is done with it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import UUID

from crm_lab.domain.columns import parse_decimal, parse_whole
from crm_lab.domain.ids import new_id
from crm_lab.domain.order_lines import LinesChanged
from crm_lab.domain.order_sums import summed
from crm_lab.domain.orders import EXPIRED, Order, OrderLine, OrderStatus, clean_order
from crm_lab.domain.terms import Distribution, TermSource
from crm_lab.errors import CrmError, Faults, InvalidFields, InvalidInput
from crm_lab.i18n import _, business_day
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, aside
from crm_lab.widgets.customer_fields import languages
from crm_lab.widgets.forms import Form, Values
from crm_lab.widgets.invoices import delivery_row
from crm_lab.widgets.live import Live
from crm_lab.widgets.order_lines import LineEditor, order_sums, price_words
from crm_lab.widgets.orders import STATUS_CLASS, invoice_row, state_words, status_words
from crm_lab.widgets.products import decimal_words
from crm_lab.widgets.task_box import read_day
from crm_lab.widgets.terms import term_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crm_lab.domain.invoicing import OrderFinding
    from crm_lab.domain.orders import Origin
    from crm_lab.domain.vat import VatCode
    from crm_lab.widgets.shell import App

TEXTS = ("delivery_place", "buyer_reference", "order_reference", "note", "currency", "language", "price_list")
DAYS = ("ordered_on", "delivered_on", "valid_until", "next_on")


def field_words() -> dict[str, str]:
    """The fields in words."""
    return {
        "ordered_on": _("Order date"), "delivered_on": _("Delivered"), "valid_until": _("Valid until"), "delivery_place": _("Delivered to"), "buyer_reference": _("Buyer's reference"),
        "order_reference": _("Buyer's order number"), "note": _("Text on the invoice"), "currency": _("Currency"), "rate": _("Rate, kr"), "payment_days": _("Days to pay"),
        "language": _("Language"), "distribution": _("Sent by"), "discount": _("Discount, %"), "price_list": _("Price list"),
        "repeats_months": _("Repeats every … months"), "next_on": _("Next order"), "invoice_fee": _("Invoice fee, kr"),
    }  # fmt: skip


def values_of(order: Order) -> Values:
    """An order as the form has it."""
    days = {name: value.isoformat() if (value := getattr(order, name)) else "" for name in DAYS}
    return {name: str(getattr(order, name)) for name in TEXTS} | days | {
        "payment_days": str(order.payment_days), "distribution": str(order.distribution), "discount": decimal_words(order.discount, 0),
        "repeats_months": str(order.repeats_months or ""), "rate": decimal_words(order.rate, 0) if order.rate else "", "invoice_fee": decimal_words(order.invoice_fee) if order.invoice_fee else "",
    }  # fmt: skip


def read_fields(values: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """What the form says."""
    given: dict[str, Any] = {name: str(values[name]) for name in TEXTS if name in values}
    readers: dict[str, Callable[[str], Any]] = dict.fromkeys(DAYS, read_day)
    readers |= {"payment_days": lambda text: parse_whole(text or "0"), "discount": lambda text: parse_decimal(text or "0"),
                "repeats_months": lambda text: parse_whole(text) if text.strip() else None, "distribution": _distribution, "invoice_fee": lambda text: parse_decimal(text) if text.strip() else None, "rate": lambda text: parse_decimal(text) if text.strip() else None}  # fmt: skip
    for name, read in readers.items():
        if name in values:
            with faults.at(name):
                given[name] = read(str(values[name]))
    if "ordered_on" in given and given["ordered_on"] is None:
        faults.note("ordered_on", _("Write a day."))
    return given


def _distribution(text: str) -> Distribution:
    try:
        return Distribution(text)
    except ValueError:
        raise InvalidInput(_("Choose one of the list."), "distribution") from None


class OrderHead(Form):
    """The fields of an order above its lines."""

    classes = ("order-head",)

    def __init__(self, app: App, written: Order, save: Callable[[dict[str, Any]], None], read: Callable[[], Order], actions: Mapping[str, Any], **data: Any) -> None:
        self._order, self._save_order, self._read_order = written, save, read
        super().__init__("order_form.html", app, values_of(written), actions, **data)

    def stored(self) -> Values:
        """The order as it is saved now."""
        self._order = self._read_order()
        return values_of(self._order)

    def shown(self) -> dict[str, Any]:
        """What may be chosen, and where each setting comes from."""
        ways = [(str(way), term_words("distribution", way, [])) for way in Distribution]
        return {"labels": field_words(), "origins": self._origins(), "languages": languages()[1:], "distributions": ways}

    def _origins(self) -> dict[str, str]:
        """Where the settings come from that still are what the customer's say."""
        now = values_of(self._order)
        return {name: origin_words(origin) for name, origin in self._order.origins.items() if name in now and self.values.get(name) == now[name]}

    def label_of(self, part: str) -> str:
        """A field in words."""
        return field_words()[part]

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        faults = Faults()
        try:
            clean_order(read_fields(self.values, faults), ())  # type: ignore[arg-type]
        except InvalidFields as error:
            faults.found |= error.fields
        return faults.found

    def store(self) -> None:
        """Save the order."""
        faults = Faults()
        fields = read_fields(self.values, faults)
        faults.tell()
        self._save_order(fields)


def origin_words(origin: Origin) -> str:
    """Where a setting of an order comes from."""
    return {TermSource.OWN: _("From the customer"), TermSource.CATEGORY: _("From the category {name}", name=origin.name), TermSource.COMPANY: _("The company's standard")}[origin.source]


class OrderForm(Stack):
    """An order; without an id a new one for a customer. `query` may say where it was opened from."""

    classes = ("screen", "order")

    def __init__(self, app: App, order_id: UUID | None = None, customer_number: int | None = None, query: str = "") -> None:
        self.app, self._id, self._clashes = app, order_id, 0
        crm = app.crm
        back = parse_qs(query).get("from", [f"customers/{customer_number}/orders" if customer_number else "orders"])[0]
        self._back = back if back == "orders" or (back.startswith("customers/") and back.endswith("/orders")) else "orders"
        self.order: Order = crm.orders.get(id=order_id) if order_id else crm.orders.fresh(customer_id=crm.customers.by_number(number=customer_number).id)
        self.title = _("Order {number}", number=self.order.number) if order_id else _("New order")
        self._codes: list[VatCode] = crm.vat.codes(on=self.order.ordered_on)
        actions: dict[str, Any] = {
            "status": self._status, "invoice": self._invoice, "copy": self._copy, "delete": self._delete, "advance": self._advance,
            "advance_start": self._advance_start, "refresh": self._refresh, "send": self._post, "send_start": self._send_start,
            "pdf": lambda: self._paper(is_shown=False), "print": lambda: self._paper(is_shown=True),
        }  # fmt: skip
        self.head = OrderHead(app, self.order, self._save, self._read, actions, **self._about())
        lines = self.order.lines or (OrderLine(id=new_id(), discount=self.order.discount),)
        self.editor = LineEditor(app, lines, self._sums, self._priced, self._codes, fixed=not self.order.is_written, changed=self._changed)
        self.foot = Live("order_foot.html", app, actions={"save": self._submit}, base=app.base, back=self._back, is_written=self.order.is_written, is_begun=False)
        super().__init__([self.head, self.editor, self.foot])
        if self._id and self.order.is_written:
            aside(app, lambda: app.crm.invoices.findings(order_id=self._id), self._tell_findings)

    def _tell_findings(self, found: list[OrderFinding]) -> None:
        """Show what is to be mended before the invoice is made: at its line, else above."""
        self.editor.warn({one.line: one.message for one in reversed(found) if one.line})
        told = [{"text": one.message, "class": "bad" if one.is_fatal else "warn", "rule": one.rule} for one in found if not one.line]
        if told:
            self.head.refresh(findings=told)

    @property
    def is_begun(self) -> bool:
        """Whether anything is written that is not saved."""
        return self.head.is_begun or self.editor.is_changed

    def _about(self) -> dict[str, Any]:
        order = self.order
        state = EXPIRED if order.is_expired(business_day(utc_now())) else order.status
        invoices = self.app.crm.invoices.of_order(order_id=self._id) if self._id else []
        return {
            "order": order, "title": self.title, "back": self._back, "status": state_words()[state], "status_class": STATUS_CLASS.get(state, ""),
            "states": [(str(key), status_words()[key]) for key in (OrderStatus.DRAFT, OrderStatus.QUOTE, OrderStatus.CONFIRMED)],
            "is_new": self._id is None, "is_advance": False, "may_invoice": self.app.crm.invoices.may_invoice(), "findings": [], "is_sending": False, "deliveries": self._deliveries(), "invoices": [invoice_row(one) for one in invoices],
        }  # fmt: skip

    def _deliveries(self) -> list[dict[str, str]]:
        return [delivery_row(one) for one in self.app.crm.deliveries.of_order(order_id=self._id)] if self._id else []

    def _paper(self, *, is_shown: bool) -> None:
        """The order as quote or confirmation, saved first."""
        saved = self._saved()
        if saved:
            is_quote = saved.status in {OrderStatus.DRAFT, OrderStatus.QUOTE}
            title = f"{_('Quote') if is_quote else _('Order confirmation')} {saved.number}.pdf"
            self.app.download(title, self.app.crm.orders.pdf(id=saved.id), is_shown=is_shown)
            if not self._id or self.order.version != saved.version:
                self._again(saved.id, _("Order {number} is saved.", number=saved.number), undo=True)

    def _send_start(self) -> None:
        self.head.refresh(is_sending=not self.head.data["is_sending"])
        self.head.focus_on("#send-form input")

    def _post(self, values: dict[str, Any]) -> None:
        """Queue it and send what waits, aside: a mail server may be slow."""
        saved = self._saved()
        if saved:
            self.app.crm.deliveries.queue_order(order_id=saved.id, recipient=str(values.get("recipient", "")).strip())
            aside(self.app, self.app.crm.invoices.send_queued, lambda counts: self._told_sent(saved.id, counts))

    def _told_sent(self, key: UUID, counts: tuple[int, int]) -> None:
        self._again(key, _("It was not sent. Why stands below, and it is tried again.") if counts[1] else _("It is sent."))

    def _read(self) -> Order:
        """The order as a colleague left it meanwhile, with the lines written here merged in."""
        self.order = self.app.crm.orders.get(id=self._id)
        self._clashes = self.editor.rebase(self.order.lines)
        return self.order

    def _sums(self, lines: tuple[OrderLine, ...]) -> list[list[str]]:
        return order_sums(summed(replace(self.order, lines=lines), self._codes))

    def _priced(self, product_id: UUID) -> tuple[OrderLine, str]:
        v = self.head.values
        faults = Faults()
        fields = read_fields(v, faults)
        discount = fields.get("discount", Decimal(0))
        found = self.app.crm.orders.product_line(
            customer_id=self.order.customer_id, product_id=product_id, price_list=str(v["price_list"]), currency=str(v["currency"]), discount=discount,
            on=fields.get("ordered_on"),
        )  # fmt: skip
        of_group = _("{discount} % on {group}: {origin}", discount=decimal_words(found.line.discount, 0), group=found.group, origin=origin_words(found.discount)) if found.discount else ""
        return found.line, " · ".join(filter(None, (price_words(found.price), of_group)))

    def _changed(self) -> None:
        if not self.foot.data["is_begun"]:
            self.foot.refresh(is_begun=True)

    def _submit(self) -> None:
        self.head.act("save", values={})

    def _save(self, fields: dict[str, Any]) -> None:
        if clashes := self._clashes:
            self._clashes = 0
            raise LinesChanged(clashes)
        saved = self._keep(fields)
        if saved is not None:
            self.app.go(self._back)
            self.app.toast(_("Order {number} is saved.", number=saved.number), undo=True)

    def _keep(self, fields: dict[str, Any]) -> Order | None:
        """Save fields and lines; None where lines are wrong, which is told there."""
        if self.editor.errors:
            self.app.toast(_("Mend the lines that are marked first."))
            return None
        crm, given = self.app.crm.orders, fields | {"lines": self.editor.lines}
        try:
            if self._id:
                saved: Order = crm.change(id=self._id, version=self.order.version, **given)
            else:
                saved = crm.create(customer_id=self.order.customer_id, **given)
        except InvalidFields as error:
            if self.editor.tell(error.fields):
                return None
            raise
        self.editor.is_changed = False
        return saved

    def _saved(self) -> Order | None:
        """The order as it stands, saved first where something is written."""
        if not self.is_begun and self._id:
            if self.app.crm.orders.get(id=self._id).version == self.order.version:
                return self.order
            self._again(self._id, _("A colleague changed the order meanwhile: this is how it stands now. Look it through, then do it again."))
            return None
        faults = Faults()
        fields = read_fields(self.head.values, faults)
        try:
            faults.tell()
            return self._keep(fields)
        except CrmError as error:
            self.head.tell(error)
            return None

    def _status(self, value: str) -> None:
        saved = self._saved()
        if saved and value in set(OrderStatus):
            self.app.crm.orders.set_status(ids=[saved.id], status=value)
            self._again(saved.id, _("The order is now: {status}.", status=status_words()[OrderStatus(value)]), undo=True)

    def _invoice(self) -> None:
        self._invoiced(None)

    def _refresh(self) -> None:
        """Take the customer's name, address and e-mail over again."""
        saved = self._saved()
        if saved:
            self.app.crm.orders.refresh(id=saved.id, version=saved.version)
            self._again(saved.id, _("The customer's data are as on the card today."), undo=True)

    def _advance_start(self) -> None:
        self.head.refresh(is_advance=not self.head.data["is_advance"])
        self.head.focus_on("#advance-form input")

    def _advance(self, values: dict[str, Any]) -> None:
        self._invoiced(parse_decimal(str(values.get("percent", ""))))

    def _invoiced(self, percent: Decimal | None) -> None:
        saved = self._saved()
        if saved is None:
            return
        try:
            (made,) = self.app.crm.invoices.create(order_ids=[saved.id], advance_percent=percent)
        except CrmError as error:
            self._again(saved.id, error.message)
            return
        self.app.go(f"invoices/{made.id}")
        self.app.toast(_("Invoice {number} is made and posted.", number=made.number))

    def _again(self, key: UUID, said: str, *, undo: bool = False) -> None:
        self.app.go(f"orders/{key}?from={self._back}")
        self.app.toast(said, undo=undo)

    def _copy(self) -> None:
        made = self.app.crm.orders.copy(id=self.order.id)
        self._again(made.id, _("This is a copy, order {number}.", number=made.number), undo=True)

    def _delete(self) -> None:
        self.app.crm.orders.delete(ids=[self.order.id])
        self.app.go(self._back)
        self.app.toast(_("Order {number} is deleted.", number=self.order.number), undo=True)


class OrderStart(Live):
    """Choosing whom a new order is for."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("New order")
        self._numbers: dict[str, str] = {}
        super().__init__("order_start.html", app, actions={"customer": self._customer, "customer_query": self._find}, base=app.base, title=self.title, customers=[])

    def _find(self, value: str) -> None:
        found = self.app.crm.customers.suggest(text=str(value))
        self._numbers = {str(c.id): str(c.number) for c in found}
        self.refresh(customers=[(str(c.id), c.name, str(c.number)) for c in found])

    def _customer(self, id: str) -> None:  # noqa: A002 - the page's word
        if id in self._numbers:
            self.app.go(f"orders/new/{self._numbers[id]}")
