"""Notes, tasks, tabs and roles on a card, by keyboard, and seen by a colleague at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crm_lab.connection import Connection, Remote
from tests.ui.test_accessibility import faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.company import Served

pytestmark = pytest.mark.browser


def test_a_note_by_keyboard_is_seen_by_the_colleague(visit: Callable[..., Page]) -> None:
    kari, ola = visit("kari", "customers/10001"), visit("ola", "customers/10001")
    kari.locator("h1").focus()
    kari.keyboard.press("n")
    expect(kari.locator("#f-new-note")).to_be_focused()
    kari.keyboard.type("@ola ringer <b>dem</b>")
    kari.keyboard.press("Control+Enter")
    expect(kari.locator(".feed p")).to_have_text("@ola ringer <b>dem</b>")
    expect(kari.locator("#f-new-note")).to_have_value("")
    expect(ola.locator(".feed p")).to_have_text("@ola ringer <b>dem</b>", timeout=5_000)
    expect(ola.locator(".mention")).to_have_text("@ola")
    expect(ola.locator("[data-do=note_edit]")).to_have_count(0)
    kari.click("[data-do=note_edit]")
    kari.locator(".feed textarea").fill("Ola har ringt")
    kari.keyboard.press("Control+Enter")
    expect(ola.locator(".feed p")).to_have_text("Ola har ringt", timeout=5_000)
    kari.click(".toast:last-child button")
    expect(kari.locator(".feed p")).to_have_text("@ola ringer <b>dem</b>")


def test_a_file_on_a_note_is_downloaded_as_it_was(visit: Callable[..., Page], tmp_path: Path) -> None:
    data = b"%PDF-1.7\n" + bytes(range(256)) * 20_000  # more than one slice
    (tmp_path / "Tilbud æøå.pdf").write_bytes(data)
    page = visit("kari", "customers/10001")
    page.fill("#f-new-note", "Se vedlegg")
    page.set_input_files("[data-attach=new]", [tmp_path / "Tilbud æøå.pdf"])
    expect(page.locator(".composer .file")).to_contain_text("5,1 MB")
    expect(page.locator("#f-new-note")).to_have_value("Se vedlegg")
    page.evaluate("""() => {
      const data = new DataTransfer();
      data.items.add(new File(['limt inn'], 'limt.txt'));
      document.querySelector('#f-new-note').dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
    }""")
    expect(page.locator(".composer .file")).to_have_count(2)
    assert faults(page) == []
    page.locator(".composer .file", has_text="limt.txt").locator("button").click()
    expect(page.locator(".composer .file")).to_have_count(1)
    expect(page.locator("#f-new-note")).to_have_value("Se vedlegg")
    page.click("#new-note-0 [type=submit]")
    chip = page.locator(".feed a.file")
    expect(chip).to_contain_text("Tilbud æøå.pdf")
    with page.expect_download() as got:
        chip.click()
    assert (got.value.suggested_filename, got.value.path().read_bytes()) == ("Tilbud æøå.pdf", data)
    answer = page.request.get(page.evaluate("() => document.querySelector('.feed a.file').href"))
    assert (answer.headers["content-type"], answer.headers["content-disposition"][:10], answer.headers["x-content-type-options"]) == ("application/octet-stream", "attachment", "nosniff")
    assert "sandbox" in answer.headers["content-security-policy"]
    page.click("[data-do=note_delete]")
    expect(chip).to_have_count(0)
    assert page.request.get(answer.url).status == 404


def test_a_task_is_added_done_and_listed(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/10001")
    page.locator("h1").focus()
    page.keyboard.press("t")
    expect(page.locator("#f-task")).to_be_focused()
    page.keyboard.type("Ring om tilbudet")
    page.keyboard.press("Enter")
    line = page.locator(".rows li", has_text="Ring om tilbudet")
    expect(line).to_be_visible()
    expect(page.locator("#f-task")).to_have_value("")
    line.locator(".tick").click()
    expect(line.locator(".tick")).to_have_attribute("aria-pressed", "true")
    page.click(".toast:last-child button")
    expect(line.locator(".tick")).to_have_attribute("aria-pressed", "false")
    page.click(".crm-nav a[data-route=tasks]")
    expect(page.locator(".crm-tr").first).to_contain_text("Ring om tilbudet")
    expect(page.locator(".crm-tr").first).to_contain_text("Nordlys Bygg AS")
    page.locator(".crm-grid-scroll").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Ring om tilbudet")
    page.locator(".chip a", has_text="Nordlys Bygg AS").click()
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")


def test_tabs_and_contacts_by_keyboard_are_seen_by_the_colleague(visit: Callable[..., Page]) -> None:
    kari = visit("kari", "customers/10001")
    kari.locator("h1").focus()
    kari.keyboard.press("2")
    expect(kari.locator("#tab-contacts")).to_have_attribute("aria-selected", "true")
    assert kari.url.endswith("/customers/10001/contacts")
    kari.click("[data-do=role_start]")
    kari.click("a[data-route='contacts/new/10001']")
    kari.fill("#f-first_name", "Per")
    kari.fill("#f-last_name", "Nilsen")
    kari.keyboard.press("Control+Enter")
    expect(kari.locator("h1")).to_contain_text("Per Nilsen")
    ola = visit("ola", "customers/10001/contacts")
    expect(ola.locator(".people-table tbody tr")).to_have_count(1)
    kari.goto(ola.url)
    row = kari.locator(".people-table tbody tr").first
    row.focus()
    kari.keyboard.press("Delete")
    for page in (kari, ola):
        expect(page.locator(".people-table tr.ended")).to_have_count(1)
    kari.click("[data-do=role_start]")
    expect(kari.locator("#f-role")).to_be_focused()
    kari.keyboard.type("nils")
    expect(kari.locator("#o-role [role=option]").first).to_contain_text("Per Nilsen")
    kari.keyboard.press("Enter")
    expect(kari.locator("#f-role-title")).to_be_focused()
    kari.keyboard.type("Innkjøper")
    kari.keyboard.press("Enter")
    expect(ola.locator(".people-table tr:not(.ended)", has_text="Innkjøper")).to_have_count(1)
    kari.locator("#tab-contacts").focus()
    for tab in ("opportunities", "orders", "projects", "mail", "documents", "calls", "ledger", "history"):
        kari.keyboard.press("ArrowRight")
        expect(kari.locator(f"#tab-{tab}")).to_have_attribute("aria-selected", "true")
        expect(kari.locator(f"#tab-{tab}")).to_be_focused()
        assert kari.url.endswith(f"/customers/10001/{tab}")
    kari.go_back()
    expect(kari.locator("#tab-ledger")).to_have_attribute("aria-selected", "true")


def test_a_followed_card_and_its_density_stay_with_the_employee(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/10001")
    page.click("[data-do=follow]")
    expect(page.locator(".nav-label", has_text="Kort jeg følger")).to_be_visible()
    page.click("[data-density=compact]")
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
    page.reload()
    expect(page.locator("[data-do=follow]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
    page.click("[data-density=full]")
    expect(page.locator("html")).to_have_attribute("data-density", "full")


def test_a_double_is_merged_and_taken_apart_by_keyboard(visit: Callable[..., Page], served: Served) -> None:
    crm = Connection(Remote(served.socket, user="kari"))
    double = crm.customers.create(name="Nordlys Bygg A/S", phone="33 44 55 66", email="post@nordlys.no", note="<b>Ring</b>")
    page = visit("kari", "customers/10001")
    page.locator("[popovertarget=menu-actions]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#menu-actions [role=menuitem]").first).to_be_focused()
    for _item in page.locator("#menu-actions [role=menuitem]").all():
        if "Flett" in page.evaluate("document.activeElement.textContent"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    row = page.locator(f"#d-{double.number}")
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".merge-sides")).to_be_visible()
    expect(page.locator("#h-other")).to_have_text("Nordlys Bygg A/S")
    assert faults(page) == [], "the two side by side"
    page.locator("[name='take:phone'][value=kept]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".merged")).to_contain_text(f"Nordlys Bygg A/S (kundenr. {double.number})")
    expect(page.locator(".facts")).to_contain_text("33 44 55 66")
    assert faults(page) == [], "the line on the card"
    page.goto(f"{served.url}/crm/customers/{double.number}")
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")
    page.locator("[data-do=unmerge]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".merged")).to_have_count(0)
    expect(page.locator(".facts")).to_contain_text("22 22 22 22")
    page.click(".crm-nav a[data-route=duplicates]")
    group = page.locator(".cluster", has_text="Nordlys Bygg")
    expect(group).to_be_visible()
    assert faults(page) == [], "duplicates"
    group.locator("[name^=merge]").focus()
    page.keyboard.press("Space")
    page.locator("form.merge [type=submit]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cluster")).to_have_count(0)
    page.click(".toast:last-child button")
    expect(page.locator(".cluster", has_text="Nordlys Bygg")).to_be_visible()
