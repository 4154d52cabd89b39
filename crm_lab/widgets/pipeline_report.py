"""The pipeline's report from its screen: which month, as which kind of file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from crm_lab.domain.periods import months_between, year_before
from crm_lab.i18n import business_day, month
from crm_lab.reports.pipeline import PARQUET, pipeline_frames, pipeline_report
from crm_lab.settings import utc_now
from crm_lab.widgets.base import aside
from crm_lab.widgets.ledger_reports import FORMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from crm_lab.widgets.shell import App

KINDS: dict[str, str] = {str(form): label for form, label in FORMS.items()} | {PARQUET: "Parquet"}


def report_months() -> list[tuple[str, str]]:
    """The months there may be a report of, the present one first."""
    today = business_day(utc_now())
    return [(at.isoformat(), month(at)) for at in reversed(months_between(year_before(today), today))]


def report_items() -> list[dict[str, str]]:
    """Entries of a menu: each kind of file."""
    return [{"do": f"report-{form}", "icon": "download", "label": label, "key": "", "cls": ""} for form, label in KINDS.items()]


def report_actions(app: App, chosen: Callable[[], date]) -> dict[str, Callable[[], None]]:
    """What the menu's entries do: make the report beside the page and hand it over."""

    def hand_over(form: str) -> None:
        of = chosen()

        def made() -> bytes:
            return pipeline_report(pipeline_frames(app.crm), company=app.company.name, of=of, now=utc_now(), form=form)

        aside(app, made, lambda data: app.download(f"pipeline-{of:%Y-%m}.{form}", data))

    return {f"report-{form}": partial(hand_over, form) for form in KINDS}


def shown(chosen: date) -> dict[str, Any]:
    """What the template needs of it."""
    return {"report_items": report_items(), "report_months": report_months(), "report_month": chosen.isoformat()}
