"""The first page's figures in one answer, and which of them an employee wants.

What sellers sold is what was won: the amount in kroner of opportunities, on the business day they were won, credited by the sellers' shares.
The company's sales are what it invoiced, once it makes invoices here. What is hidden counts in every sum and is named in none.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, and_, case, cast, extract, func, or_, select

from crm_lab.domain.dashboard import (
    FIGURE,
    MOST_COMPANIES,
    MOST_SELLERS,
    Dashboard,
    DashboardBox,
    MonthSum,
    MyPipeline,
    NewCompany,
    SalesMonth,
    SellerYear,
    StageSum,
)
from crm_lab.domain.ids import new_id
from crm_lab.domain.opportunities import CERTAIN, NOK, OpportunityStatus
from crm_lab.domain.periods import Span, month_of, months_between, quarter_of, year_before
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, business_day
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.services.figures import Figures
from crm_lab.services.opportunities.frames import minor, shares
from crm_lab.services.tasks import Tasks
from crm_lab.store import tables
from crm_lab.store.records import Row, as_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, FromClause, Subquery

    from crm_lab.domain.notebooks import SavedFigure

WON, OPEN = OpportunityStatus.WON, OpportunityStatus.OPEN


class Dashboards(Service):
    """The first page."""

    @reads()
    def boxes(self) -> Dashboard:
        """Every box's figures for the caller, today. Amounts in øre of kroner; what has no known rate to kroner is in none of them."""
        self._today = business_day(self.work.now)
        self._budgets = self.work.rows(select(tables.budget).where(extract("year", tables.budget.c.month) == self._today.year))
        mine, figures = self._mine(), self._figures()
        return Dashboard(
            today=self._today, boxes=self._wanted(figures), figures=figures, meetings=tuple(Tasks(self.work).meetings_on(day=self._today)), companies=self._companies(),
            sellers=self._sellers(), my_month=self._pipeline(mine, month_of(self._today)), sales_month=self._sales(),
            my_quarter=self._pipeline(mine, quarter_of(self._today)),
        )  # fmt: skip

    @writes()
    def arrange(self, *, boxes: tuple[str, ...]) -> None:
        """Show the caller these boxes, in this order, from now on: those of `DashboardBox`, and "figure-" with the key of a figure. Raises `InvalidInput`."""
        d = tables.dashboard
        known = {*DashboardBox, *(f"{FIGURE}{one.id}" for one in Figures(self.work).list())}
        if unknown := next((name for name in boxes if name not in known), ""):
            raise InvalidInput(_("There is no box {name}.", name=unknown[:60]), "boxes")
        had = self.work.rows(select(d).where(d.c.employee_id == self.actor.id))
        self.work.remove_many(d, had)
        self.work.insert_many(d, [{"id": new_id(), "employee_id": self.actor.id, "boxes": tuple(dict.fromkeys(map(str, boxes)))}])

    def _wanted(self, figures: Sequence[SavedFigure]) -> tuple[str, ...]:
        """What the employee arranged, without figures that are no more."""
        known = {*DashboardBox, *(f"{FIGURE}{one.id}" for one in figures)}
        return tuple(name for name in self._arranged() if name in known)

    def _arranged(self) -> tuple[str, ...]:
        d = tables.dashboard
        row = self.work.one(select(d.c.boxes).where(d.c.employee_id == self.actor.id))
        return tuple(row["boxes"]) if row else tuple(DashboardBox)

    def _figures(self) -> tuple[SavedFigure, ...]:
        """The employee's own, those that have a box with what they show."""
        service, wanted = Figures(self.work), set(self._arranged())
        return tuple(service.get(id=one.id) if f"{FIGURE}{one.id}" in wanted else one for one in service.list())

    def _companies(self) -> tuple[NewCompany, ...]:
        c, e = tables.customer, tables.employee
        query = select(c.c.number, shown_name().label("name"), func.coalesce(e.c.name, "").label("by"), c.c.created_at.label("at"))
        seen = and_(c.c.is_person.is_(False), c.c.archived_at.is_(None), self.work.visible_to(c))
        rows = self.work.rows(query.outerjoin(e, e.c.id == c.c.owner_id).where(seen).order_by(c.c.created_at.desc(), c.c.number.desc()).limit(MOST_COMPANIES))
        return tuple(as_record(NewCompany, row) for row in rows)

    def _sellers(self) -> tuple[SellerYear, ...]:
        """Those who sold most this year, beside what they sold until the same day of last year."""
        o, part = tables.opportunity, shares()
        first, today = date(self._today.year, 1, 1), self._today
        spans = {"sold": (first, today), "before": (year_before(first), year_before(today))}
        sums = [_credited(part, o.c.closed_on.between(*span)).label(name) for name, span in spans.items()]
        query: Any = select(part.c.employee_id, *sums).join(o, o.c.id == part.c.opportunity_id)
        rows = self.work.rows(query.where(and_(o.c.status == WON, o.c.closed_on >= year_before(first))).group_by(part.c.employee_id))
        names = self.work.employee_names()
        made = [
            SellerYear(
                employee_id=row["employee_id"], name=names.get(row["employee_id"], ""), sold_minor=int(row["sold"] or 0), before_minor=int(row["before"] or 0),
                budget_minor=self._so_far(months_between(first, today), row["employee_id"]),
            )
            for row in rows
        ]  # fmt: skip
        return tuple(sorted((one for one in made if one.sold_minor), key=lambda one: -one.sold_minor)[:MOST_SELLERS])

    def _sales(self) -> SalesMonth:
        """What was invoiced, where the company makes invoices here; else what was won."""
        span, today = month_of(self._today), self._today
        before = (year_before(span[0]), year_before(today))
        is_invoiced = self.work.scalar(select(tables.invoice.c.id).limit(1)) is not None
        rows = self.work.rows(_sold(_invoiced() if is_invoiced else _won(), (span[0], today), before))
        now = [row for row in rows if row["day"] >= span[0]]
        days: list[tuple[int, int]] = []
        for row in now:
            days.append((row["day"].day, int(row["sold"] or 0) + (days[-1][1] if days else 0)))
        return SalesMonth(
            is_invoiced=is_invoiced, n=sum(row["n"] for row in now), sold_minor=days[-1][1] if days else 0, budget_minor=self._budget([span[0]]),
            so_far_minor=self._so_far([span[0]]), before_minor=sum(int(row["sold"] or 0) for row in rows if row["day"] < span[0]), days=tuple(days),
        )  # fmt: skip

    def _mine(self) -> list[Row]:
        """The caller's share by stage, state and month: of this quarter what is open and what is won, and of last year's what was won."""
        o, s, part = tables.opportunity, tables.stage, shares()
        span = quarter_of(self._today)
        before = year_before(span[0]), month_of(year_before(span[1]))[1]
        on = case((o.c.status == OPEN, o.c.expected_close_on), else_=o.c.closed_on)
        wanted = or_(and_(o.c.status.in_([OPEN, WON]), on.between(*span)), and_(o.c.status == WON, on.between(*before)))
        year, month = extract("year", on), extract("month", on)
        query: Any = select(
            s.c.name.label("stage"), s.c.position, o.c.status, year.label("year"), month.label("month"), func.count().label("n"), _credited(part).label("sum"),
            func.sum(cast(func.round(o.c.amount_nok * part.c.percent * o.c.probability / CERTAIN), BigInteger)).label("weighted"),
        ).join(part, part.c.opportunity_id == o.c.id).join(s, s.c.id == o.c.stage_id)  # fmt: skip
        mine = and_(part.c.employee_id == self.actor.id, wanted)
        return self.work.rows(query.where(mine).group_by(s.c.name, s.c.position, o.c.status, year, month).order_by(s.c.position))

    def _pipeline(self, rows: list[Row], span: Span) -> MyPipeline:
        months = months_between(*span)
        there = {(m.year, m.month) for m in months}
        now = [row for row in rows if (row["year"], row["month"]) in there]
        still = [row for row in now if row["status"] == OPEN]
        earlier = [row for row in rows if (row["year"] + 1, row["month"]) in there and row["status"] == WON]
        stages: dict[str, StageSum] = {}
        for row in still:
            had = stages.get(row["stage"])
            stages[row["stage"]] = StageSum(stage=row["stage"], n=row["n"] + (had.n if had else 0), sum_minor=_sum([row]) + (had.sum_minor if had else 0))
        by_month = [
            MonthSum(
                month=m, won_minor=_sum([r for r in now if r["month"] == m.month and r["status"] == WON]),
                expected_minor=_sum([r for r in still if r["month"] == m.month]),
            )
            for m in months
        ]  # fmt: skip
        return MyPipeline(
            n=sum(row["n"] for row in still), sum_minor=_sum(still), weighted_minor=_sum(still, "weighted"), won_minor=_sum([r for r in now if r["status"] == WON]),
            budget_minor=self._budget(months, self.actor.id), before_minor=_sum(earlier), stages=tuple(stages.values()), months=tuple(by_month),
        )  # fmt: skip

    def _budget(self, months: list[date], employee_id: UUID | None = None) -> int:
        """What is to be sold in whole months, by one or by all."""
        found = [row["amount"] for row in self._budgets if row["month"] in months and employee_id in {None, row["employee_id"]}]
        return int(sum(found, Decimal(0)).scaleb(2))

    def _so_far(self, months: list[date], employee_id: UUID | None = None) -> int:
        """The same until today: of this month the days gone."""
        this = self._today.replace(day=1)
        gone = self._budget([this], employee_id) * self._today.day // monthrange(this.year, this.month)[1] if this in months else 0
        return self._budget([m for m in months if m != this], employee_id) + gone


def _won() -> Subquery:
    """What was won, in øre of kroner, by the business day."""
    o = tables.opportunity
    return select(o.c.closed_on.label("day"), minor(o.c.amount_nok).label("due")).where(o.c.status == WON).subquery("sold")


def _invoiced() -> Subquery:
    """Invoices less credit notes, without VAT, in øre of kroner at the order's rate, by the day of the invoice."""
    i, order = tables.invoice, tables.sales_order
    rate = case((i.c.currency == NOK, 1), else_=order.c.rate)
    due = cast(func.round(i.c.net * rate * 100), BigInteger)
    return select(i.c.issued_on.label("day"), due.label("due")).join(order, order.c.id == i.c.order_id).subquery("sold")


def _sold(sold: Subquery, *spans: Span) -> Any:
    """So many, and their sum, for each day of the spans."""
    query: Any = select(sold.c.day, func.count().label("n"), func.sum(sold.c.due).label("sold"))
    return query.where(or_(*(sold.c.day.between(*span) for span in spans))).group_by(sold.c.day).order_by(sold.c.day)


def _credited(part: FromClause, where: ColumnElement[bool] | None = None) -> ColumnElement[int]:
    """The sum of shares in whole øre: an amount in kroner times percent, to the øre."""
    due = cast(func.round(tables.opportunity.c.amount_nok * part.c.percent), BigInteger)
    return func.sum(due if where is None else case((where, due), else_=0))


def _sum(rows: list[Row], name: str = "sum") -> int:
    return sum(int(row[name] or 0) for row in rows)
