"""Matching in a real browser: marking rows, the menu, the keys, linking and taking it back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from crm_lab.connection import Connection, Remote

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.company import Served

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Callable[..., Page], served: Served) -> Page:
    """Ten invoices of a new party, 1 to 10 kroner, and a payment of 3."""
    kari = Connection(Remote(served.socket, user="kari"))
    party = kari.customers.create(name="Fjord Bygg AS")
    for n in range(1, 11):
        day = date(2026, 1, 1) + timedelta(days=n)
        kari.ledger.post(customer_id=party.id, kind="invoice", amount=Decimal(n), posted_on=day, due_on=day, text=f"Vare nr. {n:02d}")
    kari.ledger.post(customer_id=party.id, kind="payment", amount=Decimal(-3), posted_on=date(2026, 2, 1), text="Betaling for tre")
    return visit("kari", f"customers/{party.number}/ledger")


def row(page: Page, text: str) -> object:
    return page.locator(".crm-tr:not([hidden])").filter(has_text=text)


def marked(page: Page) -> int:
    return page.locator(".crm-tr[aria-selected=true]:not([hidden])").count()


def test_marking_by_mouse_and_keys_sums_to_the_ore(page: Page) -> None:
    total = page.locator(".crm-bar .sum")
    row(page, "nr. 10").click()
    row(page, "nr. 08").click(modifiers=["Control"])
    expect(total).to_have_text("Sum 18,00")
    row(page, "nr. 06").click(modifiers=["Shift"])
    expect(total).to_have_text("Sum 21,00")  # newest first: 08, 07, 06
    page.keyboard.press("Shift+ArrowDown")
    expect(total).to_have_text("Sum 26,00")
    page.keyboard.press("Control+ArrowDown")
    page.keyboard.press("Space")
    expect(total).to_have_text("Sum 30,00")
    page.keyboard.press("Control+a")
    expect(total).to_have_text("Sum 52,00")
    expect(page.locator(".crm-grid-foot .total")).to_have_text("Sum 52,00")
    page.fill("input[name=filter]", "betaling")
    expect(page.locator(".crm-grid-foot .total")).to_have_text("Sum −3,00")


def test_linking_by_menu_undoing_by_toast_and_again_by_keys(page: Page) -> None:
    row(page, "nr. 03").click()
    row(page, "Betaling for tre").click(modifiers=["Control"])
    row(page, "Betaling for tre").click(button="right")
    menu = page.locator(".crm-menu[role=menu]:popover-open [role=menuitem]")
    expect(menu).to_have_text(["Koble posterK", "Fjern koblingU", "Fjern post fra koblingR", "Vis koblingV", "Tilbakefør postT"])
    expect(menu.nth(1)).to_have_attribute("aria-disabled", "true")
    menu.first.click()
    expect(page.locator(".toast").last).to_contain_text("2 poster er koblet og lukket.")
    expect(row(page, "Betaling for tre")).to_have_count(0)
    page.locator(".toast button").last.click()
    expect(row(page, "Betaling for tre")).to_have_count(1)

    row(page, "nr. 03").click()
    row(page, "Betaling for tre").click(modifiers=["Control"])
    page.keyboard.press("k")
    expect(row(page, "Betaling for tre")).to_have_count(0)
    page.click("text=Lukkede")
    expect(page.locator(".crm-tr:not([hidden])")).to_have_count(2)
    row(page, "Betaling for tre").click()
    page.keyboard.press("u")
    expect(page.locator(".toast").last).to_contain_text("2 poster er åpne igjen.")
    expect(page.locator(".crm-tr:not([hidden])")).to_have_count(0)


def test_one_posting_is_taken_out_by_key_and_the_rest_keeps_its_number(page: Page) -> None:
    for text in ("nr. 01", "nr. 02", "nr. 04"):
        row(page, text).click(modifiers=["Control"])
    page.keyboard.press("k")
    expect(page.locator(".toast").last).to_contain_text("3 poster, 7,00 NOK gjenstår")
    row(page, "nr. 04").click()
    page.keyboard.press("r")
    expect(page.locator(".toast").last).to_contain_text("1 post er tatt ut av koblingen.")
    expect(row(page, "nr. 01")).to_contain_text("3,00")  # what remains of the two
    expect(page.locator("#stats-NOK")).to_contain_text("52,00")


def test_two_pages_see_each_other(page: Page, visit: Callable[..., Page]) -> None:
    other = visit("kari", page.url.split("/crm/")[1])
    row(page, "nr. 03").click()
    row(page, "Betaling for tre").click(modifiers=["Control"])
    row(other, "nr. 05").click()
    page.keyboard.press("k")
    expect(row(other, "Betaling for tre")).to_have_count(0)
    assert marked(other) == 1  # what one marks stays marked when a colleague saves


def test_a_worklist_is_worked_down_with_one_key(page: Page) -> None:
    page.goto(page.url + "/proposals")
    expect(row(page, "Beløpene er like")).to_have_count(1)
    row(page, "Beløpene er like").click()
    expect(page.locator(".close-up")).to_contain_text("Betaling for tre")
    page.keyboard.press("a")
    expect(page.locator(".toast").last).to_contain_text("1 forslag er godtatt.")
    expect(page.locator(".crm-tr:not([hidden])")).to_have_count(0)
    page.locator(".toast button").last.click()
    expect(row(page, "Beløpene er like")).to_have_count(1)
