"""Registering and changing a customer in a real browser: by keyboard, from the register, two people at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from playwright.sync_api import Page, expect

from tests import register_server
from tests.company import Served, make_company, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A company whose register answers."""
    data = tmp_path_factory.mktemp("co")
    make_company(data)
    with register_server.running() as register, mock.patch.dict(os.environ, CRM_REGISTER_URL=register.url), serve(data) as company:
        yield company


def test_a_company_from_its_number_alone_in_three_actions(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/new")
    expect(page.locator("#f-organisation_number")).to_be_focused()
    page.keyboard.type("889 640 782")
    page.click("[data-do=take]")
    expect(page.locator("#f-name")).to_have_value("FALLITT HANDEL AS")
    page.keyboard.press("Control+s")
    expect(page.locator("h1")).to_contain_text("FALLITT HANDEL AS")
    expect(page.locator(".page-head .pill.bad")).to_have_text("Konkurs")


def test_from_an_empty_form_to_a_saved_customer_by_keyboard(visit: Callable[..., Page]) -> None:
    page = visit("kari")
    page.keyboard.press("n")
    page.keyboard.press("k")
    expect(page.locator("#f-organisation_number")).to_be_focused()
    for field in ("organisation_form", "name"):
        page.keyboard.press("Tab")
        expect(page.locator(f"#f-{field}")).to_be_focused()
    page.keyboard.type("Fjellvåk Kafé")
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator("#f-phone")).to_be_focused()
    page.keyboard.type("22 33 44 55")
    page.locator("#f-categories").focus()
    page.keyboard.type("Servering")
    expect(page.locator("[role=option]:visible")).to_have_text("Opprett «Servering»")
    page.keyboard.press("Enter")
    expect(page.locator(".chip.label")).to_contain_text("Servering")
    page.locator("[data-do=owner]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#f-owner")).to_be_focused()
    page.keyboard.type("ola")
    page.keyboard.press("Enter")
    expect(page.locator(".chip").filter(has_text="Ola Hansen")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text("Fjellvåk Kafé")
    expect(page.locator(".facts")).to_contain_text("22 33 44 55")
    expect(page.locator(".facts")).to_contain_text("Ola Hansen")
    expect(page.locator(".facts")).to_contain_text("Servering")
    page.keyboard.press("e")
    expect(page.locator("#f-name")).to_have_value("Fjellvåk Kafé")


def test_typing_goes_on_while_answers_come(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/new")
    page.locator("#f-organisation_number").press_sequentially("923609016", delay=5)
    page.locator("#f-name").press_sequentially("Et navn som er langt nok til at svar kommer imens AS", delay=15)
    page.locator("#f-note").press_sequentially("linje", delay=5)
    page.wait_for_timeout(600)
    expect(page.locator("#own")).to_contain_text("Nordlys Bygg AS")
    expect(page.locator("#f-name")).to_have_value("Et navn som er langt nok til at svar kommer imens AS")
    expect(page.locator("#f-note")).to_have_value("linje")


def test_nothing_typed_is_left_without_a_question(visit: Callable[..., Page]) -> None:
    page, asked = visit("kari"), []
    page.keyboard.press("n")
    page.keyboard.press("k")
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    expect(page.locator(".unsaved")).to_be_hidden()
    page.fill("#f-name", "Halvferdig AS")
    expect(page.locator(".unsaved")).to_be_visible()
    page.click(".crumbs a")
    page.click(".form-foot a")
    page.click(".crm-nav button[popovertarget]")
    page.click(".crm-nav [role=menuitem][data-route='customers/new']")
    page.evaluate("history.back()")
    page.wait_for_timeout(300)
    assert asked == ["Forlate siden uten å lagre?"] * 4
    expect(page.locator("#f-name")).to_have_value("Halvferdig AS")


def test_two_people_change_one_customer_and_nothing_is_lost(visit: Callable[..., Page]) -> None:
    kari, ola = visit("kari", "customers/10001/edit"), visit("ola", "customers/10001/edit")
    kari.fill("#f-phone", "22 33 44 55")
    kari.fill("#f-email", "kari@nordlys.no")
    ola.fill("#f-phone", "23 45 67 89")
    ola.fill("#f-website", "nordlys.no")
    kari.keyboard.press("Control+s")
    expect(kari.locator(".facts")).to_contain_text("22 33 44 55")
    ola.keyboard.press("Control+s")
    expect(ola.locator(".clash")).to_have_count(1)
    expect(ola.locator(".clash")).to_contain_text("22 33 44 55")
    expect(ola.locator(".clash")).to_contain_text("23 45 67 89")
    ola.locator("[name='choose:phone'][value=theirs]").check()
    ola.keyboard.press("Control+s")
    for text in ("22 33 44 55", "kari@nordlys.no", "nordlys.no"):
        expect(ola.locator(".facts")).to_contain_text(text)


def test_wrong_fields_are_told_and_the_first_is_focused(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/new")
    page.fill("#f-email", "nobody")
    page.locator("#f-phone").focus()
    expect(page.locator("#d-email")).to_contain_text("nobody")
    page.keyboard.press("Control+s")
    expect(page.locator("#f-name")).to_be_focused()
    expect(page.locator("[aria-invalid=true]")).to_have_count(2)


def test_the_form_and_the_card_fit_a_phone(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/new", viewport={"width": 390, "height": 844})
    for path in ("customers/new", "customers/10001", "customers/10001/edit", "settings", "settings/categories/new"):
        page.goto(f"{page.url.partition('/crm')[0]}/crm/{path}")
        page.wait_for_selector(".crm-main h1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert page.evaluate("document.querySelector('.crm-main').scrollWidth") <= 390, path


def test_rows_of_the_list_get_a_new_owner_and_it_is_undone(visit: Callable[..., Page]) -> None:
    page = visit("kari")
    row = page.locator(".crm-tr:not([hidden])").filter(has_text="Nordlys Bygg AS")
    row.click(button="right")
    page.get_by_role("menuitem", name="Bytt eier …").click()
    expect(page.locator("#f-assign")).to_be_focused()
    page.keyboard.type("ola")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Ola Hansen")
    page.click(".toast button")
    expect(row).to_contain_text("Kari Nordmann")
