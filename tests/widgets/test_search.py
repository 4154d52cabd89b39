"""The search field: every key in a bare page, and what the application makes of it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_lab.settings import Settings
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.search import PartySearch, Search, marks, search_path
from crm_lab.widgets.search_results import SearchScreen, filters_of
from tests.register_server import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.register_server import RegisterServer

WORDS = {"label": "Søk", "placeholder": "Søk", "hits": "Treff", "key": "Ctrl K", "change": "bytt gruppe"}


def item(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "title": name, "marks": [], "sub": "", "verb": "Åpne", "initials": "X", "hue": 1, "round": False} | more


def group(name: str, *titles: str, **more: Any) -> dict[str, Any]:
    items = [item(title) for title in titles]
    return {
        "id": name, "label": name, "items": items, "total": len(items), "count": str(len(items)), "said": f"{len(items)} treff",
        "note": "", "state": "",
    } | more  # fmt: skip


LOADING = {"state": "loading", "note": "Søker …"}


@pytest.fixture
def field(mount):
    """The field on a page of its own; `answer` plays the kernel."""
    page = mount(Search(words=WORDS))
    page.answer = lambda n, *groups: page.evaluate("answer => model.set('answer', answer)", {"n": n, "groups": list(groups)})
    return page


def typed(page, text: str) -> int:
    """Type, and wait until it is asked; the number of the question."""
    before = page.evaluate("sent.length")
    page.locator("input").press_sequentially(text)
    page.wait_for_function("n => sent.length > n", arg=before)
    page.wait_for_timeout(150)
    last = page.evaluate("sent.at(-1)")
    assert last["event"] == "asked"
    return last["n"]


def selected(page):
    return page.locator("[role=option][aria-selected=true]")


def newest(page):
    return page.evaluate("sent.at(-1)")


def shown(page):
    return page.locator("[role=option] b").all_inner_texts()


@pytest.mark.browser
@pytest.mark.parametrize("key", ["Control+k", "/"])
def test_the_keys_that_lead_to_the_field(field, key):
    field.keyboard.press(key)
    expect(field.locator("input")).to_be_focused()
    expect(field.locator("input")).to_have_value("")


@pytest.mark.browser
def test_a_slash_in_another_field_is_a_slash(field):
    field.evaluate("document.querySelector('.crm').insertAdjacentHTML('beforeend', '<input id=other>')")
    field.focus("#other")
    field.keyboard.press("/")
    expect(field.locator("#other")).to_have_value("/")


@pytest.mark.browser
def test_a_burst_of_keys_is_one_question(field):
    field.clock.install()
    field.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))  # however slow the machine, the keys are one burst
    field.locator("input").press_sequentially("nordl")
    assert not field.evaluate("sent")
    field.clock.run_for(200)
    assert field.evaluate("sent") == [{"event": "asked", "n": 1, "text": "nordl"}]


@pytest.mark.browser
def test_tab_changes_group_arrows_move_enter_opens(field):
    n = typed(field, "nord")
    field.answer(n, group("own", "A", "B", "C"), group("people", "D"), group("register", "E"))
    expect(selected(field)).to_contain_text("A")
    expect(field.locator("input")).to_have_attribute("aria-expanded", "true")
    for key, wanted in (("ArrowDown", "B"), ("ArrowDown", "C"), ("ArrowDown", "A"), ("ArrowUp", "C"), ("Tab", "D"), ("Tab", "E"),
                        ("Tab", "A"), ("Shift+Tab", "E"), ("Shift+Tab", "D"), ("Shift+Tab", "A"), ("ArrowDown", "B")):  # fmt: skip
        field.keyboard.press(key)
        expect(selected(field)).to_have_count(1)
        expect(selected(field)).to_contain_text(wanted)
        assert field.get_attribute("input", "aria-activedescendant") == selected(field).get_attribute("id")
    field.keyboard.press("Enter")
    assert newest(field) == {"event": "choose", "group": "own", "id": "B"}
    expect(field.locator("input")).to_have_value("")
    expect(field.locator(".crm-pop")).to_be_hidden()


@pytest.mark.browser
@pytest.mark.parametrize("key", ["Enter", "Escape", "Control+Enter"])
def test_the_next_search_begins_in_the_first_group_with_hits(field, key):
    n = typed(field, "nord")
    field.answer(n, group("own", "A"), group("people", "D"))
    field.keyboard.press("Tab")
    field.keyboard.press(key)
    field.locator("input").focus()
    field.answer(typed(field, "sør"), group("own", "B"), group("people", "E"))
    expect(selected(field)).to_contain_text("B")


@pytest.mark.browser
def test_escape_clears_then_leaves(field):
    n = typed(field, "nord")
    field.answer(n, group("own", "A"))
    field.keyboard.press("Escape")
    expect(field.locator("input")).to_have_value("")
    expect(field.locator("input")).to_be_focused()
    expect(field.locator(".crm-pop")).to_be_hidden()
    field.answer(n, group("own", "late"))
    expect(field.locator(".crm-pop")).to_be_hidden()
    field.keyboard.press("Escape")
    expect(field.locator("input")).not_to_be_focused()


@pytest.mark.browser
def test_an_old_answer_never_replaces_a_newer_one(field):
    first = typed(field, "nor")
    second = typed(field, "d")
    field.answer(second, group("own", "new"))
    field.answer(first, group("own", "old"))
    assert shown(field) == ["new"]
    field.answer(second + 7, group("own", "from nowhere"))
    assert shown(field) == ["new"]
    third = typed(field, "l")
    field.answer(second, group("own", "new again"))
    assert shown(field) == ["new"]
    field.answer(third, group("own", "newest"))
    assert shown(field) == ["newest"]


@pytest.mark.browser
def test_the_late_group_moves_nothing(field):
    n = typed(field, "nord")
    field.answer(n, group("own"), group("people", "A", "B"), group("register", **LOADING))
    expect(field.locator(".tab.on")).to_contain_text("people")
    field.keyboard.press("ArrowDown")
    before = selected(field).bounding_box()
    field.answer(n, group("own"), group("people", "A", "B"), group("register", "E", "F"))
    expect(selected(field)).to_contain_text("B")
    assert selected(field).bounding_box() == before
    expect(field.locator(".tab").nth(2)).to_contain_text("2")


@pytest.mark.browser
def test_loading_and_away_are_said(field):
    n = typed(field, "nord")
    field.answer(n, group("own"), group("register", **LOADING))
    field.keyboard.press("Tab")
    expect(field.locator(".pop-none")).to_have_text("Søker …")
    field.answer(n, group("own"), group("register", state="away", count="!", note="Enhetsregisteret svarer ikke.", said="svarer ikke"))
    expect(field.locator(".pop-none")).to_contain_text("svarer ikke")
    expect(field.locator("[role=status]")).to_have_text("own: 0 treff, register: svarer ikke")
    assert field.get_attribute("input", "aria-activedescendant") is None


@pytest.mark.browser
def test_enter_before_the_answer_waits_for_it(field):
    field.locator("input").press_sequentially("nordlys")
    field.keyboard.press("Enter")
    asked = newest(field)
    assert (asked["event"], asked["text"]) == ("asked", "nordlys")
    field.answer(asked["n"], group("own", "A"))
    assert newest(field) == {"event": "choose", "group": "own", "id": "A"}


@pytest.mark.browser
def test_the_mouse_and_a_new_name(field):
    n = typed(field, "nordl")
    new = item("Ny kunde «nordl»", id="new", isNew=True, face="+")
    field.answer(n, group("own", "A") | {"items": [item("A"), new]}, group("people", "P"))
    field.locator(".tab").nth(1).click()
    expect(selected(field)).to_contain_text("P")
    field.locator(".tab").nth(0).click()
    field.locator("[role=option]").nth(1).click()
    assert newest(field) == {"event": "create", "group": "own", "text": "nordl"}


@pytest.mark.browser
def test_all_hits_by_control_enter(field):
    typed(field, "nordl")
    field.keyboard.press("Control+Enter")
    assert newest(field) == {"event": "all", "text": "nordl"}


@pytest.mark.browser
def test_hits_are_marked_and_never_markup(field):
    n = typed(field, "img")
    field.answer(n, group("own") | {"items": [item("<img src=x onerror=alert(1)>", marks=[[1, 4]], sub="<b>x</b>", badge="<i>y</i>")], "total": 1})
    assert field.locator("mark").all_inner_texts() == ["img"]
    expect(field.locator(".pop-list img, .pop-list i, small b")).to_have_count(0)


@pytest.mark.parametrize(
    ("title", "text", "marked"),
    [
        ("NORDLYS BYGG AS", "nordl", ["NORDL"]), ("Nordlys Bygg AS", "by nord", ["Nord", "By"]), ("Ødegård Transport", "odega", ["Ødegå"]),
        ("Oedegaard AS", "ødegå", ["Oedega"]), ("Møller-Bil AS", "bil", ["Bil"]), ("Sol AS", "måne", []), ("Åsen", "åse", ["Åse"]),
        ("", "x", []), ("  Tom  rom", "rom", ["rom"]),
    ],
)  # fmt: skip
def test_where_hits_are_marked(title, text, marked):
    assert [title[start:end] for start, end in marks(title, text)] == marked


# what the application does with it


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[RegisterServer]:
    """A stand-in for Enhetsregisteret that knows Equinor."""
    with running() as server:
        monkeypatch.setenv("CRM_REGISTER_URL", server.url)
        assert Settings().register_url == server.url
        yield server


def asked(app, text: str, n: int = 1) -> dict[str, dict[str, Any]]:
    app.search.fire("asked", n=n, text=text)
    assert app.search.answer["n"] == n
    return {group["id"]: group for group in app.search.answer["groups"]}


def test_one_question_four_groups(app, acme, register):
    found = asked(app, "equi")
    assert [(g["label"], g["total"]) for g in found.values()] == [("Kunder", 0), ("Kontakter", 0), ("Enhetsregisteret", 1), ("Annet", 0)]
    assert found["customers"]["items"][-1]["title"] == "Ny kunde «equi»"
    assert found["contacts"]["items"][-1]["title"] == "Ny kontakt «equi»"
    (hit,) = found["register"]["items"]
    assert (hit["title"], hit["sub"], hit["verb"]) == ("EQUINOR ASA", "Org.nr. 923 609 016 · ASA · Stavanger", "Legg til")
    found = asked(app, "acme", 2)
    assert found["customers"]["items"][0]["sub"] == f"Kundenr. {acme.number}"
    app.search.fire("choose", group="customers", id=found["customers"]["items"][0]["id"])
    assert app.router.path == f"customers/{acme.number}"


def test_a_company_of_the_register_is_added_opened_and_undone(app, crm, register):
    asked(app, "equinor")
    app.search.fire("choose", group="register", id="923609016")
    (made,) = [crm.customers.by_number(number=10001)]
    assert (made.name, made.owner_id, made.organisation_form, made.n_employees) == ("EQUINOR ASA", app.me.id, "ASA", 21272)
    assert made.addresses[0].street == "Forusbeen 50" and not made.is_incomplete
    assert {"name", "organisation_number", "industry"} <= set(made.sources)
    assert app.router.path == "customers/10001" and isinstance(app.main.children[0], CustomerCard)
    offer = app.said[-1]
    assert offer["toast"] == "EQUINOR ASA er registrert." and offer["undo"]
    app.router.fire("undo", id=offer["id"])
    assert crm.customers.count() == 0 and app.router.path == "customers"


def test_what_we_have_already_opens_instead(app, crm, acme, register):
    asked(app, "equinor")
    app.search.fire("choose", group="register", id=acme.organisation_number)
    assert crm.customers.count() == 1 and app.router.path == f"customers/{acme.number}"
    assert not app.said[-1].get("undo")


@pytest.mark.parametrize(("group", "path"), [("customers", "customers/10001"), ("contacts", "contacts/")])
def test_a_name_alone_is_saved_and_opened(app, crm, group, path):
    asked(app, "Nordl Bygg")
    app.search.fire("create", group=group, text="Nordl Bygg")
    assert crm.search(incomplete=True).name.tolist() == ["Nordl Bygg"]
    assert app.router.path.startswith(path)
    offers = [said["id"] for said in app.said if said.get("undo")]
    app.router.fire("undo", id=offers[-1])
    assert len(crm.search()) == 0


def test_notes_and_numbers_of_invoices_lead_to_their_party(app, crm, acme):
    crm.notes.create(text="Ringte om takrenner", customer_id=acme.id)
    crm.ledger.post(customer_id=acme.id, kind="invoice", amount=Decimal("1250.50"), posted_on=date(2026, 1, 2), due_on=date(2026, 1, 16), document_number="50017", kid="500173")
    (note,) = asked(app, "takrenner")["other"]["items"]
    assert (note["title"], note["marks"]) == ("Ringte om takrenner", [[10, 19]]) and note["sub"].startswith("Notat · Acme AS · Kari Nordmann · ")
    app.search.fire("choose", group="other", id=note["id"])
    assert app.router.path == f"customers/{acme.number}"
    for typed_text in ("50017", "50 01 73", "5001"):
        (posting,) = asked(app, typed_text)["other"]["items"]
        assert (posting["title"], posting["sub"]) == ("Faktura 50017", "Acme AS · 1\xa0250,50 NOK · 02.01.2026")
    app.search.fire("choose", group="other", id=posting["id"])
    assert app.router.path == f"customers/{acme.number}/ledger"
    assert not asked(app, "500")["other"]["items"] and not asked(app, "ta")["other"]["items"]


def test_a_project_leads_to_its_page_also_one_of_nobody(app, crm, acme):
    crm.projects.create(name="Nytt lager", customer_id=acme.id)
    crm.projects.create(name="Internt oppsett")
    (project,) = asked(app, "nytt lag")["other"]["items"]
    assert (project["title"], project["sub"]) == ("Nytt lager", "Prosjekt 1001 · Acme AS · Kari Nordmann")
    (project,) = asked(app, "1002")["other"]["items"]
    assert (project["sub"], project["initials"]) == ("Prosjekt 1002 · Kari Nordmann", "IO")
    app.search.fire("choose", group="other", id=project["id"])
    assert app.router.path == "projects/1002"


def test_a_register_that_is_away_says_so(app, register):
    register.faults.extend([500] * 20)
    away = asked(app, "equinor")["register"]
    assert (away["state"], away["note"], away["items"]) == ("away", "Enhetsregisteret svarer ikke.", [])


def test_the_register_never_holds_up_the_page_and_a_late_answer_is_dropped(app, acme, register, monkeypatch):
    monkeypatch.setattr("crm_lab.widgets.shell.running_loop", asyncio.get_running_loop)

    async def type_two() -> list[tuple[int, int]]:
        seen = []
        app.search.observe(lambda change: seen.append((change.new["n"], change.new["groups"][2]["total"])), "answer")
        register.faults.append("slow")
        app.search.fire("asked", n=1, text="equinor")
        await asyncio.sleep(0.3)  # the register is asked, and slow
        app.search.fire("asked", n=2, text="fallitt")
        for _wait in range(60):
            await asyncio.sleep(0.1)
            if (2, 1) in seen:
                break
        await asyncio.sleep(1.0)
        return seen

    with ThreadPoolExecutor() as pool:  # in this thread Playwright has a loop of its own
        assert pool.submit(asyncio.run, type_two()).result() == [(1, 0), (2, 0), (2, 1)]


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("asked", {"n": "1", "text": "x"}), ("asked", {"n": True, "text": "x"}), ("asked", {"n": 1, "text": ["x"]}), ("asked", {"n": 1}),
        ("choose", {"group": "register", "id": "974760673"}), ("choose", {"group": "customers", "id": "../../etc"}),
        ("choose", {"group": ["x"], "id": {}}), ("choose", {"group": "register", "id": []}), ("create", {"group": "employees", "text": "x"}),
        ("create", {"group": "customers", "text": {"a": 1}}), ("create", {"group": "customers", "text": "  "}), ("all", {"text": 7}),
    ],
)  # fmt: skip
def test_what_the_browser_makes_up_has_no_effect(app, crm, event, arguments):
    path = app.router.path
    app.search.fire(event, **arguments)
    assert crm.customers.count() == crm.contacts.count() == 0 and app.router.path == path and not app.said


def test_the_search_screen_is_its_address(app, crm, acme):
    crm.customers.create_by_name(name="Åsen Bygg")
    app.go(search_path(text="åsen", type="customer"))
    screen = app.main.children[0]
    assert isinstance(screen, SearchScreen) and app.router.path == "search?q=%C3%A5sen&type=customer"
    assert screen.frame.name.tolist() == ["Åsen Bygg"] and app.router.title.startswith("Søk")
    screen.head.act("filter", name="text", value="")
    assert app.router.path == "search?type=customer" and app.main.children[0] is screen
    assert screen.frame.name.tolist() == ["Acme AS", "Åsen Bygg"]
    screen.head.act("filter", name="active", value="incomplete")
    assert screen.frame.name.tolist() == ["Åsen Bygg"]
    screen.grid.fire("open", row=0)
    assert app.router.path == "customers/10002"


def test_hits_beyond_the_list_lead_to_the_screen(app, crm):
    for n in range(10):
        crm.customers.create(name=f"Nordlys {n} AS")
    found = asked(app, "nordlys")["customers"]
    assert (found["total"], found["items"][8]["title"]) == (10, "Vis alle 10 treff")
    app.search.fire("choose", group="customers", id="all")
    assert app.router.path == "search?q=nordlys" and len(app.main.children[0].frame) == 10


@pytest.mark.parametrize("path", ["search", "search?", "search?q=", "search?x=1&active=nonsense&type=%00", "search?q=%FF%FE", "search?q=a&q=b"])
def test_any_query_shows_the_screen(app, path):
    app.go(path)
    assert isinstance(app.main.children[0], SearchScreen) and filters_of(path)["active"] == ""


def test_a_field_of_the_page_is_one(app):
    assert isinstance(app.search, PartySearch) and app.search in app.children[1].children
