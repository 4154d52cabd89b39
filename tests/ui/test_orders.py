"""The lines of an order by keyboard alone, in a browser."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crm_lab.connection import Connection, Remote
from crm_lab.domain.ids import new_id
from crm_lab.domain.orders import OrderLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.company import Served


@pytest.mark.browser
def test_lines_are_written_moved_and_removed_by_keyboard(served: Served, visit: Callable[..., Page]) -> None:
    crm = Connection(Remote(served.socket, user="kari"))
    party = crm.customers.create(name="Tastatur AS", email="t@t.example")
    crm.products.create(name="Hammer", number="H1", price=Decimal("249.50"))
    lines = tuple(OrderLine(id=new_id(), text=text, price=Decimal(100)) for text in ("Frakt", "Spiker"))
    order = crm.orders.create(customer_id=party.id, lines=lines)
    page = visit("kari", f"orders/{order.id}")
    rows, sums, keys = page.locator(".crm-lines tbody tr"), page.locator(".lines-sums"), page.keyboard
    expect(page.get_by_role("row")).to_have_count(3)
    rows.nth(0).locator("[name=quantity]").focus()
    keys.press("Control+a")
    keys.type("3")
    expect(sums).to_contain_text("400,00")
    keys.press("Enter")
    expect(rows.nth(1).locator("[name=quantity]")).to_be_focused()
    keys.press("Enter")
    expect(rows).to_have_count(3)
    expect(rows.nth(2).locator("[name=number]")).to_be_focused()
    keys.type("h1")
    expect(page.locator(".lines-found li")).to_have_count(1)
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(rows.nth(2).locator("[name=quantity]")).to_be_focused()
    expect(sums).to_contain_text("649,50")
    keys.press("Alt+ArrowUp")
    expect(rows.nth(1).locator("[name=text]")).to_have_value("Hammer")
    keys.press("Control+Delete")
    expect(rows).to_have_count(2)
    expect(sums).to_contain_text("400,00")
    keys.press("Control+s")
    expect(page.locator(".crm-main h1")).to_have_text("Ordrer")
    assert [(line.text, line.quantity) for line in crm.orders.get(id=order.id).lines] == [("Frakt", 3), ("Spiker", 1)]
