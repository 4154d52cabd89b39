"""Searching by keyboard in the application, with a stand-in for Enhetsregisteret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from crm_lab.exchange.sheets import read_sheet
from tests.company import make_company, serve
from tests.register_server import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.company import Served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The company of every test here, beside a register that answers."""
    data = tmp_path_factory.mktemp("co")
    make_company(data)
    with running() as register, pytest.MonkeyPatch.context() as patch:
        del register.enheter["923609016"]
        patch.setenv("CRM_REGISTER_URL", register.url)
        with serve(data) as company:
            yield company


def look_for(page: Page, text: str) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type(text, delay=20)
    expect(page.locator(".crm-pop")).to_be_visible()


def test_from_the_keyboard_to_the_card(visit: Callable[..., Page]) -> None:
    page = visit("kari")
    look_for(page, "nordlsy")
    hit = page.locator("[role=option][aria-selected=true]")
    expect(hit).to_contain_text("Nordlys Bygg AS")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")
    expect(page.locator(".crm-search input")).to_have_value("")


def test_a_company_of_the_register_is_added_and_undone(visit: Callable[..., Page]) -> None:
    page = visit("kari")
    look_for(page, "fallitt")
    expect(page.locator(".tab").nth(2)).to_contain_text("1", timeout=10_000)
    for _group in range(2):
        page.keyboard.press("Shift+Tab")
    expect(page.locator("[role=option]")).to_contain_text("FALLITT HANDEL AS")
    expect(page.locator("[role=option] .pill")).to_have_text("Konkurs")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("FALLITT HANDEL AS")
    expect(page.locator(".toast")).to_contain_text("er registrert")
    page.click(".toast button")
    expect(page.locator("h1")).to_have_text("Kunder")
    look_for(page, "fallitt")
    expect(page.locator(".tab").nth(0)).to_contain_text("0")


def test_a_new_name_is_saved_and_renamed(visit: Callable[..., Page]) -> None:
    page = visit("kari")
    look_for(page, "Fjellhemen")
    expect(page.locator("[role=option]")).to_contain_text("Ny kunde «Fjellhemen»")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Fjellhemen")
    page.keyboard.press("F2")
    page.fill(".rename input", "Fjellheimen AS")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Fjellheimen AS")
    look_for(page, "fjellhemen")
    expect(page.locator("[role=option]").first).to_contain_text("tidligere Fjellhemen")
    expect(page.locator("[role=option] .pill").first).to_have_text("Ufullstendig")


def test_the_screen_survives_login_and_reload_and_exports(visit: Callable[..., Page]) -> None:
    page = visit("ola", "search?q=nordlys&type=customer")
    rows = page.locator(".crm-tr:not([hidden])")
    expect(rows).to_have_count(1)
    expect(page.locator("[data-name=text]")).to_have_value("nordlys")
    page.reload()
    expect(rows).to_have_count(1)
    with page.expect_download() as download:
        page.click("[data-do=export]")
    assert "Nordlys Bygg AS" in [cell for row in read_sheet(download.value.path().read_bytes()).rows() for cell in row.cells]
    page.select_option("[data-name=type]", "supplier")
    expect(rows).to_have_count(0)
    page.go_back()
    expect(rows).to_have_count(1)
    expect(page.locator("[data-name=type]")).to_have_value("customer")
    rows.first.dblclick()
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")


def test_on_a_phone_the_icon_opens_the_field(visit: Callable[..., Page]) -> None:
    page = visit("kari", viewport={"width": 390, "height": 844}, has_touch=True)
    box = page.locator(".crm-search .box")
    assert box.bounding_box()["width"] == 40
    box.tap()
    page.keyboard.type("nordlys")
    expect(page.locator("[role=option]").first).to_contain_text("Nordlys Bygg AS")
    assert box.bounding_box()["width"] == 370
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("[role=option]").first.tap()
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")
