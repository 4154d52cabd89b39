"""The pipeline in figures: marks lead to the opportunities that make them, and to nothing else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from crm_lab.i18n import business_day
from crm_lab.settings import utc_now
from tests.widgets.test_opportunities import show

if TYPE_CHECKING:
    from crm_lab.connection import Connection
    from crm_lab.widgets.pipeline_figures import PipelineFigures
    from crm_lab.widgets.shell import App


def figures(crm: Connection, app: App) -> PipelineFigures:
    acme = crm.customers.create(name="Acme AS")
    today = business_day(utc_now())
    crm.opportunities.create(title="Takrenner", customer_id=acme.id, amount=Decimal(1000), expected_close_on=today)
    crm.opportunities.create(title="Vinduer", customer_id=acme.id, amount=Decimal(500), expected_close_on=today + timedelta(days=400))
    won = crm.opportunities.create(title="Dører", customer_id=acme.id, amount=Decimal(250))
    crm.opportunities.win(id=won.id, version=won.version)
    return show(app, "pipeline/figures")


def behind(screen: PipelineFigures) -> list[str]:
    return [row["title"] for rows in screen.rows for row in rows.data["rows"]]


def test_a_mark_leads_to_the_opportunities_behind_it(crm: Connection, app: App) -> None:
    screen = figures(crm, app)
    months, steps, stages = screen.charts
    months.fire("choose", trace=0, point=0)
    assert behind(screen) == ["Dører"]
    steps.fire("choose", trace=0, point=1)
    assert behind(screen) == ["Takrenner", "Vinduer", "Dører"]
    assert "1 750" in screen.rows[1].html.replace("\u00a0", " ")
    stages.fire("choose", trace=0, point=0)
    assert behind(screen) == ["Takrenner", "Vinduer"]
    sums = {trace["name"]: sum(trace["y"]) for trace in months.traces if trace["type"] == "bar"}
    assert (sums["Vunnet"], sum(sums.values())) == (250.0, 350.0)


def test_marks_can_be_chosen_from_a_list_and_made_up_ones_do_nothing(crm: Connection, app: App) -> None:
    screen = figures(crm, app)
    screen.choosers[1].act("choose", value="0-5")
    assert behind(screen) == ["Dører"]
    for trace, point in ((0, 99), (9, 0), (-1, 0), ("x", None)):
        screen.charts[0].fire("choose", trace=trace, point=point)
    screen.choosers[0].act("choose", value="../..")
    assert behind(screen) == ["Dører"]
    screen.head.act("month", value="1999-01-01")
    assert behind(screen) == ["Dører"]
