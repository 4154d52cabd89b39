"""The pipeline in figures: forecast against budget, what came and went, stage by stage; a mark leads to the opportunities behind it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from crm_lab.analysis import pipeline
from crm_lab.domain.periods import month_of
from crm_lab.i18n import OSLO, _, business_day, kroner, month, short_date
from crm_lab.reports.html import LAYOUT
from crm_lab.reports.pipeline import MONTHS, made, month_marks, pipeline_frames, step_names
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.chart import Chart
from crm_lab.widgets.live import Live
from crm_lab.widgets.pipeline_report import report_months

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crm_lab.reports.layout import Chart as Figure
    from crm_lab.widgets.shell import App

MOST_ROWS = 100
MONTHLY, STEPS, STAGES = range(3)
"""The figures, in their order."""
NOTHING: dict[str, Any] = {"heading": "", "rows": [], "more": "", "total": ""}


class PipelineFigures(Stack):
    """What the report of a month draws, alive."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("The pipeline in figures")
        self._of = month_of(business_day(utc_now()))[0]
        self._read()
        self.head = Live("pipeline_figures.html", app, actions={"month": self._choose_month}, base=app.base, **self._shown())
        self.charts = [Chart(label=f.heading, traces=f.traces, layout=LAYOUT | f.layout, on_choose=guarded(app, partial(self._choose, n))) for n, f in enumerate(self._figures)]
        self.choosers = [Live("chart_marks.html", app, actions={"choose": partial(self._choose_key, n)}, **self._marks(n)) for n in range(len(self._figures))]
        self.rows = [Live("chart_rows.html", app, base=app.base, **NOTHING) for _figure in self._figures]
        super().__init__([self.head, *(part for three in zip(self.choosers, self.charts, self.rows, strict=True) for part in three)])

    def reload(self) -> None:
        """Read the figures again; the rows of a mark that was chosen stay as they were."""
        self._read()
        self.head.refresh(**self._shown())
        for n, (figure, chart) in enumerate(zip(self._figures, self.charts, strict=True)):
            chart.traces = figure.traces
            self.choosers[n].refresh(**self._marks(n))

    def _read(self) -> None:
        self._frames, now = pipeline_frames(self.app.crm), utc_now()
        report = made(self._frames, company=self.app.company.name, of=self._of, now=now)
        self._figures: tuple[Figure, ...] = report.charts
        self._facts, self._notes = report.facts, report.notes
        first, last = month_of(self._of)
        ends = min(now, datetime.combine(last + timedelta(days=1), time(), OSLO).astimezone(UTC))
        self._steps = pipeline.steps(self._frames.changes, datetime.combine(first, time(), OSLO).astimezone(UTC), ends)
        self._months = pipeline.by_month(self._frames.opportunities, self._frames.budgets, first, MONTHS)["month"]
        self._stages = pipeline.funnel(self._frames.opportunities)

    def _shown(self) -> dict[str, Any]:
        return {"month": self._of.isoformat(), "months": report_months(), "facts": self._facts, "notes": self._notes}

    def _choose_month(self, value: str) -> None:
        known = {key for key, _words in report_months()}
        if value in known:
            self._of = type(self._of).fromisoformat(value)
            self.reload()

    # the marks of a figure, and what is behind one

    def _keys(self, figure: int) -> dict[str, str]:
        """The marks that lead to rows: by "trace-point", in words."""
        if figure == MONTHLY:
            return {f"{t}-{p}": f"{month(at.date())}: {label}" for p, at in enumerate(self._months) for t, (_name, label) in enumerate(month_marks())}
        if figure == STEPS:
            return {f"0-{p}": label for p, (_name, label) in enumerate(step_names())}
        return {f"0-{p}": name for p, name in enumerate(self._stages["stage"])}

    def _marks(self, figure: int) -> dict[str, Any]:
        return {"n": figure, "heading": self._figures[figure].heading, "marks": list(self._keys(figure).items())}

    def _choose_key(self, figure: int, value: str) -> None:
        trace, _dash, point = value.partition("-")
        if value in self._keys(figure):
            self._choose(figure, int(trace), int(point))

    def _choose(self, figure: int, trace: int, point: int) -> None:
        if (told := self._keys(figure).get(f"{trace}-{point}")) is None:
            return
        rows = self._frames.opportunities[self._behind(figure, trace, point)].sort_values("amount_nok_minor", ascending=False)
        n = len(rows)
        for other in self.rows:
            other.refresh(**NOTHING)
        self.rows[figure].refresh(
            heading=f"{self._figures[figure].heading}: {told}", rows=[_row(dict(row)) for row in rows.head(MOST_ROWS).to_dict("records")],
            more=_("{n} more", n=n - MOST_ROWS) if n > MOST_ROWS else "", total=kroner(int(rows["amount_nok_minor"].fillna(0).sum())),
        )  # fmt: skip

    def _behind(self, figure: int, trace: int, point: int) -> pd.Series[bool]:
        """Which opportunities a mark is made of."""
        o = self._frames.opportunities
        which: pd.Series[bool]
        if figure == STEPS:
            which = o["id"].isin(self._steps[step_names()[point][0]].index)
        elif figure == STAGES:
            which = (o["status"] == "open") & (o["stage_id"] == self._stages["stage_id"].iloc[point])
        elif trace == 0:
            which = (o["status"] == "won") & (pipeline.month_of(o["closed_on"]) == self._months.iloc[point])
        else:
            due = pipeline.not_before(pipeline.month_of(o["expected_close_on"]), self._months.iloc[0])
            which = (o["status"] == "open") & (o["category"] == month_marks()[trace][0]) & (due == self._months.iloc[point]) & o["expected_close_on"].notna()
        return which


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    """An opportunity on a line; of a colleague's private one only the amount is told."""
    day: date | None = row["closed_on"] if row["status"] != "open" else row["expected_close_on"]
    amount = row["amount_nok_minor"]
    return {
        "id": "" if row["is_private"] and not row["title"] else row["id"], "title": row["title"] or _("Private"), "customer": row["customer"] or "", "owner": row["owner"] or "",
        "stage": row["stage"] or "", "day": short_date(day) if day is not None and day == day else "", "amount": kroner(int(amount)) if amount == amount and amount is not None else "",  # noqa: PLR0124 - NaN
    }  # fmt: skip
