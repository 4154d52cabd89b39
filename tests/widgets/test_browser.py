"""The widgets' scripts in a real browser, one at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live
from crm_lab.widgets.router import Router

pytestmark = pytest.mark.browser
COLUMNS = [
    {"key": "number", "label": "Nr.", "kind": "num", "width": 80},
    {"key": "name", "label": "Navn", "min": 200, "grow": 2, "fixed": True},
    {"key": "city", "label": "Sted", "min": 120},
    {"key": "amount", "label": "Beløp", "kind": "money", "width": 140},
]
CITIES = ["Oslo", "Tromsø", "Ålesund", "Bærum"]


def frame(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    return pd.DataFrame({
        "number": np.arange(n) + 10_001,
        "name": [f"Kunde {i * 7919 % n:06d} AS" for i in range(n)],
        "city": [CITIES[i % 4] for i in range(n)],
        "amount": rng.integers(-10**9, 10**9, n).astype("float64"),
    })  # fmt: skip


def grid(n: int = 400, **traits) -> Grid:
    menu = [{"id": "match", "label": "Koble poster"}]
    made = Grid(**{"columns": COLUMNS, "sort": ["name", 1], "label": "Kunder", "menu": menu, "sum_key": "amount"} | traits)
    made.show(frame(n))
    return made


def rows(page):
    return page.locator(".crm-tr:not([hidden])")


def selected(page):
    page.wait_for_timeout(80)
    return page.evaluate("[...new Int32Array(model.get('selected').buffer)]")


def foot(page):
    return page.inner_text(".crm-grid-foot [role=status]:not(.total)").replace("\xa0", " ")


def test_shift_selects_the_range_in_the_order_shown(mount):
    page = mount(grid())
    rows(page).nth(2).click()
    rows(page).nth(6).click(modifiers=["Shift"])
    by_name = frame(400).sort_values("name").index
    assert sorted(selected(page)) == sorted(by_name[2:7].tolist())


def test_ctrl_toggles_and_a_right_click_on_a_member_keeps_the_rest(mount):
    page = mount(grid())
    rows(page).nth(1).click()
    rows(page).nth(3).click(modifiers=["Control"])
    rows(page).nth(4).click(modifiers=["Control"])
    rows(page).nth(4).click(modifiers=["Control"])
    assert len(selected(page)) == 2
    rows(page).nth(3).click(button="right")
    assert page.inner_text(".crm-bar [role=status]") == "2 valgt"
    page.keyboard.press("Enter")
    assert page.evaluate("sent.at(-1)") == {"event": "menu", "id": "match"}
    rows(page).nth(7).click(button="right")
    assert len(selected(page)) == 1


def test_the_sum_of_100_000_rows_is_exact(mount):
    page = mount(grid(100_000))
    page.locator(".crm-grid-scroll").focus()
    page.keyboard.press("Control+a")
    shown = page.inner_text(".crm-bar .sum").replace("−", "-")
    total = int("".join(c for c in shown if c.isdigit() or c == "-"))
    assert total == int(frame(100_000).amount.sum())
    assert rows(page).count() < 60


IN_ORDER = ["", "01", "2", "10", "A2b9", "A2b10", "Andre", "é", "F9", "f010", "Müller", "Zebra", "Žižek", "zz", "ærlig", "Øl", "Ås", "aasen"]


@pytest.mark.parametrize("others", [0, 60], ids=["packed as codes", "packed as text"])
def test_texts_sort_as_norwegians_read_them(mount, others):
    shuffled = [IN_ORDER[i * 7 % len(IN_ORDER)] for i in range(len(IN_ORDER))]
    made = Grid(columns=COLUMNS[1:2], sort=["name", 1], label="Navn")
    made.show(pd.DataFrame({"name": [f"日{n}" for n in range(others)] + shuffled}))
    assert rows(mount(made)).all_inner_texts()[: len(IN_ORDER)] == IN_ORDER


def test_sorting_by_keyboard_from_the_header(mount):
    page = mount(grid())
    page.locator(".crm-grid-scroll").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.key") == "number"
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.evaluate("model.get('sort')") == ["number", -1]
    assert page.get_attribute(".crm-th[data-key=number]", "aria-sort") == "descending"
    assert rows(page).first.inner_text().startswith("10400")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    assert page.evaluate("model.get('sort')") == ["name", 1]
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.role") == "grid"


@pytest.mark.parametrize(
    ("typed", "count"),
    [("", "400 rader"), ("ÅLES", "100 av 400 rader"), ("tromsø kunde", "100 av 400 rader"), ("finnes ikke", "0 av 400 rader")],
)
def test_filter_and_its_count(mount, typed, count):
    page = mount(grid())
    page.evaluate("text => model.set('filter', text)", typed)
    assert foot(page) == count
    assert page.get_attribute(".crm-grid-scroll", "aria-rowcount") == str(int(count.split()[0]) + 1)


def test_select_all_takes_the_filtered_rows_only(mount):
    page = mount(grid())
    page.evaluate("model.set('filter', 'oslo')")
    page.locator(".crm-grid-scroll").focus()
    page.keyboard.press("Control+a")
    assert sorted(selected(page)) == list(range(0, 400, 4))


def test_hidden_columns_are_remembered(mount):
    page = mount(grid())
    page.click(".crm-grid-foot button")
    expect(page.locator("[role=menuitemcheckbox]")).to_have_count(4)
    expect(page.locator("[role=menuitemcheckbox]").nth(1)).to_have_attribute("aria-disabled", "true")
    page.locator("[role=menuitemcheckbox]").nth(2).click()
    expect(page.locator(".crm-th")).to_have_count(3)
    assert "Oslo" not in page.inner_text(".crm-grid-scroll")
    page.reload()
    page = mount(grid())
    expect(page.locator(".crm-th")).to_have_count(3)


def test_spoilt_memory_of_columns_shows_them_all(mount, page):
    page.evaluate("localStorage.setItem('crm-columns-Kunder', '{oh')")
    mount(grid())
    expect(page.locator(".crm-th")).to_have_count(4)


def test_open_tells_the_place_of_the_row(mount):
    page = mount(grid(sort=["number", -1]))
    rows(page).nth(0).dblclick()
    assert page.evaluate("sent.at(-1)") == {"event": "open", "row": 399}
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("sent.at(-1)") == {"event": "open", "row": 398}


def test_the_rows_shown_are_told_in_their_order(mount):
    page = mount(grid(sort=["number", -1]))
    page.evaluate("model.set('filter', 'oslo')")
    page.evaluate("tell('msg:custom', {rows: true})")
    assert page.evaluate("sent.at(-1)") == {"event": "rows"}
    assert page.evaluate("[...new Int32Array(buffers[0].buffer)]") == list(range(396, -1, -4))


def test_text_in_cells_is_never_markup(mount):
    made = grid()
    made.show(pd.DataFrame({"number": [1], "name": ["<img src=x onerror=alert(1)>"], "city": ["&amp;"], "amount": [0.0]}))
    page = mount(made)
    expect(page.locator(".crm-tr img")).to_have_count(0)
    assert "&amp;" in page.inner_text(".crm-tr")


class Page:
    """Nobody to talk to."""

    def toast(self, *_args, **_kwargs):
        """Say nothing."""

    store_lost = go = toast


def test_a_new_type_in_the_form_keeps_what_is_typed(mount, app):
    app.go("customers/new")
    page = mount(app.main.children[0])
    page.fill("#f-name", "Hansen")
    page.fill("#f-phone", "91234567")
    page.check("[name=kind][value=person]", force=True)
    page.wait_for_function("sent.at(-1)?.name === 'kind'")
    message = page.evaluate("sent.at(-1)")
    assert message["do"] == "typed" and message["values"]["name"] == "Hansen"
    screen = app.main.children[0]
    screen._handle_custom_msg(message, [])
    page.evaluate("html => model.set('html', html)", screen.html)
    expect(page.locator("#f-name")).to_have_value("Hansen")
    expect(page.locator("#f-phone")).to_have_value("91234567")
    expect(page.locator("#f-first_name")).to_be_visible()


def test_ctrl_s_sends_the_form_and_a_redraw_keeps_the_focus(mount, app):
    app.go("customers/new")
    screen = app.main.children[0]
    page = mount(screen)
    page.fill("#f-email", "nobody")
    page.keyboard.press("Control+s")
    message = page.evaluate("sent.at(-1)")
    assert message["do"] == "save" and message["values"]["email"] == "nobody"
    screen._handle_custom_msg(message, [])
    page.evaluate("html => model.set('html', html)", screen.html)
    assert page.evaluate("document.activeElement.id") == "f-email"
    expect(page.locator("#f-email")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#f-name")).to_have_attribute("aria-invalid", "true")


def test_a_colleague_added_leaves_an_empty_form(mount, app, crm):
    app.go("employees")
    screen = app.main.children[0]
    page = mount(screen)
    for field, text in (("name", "Ola Hansen"), ("username", "ola"), ("password", "hemmelig-nok")):
        page.fill(f"#f-{field}", text)
    page.click("form button[type=submit]")
    screen._handle_custom_msg(page.evaluate("sent.at(-1)"), [])
    assert len(crm.employees.list()) == 2
    page.evaluate("html => model.set('html', html)", screen.html)
    for field in ("name", "username", "password"):
        expect(page.locator(f"#f-{field}")).to_have_value("")


def test_a_toast_sends_its_own_offer_back(mount):
    page = mount(Router(words={"undo": "Angre", "skip": "Hopp", "unsaved": "?"}))
    for n in (1, 2):
        page.evaluate("n => tell('msg:custom', {toast: `Lagret ${n}`, undo: true, id: `offer-${n}`})", n)
    expect(page.locator(".toast")).to_have_count(1)
    page.click(".toast button")
    assert page.evaluate("sent.at(-1)") == {"event": "undo", "id": "offer-2"}
    page.evaluate("tell('msg:custom', {toast: '<b>x</b>', undo: false, id: ''})")
    expect(page.locator(".toast b, .toast button")).to_have_count(0)


def test_a_file_made_in_the_kernel_is_saved_by_the_browser(mount):
    page = mount(Router(words={"undo": "Angre", "skip": "Hopp", "unsaved": "?"}))
    with page.expect_download() as waiting:
        page.evaluate("""tell('msg:custom', {download: 'kunder – øst.csv', media: 'text/csv'},
            [new DataView(new Uint8Array([0, 1, 65, 255]).buffer, 1, 3)])""")
    assert waiting.value.suggested_filename == "kunder – øst.csv"
    assert Path(waiting.value.path()).read_bytes() == b"\x01A\xff"
    expect(page.locator("a[download]")).to_have_count(0)


def test_links_change_the_path_without_loading_and_back_returns(mount):
    page = mount(Router(path="customers", words={"undo": "Angre", "skip": "Hopp", "unsaved": "?"}))
    page.evaluate("""document.querySelector('.crm').insertAdjacentHTML('beforeend',
        '<a data-route="customers/7" href="/crm/customers/7">x</a>')""")
    page.click("a[data-route]")
    assert page.evaluate("model.get('path')") == "customers/7" and page.url.endswith("/crm/customers/7")
    page.go_back()
    page.wait_for_function("model.get('path') === 'customers'")
    page.keyboard.press("n")
    page.keyboard.press("k")
    assert page.evaluate("model.get('path')") == "customers/new"


def test_in_jupyterlab_the_address_is_left_alone(mount, page):
    page.evaluate("delete document.body.dataset.voila")
    before = page.url
    mount(Router(path="customers", words={"undo": "Angre", "skip": "Hopp", "unsaved": "?"}))
    page.evaluate("""document.querySelector('.crm').insertAdjacentHTML('beforeend',
        '<a data-route="customers/7" href="/crm/customers/7">x</a>')""")
    page.click("a[data-route]")
    assert page.evaluate("model.get('path')") == "customers/7" and page.url == before


def test_names_with_markup_stay_text_in_the_page(mount, app, crm):
    made = crm.customers.create(name="<script>window.pwned = 1</script><b>x</b>")
    app.go(f"customers/{made.number}")
    page = mount(app.main.children[0])
    assert page.evaluate("window.pwned") is None
    expect(page.locator("h1 b")).to_have_count(0)


def test_the_empty_state_is_drawn(mount):
    page = mount(Live("missing.html", Page(), title="Ikke funnet", text="Siden finnes ikke.", base="/crm"))
    expect(page.locator("a[data-route=customers]")).to_be_visible()
