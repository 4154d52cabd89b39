"""Changes in the register, answered from the keyboard while the company is served."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from crm_lab.connection import Connection, Remote
from crm_lab.services.notices import compare_with_register
from crm_lab.services.register import load_register
from crm_lab.store.engine import Database
from crm_lab.store.register import register_at
from tests.company import make_company, serve
from tests.register_server import enhet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.company import Served

pytestmark = pytest.mark.browser
NUMBER = "923609016"


def say(data: Path, day: int, name: str, *, is_bankrupt: bool = False) -> None:
    """Put a copy of the register beside the served company, as `crm-lab register update` does."""
    bulk = data / "bulk.json"
    bulk.write_text(json.dumps([enhet(NUMBER, name, konkurs=is_bankrupt)]), encoding="utf-8")
    load_register(data / "register.sqlite", [bulk], made_at=datetime(2026, 11, day, tzinfo=UTC))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A company whose one customer has gone bankrupt under a new name."""
    data = tmp_path_factory.mktemp("co")
    make_company(data)
    say(data, 1, "NORDLYS BYGG AS")
    database = Database(f"duckdb:///{data / 'crm.duckdb'}")
    compare_with_register(database, register_at(data / "register.sqlite"), now=datetime(2026, 11, 1, tzinfo=UTC))
    database.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_REGISTER_LOOK_EVERY", "0.2")
        with serve(data) as company:
            crm = Connection(Remote(company.socket, user="kari"))
            say(data, 2, "NORDLYS ENTREPRENØR AS", is_bankrupt=True)
            deadline = time.monotonic() + 30
            while crm.register.n_notices() < 2 and time.monotonic() < deadline:
                time.sleep(0.2)
            yield company


def test_a_takes_over_d_dismisses_and_both_are_undone(visit: Callable[..., Page]) -> None:
    page = visit("kari", "register")
    rows, count = page.locator("[data-rows] tbody tr"), page.locator(".nav-item[aria-current=page] .count")
    expect(rows).to_have_count(2)
    expect(count).to_have_text("2")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    expect(rows.nth(1)).to_contain_text("NORDLYS ENTREPRENØR AS")
    page.keyboard.press("d")
    expect(rows).to_have_count(1)
    expect(rows.first).to_be_focused()
    page.click(".toast button")
    expect(rows).to_have_count(2)
    rows.first.focus()
    expect(rows.first).to_be_focused()
    page.keyboard.press("a")
    expect(rows).to_have_count(1)
    expect(page.locator(".toast")).to_contain_text("Nordlys Bygg AS")
    expect(rows.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_contain_text("Ingen endringer")
    expect(count).to_have_count(0)
    page.goto(page.url.replace("/register", "/customers/10001"))
    expect(page.locator("h1")).to_contain_text("NORDLYS ENTREPRENØR AS")
    expect(page.locator(".crm-main")).to_contain_text("Konkurs")
