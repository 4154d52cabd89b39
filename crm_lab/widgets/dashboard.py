"""The first page: six boxes, each with what it counts, what it is compared with, and the way to its rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from crm_lab.domain.dashboard import FIGURE, Dashboard, DashboardBox, MyPipeline, SalesMonth
from crm_lab.domain.periods import Span, month_of, quarter_of, year_of
from crm_lab.i18n import OSLO, _, business_day, long_day, moment, month_name, ngettext, number, short_date
from crm_lab.reports.drawing import CannotDraw, as_svg, drawn
from crm_lab.settings import utc_now
from crm_lab.widgets.live import Live
from crm_lab.widgets.pipeline import whole_kroner

if TYPE_CHECKING:
    from datetime import datetime

    from crm_lab.domain.notebooks import SavedFigure
    from crm_lab.widgets.shell import App

PERCENT, ORE_A_THOUSAND = 100, 100_000
WIDE, HIGH = 300, 120
"""The chart of a month's sales, in its own units."""
DRAWING = (360.0, 220.0)
"""The room of a figure of one's own."""
MORNING, AFTERNOON, EVENING = 10, 12, 18


def box_names() -> dict[str, str]:
    """The boxes in words."""
    return {
        DashboardBox.MEETINGS: _("Today's meetings"), DashboardBox.COMPANIES: _("Last registered companies"), DashboardBox.SELLERS: _("Top 10 sellers this year"),
        DashboardBox.MY_MONTH: _("My pipeline this month"), DashboardBox.SALES_MONTH: _("Sales this month"), DashboardBox.MY_QUARTER: _("My pipeline this quarter"),
    }  # fmt: skip


def definitions(*, is_invoiced: bool) -> dict[str, str]:
    """What each box counts, in a sentence."""
    sales = _("Opportunities won this month, by the day they were won.")
    if is_invoiced:
        sales = _("What was invoiced this month without VAT, less credit notes, by the day of the invoice, in kroner at the order's rate.")
    share = _("Amounts are in kroner at each opportunity's rate; of an opportunity with several sellers each is credited with a share.")
    return {
        DashboardBox.MEETINGS: _("Appointments of today that are yours or that you take part in."),
        DashboardBox.COMPANIES: _("The six companies registered last that you may see, and who owns them."),
        DashboardBox.SELLERS: _("Opportunities won from 1 January until today, by the day they were won. The budget is that of whole months, and of this month the days gone; last year is the same days. {share}", share=share),
        DashboardBox.MY_MONTH: _("Your share of open opportunities expected this month. Beside it: what you won this month, your budget, and what you won in the same month last year. {share}", share=share),
        DashboardBox.SALES_MONTH: _("{sales} The budget is everybody's, of the days gone; last year is the same days. Private ones count.", sales=sales),
        DashboardBox.MY_QUARTER: _("Your share of open opportunities expected this quarter. Beside it: what you won this quarter, your budget, and what you won in the same quarter last year. {share}", share=share),
    }  # fmt: skip


def queries(spans: dict[str, Span], me: str) -> dict[str, str]:
    """The same in pandas, for who wants to go on from there."""
    mine = f'o.merge(s[s.seller == "{me}"], left_on="id", right_on="opportunity_id")'
    frames = "o, s = crm.opportunities.frame(), crm.opportunities.sellers()\n"
    return {
        DashboardBox.MEETINGS: "crm.tasks.meetings_on(day=today)",
        DashboardBox.COMPANIES: 'crm.customers.list().sort_values("created_at").tail(6)',
        DashboardBox.SELLERS: f'{frames}won = o[(o.status == "won") & o.closed_on.between({_days(spans["year"])})]\nwon.merge(s, left_on="id", right_on="opportunity_id")',
        DashboardBox.MY_MONTH: f'{frames}m = {mine}\nm[(m.status == "open") & m.expected_close_on.between({_days(spans["month"])})]',
        DashboardBox.SALES_MONTH: f'{frames}o[(o.status == "won") & o.closed_on.between({_days(spans["month"])})].amount_nok_minor.sum()',
        DashboardBox.MY_QUARTER: f'{frames}m = {mine}\nm[(m.status == "open") & m.expected_close_on.between({_days(spans["quarter"])})]',
    }  # fmt: skip


def _days(span: Span) -> str:
    return ", ".join(f"date({d.year}, {d.month}, {d.day})" for d in span)


class DashboardScreen(Live):
    """The employee's own first page."""

    classes = ("screen",)
    shown_tables: ClassVar[set[str]] = {
        "budget", "company", "contact", "customer", "dashboard", "employee", "invoice", "opportunity", "opportunity_change", "opportunity_seller", "order_line", "pipeline",
        "posting", "sales_choice", "sales_order", "saved_figure", "stage", "task", "task_member",
    }  # fmt: skip

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Home")
        self._arranges = False
        actions = {"arrange": self._arrange, "shift": self._shift, "hide": self._hide, "show": self._show}
        super().__init__("dashboard.html", app, actions=actions, base=app.base, **self._shown())

    def reload(self) -> None:
        """Read the figures again."""
        self.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        found: Dashboard = self.app.crm.dashboard.boxes()
        self._boxes, today = [str(name) for name in found.boxes], found.today
        spans = {"month": month_of(today), "quarter": quarter_of(today), "year": year_of(today)}
        names, told, asked = box_names(), definitions(is_invoiced=found.sales_month.is_invoiced), queries(spans, self.app.me.name)
        figures = {f"{FIGURE}{one.id}": one for one in found.figures}
        self._known = {*names, *figures}
        names |= {key: one.name for key, one in figures.items()}
        boxes = [
            {"key": key, "name": names[key], "definition": told[key], "query": asked[key]} if key in told else _saved(key, figures[key]) for key in self._boxes
        ]  # fmt: skip
        return {
            "greeting": greeting(utc_now(), self.app.me.name), "boxes": boxes, "arranges": self._arranges,
            "said": " · ".join([long_day(today).capitalize(), ngettext("{n} meeting today", "{n} meetings today", len(found.meetings))]),
            "hidden": [(key, name) for key, name in names.items() if key not in self._boxes],
            "drawings": {key: _drawing(figures[key]) for key in self._boxes if key in figures},
            "meetings": [_meeting(task) for task in found.meetings],
            "companies": [{"path": f"customers/{c.number}", "name": c.name, "by": c.by, "when": _when(c.at, today)} for c in found.companies],
            "sellers": _sellers(found), "sales": _sales(found.sales_month),
            "my_month": _pipeline(found.my_month), "my_quarter": _pipeline(found.my_quarter),
            "rows": _rows(spans, str(self.app.me.id)) | ({str(DashboardBox.SALES_MONTH): "orders"} if found.sales_month.is_invoiced else {}),
        }  # fmt: skip

    def _arrange(self) -> None:
        self._arranges = not self._arranges
        self.reload()

    def _keep(self, boxes: list[str]) -> None:
        self.app.crm.dashboard.arrange(boxes=tuple(boxes))
        self.reload()

    def _shift(self, box: str, by: str) -> None:
        to = self._boxes.index(box) + (1 if by == "1" else -1) if box in self._boxes else -1
        if 0 <= to < len(self._boxes):
            rest = [name for name in self._boxes if name != box]
            self._keep([*rest[:to], box, *rest[to:]])

    def _hide(self, box: str) -> None:
        self._keep([name for name in self._boxes if name != box])

    def _show(self, box: str) -> None:
        if box in self._known:
            self._keep([*self._boxes, box])


def greeting(now: datetime, name: str) -> str:
    """Good morning, by Oslo's clock."""
    first, hour = name.split(maxsplit=1)[0] if name.split() else name, now.astimezone(OSLO).hour
    if hour < MORNING:
        return _("Good morning, {name}", name=first)
    return _("Hello, {name}", name=first) if hour < EVENING else _("Good evening, {name}", name=first)


def _saved(key: str, figure: SavedFigure) -> dict[str, str]:
    """The box of a figure: what it is, and how it came there."""
    told = _("Your own figure, saved {at}; it shows what it showed then.", at=moment(figure.saved_at))
    return {"key": key, "name": figure.name, "definition": told, "query": f'crm.figures.save(name="{figure.name}", figure=figure.to_json())'}


def _drawing(figure: SavedFigure) -> str:
    """The figure as it stands in a page, or why it cannot."""
    told = json.loads(figure.figure)
    try:
        return as_svg(drawn(told["data"], told.get("layout") or {}, *DRAWING), *DRAWING, figure.name)
    except CannotDraw as error:
        return error.message


def _rows(spans: dict[str, Span], me: str) -> dict[str, str]:
    """Where the rows of a box are listed."""
    (month, month_end), (quarter, quarter_end), (year, year_end) = spans["month"], spans["quarter"], spans["year"]
    return {
        DashboardBox.MEETINGS: "calendar", DashboardBox.COMPANIES: "customers",
        DashboardBox.SELLERS: f"opportunities?status=won&since={year}&until={year_end}",
        DashboardBox.MY_MONTH: f"opportunities?status=open&since={month}&until={month_end}&seller={me}",
        DashboardBox.SALES_MONTH: f"opportunities?status=won&since={month}&until={month_end}",
        DashboardBox.MY_QUARTER: f"opportunities?status=open&since={quarter}&until={quarter_end}&seller={me}",
    }  # fmt: skip


def _when(at: datetime, today: Any) -> str:
    days = (today - business_day(at)).days
    return {0: _("Today"), 1: _("Yesterday")}.get(days, short_date(business_day(at)))


def _meeting(task: Any) -> dict[str, str]:
    at = task.starts_at.astimezone(OSLO) if task.starts_at else None
    return {"path": f"tasks/{task.id}", "title": task.title, "at": f"{at:%H:%M}" if at else "", "place": getattr(task, "place", "") or ""}


def _thousands(minor: int) -> str:
    return _("{n} k", n=number(round(minor / ORE_A_THOUSAND)))


def _part(part: int, whole: int) -> int:
    """How many percent, whole ones, 100 at most."""
    return min(PERCENT, round(part * PERCENT / whole)) if whole > 0 else 0


def _sellers(found: Dashboard) -> list[dict[str, Any]]:
    most = max((max(one.sold_minor, one.budget_minor) for one in found.sellers), default=0)
    year = year_of(found.today)
    return [
        {
            "name": one.name, "sold": _thousands(one.sold_minor), "wide": _part(one.sold_minor, most), "goal": _part(one.budget_minor, most),
            "path": f"opportunities?status=won&since={year[0]}&until={year[1]}&seller={one.employee_id}",
            "told": _("{name}: sold {sold}, budget until today {budget}, last year {before}", name=one.name, sold=whole_kroner(one.sold_minor), budget=whole_kroner(one.budget_minor), before=whole_kroner(one.before_minor)),
        }
        for one in found.sellers
    ]  # fmt: skip


def _against(now: int, goal: int) -> tuple[str, str]:
    """How far above or below a budget, in words, and the class of its colour."""
    if goal <= 0:
        return _("no budget"), ""
    off = round((now - goal) * PERCENT / goal)
    return (_("{n} % over the budget so far", n=off), "ok") if off >= 0 else (_("{n} % below the budget so far", n=-off), "bad")


def _sales(month: SalesMonth) -> dict[str, Any]:
    """The figures, and two lines: what was sold, and an even budget."""
    words, tone = _against(month.sold_minor, month.so_far_minor)
    top = max(month.sold_minor, month.budget_minor, 1)
    at, points = 0, ["0,120"]
    for day, sold in month.days:
        points += [f"{(day - 1) * WIDE / 31:.0f},{HIGH - at * HIGH / top:.1f}", f"{day * WIDE / 31:.0f},{HIGH - sold * HIGH / top:.1f}"]
        at = sold
    return {
        "sum": whole_kroner(month.sold_minor), "against": words, "tone": tone, "n": ngettext("{n} invoice", "{n} invoices", month.n) if month.is_invoiced else ngettext("{n} won", "{n} won", month.n),
        "before": whole_kroner(month.before_minor), "budget": whole_kroner(month.budget_minor), "points": " ".join(points),
        "goal": f"{HIGH - month.budget_minor * HIGH / top:.1f}", "has_budget": month.budget_minor > 0,
        "area": f"{' '.join(points)} {points[-1].split(',')[0]},{HIGH}", "wide": WIDE, "high": HIGH,
    }  # fmt: skip


def _pipeline(mine: MyPipeline) -> dict[str, Any]:
    most = max((one.sum_minor for one in mine.stages), default=0)
    tall = max((m.won_minor + m.expected_minor for m in mine.months), default=0)
    return {
        "sum": whole_kroner(mine.sum_minor), "n": ngettext("{n} open opportunity", "{n} open opportunities", mine.n), "weighted": whole_kroner(mine.weighted_minor),
        "won": whole_kroner(mine.won_minor), "budget": whole_kroner(mine.budget_minor), "before": whole_kroner(mine.before_minor),
        "reached": _("{n} % of the budget is won", n=round(mine.won_minor * PERCENT / mine.budget_minor)) if mine.budget_minor else _("no budget"),
        "stages": [{"name": one.stage, "sum": _thousands(one.sum_minor), "wide": _part(one.sum_minor, most)} for one in mine.stages],
        "months": [
            {
                "name": month_name(m.month), "won": _part(m.won_minor, tall), "expected": _part(m.expected_minor, tall), "total": _thousands(m.won_minor + m.expected_minor),
                "told": _("{month}: won {won}, expected {expected}", month=month_name(m.month), won=whole_kroner(m.won_minor), expected=whole_kroner(m.expected_minor)),
            }
            for m in mine.months
        ],
    }  # fmt: skip
