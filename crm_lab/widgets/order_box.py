"""The orders of a customer's card: a tab with orders, invoices and what is still to be paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.orders import OrderStatus, PaymentStatus
from crm_lab.i18n import _, day, kroner, unit
from crm_lab.widgets.orders import PAYMENT_CLASS, STATUS_CLASS, invoice_row, payment_words, state_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.domain.customers import Customer
    from crm_lab.widgets.shell import App


class OrderBox:
    """The part of a card that `order_tab.html` draws; read when the tab is looked at."""

    def __init__(self, app: App, reload: Callable[[], None]) -> None:
        self._app, self._reload = app, reload
        self._deletable: dict[str, int] = {}

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What its template may do."""
        return {"order_copy": self._copy, "order_delete": self._delete, "order_from": self._from}

    def shown(self, customer: Customer, *, is_open: bool) -> dict[str, Any]:
        """The orders and invoices as the tab shows them; nothing is asked while another tab is looked at."""
        if not is_open:
            return {"orders": [], "invoices": [], "new_order_path": f"orders/new/{customer.number}"}
        frame = self._app.crm.orders.list(customer_id=customer.id)
        back = f"customers/{customer.number}/orders"
        orders = []
        for row in frame.to_dict("records"):
            status = OrderStatus(row["status"])
            orders.append({
                "id": row["id"], "path": f"orders/{row['id']}?from={back}", "number": row["number"], "status": state_words()[row["state"]],
                "status_class": STATUS_CLASS.get(row["state"], ""), "date": day(row["ordered_on"]), "gross": f"{kroner(row['gross_minor'])} {unit(row['currency'])}",
                "lines": row["n_lines"], "may_delete": status in {OrderStatus.DRAFT, OrderStatus.QUOTE},
                "payment": payment_words()[PaymentStatus(row["payment"])], "payment_class": PAYMENT_CLASS.get(PaymentStatus(row["payment"]), ""),
            })  # fmt: skip
        self._deletable = {order["id"]: order["number"] for order in orders if order["may_delete"]}
        invoices = [invoice_row(one) for one in self._app.crm.invoices.of_customer(customer_id=customer.id)]
        return {"orders": orders, "invoices": invoices, "new_order_path": f"orders/new/{customer.number}"}

    def _copy(self, id: str) -> None:  # noqa: A002 - the page's word
        made = self._app.crm.orders.copy(id=id)
        self._app.go(f"orders/{made.id}")
        self._app.toast(_("This is a copy, order {number}.", number=made.number), undo=True)

    def _delete(self, id: str) -> None:  # noqa: A002
        if id in self._deletable:
            number = self._deletable[id]
            self._app.crm.orders.delete(ids=[id])
            self._reload()
            self._app.toast(_("Order {number} is deleted.", number=number), undo=True)

    def _from(self, id: str) -> None:  # noqa: A002
        """An order of an opportunity."""
        made = self._app.crm.orders.from_opportunity(opportunity_id=id)
        self._app.go(f"orders/{made.id}")
        self._app.toast(_("Order {number} is made of the opportunity.", number=made.number), undo=True)
