"""The application in a real browser, as people use it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from playwright.sync_api import Page, expect

from crm_lab.connection import Connection, Remote

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.company import Served

pytestmark = pytest.mark.browser


def kernels(served: Served) -> int:
    """Kernel processes of the company's web server."""
    return sum("zygote" in " ".join(p.cmdline()) for p in psutil.Process(served.process.pid).children(recursive=True)) - 1


def test_a_new_customer_by_keyboard_is_seen_by_the_other_employee(visit: Callable[..., Page]) -> None:
    kari, ola = visit("kari"), visit("ola")
    rows = ola.locator(".crm-tr:not([hidden])")
    expect(rows.filter(has_text="Nordlys Bygg AS")).to_have_count(1)
    kari.keyboard.press("n")
    kari.keyboard.press("k")
    expect(kari.locator("#f-organisation_number")).to_be_focused()
    kari.locator("#f-name").focus()
    kari.keyboard.type("Fjellheimen Drift AS")
    kari.keyboard.press("Control+s")
    expect(kari.locator("h1")).to_contain_text("Fjellheimen Drift AS")
    expect(kari.locator(".toast")).to_contain_text("er registrert")
    expect(rows.filter(has_text="Fjellheimen Drift AS")).to_have_count(1, timeout=5_000)
    kari.click(".toast button")
    expect(rows.filter(has_text="Fjellheimen Drift AS")).to_have_count(0, timeout=5_000)


def test_errors_stand_at_the_field_and_keep_what_was_typed(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/new")
    page.fill("#f-name", "Bra <b>AS</b>")
    page.fill("#f-organisation_number", "123456789")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#d-organisation_number")).to_contain_text("er ikke et organisasjonsnummer")
    expect(page.locator("#f-organisation_number")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#f-name")).to_have_value("Bra <b>AS</b>")
    page.fill("#f-organisation_number", "")
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text("Bra <b>AS</b>")
    expect(page.locator("h1 b")).to_have_count(0)


def test_deep_link_back_forward_reload(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/10001")
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")
    page.click(".crumbs a")
    expect(page.locator("h1")).to_have_text("Kunder")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")
    page.go_forward()
    expect(page.locator("h1")).to_have_text("Kunder")
    page.go_back()
    page.reload()
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")
    expect(page).to_have_title(re.compile("Nordlys Bygg AS"))


def test_the_list_filters_sorts_and_opens_by_keyboard(visit: Callable[..., Page]) -> None:
    page = visit("kari")
    page.fill("input[name=filter]", "nordlys")
    expect(page.locator(".crm-grid-foot [role=status]:not(.total)")).to_contain_text("av")
    page.locator(".crm-grid-scroll").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator(".crm-th[data-key=number]")).to_have_attribute("aria-sort", "ascending")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")


def test_rename_with_f2_and_undo(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/10001")
    page.keyboard.press("F2")
    page.fill(".rename input", "Nordlys Tak AS")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Nordlys Tak AS")
    page.click(".toast button")
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")


def test_language_and_theme(visit: Callable[..., Page]) -> None:
    page = visit("ola")
    page.click("[popovertarget=menu-account]")
    page.click("[data-do=language]")
    expect(page.locator("h1")).to_have_text("Customers")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.click("[popovertarget=menu-account]")
    page.click("[data-do=theme]")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.click("[popovertarget=menu-account]")
    page.click("[data-do=language]")
    expect(page.locator("h1")).to_have_text("Kunder")


def test_only_administrators_see_employees(visit: Callable[..., Page]) -> None:
    ola = visit("ola", "employees")
    expect(ola.locator(".crm-main")).to_contain_text("Bare administratorer")
    kari = visit("kari", "employees")
    kari.fill("#f-name", "Ingrid Bakke")
    kari.fill("#f-username", "ingrid")
    kari.fill("#f-password", "kort")
    kari.click("form button[type=submit]")
    expect(kari.locator("#d-password")).to_contain_text("minst 10 tegn")
    kari.fill("#f-password", "lang nok til dette")
    kari.click("form button[type=submit]")
    expect(kari.locator("table")).to_contain_text("Ingrid Bakke")


def test_the_list_is_exported_as_shown_and_the_page_stays(visit: Callable[..., Page], served: Served) -> None:
    crm = Connection(Remote(served.socket, user="kari"))
    crm.customers.create(name="Øst Eksport AS")
    crm.close()
    page = visit("kari")
    page.fill("input[name=filter]", "øst")
    expect(page.locator(".crm-grid-foot [role=status]:not(.total)")).to_contain_text("1 av")
    with page.expect_download() as waiting:
        page.click("[popovertarget=menu-export]")
        page.click("[data-do=export_csv]")
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    assert waiting.value.suggested_filename == "kunder.csv"
    assert [line.split(";")[1] for line in text.splitlines()] == ['"Navn"', '"Øst Eksport AS"']
    page.click("text=Øst Eksport AS")
    expect(page.locator("h1")).to_contain_text("Øst Eksport AS")


def test_three_tabs_and_a_closed_one_frees_its_kernel(visit: Callable[..., Page], served: Served) -> None:
    first = visit("kari")
    others = [first.context.new_page() for _ in range(2)]
    for page in others:
        page.goto(f"{served.url}/crm/customers")
        page.wait_for_selector(".crm-tr")
    before = kernels(served)
    others[0].close(run_before_unload=True)
    for _ in range(50):
        if kernels(served) < before:
            break
        first.wait_for_timeout(200)
    assert kernels(served) == before - 1


def test_no_overflow_on_a_phone(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/10001", viewport={"width": 390, "height": 844})
    for path in ("customers", "customers/new", "profile"):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        page.goto(f"{page.url.partition('/crm')[0]}/crm/{path}")
        page.wait_for_selector(".crm-main h1")
