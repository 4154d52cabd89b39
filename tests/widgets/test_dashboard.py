"""The first page on screen: what it says, where it leads, and how it is arranged."""

from __future__ import annotations

from decimal import Decimal

from crm_lab.i18n import business_day
from crm_lab.settings import utc_now
from crm_lab.widgets.dashboard import DashboardScreen
from crm_lab.widgets.opportunities import OpportunityList
from tests.widgets.test_cards import show


def test_it_is_the_first_page_and_says_what_it_counts(app, crm, acme):
    assert isinstance(app.main.children[0], DashboardScreen)
    one = crm.opportunities.create(title="Kran", customer_id=acme.id, amount=Decimal(12_000))
    crm.opportunities.win(id=one.id, version=one.version)
    crm.budgets.put(employee_id=app.me.id, month=business_day(utc_now()), amount=Decimal(10_000))
    screen = show(app, "dashboard", DashboardScreen)
    html = screen.html.replace("\xa0", " ")
    assert "12 000 kr" in html and "Acme AS" in html and "over budsjettet" in html
    assert html.count("popover>") == 6 and "Vunnet hittil" not in html


def test_boxes_are_hidden_moved_and_brought_back(app):
    screen = show(app, "dashboard", DashboardScreen)
    screen.act("arrange")
    screen.act("hide", box="meetings")
    screen.act("shift", box="sellers", by="-1")
    screen.act("shift", box="made up", by="1")
    screen.act("show", box="made up")
    assert [box["key"] for box in screen.data["boxes"]] == ["sellers", "companies", "my_month", "sales_month", "my_quarter"]
    screen.act("show", box="meetings")
    assert [box["key"] for box in screen.data["boxes"]][-1] == "meetings"


def test_a_box_leads_to_its_rows(app, crm, acme):
    for title in ("Vunnet", "Gammel"):
        one = crm.opportunities.create(title=title, customer_id=acme.id)
        crm.opportunities.win(id=one.id, version=one.version)
    screen = show(app, "dashboard", DashboardScreen)
    rows = show(app, screen.data["rows"]["sales_month"], OpportunityList)
    assert sorted(rows.frame.title) == ["Gammel", "Vunnet"] and "Vis alle" in rows.head.html
    none = show(app, "opportunities?status=won&since=2020-01-01&until=2020-12-31", OpportunityList)
    assert len(none.frame) == 0
    nobody = show(app, "opportunities?status=won&seller=x&since=junk", OpportunityList)
    assert len(nobody.frame) == 2, "what is no filter filters nothing"
    mine = show(app, f"opportunities?status=won&seller={app.me.id}", OpportunityList)
    assert len(mine.frame) == 2
    mine.head.act("clear")
    assert mine.head.data["span"] == ""
