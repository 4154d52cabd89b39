"""Bringing a file in with a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.browser

FILE = "Navn;Telefon\r\nImportert Én AS;22 33 44 55\r\nImportert To AS;22 33 44 56\r\nFeil AS;12\r\n"


def test_a_small_file_is_brought_in_seen_in_the_list_and_undone(visit: Callable[..., Page]) -> None:
    page = visit("kari", "imports")
    page.set_input_files(".crm-upload input", {"name": "kunder.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252")})
    expect(page.locator("#map-select-0")).to_have_value("name")
    page.click("[data-do=check]")
    expect(page.locator("#import-faults")).to_contain_text("12 er ikke et telefonnummer")
    expect(page.locator("[data-do=run]")).to_be_disabled()
    page.check("[data-name=skip_faulty]")
    page.click("[data-do=run]")
    expect(page.locator(".form-foot [data-do=undo]")).to_be_visible()
    page.click("text=Se listen")
    rows = page.locator(".crm-tr:not([hidden])")
    expect(rows.filter(has_text="Importert")).to_have_count(2)
    page.click(".crm-nav a[data-route=imports]")
    page.click("tr[id^=import-] [data-do=undo]")
    expect(page.locator("tr[id^=import-] .pill")).to_contain_text("Angret")
    page.click(".crm-nav a[data-route=customers]")
    expect(page.locator(".crm-grid-foot [role=status]:not(.total)")).to_be_visible()
    expect(rows.filter(has_text="Importert")).to_have_count(0)
