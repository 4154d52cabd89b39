"""The administrator's stages and choices, and the year of budgets, on screen."""

from __future__ import annotations

from crm_lab.i18n import business_day
from crm_lab.settings import utc_now
from crm_lab.widgets.budgets import BudgetScreen
from crm_lab.widgets.sales_settings import SalesSettings


def test_stages_are_added_changed_and_moved(app, crm):
    app.go("settings/sales")
    screen = app.main.children[0]
    assert isinstance(screen, SalesSettings) and "Forhandling" in screen.html and "Valgte en konkurrent" in screen.html
    line = crm.pipelines.list()[0]
    screen.act("add", to=str(line.id))
    screen.act("save", values={"name": "Befaring", "probability": "mye", "rotting_days": ""})
    assert screen.data["errors"] == {"probability": "Skriv et helt tall fra 0 til 100."}
    screen.act("save", values={"name": "Befaring", "probability": "15 %", "rotting_days": "7"})
    made = crm.pipelines.list()[0].stages[-1]
    assert (made.name, made.probability, made.rotting_days, screen.data["at"]) == ("Befaring", 15, 7, "")
    screen.act("shift", id=str(made.id), by="-1")
    assert [s.name for s in crm.pipelines.list()[0].stages][-2:] == ["Befaring", "Avtale"]
    screen.act("edit", id=str(made.id))
    screen.act("save", values={"name": "behov", "probability": "15", "rotting_days": "", "is_active": True})
    assert screen.data["errors"] == {"name": "Det finnes allerede en som heter behov."}
    screen.act("cancel")
    screen.act("add", to="source")
    screen.act("save", values={"name": "Podkast"})
    assert "Podkast" in screen.html
    screen.act("edit", id=str(line.id))
    screen.act("save", values={"name": "Nysalg", "is_active": True})
    screen.act("add", to="pipeline")
    screen.act("save", values={"name": "Fornyelser"})
    assert [one.name for one in crm.pipelines.list()] == ["Nysalg", "Fornyelser"]


def test_a_year_of_budgets(app, crm):
    app.go("budgets")
    screen = app.main.children[0]
    assert isinstance(screen, BudgetScreen)
    year = business_day(utc_now()).year
    screen.act("put", employee=str(app.me.id), month=f"{year}-03", value="120 000")
    screen.act("put", employee=str(app.me.id), month=f"{year}-04", value="-4")
    assert [(b.month.month, b.amount) for b in crm.budgets.of(year=year)] == [(3, 120_000)]
    assert screen.data["total"].replace("\xa0", " ") == "120 000"
    screen.act("year", by="1")
    assert (screen.data["year"], screen.data["total"]) == (year + 1, "0")
