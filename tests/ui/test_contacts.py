"""Contacts in a real browser, by keyboard, as people register them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.browser


def test_a_person_with_a_role_is_registered_by_keyboard_only(visit: Callable[..., Page]) -> None:
    page = visit("kari")
    keys = page.keyboard
    keys.press("n")
    keys.press("p")
    expect(page.locator("#f-first_name")).to_be_focused()
    keys.type("Per Olav")
    keys.press("Tab")
    keys.type("Nilsen")
    keys.press("Tab")
    keys.type("91 23")
    keys.press("Tab")
    expect(page.locator("#d-mobile")).to_contain_text("91 23 er ikke et telefonnummer")
    expect(page.locator("#f-mobile")).to_have_attribute("aria-invalid", "true")
    keys.press("Shift+Tab")
    keys.type("91 23 45 67")
    expect(page.locator(".err")).to_have_count(0)
    for _field in ("phone", "email", "company"):
        keys.press("Tab")
    expect(page.locator("[role=combobox][id^=f-company]")).to_be_focused()
    keys.type("nordl")
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("Nordlys Bygg AS")
    keys.press("Enter")
    expect(page.locator("[name$='.title']")).to_be_focused()
    keys.type("Daglig leder")
    for _field in ("phone", "email", "from"):
        keys.press("Tab")
    keys.type("1.3.2020")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Space")
    keys.press("Control+s")
    expect(page.locator("h1")).to_contain_text("Per Olav Nilsen")
    roles = page.locator(".roles")
    for text in ("Nordlys Bygg AS", "Daglig leder", "siden 01.03.2020", "Beslutningstaker"):
        expect(roles).to_contain_text(text)
    expect(page.locator("a[href='tel:+4791234567']").first).to_be_visible()
    page.click(".roles a[data-route]")
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")
    expect(page.locator(".crm-main")).to_contain_text("Per Olav Nilsen")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("Per Olav Nilsen")


def register(page: Page, surname: str) -> None:
    """From anywhere to the card of a new contact."""
    page.locator("h1").first.focus()
    page.keyboard.press("n")
    page.keyboard.press("p")
    expect(page.locator("#f-first_name")).to_be_focused()
    page.fill("#f-last_name", surname)
    page.keyboard.press("Control+s")
    expect(page.locator("h1")).to_contain_text(surname)


def test_a_new_contact_is_seen_by_others_and_undone(visit: Callable[..., Page]) -> None:
    kari, ola = visit("kari"), visit("ola", "contacts")
    rows = ola.locator(".crm-tr:not([hidden])").filter(has_text="Fossvik")
    register(kari, "Fossvik")
    expect(rows).to_have_count(1, timeout=5_000)
    kari.click(".toast button")
    expect(rows).to_have_count(0, timeout=5_000)
    expect(kari.locator("h1")).to_have_text("Kontakter")


def test_what_is_typed_is_not_lost_without_a_question(visit: Callable[..., Page]) -> None:
    page = visit("kari", "contacts/new")
    page.fill("#f-last_name", "Granlund")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.click(".form-foot a")
    expect(page.locator("#f-last_name")).to_have_value("Granlund")
    page.once("dialog", lambda dialog: dialog.accept())
    page.click(".form-foot a")
    expect(page.locator("h1")).to_have_text("Kontakter")


def test_a_postcode_fills_the_place_and_a_national_identity_number_is_refused(visit: Callable[..., Page]) -> None:
    page = visit("kari", "contacts/new")
    page.fill("#f-last_name", "Tangvik")
    page.fill("[name='visiting.postal_code']", "7014")
    expect(page.locator("[name='visiting.city']")).to_have_value("TRONDHEIM")
    page.fill("#f-note", "fnr. 010154 50068")
    page.keyboard.press("Control+s")
    expect(page.locator("#d-note")).to_contain_text("fødselsnummer")
    page.fill("#f-note", "")
    page.keyboard.press("Control+s")
    expect(page.locator(".crm-main")).to_contain_text("7014 TRONDHEIM")


def test_two_people_change_one_contact(visit: Callable[..., Page]) -> None:
    kari = visit("kari", "contacts/new")
    kari.fill("#f-last_name", "Haugli")
    kari.keyboard.press("Control+s")
    expect(kari.locator("h1")).to_contain_text("Haugli")
    ola = visit("ola", kari.url.partition("/crm/")[2] + "/edit")
    kari.locator("h1").focus()
    kari.keyboard.press("e")
    for page, note in ((kari, "ring kari"), (ola, "ring ola")):
        page.fill("#f-note", note)
        page.keyboard.press("Control+s")
        if page is kari:
            expect(page.locator("h1.named")).to_contain_text("Haugli")
    expect(ola.locator(".clashes")).to_contain_text("ring kari")
    ola.locator(".clash input[value=mine]").check()
    ola.keyboard.press("Control+s")
    expect(ola.locator("h1.named")).to_contain_text("Haugli")
    expect(kari.locator(".lines")).to_have_text("ring ola", timeout=5_000)


def test_rename_with_f2_and_undo(visit: Callable[..., Page]) -> None:
    page = visit("kari")
    register(page, "Lundvang")
    page.locator("h1").focus()
    page.keyboard.press("F2")
    expect(page.locator(".rename input").first).to_be_focused()
    page.keyboard.type("Ida")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Ida Lundvang")
    page.click(".toast button")
    expect(page.locator("h1")).not_to_contain_text("Ida")


def test_no_overflow_on_a_phone(visit: Callable[..., Page]) -> None:
    page = visit("kari", "contacts/new/10001", viewport={"width": 390, "height": 844})
    wide = "document.documentElement.scrollWidth"
    expect(page.locator(".role")).to_contain_text("Nordlys Bygg AS")
    assert page.evaluate(wide) <= 390
    page.fill("#f-last_name", "Myrdalen-Nordskog-Solstrand-Eikeland-Haugli-Lundvang")
    page.fill("#f-email", "et.ganske.langt.navn.med.mange.punktum@eksempel-med-langt-navn.example")
    page.click("button[type=submit]")
    expect(page.locator("h1.named")).to_contain_text("Myrdalen")
    assert page.evaluate(wide) <= 390
    page.click(".crumbs a")
    expect(page.locator("h1")).to_have_text("Kontakter")
    assert page.evaluate(wide) <= 390
    page.locator(".crm-tr:not([hidden]) .opens > span").first.click()
    expect(page).to_have_url(re.compile("contacts/[0-9a-f-]{36}"))
