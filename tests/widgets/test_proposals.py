"""The worklist of proposals, the rules and the reminders, without a browser."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from crm_lab.domain.ledger import Linking
from crm_lab.widgets.proposals import ProposalScreen

KID = "1000124"


def post(crm, party, amount, **fields):
    given = {"kind": "invoice" if Decimal(amount) > 0 else "payment", "posted_on": date(2026, 1, 1), "text": f"Post {amount}"}
    return crm.ledger.post(customer_id=party.id, amount=Decimal(amount), **given | fields).id


@pytest.fixture
def screen(app, crm, acme):
    """A large pair without evidence, a KID that is 40 øre short, and one of a small amount with its KID."""
    post(crm, acme, "900")
    post(crm, acme, "-900", posted_on=date(2026, 1, 5))
    other = crm.customers.create(name="Beta AS")
    post(crm, other, "100.40", kid=KID)
    post(crm, other, "-100", kid=KID, posted_on=date(2026, 1, 5))
    post(crm, other, "20", kid="1000132")
    post(crm, other, "-20", kid="1000132", posted_on=date(2026, 1, 5))
    app.go("ledger/proposals")
    shown = app.main.children[0]
    assert isinstance(shown, ProposalScreen)
    return shown


def mark(screen, *rules):
    numbers = screen.shown.first_number[screen.shown.rule.isin(rules)].to_numpy("int32")
    screen.grid.selected = numbers.tobytes()


def test_the_most_money_times_certainty_comes_first_and_says_why(screen):
    assert screen.grid.sort == ["worth_minor", -1]
    assert screen.shown.sort_values("worth_minor", ascending=False).rule.tolist() == ["exact_amount", "kid_other_amount", "kid"]
    mark(screen, "exact_amount")
    assert "Beløpene er like" in screen.detail.html
    assert "900,00" in screen.detail.html
    assert 'id="preview"' not in screen.detail.html


def test_accepting_links_and_is_undone(app, crm, screen):
    mark(screen, "exact_amount")
    screen.grid.fire("menu", id="accept")
    assert app.said[-1]["toast"] == "1 forslag er godtatt."
    assert crm.ledger.matches().reason.tolist() == ["Beløpene er like."]
    assert len(screen.shown) == 2
    app.router.fire("undo", id=app.said[-1]["id"])
    assert len(screen.shown) == 3


def test_the_difference_is_previewed_then_posted(app, crm, screen):
    mark(screen, "kid_other_amount")
    assert "−0,40 NOK på konto 1500, mot 7740" in screen.detail.html
    screen.grid.fire("menu", id="post")
    assert crm.ledger.closed_items().amount_minor.tolist() == [10040, -10000, -40]
    screen.head.act("view", value="sure")
    assert screen.shown.rule.tolist() == ["kid"]


def test_many_are_accepted_as_one_run_and_dismissed_ones_stay_away(app, crm, screen):
    mark(screen, "exact_amount")
    screen.grid.fire("menu", id="dismiss")
    mark(screen, "kid", "kid_other_amount")
    screen.grid.fire("menu", id="accept")
    assert crm.ledger.runs()[0].n_matches == 2
    app.go("ledger")
    app.go("ledger/proposals")
    assert app.main.children[0].shown.empty


def test_a_colleague_who_was_faster_is_told_and_the_list_is_read_again(app, crm, screen):
    mark(screen, "exact_amount")
    items = crm.ledger.open_items()
    crm.ledger.match(posting_ids=items.posting_id[items.amount_minor.abs() == 90000].tolist())
    screen.grid.fire("menu", id="accept")
    assert "Kari Nordmann endret koblingen" in app.said[-1]["toast"]
    assert len(screen.shown) == 2


@pytest.mark.parametrize("forged", ["", "run", "__class__"])
def test_a_forged_action_does_nothing(crm, screen, forged):
    mark(screen, "kid")
    screen.grid.fire("menu", id=forged)
    screen.head.act("view", value=forged)
    screen.head.act("ledger", value=forged)
    assert crm.ledger.matches().empty


def test_one_party_has_its_own_list(app, acme, screen):
    app.go(f"customers/{acme.number}/ledger/proposals")
    assert app.main.children[0].shown.rule.tolist() == ["exact_amount"]


def test_the_grid_goes_on_to_the_next_when_one_is_accepted(mount, screen):
    page = mount(screen.grid)
    page.locator(".crm-tr:not([hidden])").first.click()
    page.locator(".crm-tr[aria-selected=true]").wait_for()
    page.keyboard.press("a")
    assert page.evaluate("window.sent.filter(m => m.event === 'menu').map(m => m.id)") == ["accept"]
    page.evaluate("""() => {
      const without = c => ({...c, data: new DataView(c.data.buffer.slice(c.data.byteOffset + c.data.byteLength / 3, c.data.byteOffset + c.data.byteLength))});
      model.set('data', model.get('data').filter(c => c.kind !== 'utf8').map(without));
    }""")
    assert page.locator(".crm-tr[aria-selected=true]").count() == 1


def test_rules_are_rehearsed_switched_on_run_and_taken_back(app, crm, acme, screen):
    done = (post(crm, acme, "7", kid="1000140"), post(crm, acme, "-7", kid="1000140"))
    crm.ledger.match_many(linkings=[Linking(posting_ids=done)])
    app.go("ledger/rules")
    page = app.main.children[0].page
    assert "Ikke prøvd ennå" in page.html
    page.act("rehearse")
    (kid,) = [row for row in page.data["rates"] if row["rule"] == "kid"]
    assert (kid["tried"]["n_right"], kid["hit"]) == (1, "100,0 %")
    page.act("switch", rule="exact_amount", value=True)
    assert crm.ledger.automatic_rules() == ()
    page.act("switch", rule="kid", value=True)
    page.act("run")
    assert app.said[-1]["toast"] == "1 kobling laget av reglene."
    (run, *_rest) = crm.ledger.runs()
    page.act("undo", id="not one")
    page.act("undo", id=str(run.id))
    assert app.said[-1]["toast"] == "1 kobling er tatt tilbake."
    assert len(crm.ledger.closed_items()) == 2


def test_reminders_are_listed_for_a_day_and_handed_over(app, handed, crm, acme):
    post(crm, acme, "1000", due_on=date(2026, 1, 15), document_number="77")
    app.go("ledger/reminders")
    screen = app.main.children[0]
    screen.head.act("on", value="2026-01-10")
    assert screen.frame.empty
    screen.head.act("on", value="2026-03-01")
    assert screen.frame[["document_number", "open_minor", "days_late"]].to_numpy().tolist() == [["77", 100000, 45]]
    screen.head.act("reminders-xlsx")
    assert list(handed) == ["purringer-2026-03-01.xlsx"]
    screen.head.act("on", value="<")
    assert screen.on == date(2026, 3, 1)
    screen.grid.fire("open", row=0)
    assert app.router.path == f"customers/{acme.number}/ledger"
