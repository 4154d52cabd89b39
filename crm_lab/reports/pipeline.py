"""The pipeline of a month on paper: forecast against budget, what came and went, who sold, why not; with its definitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from crm_lab.analysis import forecast, pipeline
from crm_lab.domain.periods import month_of
from crm_lab.i18n import OSLO, _, current_locale, day, month, number
from crm_lab.reports.layout import Chart, Column, Form, Kind, Report, Table, write

if TYPE_CHECKING:
    import pandas as pd

MONTHS, PARQUET, HOVER = 6, "parquet", "%{x}<br>%{y:,.0f} kr"


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFrames:
    """What the report is made from, as `crm` hands them out: opportunities, who sold, every change, stages, budgets."""

    opportunities: pd.DataFrame
    sellers: pd.DataFrame
    changes: pd.DataFrame
    stages: pd.DataFrame
    budgets: pd.DataFrame


def pipeline_frames(crm: Any) -> PipelineFrames:
    """Ask for all of them."""
    o = crm.opportunities
    return PipelineFrames(opportunities=o.frame(), sellers=o.sellers(), changes=o.changes_frame(), stages=crm.pipelines.frame(), budgets=crm.budgets.frame())


def pipeline_report(frames: PipelineFrames, *, company: str, of: date, now: datetime, form: Form | str = Form.PDF) -> bytes:
    """The pipeline of the month of `of`, as it is at `now`, with the months after it.

    `form` is "pdf", "html" (one file with charts that answer to the pointer), "xlsx" or "parquet", which holds the opportunities themselves.
    """
    if form == PARQUET:
        out = BytesIO()
        frames.opportunities.to_parquet(out, index=False)
        return out.getvalue()
    return write(made(frames, company=company, of=of, now=now), form)


def made(frames: PipelineFrames, *, company: str, of: date, now: datetime) -> Report:
    """The report before it is written as a file."""
    first, last = month_of(of)
    months = pipeline.by_month(frames.opportunities, frames.budgets, first, MONTHS)
    spread = forecast.simulate(frames.opportunities, first, MONTHS)
    begins = datetime.combine(first, time(), OSLO).astimezone(UTC)
    falls = pipeline.waterfall(frames.changes, begins, min(now, datetime.combine(last + timedelta(days=1), time(), OSLO).astimezone(UTC)))
    sold = pipeline.sellers(frames.opportunities, frames.sellers, first, last)
    lost = pipeline.reasons(frames.opportunities, first, last)
    stages = pipeline.funnel(frames.opportunities)
    return Report(
        sender=company, title=_("Pipeline, {month}", month=month(first)), facts=_facts(frames, first, last, now), language=current_locale(), is_wide=True,
        tables=(_months(months, spread), _falls(falls), _stages(stages, pipeline.conversion(frames.changes, frames.opportunities, frames.stages)), _sellers(sold), _reasons(lost)),
        charts=(_months_chart(months, spread), _falls_chart(falls), _stages_chart(stages)), notes=definitions(), made_on=last,
    )  # fmt: skip


def definitions() -> tuple[str, ...]:
    """What the figures mean, in words."""
    return (
        _("Weighted: what is won in the month, and of what is open and expected in it, each amount times its probability. What is overdue is expected this month; what is omitted from the forecast is left out."),
        _("P10, P50, P90: of 2,000 simulated months, so many come to less. Each opportunity is won or not by itself, and business that nobody has registered is not foreseen."),
        _("Win rate: won / (won + lost), of what was closed in the month. Open opportunities do not count."),
        _("From stage to stage: of those that were in the stage and have gone on or been lost, how many went on to a later stage or were won."),
        _("Sellers: amounts by each seller's share of the opportunity. Private opportunities count in the sums, without names."),
        _("Amounts are in kroner; other currencies at the rate on the opportunity."),
    )


def _facts(frames: PipelineFrames, first: date, last: date, now: datetime) -> tuple[tuple[str, str], ...]:
    (rate,) = pipeline.win_rate(frames.opportunities, first, last).to_dict("records")
    cycle = pipeline.cycle_time(frames.opportunities, first, last)
    closed = rate["n_won"] + rate["n_lost"]
    return (
        (_("As of"), day(now.astimezone(OSLO).date())),
        (_("Won"), f"{number(rate['won'] / 100)} ({number(rate['n_won'])})"),
        (_("Lost"), f"{number(rate['lost'] / 100)} ({number(rate['n_lost'])})"),
        (_("Win rate"), f"{number(rate['rate'] * 100)} %" if closed else "–"),
        (_("Days to win, median"), number(cycle["median"]) if cycle["n"] else "–"),
    )


def _months(months: pd.DataFrame, spread: pd.DataFrame) -> Table:
    columns = (
        Column(_("Month"), weight=1.4), *(Column(label, Kind.AMOUNT, 1.3, is_summed=True) for label in (_("Won"), _("Commit"), _("Best case"), _("Pipeline"), _("Weighted"), _("Budget"))),
        *(Column(label, Kind.AMOUNT, 1.3) for label in ("P10", "P50", "P90")),
    )  # fmt: skip
    names = ("won", "commit", "best_case", "pipeline", "weighted", "budget")
    rows = [
        (month(row["month"].date()), *(int(row[name]) for name in names), *(int(odds[name]) for name in ("p10", "p50", "p90")))
        for row, odds in zip(months.to_dict("records"), spread.to_dict("records"), strict=True)
    ]
    return Table(_("Forecast against budget"), columns, tuple(rows), total=_("Sum"))


def _falls(falls: pd.Series) -> Table:
    return Table(_("What came and went"), (Column(_("What"), weight=3), Column(_("Amount"), Kind.AMOUNT)), tuple((label, int(falls[name])) for name, label in step_names()))


def step_names() -> list[tuple[str, str]]:
    """The steps of what came and went, with their words."""
    return [
        ("start", _("Open at the start")), ("new", _("New")), ("reopened", _("Opened again")), ("raised", _("Raised")), ("lowered", _("Lowered")),
        ("won", _("Won")), ("lost", _("Lost")), ("end", _("Open at the end")),
    ]  # fmt: skip


def _stages(stages: pd.DataFrame, went_on: pd.DataFrame) -> Table:
    columns = (
        Column(_("Stage"), weight=2), Column(_("Open"), Kind.COUNT), Column(_("Amount"), Kind.AMOUNT, 1.5, is_summed=True),
        Column(_("Weighted"), Kind.AMOUNT, 1.5, is_summed=True), Column(_("Have gone on"), Kind.SHARE), Column(_("Of"), Kind.COUNT),
    )  # fmt: skip
    rates = went_on.set_index("stage_id")
    rows = [
        (row["stage"], int(row["n"]), int(row["amount"]), int(row["weighted"]), _share(rates["rate"].get(row["stage_id"])), int(rates["n_decided"].get(row["stage_id"], 0)))
        for row in stages.to_dict("records")
    ]
    return Table(_("Stage by stage"), columns, tuple(rows), total=_("Sum"), empty=_("Nothing is open."))


def _share(value: Any) -> float | None:
    return None if value is None or value != value else float(value)  # noqa: PLR0124 - NaN


def _sellers(sold: pd.DataFrame) -> Table:
    columns = (Column(_("Seller"), weight=2), Column(_("Won"), Kind.COUNT), Column(_("Amount"), Kind.AMOUNT, 1.5, is_summed=True), Column(_("Open, weighted"), Kind.AMOUNT, 1.5, is_summed=True))
    rows = [(row["seller"], int(row["n_won"]), int(row["won"]), int(row["open_weighted"])) for row in sold.to_dict("records")]
    return Table(_("Sellers"), columns, tuple(rows), total=_("Sum"), empty=_("Nobody has sold anything."))


def _reasons(lost: pd.DataFrame) -> Table:
    columns = (Column(_("Reason"), weight=2), Column(_("Number"), Kind.COUNT), Column(_("Amount"), Kind.AMOUNT, 1.5, is_summed=True), Column(_("Share"), Kind.SHARE))
    rows = [(row["lost_reason"] or _("None given"), int(row["n"]), int(row["amount"]), float(row["share"])) for row in lost.to_dict("records")]
    return Table(_("Why it was lost"), columns, tuple(rows), total=_("Sum"), empty=_("Nothing was lost."))


def month_marks() -> list[tuple[str, str]]:
    """What the bar of a month is stacked of, from the ground, with their words."""
    return [("won", _("Won")), ("commit", _("Commit")), ("best_case", _("Best case")), ("pipeline", _("Pipeline"))]


def _months_chart(months: pd.DataFrame, spread: pd.DataFrame) -> Chart:
    """Stacked by certainty, beside the budget and what nine of ten simulated months come to."""
    x = [month(at.date()) for at in months["month"]]
    bars = [
        {"type": "bar", "name": label, "x": x, "y": _kroner(months[name]), "marker": {"color": color}, "hovertemplate": HOVER}
        for (name, label), color in zip(month_marks(), ("#1a7f4b", "#3451d1", "#7d8fe3", "#c3cbf3"), strict=True)
    ]
    lines = [
        {"type": "scatter", "mode": "lines+markers", "name": _("Budget"), "x": x, "y": _kroner(months["budget"]), "line": {"color": "#b3261e", "dash": "dot"}},
        {
            "type": "scatter", "mode": "markers", "name": "P10–P90", "x": x, "y": _kroner(spread["p50"]), "marker": {"color": "#77716b", "symbol": "line-ew-open", "size": 14},
            "error_y": {"type": "data", "symmetric": False, "array": _kroner(spread["p90"] - spread["p50"]), "arrayminus": _kroner(spread["p50"] - spread["p10"])},
        },
    ]  # fmt: skip
    return Chart(_("Forecast against budget"), [*bars, *lines], {"barmode": "stack"})


def _falls_chart(falls: pd.Series) -> Chart:
    steps = step_names()
    measures = ["absolute", *["relative"] * (len(steps) - 2), "total"]
    trace = {"type": "waterfall", "x": [label for _name, label in steps], "y": [falls[name] / 100 for name, _label in steps], "measure": measures, "showlegend": False} | {
        side: {"marker": {"color": color}} for side, color in (("increasing", "#1a7f4b"), ("decreasing", "#b3261e"), ("totals", "#3451d1"))
    }
    return Chart(_("What came and went"), [trace], {})


def _stages_chart(stages: pd.DataFrame) -> Chart:
    trace = {"type": "funnel", "y": stages["stage"].tolist(), "x": _kroner(stages["amount"]), "marker": {"color": "#3451d1"}, "showlegend": False}
    return Chart(_("Stage by stage"), [trace], {})


def _kroner(values: pd.Series) -> list[float]:
    return [int(value) / 100 for value in values]
