"""The first page: six boxes of figures, each of which says what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from crm_lab.domain.notebooks import SavedFigure
from crm_lab.domain.tasks import Task

MOST_COMPANIES, MOST_SELLERS = 6, 10
FIGURE = "figure-"
"""What the name of a box begins with that is a figure of the employee's; its key follows."""


class DashboardBox(StrEnum):
    """The boxes there are, in the order they have at first."""

    MEETINGS = "meetings"
    COMPANIES = "companies"
    SELLERS = "sellers"
    MY_MONTH = "my_month"
    SALES_MONTH = "sales_month"
    MY_QUARTER = "my_quarter"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCompany:
    """A company that was registered lately."""

    number: int
    name: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerYear:
    """What a seller sold this year, in øre of kroner: beside the budget until today, and the same days of last year."""

    employee_id: UUID
    name: str
    sold_minor: int
    budget_minor: int
    before_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSum:
    """What is open in one stage."""

    stage: str
    n: int
    sum_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSum:
    """What one month has: won, and still expected."""

    month: date
    won_minor: int
    expected_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MyPipeline:
    """The caller's share of what is open in a span, beside budget and the same span of last year; øre of kroner.

    Attributes
    ----------
    n, sum_minor, weighted_minor : open and expected in the span.
    won_minor : won in it until today.
    budget_minor : for the whole span.
    before_minor : won in the whole same span a year ago.
    """

    n: int
    sum_minor: int
    weighted_minor: int
    won_minor: int
    budget_minor: int
    before_minor: int
    stages: tuple[StageSum, ...] = ()
    months: tuple[MonthSum, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesMonth:
    """What the company sold this month, in øre of kroner.

    Attributes
    ----------
    is_invoiced : whether sales are what was invoiced without VAT, less credit notes; else what was won.
    days : day of the month and what was sold until its end, for each day something was.
    budget_minor : for the whole month; `so_far_minor` for the days gone.
    before_minor : sold in the same days a year ago.
    """

    is_invoiced: bool
    n: int
    sold_minor: int
    budget_minor: int
    so_far_minor: int
    before_minor: int
    days: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """All boxes in one answer; `boxes` are those the employee wants, in order, `figures` all of the employee's, those of a box with what they show."""

    today: date
    boxes: tuple[str, ...]
    figures: tuple[SavedFigure, ...] = ()
    meetings: tuple[Task, ...]
    companies: tuple[NewCompany, ...]
    sellers: tuple[SellerYear, ...]
    my_month: MyPipeline
    sales_month: SalesMonth
    my_quarter: MyPipeline
