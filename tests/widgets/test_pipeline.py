"""The board on screen: moved by every way there is, won, lost with a reason, undone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm_lab.widgets.pipeline import PipelineScreen
from tests.widgets.test_cards import undo


@pytest.fixture
def screen(app, crm, acme) -> PipelineScreen:
    crm.opportunities.create(title="Kran", customer_id=acme.id, amount=Decimal(250_000))
    crm.opportunities.create(title="Lager", customer_id=acme.id, amount=Decimal("99.50"), currency="EUR")
    app.go("pipeline")
    (found,) = app.main.children
    assert isinstance(found, PipelineScreen)
    return found


def stands(screen: PipelineScreen) -> dict[str, str]:
    return {card["title"]: column["name"] for column in screen.board.columns for card in column["cards"]}


def key_of(screen: PipelineScreen, title: str) -> str:
    return next(card["id"] for column in screen.board.columns for card in column["cards"] if card["title"] == title)


def test_cards_are_moved_won_lost_and_back(app, crm, screen):
    key, to = key_of(screen, "Kran"), {column["name"]: column["key"] for column in screen.board.columns}
    assert screen.board.columns[0]["sum"].replace("\xa0", " ") == "250 000 kr" and "uten kurs" in screen.head.html
    screen.board.fire("move", id=key, to=to["Tilbud"])
    assert stands(screen) == {"Kran": "Tilbud", "Lager": "Første møte"}
    screen.board.fire("move", id=key, to="won")
    assert stands(screen)["Kran"] == "Vunnet"
    screen.board.fire("move", id=key, to="lost")
    assert 'id="lose-form"' in screen.head.html and stands(screen)["Kran"] == "Vunnet"
    screen.head.act("lose", values={"lost_reason_id": "", "lost_reason": ""})
    assert "Skriv hvorfor den gikk tapt." in screen.head.html
    reason = crm.pipelines.choices()[0]
    screen.head.act("lose", values={"lost_reason_id": str(reason.id), "lost_reason": "For dyr"})
    assert (stands(screen)["Kran"], crm.opportunities.get(id=key).why_lost) == ("Tapt", "Pris: For dyr")
    undo(app)
    assert stands(screen)["Kran"] == "Vunnet"
    screen.board.fire("move", id=key, to=to["Avtale"])
    assert stands(screen)["Kran"] == "Avtale" and crm.opportunities.count() == 2


def test_a_report_of_the_month_that_is_chosen_is_handed_over(app, screen):
    given = []
    app.download = lambda name, data: given.append((name, data[:4]))
    month = screen.head.data["report_months"][2][0]
    screen.head.act("month", value=month)
    screen.head.act("month", value="1999-01-01")
    screen.head.act("report-xlsx")
    assert given == [(f"pipeline-{month[:7]}.xlsx", b"PK\x03\x04")]


def test_what_is_won_offers_an_order(app, crm, screen):
    key = key_of(screen, "Kran")
    screen.board.fire("move", id=key, to="won")
    screen.head.act("order")
    (order,) = crm.orders.list().to_dict("records")
    assert (order["opportunity_id"], app.router.path) == (key, f"orders/{order['id']}")


@pytest.mark.parametrize(("one", "to"), [("x", "won"), ("", ""), ("kran", "made-up")])
def test_a_made_up_move_does_nothing(screen, one, to):
    before = stands(screen)
    screen.board.fire("move", id=key_of(screen, "Kran") if one == "kran" else one, to=to)
    screen.head.act("filter", name="period", value="whenever")
    screen.head.act("filter", name="owner", value="nobody")
    assert stands(screen) == before


def test_keys_and_the_menu_move_a_card(screen, mount):
    page = mount(screen.board)
    page.locator(".kb-card", has_text="Kran").focus()
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("m")
    page.get_by_role("menuitem", name="Flytt til Forhandling").click()
    card, other = page.locator(".kb-card", has_text="Lager"), page.locator(".kb-column").nth(3)
    start, end = card.bounding_box(), other.bounding_box()
    page.mouse.move(start["x"] + 20, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(end["x"] + 20, end["y"] + 100, steps=4)
    page.mouse.up()
    sent = page.evaluate("window.sent")
    columns = [column["key"] for column in screen.board.columns]
    assert [(m["event"], m["to"]) for m in sent] == [("move", columns[1]), ("move", columns[3]), ("move", columns[3])]
    assert page.locator(".kb-card[tabindex='0']").count() == 1
