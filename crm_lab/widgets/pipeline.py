"""The pipeline on screen: the board, its filters, and what is asked when something is won or lost."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.board import DECIDED_DAYS, BoardCard, BoardColumn, BoardPeriod
from crm_lab.domain.board import Board as Stand
from crm_lab.domain.opportunities import NOK, ForecastCategory, OpportunityStatus
from crm_lab.domain.periods import month_of
from crm_lab.domain.pipelines import ChoiceKind
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, business_day, day, kroner, ngettext, number, short_date
from crm_lab.settings import utc_now
from crm_lab.widgets import pipeline_report
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.board import Board
from crm_lab.widgets.live import Live, hue, initials
from crm_lab.widgets.opportunity_fields import category_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.widgets.shell import App

TONES = 5
ORE_A_KRONE = 100


def period_words() -> dict[str, str]:
    """When what is shown is expected, in words."""
    return {
        BoardPeriod.ALL: _("Whenever expected"), BoardPeriod.LATE: _("Overdue"), BoardPeriod.MONTH: _("Expected this month"),
        BoardPeriod.QUARTER: _("Expected this quarter"), BoardPeriod.YEAR: _("Expected this year"),
    }  # fmt: skip


def whole_kroner(minor: int) -> str:
    """Øre as kroner without a fraction."""
    return f"{number(round(minor / ORE_A_KRONE))} kr"


class PipelineScreen(Stack):
    """The board of a pipeline."""

    classes = ("screen", "fixed")

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Pipeline")
        self._filters: dict[str, str] = {"pipeline": "", "owner": "", "category": "", "period": BoardPeriod.ALL}
        self._lines = [line for line in app.crm.pipelines.list() if line.is_active]
        self._asked: BoardCard | None = None
        self._won: BoardCard | None = None
        self._values, self._errors = {"lost_reason_id": "", "lost_reason": ""}, dict[str, str]()
        self._month = month_of(business_day(utc_now()))[0]
        self._read()
        actions: dict[str, Callable[..., None]] = {"filter": self._filter, "lose": self._lose, "cancel": self._cancel, "order": self._order, "month": self._choose_month}
        actions |= pipeline_report.report_actions(app, lambda: self._month)
        self.head = Live("pipeline.html", app, actions=actions, base=app.base, **self._shown())
        self.board = Board(columns=self._columns(), on_move=guarded(app, self._move), on_show=guarded(app, self._open))
        super().__init__([self.head, self.board])

    def reload(self) -> None:
        """Read the board again; filters and a question that is open stay."""
        self._read()
        self.head.refresh(**self._shown())
        self.board.columns = self._columns()

    def _read(self) -> None:
        chosen = self._filters
        self._stand: Stand = self.app.crm.opportunities.board(
            pipeline_id=_key(chosen["pipeline"]), owner_id=_key(chosen["owner"]), category=chosen["category"] or None, period=chosen["period"]
        )
        self._cards = {str(card.id): card for column in self._stand.columns for card in column.cards}

    def _shown(self) -> dict[str, Any]:
        still = [column for column in self._stand.columns if column.key not in set(OpportunityStatus)]
        n, total, weighted = (sum(getattr(column, name) for column in still) for name in ("n", "sum_minor", "weighted_minor"))
        people = [(str(e.id), e.name) for e in self.app.crm.employees.list() if e.is_active]
        reasons = [(str(c.id), c.name) for c in self.app.crm.pipelines.choices() if c.kind is ChoiceKind.LOST_REASON and c.is_active]
        return {
            "told": ngettext("{n} open opportunity", "{n} open opportunities", n), "total": whole_kroner(total), "weighted": whole_kroner(weighted),
            "filters": self._filters, "lines": [(str(line.id), line.name) for line in self._lines], "owners": [("", _("All owners")), *people],
            "categories": [("", _("Any forecast")), *category_words().items()], "periods": list(period_words().items()),
            "asked": self._asked.title if self._asked else "", "reasons": [("", _("Choose a reason")), *reasons], "values": self._values,
            "errors": self._errors, "days": DECIDED_DAYS, "won": self._won,
            **pipeline_report.shown(self._month),
            "unrated": ngettext("{n} in another currency without a rate is in no sum.", "{n} in other currencies without a rate are in no sum.", self._stand.n_unrated) if self._stand.n_unrated else "",
        }  # fmt: skip

    def _columns(self) -> list[dict[str, Any]]:
        return [self._column(column, n) for n, column in enumerate(self._stand.columns)]

    def _column(self, column: BoardColumn, n: int) -> dict[str, Any]:
        decided = column.key in set(OpportunityStatus)
        rest = column.n - column.n_private - len(column.cards)
        more = [
            ngettext("and {n} more in the list", "and {n} more in the list", rest) if rest > 0 else "",
            ngettext("{n} private one counts in the sum", "{n} private ones count in the sum", column.n_private) if column.n_private else "",
        ]
        return {
            "key": column.key, "name": column.name, "tone": column.key if decided else f"t{n % TONES}", "n": number(column.n), "sum": whole_kroner(column.sum_minor),
            "weighted": "" if decided else _("weighted {amount}", amount=number(round(column.weighted_minor / ORE_A_KRONE))), "more": " · ".join(filter(None, more)), "cards": [_card(card) for card in column.cards],
        }  # fmt: skip

    def _filter(self, name: str, value: str) -> None:
        known = {"pipeline": {str(line.id) for line in self._lines}, "category": {"", *ForecastCategory}, "period": set(BoardPeriod)}
        if name == "owner" or value in known.get(name, ()):
            self._filters = self._filters | {name: str(value)}
            self.reload()

    def _choose_month(self, value: str) -> None:
        if value in dict(pipeline_report.report_months()):
            self._month = date.fromisoformat(value)

    def _open(self, id: str) -> None:  # noqa: A002 - the page's word
        if id in self._cards:
            self.app.go(f"opportunities/{id}?from=pipeline")

    def _move(self, id: str, to: str) -> None:  # noqa: A002
        """To another column: a stage, or what it is decided to be; why it was lost is asked first."""
        card = self._cards.get(id)
        if card is None or to not in {column.key for column in self._stand.columns}:
            return
        crm, self._asked, self._won = self.app.crm.opportunities, None, None
        try:
            if to == OpportunityStatus.LOST:
                self._ask(card)
                return
            if to == OpportunityStatus.WON:
                crm.win(id=card.id, version=card.version)
                self._won = card
                self.app.toast(_("{title} is won", title=card.title), undo=True)
            else:
                crm.change(id=card.id, version=card.version, stage_id=UUID(to), status=OpportunityStatus.OPEN)
                name = next(column.name for column in self._stand.columns if column.key == to)
                self.app.toast(_("{title} is moved to {stage}.", title=card.title, stage=name), undo=True)
        finally:
            self.reload()

    def _ask(self, card: BoardCard) -> None:
        self._asked, self._errors, self._values = card, {}, {"lost_reason_id": "", "lost_reason": ""}
        self.head.refresh(**self._shown())
        self.head.focus_on("#f-lost_reason_id")

    def _lose(self, values: dict[str, Any]) -> None:
        card = self._asked
        if card is None:
            return
        self._values = {name: str(values.get(name, "")) for name in self._values}
        try:
            self.app.crm.opportunities.lose(
                id=card.id, version=card.version, reason=self._values["lost_reason"], reason_id=_key(self._values["lost_reason_id"])
            )
        except InvalidInput as error:
            self._errors = {"lost_reason_id": error.message}
            self.head.refresh(**self._shown())
            return
        self._cancel()
        self.app.toast(_("{title} is lost.", title=card.title), undo=True)

    def _order(self) -> None:
        """Make an order of what was won, and show it."""
        if self._won is not None:
            made = self.app.crm.orders.from_opportunity(opportunity_id=self._won.id)
            self.app.go(f"orders/{made.id}")
            self.app.toast(_("An order is made of {title}.", title=self._won.title), undo=True)

    def _cancel(self) -> None:
        self._asked = self._won = None
        self.reload()


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _card(card: BoardCard) -> dict[str, Any]:
    whole = "" if card.amount_minor is None else kroner(card.amount_minor).removesuffix(",00").removesuffix(".00")
    amount = f"{whole} {card.currency}" if whole and card.currency != NOK else whole
    when = card.closed_on or card.expected_close_on
    still = ngettext("{n} day", "{n} days", card.n_days) if card.is_rotting else ""
    said = [card.title, card.customer, card.owner, amount, day(when) if when else "", _("quiet for {days}", days=still) if still else ""]
    return {
        "id": str(card.id), "title": card.title, "customer": card.customer, "owner": card.owner, "initials": initials(card.owner), "hue": f"h{hue(card.owner)}",
        "amount": amount, "day": short_date(when) if when else "", "late": card.is_late, "still": still,
        "pushes": ngettext("put off {n} time", "put off {n} times", card.n_pushes) if card.n_pushes else "", "label": ", ".join(filter(None, said)),
    }  # fmt: skip
